"""Runs from an MLflow server: each once, whole or not at all, and later only what it has more of."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from nbmlops.errors import NbmlopsError
from nbmlops.exchange import artifacts
from nbmlops.exchange.book import ExchangeBook, Known, digest_of
from nbmlops.exchange.mlflow.push_runs import NAMES, ORIGIN, STATUS, TWIN, VERSION, every, files_of, moment, state_of
from nbmlops.exchange.mlflow.server import Server
from nbmlops.exchange.tally import Tally
from nbmlops.exchange.words import one_line, value_of
from nbmlops.ledger.ids import new_id
from nbmlops.ledger.owner import this_process
from nbmlops.ledger.secrets import mask
from nbmlops.runs.book import RunBook
from nbmlops.runs.facts import Facts
from nbmlops.runs.records import Artifact, MetricPoint, RunRecord, Status
from nbmlops.runs.spooled import Ended, Event, Opened

_OURS: dict[str, Status] = {"FINISHED": "finished", "FAILED": "failed", "KILLED": "killed"}
_ID = re.compile(r"run-[0-9a-z]{19}")
_LONGEST_TAG = 20_000
assert set(_OURS) < set(STATUS.values())


class RunPuller:
    """Pulls the runs of one server into one workspace."""

    def __init__(self, server: Server, book: ExchangeBook, tally: Tally) -> None:
        self.server, self.client, self.book, self.tally = server, server.client, book, tally
        self.runs = RunBook(book.workspace)
        self._names: dict[str, str] = {}
        self._lacking: set[str] = set()

    @cached_property
    def known(self) -> dict[str, Known]:
        """What was exchanged, by the ids there."""
        return {known.there: known for known in self.book.all("run")}

    def found(self, experiment: str | None, filter: str) -> list[Any]:
        """The runs there, the oldest first."""
        token, kept = None, []
        while True:
            page = self.client.search_experiments(max_results=1000, page_token=token)
            kept += [one for one in page if experiment is None or one.name == experiment]
            token = page.token
            if not token:
                break
        self._names.update({one.experiment_id: one.name for one in kept})
        ids = [one.experiment_id for one in kept]
        runs = [run for at in range(0, len(ids), 50) for run in every(self.client, ids[at : at + 50], filter=filter)]
        return sorted((run for run in runs if not _holds(run)), key=lambda run: run.info.start_time or 0)

    def by_id(self, run_id: str) -> str | None:
        """Pull one run; gives its id here, None where it is not there any more."""
        from mlflow.exceptions import MlflowException

        if run_id in self.known:
            return self.known[run_id].here
        try:
            there = self.client.get_run(run_id)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return None
        return None if there.info.lifecycle_stage == "deleted" or _holds(there) else self.pull(there)

    def is_theirs(self, run_id: str) -> bool:
        """Whether a run came from there, with what it says of itself; else it is a run of ours, or says so."""
        return run_id in self.known and "theirs" in self.known[run_id].said

    def pull(self, there: Any) -> str | None:
        """Have a run be here as it is there; gives its id here, None for one that is running."""
        run_id, origin = there.info.run_id, there.data.tags.get(ORIGIN, "")
        known = self.known.get(run_id)
        mine = known.here if known is not None else origin if _ID.fullmatch(origin) and self._is_here(origin) else None
        if mine is None:
            mine = self._twin(run_id)
        if mine is not None and (known is None or "theirs" not in known.said):
            self.tally.counted["runs_known"] += 1  # it is ours
            return mine
        state = _state(there)
        if mine is not None and known is not None and known.said["theirs"] == state:
            self.tally.counted["runs_known"] += 1
            return mine
        if there.info.status not in _OURS:
            self.tally.told["left_out"].append(
                f"Run {run_id} ({one_line(there.info.run_name or '')}) is {there.info.status.lower()}: pull it again."
            )
            return None
        if mine is None:
            mine = origin if _ID.fullmatch(origin) else new_id("run")
            self.tally.counted["runs"] += 1
        else:
            self.tally.counted["runs_changed"] += 1
        self._take(mine, there, state, fresh=known is None)
        return mine

    def _is_here(self, run_id: str) -> bool:
        return bool(self.runs.runs([run_id]))

    def _twin(self, there: str) -> str | None:
        """A run here that was pulled from the same server under another address."""
        rows = list(self.book.workspace.ledger.read("SELECT run FROM tag WHERE name = ? AND value = ? LIMIT 1", TWIN, there))
        return str(rows[0]["run"]) if rows else None

    def _take(self, mine: str, there: Any, state: str, *, fresh: bool) -> None:
        info, before = there.info, None if fresh else self.runs.record(mine)
        facts = self._facts(there, before)
        if info.run_id in self._lacking:
            state = ""  # it is here otherwise than it is there, and is looked at again
        if fresh:
            begun = Opened(
                name=one_line(info.run_name or info.run_id), experiment=one_line(self._experiment(info.experiment_id)), kind="imported",
                started_at=moment(info.start_time), owner=this_process().as_text(), notebook=None, known_from="unknown",
            )  # fmt: skip
            over = Ended(_OURS[info.status], moment(info.end_time or info.start_time), facts.tags.get("nbmlops.error"))
            event = Event(mine, opened=begun, facts=facts, ended=over)
        else:
            event = Event(mine, facts=facts)
        self.book.take(event, info.run_id, theirs=state)
        here = state_of(self.runs.record(mine))
        self.book.note("run", mine, info.run_id, theirs=state, mine=here)
        self.known[info.run_id] = Known(mine, info.run_id, {"theirs": state, "mine": here})

    def _facts(self, there: Any, before: RunRecord | None) -> Facts:
        """What is said there and not here."""
        run_id, tags = there.info.run_id, dict(there.data.tags)
        names = _names(tags.pop(NAMES, ""))
        have = {(one.name, one.step, repr(one.value)) for one in before.history} if before is not None else set()
        points = [
            MetricPoint(name=one_line(names.get(name, name)), step=int(one.step), value=float(one.value), at=moment(one.timestamp))
            for name in there.data.metrics
            for one in self.client.get_metric_history(run_id, name)
        ]
        origin = tags.pop(ORIGIN, None)
        tags = {one_line(name): str(value) for name, value in tags.items() if len(str(value)) <= _LONGEST_TAG}
        tags |= {TWIN: run_id, **({ORIGIN: origin} if origin else {})}
        return Facts(
            params={one_line(names.get(name, name)): value_of(value) for name, value in there.data.params.items()},
            metrics=[one for one in points if (one.name, one.step, repr(one.value)) not in have],
            tags=tags, artifacts=self._files(run_id, {one.name for one in before.artifacts} if before is not None else set()),
        )  # fmt: skip

    def _files(self, run_id: str, have: set[str]) -> list[Artifact]:
        """The files of a run that are not here, but for those of models: these come as versions."""
        made = []
        with self._of_a_store(run_id, "its files"):
            for path, _ in files_of(self.client, run_id, models=False):
                name = one_line(path)
                if name in have:
                    continue
                with tempfile.TemporaryDirectory(prefix="nbmlops-pull-") as folder, self._of_a_store(run_id, f"its file {name!r}"):
                    file = self.client.download_artifacts(run_id, path, folder)
                    made.append(artifacts.kept(self.book.workspace, name, Path(file)))
        self.tally.counted["artifacts"] += len(made)
        return made

    @contextmanager
    def _of_a_store(self, run_id: str, what: str) -> Iterator[None]:
        """What a run's store does not give is left out and told of. Where the server itself is gone, the next question finds that."""
        try:
            yield
        except NbmlopsError:
            raise
        except Exception as error:  # stores are of many kinds, and raise what they like
            self._lacking.add(run_id)
            said = mask(" ".join(str(error).split()))[:300]
            self.tally.told["left_out"].append(f"Run {run_id}: {what} cannot be had: {said} The rest of it came; pull it again.")

    def _experiment(self, experiment_id: str) -> str:
        if experiment_id not in self._names:
            self._names[experiment_id] = self.client.get_experiment(experiment_id).name
        return self._names[experiment_id]


def _holds(there: Any) -> bool:
    """Whether a run there only holds the files of a version that no run of ours made."""
    return VERSION in there.data.tags and ORIGIN not in there.data.tags


def _names(kept: str) -> dict[str, str]:
    """Names as they were before they were spelled for MLflow."""
    try:
        found = json.loads(kept or "{}")
    except ValueError:
        return {}
    return {str(given): str(name) for given, name in found.items()} if isinstance(found, dict) else {}


def _state(there: Any) -> str:
    """What a run there is now, as far as a search tells: its last metrics stand for their histories."""
    last = sorted((one.key, one.step, repr(one.value), one.timestamp) for one in there.data._metric_objs)
    info = there.info
    tags = {name: value for name, value in there.data.tags.items() if name != ORIGIN}
    return digest_of([info.status, info.end_time, info.run_name, dict(there.data.params), tags, last])
