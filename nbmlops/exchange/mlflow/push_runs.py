"""Runs to an MLflow server: each once, and later only what it has more of."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from nbmlops.errors import Conflict
from nbmlops.exchange import artifacts
from nbmlops.exchange.book import ExchangeBook, Known, digest_of
from nbmlops.exchange.mlflow.server import Server
from nbmlops.exchange.tally import Tally
from nbmlops.exchange.words import one_line, spelled, value_text
from nbmlops.ledger.secrets import mask, mask_params
from nbmlops.runs.book import RunBook
from nbmlops.runs.facts import Facts
from nbmlops.runs.records import MetricPoint, Run, RunRecord

ORIGIN, NAMES = "nbmlops.run", "nbmlops.names"  # tags of a run there: which run of ours it is, and what its names were
VERSION = "nbmlops.version"  # a tag of a version there, and of a run that does nothing but hold its files
TWIN = "mlflow.run"  # a tag of a run here: which run it is there
STATUS = {"running": "RUNNING", "finished": "FINISHED", "failed": "FAILED", "killed": "KILLED"}
_PARAM, _TAG, _BATCH = 6000, 5000, 100
_MOST = 1.7976931348623157e308  # what MLflow's databases make of infinity


class RunPusher:
    """Pushes the runs of one workspace to one server."""

    def __init__(self, server: Server, book: ExchangeBook, tally: Tally) -> None:
        self.server, self.client, self.book, self.tally = server, server.client, book, tally
        self.runs = RunBook(book.workspace)
        self._experiments: dict[str, dict[str, Any]] = {}
        self._ids: dict[str, str] = {}

    @cached_property
    def _known(self) -> dict[str, Known]:
        return {known.here: known for known in self.book.all("run")}

    def push(self, run_id: str) -> str | None:
        """Have a run be there as it is here; gives its id there, None where somebody has deleted it."""
        record = self.runs.record(run_id)
        there = self._there(record.run)
        known = self._known.get(run_id)
        state = state_of(record)
        if there is not None and there.info.lifecycle_stage == "deleted":
            self.tally.told["left_out"].append(f"Run {run_id} was deleted there: {there.info.run_id}.")
            return None
        if there is not None and known is not None and known.said.get("mine") == state:
            self.tally.counted["runs_known"] += 1
            return str(there.info.run_id)
        if there is None:
            there = self._create(record.run)
            self.tally.counted["runs"] += 1
        else:
            self.tally.counted["runs_changed"] += 1
        number = self._complete(record, there)
        self.tally.counted["artifacts"] += number
        found = str(there.info.run_id)
        self._remember(record, found, state, known)
        return found

    def _remember(self, record: RunRecord, there: str, state: str, known: Known | None) -> None:
        said = {**(known.said if known is not None else {}), "mine": state}
        self.book.note("run", record.run.id, there, **said)
        self._known[record.run.id] = Known(record.run.id, there, said)
        if record.run.tags.get(TWIN) != there:
            self.runs.add(record.run.id, Facts(tags={TWIN: there}))

    def experiment(self, name: str) -> str:
        """The id of an experiment there, made if there is none. Conflict for one that was deleted."""
        name = mask(one_line(name))
        if name not in self._ids:
            found = self.client.get_experiment_by_name(name)
            if found is not None and found.lifecycle_stage == "deleted":
                raise Conflict(
                    f"The experiment {name!r} was deleted at {self.server.place}.",
                    hint=f"Restore it: mlflow experiments restore -x {found.experiment_id}",
                )
            self._ids[name] = str(found.experiment_id if found is not None else self.client.create_experiment(name))
        return self._ids[name]

    def _there(self, run: Run) -> Any:
        """The run there: the one that was pushed or pulled before, or that says of itself that it is ours; None."""
        runs = self._of_experiment(run.experiment)
        known = self._known.get(run.id)
        for found in (known.there if known is not None else None, run.tags.get(TWIN), run.id):
            if found is not None and found in runs:
                return runs[found]
        return None

    def _of_experiment(self, name: str) -> dict[str, Any]:
        """The runs of an experiment there by their ids, those that were pushed by their ids here as well."""
        if name not in self._experiments:
            found: dict[str, Any] = {}
            for run in every(self.client, [self.experiment(name)], view=3):
                found[run.info.run_id] = run
                if origin := run.data.tags.get(ORIGIN):
                    found[origin] = run
            self._experiments[name] = found
        return self._experiments[name]

    def _create(self, run: Run) -> Any:
        tags = {ORIGIN: run.id, "mlflow.source.type": "NOTEBOOK" if run.notebook else "LOCAL"}
        made = self.client.create_run(
            self.experiment(run.experiment), start_time=millis(run.started_at), tags=tags, run_name=mask(one_line(run.name))
        )
        self._experiments[run.experiment].update({made.info.run_id: made, run.id: made})
        return made

    def _complete(self, record: RunRecord, there: Any) -> int:
        """Send what is not there yet; gives how many files."""
        from mlflow.entities import Param, RunTag

        run, run_id = record.run, there.info.run_id
        params = spelled(list(run.params))
        metrics = spelled(sorted({point.name for point in record.history}))
        tags = {**_told(run), **_own_tags(run)}
        changed = {given: name for names in (params, metrics) for name, given in names.items() if given != name}
        if changed:
            tags[NAMES] = json.dumps(changed, ensure_ascii=False)[:_TAG]
        values = mask_params(run.params)
        fresh = [Param(params[name], value_text(value, _PARAM)) for name, value in values.items() if params[name] not in there.data.params]
        more = [RunTag(name, value) for name, value in tags.items() if there.data.tags.get(name) != value]
        for params_now, tags_now in zip_longest_chunks(fresh, more):
            self.client.log_batch(run_id, params=params_now, tags=tags_now)
        self._points(record.history, metrics, there)
        number = self._files(record, run_id)
        if run.status != "running" and there.info.status != STATUS[run.status]:
            self.client.set_terminated(run_id, STATUS[run.status], millis(run.ended_at or run.started_at))
        return number

    def _points(self, history: list[MetricPoint], names: dict[str, str], there: Any) -> None:
        from mlflow.entities import Metric

        have = {
            (metric.key, *_point(metric.step, metric.value, metric.timestamp))
            for name in set(names.values()) & set(there.data.metrics)
            for metric in self.client.get_metric_history(there.info.run_id, name)
        }
        fresh = [
            Metric(names[one.name], one.value, millis(one.at), one.step)
            for one in history
            if (names[one.name], *_point(one.step, one.value, millis(one.at))) not in have
        ]
        for at in range(0, len(fresh), 1000):
            self.client.log_batch(there.info.run_id, metrics=fresh[at : at + 1000])

    def _files(self, record: RunRecord, run_id: str) -> int:
        if not record.artifacts:
            return 0
        there = {path for path, _ in files_of(self.client, run_id)}
        fresh = {path: artifact for path, artifact in artifacts.paths(record.artifacts).items() if path not in there}
        for path, artifact in fresh.items():
            with tempfile.TemporaryDirectory(prefix="nbmlops-push-") as folder:
                file = artifacts.written(self.book.workspace, artifact, Path(folder), path)
                self.client.log_artifact(run_id, str(file), path.rpartition("/")[0] or None)
        return len(fresh)


def _told(run: Run) -> dict[str, str]:
    """What MLflow has no field for."""
    told = {
        ORIGIN: run.id, "nbmlops.kind": run.kind, "nbmlops.data_hash": run.data_hash, "nbmlops.verdict": run.verdict,
        "nbmlops.error": run.error, "nbmlops.estimator": run.estimator, "mlflow.source.name": run.notebook,
        "mlflow.source.git.commit": run.git_commit,
    }  # fmt: skip
    return {name: mask(str(value))[:_TAG] for name, value in told.items() if value}


def _own_tags(run: Run) -> dict[str, str]:
    """The run's own tags; those that MLflow set are MLflow's business."""
    mine = {name: value for name, value in run.tags.items() if not name.startswith(("mlflow.", "nbmlops."))}
    masked = mask_params(mine)
    return {given: value_text(masked[name], _TAG) for name, given in spelled(list(mine)).items()}


def state_of(record: RunRecord) -> str:
    """What a run is now, in one digest: all that is exchanged of it."""
    run = record.run
    points = [(one.name, one.step, one.value, millis(one.at)) for one in record.history]
    files = [(one.name, one.digest) for one in record.artifacts]
    return digest_of([run.status, run.params, _own_tags(run), _told(run), sorted(points, key=repr), sorted(files)])


def every(client: Any, experiments: list[str], *, filter: str = "", view: int = 1) -> Iterable[Any]:
    """All runs of experiments there; `view` 1 leaves out the deleted, 3 does not."""
    token = None
    while True:
        page = client.search_runs(experiments, filter_string=filter, run_view_type=view, max_results=1000, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def files_of(client: Any, run_id: str, path: str | None = None, *, models: bool = True) -> Iterable[tuple[str, int]]:
    """The files of a run there with their sizes; folders that hold a model only where they are asked for."""
    listed = client.list_artifacts(run_id, path)
    if path is not None and not models and any(one.path.rpartition("/")[2] == "MLmodel" for one in listed):
        return
    for one in listed:
        if one.is_dir:
            yield from files_of(client, run_id, one.path, models=models)
        else:
            yield one.path, one.file_size or 0


def zip_longest_chunks(params: list[Any], tags: list[Any]) -> Iterable[tuple[list[Any], list[Any]]]:
    """Both lists in pieces that one request takes."""
    for at in range(0, max(len(params), len(tags)), _BATCH):
        yield params[at : at + _BATCH], tags[at : at + _BATCH]


def millis(at: datetime) -> int:
    """MLflow's times: milliseconds."""
    return int(at.timestamp() * 1000)


def moment(at: int | None) -> datetime:
    """MLflow's times as ours."""
    return datetime.fromtimestamp((at or 0) / 1000, UTC)


def _point(step: int, value: float, at: int) -> tuple[Any, ...]:
    return step, "NaN" if value != value else max(-_MOST, min(_MOST, value)), at
