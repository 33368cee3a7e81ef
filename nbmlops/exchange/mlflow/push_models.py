"""Versions to an MLflow server: the exported folder beside the run that made it, and a version there that points at it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

from nbmlops.exchange.book import ExchangeBook, Known
from nbmlops.exchange.mlflow.push_runs import ORIGIN, VERSION, RunPusher, millis
from nbmlops.exchange.mlflow.server import Server
from nbmlops.exchange.tally import Tally
from nbmlops.ledger.secrets import mask
from nbmlops.models.exported import export
from nbmlops.models.records import ModelVersion

DIGEST = "nbmlops.digest"  # a tag of a version there: the bytes of ours


class ModelPusher:
    """Pushes the versions of one workspace to one server."""

    def __init__(self, server: Server, book: ExchangeBook, tally: Tally, runs: RunPusher) -> None:
        self.server, self.client, self.book, self.tally, self.runs = server, server.client, book, tally, runs
        self._listed: dict[str, dict[str, Any]] = {}

    @cached_property
    def _known(self) -> dict[str, Known]:
        return {known.here: known for known in self.book.all("version")}

    def push(self, version: ModelVersion) -> str | None:
        """Have a version be there; gives its number there, None where its run was deleted there."""
        name = f"{version.model}/{version.version}"
        there = self.there(version)
        if there is not None:
            self.tally.counted["versions_known"] += 1
            return there
        run_id = self.runs.push(version.run) if version.run is not None else self._holder(version)
        if run_id is None:
            self.tally.told["left_out"].append(f"Version {name}: the run that made it was deleted there.")
            return None
        self._registered(version.model)
        path = f"models/{version.model}-{version.version}"
        with tempfile.TemporaryDirectory(prefix="nbmlops-push-") as folder:
            export(self.book.workspace, version, Path(folder) / "model")
            self.client.log_artifacts(run_id, str(Path(folder) / "model"), path)
        source = f"{self.client.get_run(run_id).info.artifact_uri}/{path}"
        tags = {VERSION: name, DIGEST: version.digest, "nbmlops.flavor": version.flavor, **({ORIGIN: version.run} if version.run else {})}
        made = self.client.create_model_version(
            version.model,
            source,
            run_id=run_id,
            tags=tags,
            description=mask(version.description) or None,
            await_creation_for=0,
        )
        self._listed[version.model][str(made.version)] = made
        self._note(version, str(made.version))
        self.tally.told["versions"].append(f"{name} → {made.version}")
        return str(made.version)

    def there(self, version: ModelVersion) -> str | None:
        """Under which number a version is there."""
        name, listed = f"{version.model}/{version.version}", self.listed(version.model)
        known = self._known.get(name)
        if known is not None and (number := known.there.rpartition("/")[2]) in listed:
            return number
        for number, one in listed.items():
            if one.tags.get(DIGEST) == version.digest and one.tags.get(VERSION) == name:
                self._note(version, number)
                return number
        return None

    def listed(self, model: str) -> dict[str, Any]:
        """The versions of a model there, by number."""
        if model not in self._listed:
            self._listed[model] = {str(one.version): one for one in versions_of(self.client, model)}
        return self._listed[model]

    def _note(self, version: ModelVersion, number: str) -> None:
        name, there = f"{version.model}/{version.version}", f"{version.model}/{number}"
        self.book.note("version", name, there)
        self._known[name] = Known(name, there, {})

    def _registered(self, model: str) -> None:
        from mlflow.exceptions import MlflowException

        try:
            self.client.create_registered_model(model)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise

    def _holder(self, version: ModelVersion) -> str:
        """A run there that holds the files of a version which no run made."""
        name = f"{version.model}/{version.version}"
        experiment = self.runs.experiment(self.book.workspace.root.name)
        found = self.client.search_runs(
            [experiment], f"tags.`{VERSION}` = '{name}' and tags.`{DIGEST}` = '{version.digest}'", max_results=1
        )
        if found:
            return str(found[0].info.run_id)
        at = millis(version.registered_at)
        tags = {VERSION: name, DIGEST: version.digest, "mlflow.source.type": "LOCAL"}
        made = self.client.create_run(experiment, start_time=at, tags=tags, run_name=f"{version.model} {version.version}")
        self.client.set_terminated(made.info.run_id, "FINISHED", at)
        return str(made.info.run_id)


def versions_of(client: Any, model: str) -> Iterable[Any]:
    """All versions of a model there."""
    token = None
    while True:
        page = client.search_model_versions(f"name='{model}'", max_results=1000, page_token=token)
        yield from page
        token = page.token
        if not token:
            return
