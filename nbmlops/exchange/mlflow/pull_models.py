"""Versions from an MLflow server: what is data becomes a version, proved as any; what would run code when it is opened stays there."""

from __future__ import annotations

import tempfile
from functools import cached_property
from pathlib import Path
from typing import Any

from nbmlops.errors import Damaged, Invalid, NbmlopsError
from nbmlops.exchange.book import ExchangeBook, Known
from nbmlops.exchange.mlflow.folder import found_in
from nbmlops.exchange.mlflow.pull_runs import RunPuller
from nbmlops.exchange.mlflow.push_models import DIGEST, versions_of
from nbmlops.exchange.mlflow.push_runs import VERSION
from nbmlops.exchange.mlflow.server import Server
from nbmlops.exchange.tally import Tally
from nbmlops.exchange.words import one_line
from nbmlops.ledger.blobs import digest_bytes
from nbmlops.ledger.names import plain_name
from nbmlops.ledger.secrets import mask
from nbmlops.models.proof import proved
from nbmlops.models.registry import Registry
from nbmlops.runs.book import RunBook


class ModelPuller:
    """Pulls the versions of one server into one workspace."""

    def __init__(self, server: Server, book: ExchangeBook, tally: Tally, runs: RunPuller) -> None:
        self.server, self.client, self.book, self.tally, self.runs = server, server.client, book, tally, runs
        self.registry = Registry(book.workspace)

    @cached_property
    def _known(self) -> dict[str, Known]:
        return {known.there: known for known in self.book.all("version")}

    def names(self) -> list[str]:
        """The models there."""
        token, found = None, []
        while True:
            page = self.client.search_registered_models(max_results=100, page_token=token)
            found += [str(one.name) for one in page]
            token = page.token
            if not token:
                return sorted(found)

    def listed(self, model: str) -> list[Any]:
        """A model's versions there, the oldest first; none of a name that cannot be one here."""
        try:
            plain_name(model, "model")
        except Invalid as error:
            self.tally.told["refused"].append(f"Model {one_line(model)!r}: {error.message} {error.hint} Rename it there.")
            return []
        return sorted(versions_of(self.client, model), key=lambda one: int(one.version))

    def pull(self, there: Any) -> int | None:
        """Have a version be here; gives its number here, None where it cannot be."""
        model, number = str(there.name), str(there.version)
        mine = self.here(there)
        if mine is not None:
            self.tally.counted["versions_known"] += 1
            return mine
        try:
            version = self._taken(there)
        except NbmlopsError as error:  # also a proof that did not end: it is this version's alone
            self.tally.told["refused"].append(f"Version {model}/{number}: {error.message} {error.hint}".strip())
            return None
        self._note(f"{model}/{version}", f"{model}/{number}")
        self.tally.told["versions"].append(f"{model}/{number} → {version}")
        return version

    def here(self, there: Any) -> int | None:
        """Under which number a version there is here."""
        model, name = str(there.name), f"{there.name}/{there.version}"
        known = self._known.get(name)
        if known is not None:
            return int(known.here.rpartition("/")[2])
        ours, digest = there.tags.get(VERSION, "").rpartition("/"), there.tags.get(DIGEST)
        if ours[0] != model or not ours[2].isdigit() or model not in self.registry.names():
            return None
        for one in self.registry.model(model).versions:
            if one.version == int(ours[2]) and one.digest == digest:
                self._note(f"{model}/{one.version}", name)
                return one.version
        return None

    def _note(self, here: str, there: str) -> None:
        self.book.note("version", here, there)
        self._known[there] = Known(here, there, {})

    def _taken(self, there: Any) -> int:
        workspace = self.book.workspace
        with tempfile.TemporaryDirectory(prefix="nbmlops-pull-") as folder:
            found = found_in(workspace, self._downloaded(there, folder))
        file = found.file
        run = self._run(there.run_id, digest_bytes(file.data))
        proof = proved(workspace, file, run=None)
        metrics = found.metrics or (dict(RunBook(workspace).run(run).metrics) if run else {})
        made = self.registry.add(
            str(there.name), flavor=file.flavor, digest=workspace.blobs.put(file.data), size_bytes=len(file.data),
            signature=file.signature, metrics=metrics, run=run, dataset=None, target=None, estimator=found.estimator,
            description=mask(there.description or found.description)[:4000], code=found.code,
            fixtures=workspace.blobs.put(file.fixtures) if file.fixtures else None, python=proof.python, distributions=proof.distributions,
        )  # fmt: skip
        return made.version

    def _run(self, there: str | None, digest: str) -> str | None:
        """The run here that made a model. One of ours did only where it has that very model: anybody can log another into its twin."""
        run = self.runs.by_id(there) if there else None
        if there is None or run is None or not RunBook(self.book.workspace).runs([run]):
            return None
        made = "SELECT 1 FROM model_version WHERE run = ? AND digest = ? UNION SELECT 1 FROM artifact WHERE run = ? AND digest = ? LIMIT 1"
        its = self.runs.is_theirs(there) or list(self.book.workspace.ledger.read(made, run, digest, run, digest))
        return run if its else None

    def _downloaded(self, there: Any, folder: str) -> Path:
        uri = self.client.get_model_version_download_uri(there.name, there.version)
        try:
            from mlflow.artifacts import download_artifacts

            return Path(download_artifacts(uri, dst_path=folder, tracking_uri=self.server.uri))
        except NbmlopsError:
            raise
        except Exception as error:  # a store of somebody's own raises what it likes
            raise Damaged(f"its files cannot be had: {mask(str(error))[:300]}", hint="Are they still there?") from error
