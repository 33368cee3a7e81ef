"""Runs in the ledger: opened, added to, ended, read again."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from nbmlops.errors import Invalid, NotFound
from nbmlops.ledger.encode import load, moment, plain, text, unnumber
from nbmlops.ledger.ids import new_id
from nbmlops.ledger.owner import Owner, alive, this_process
from nbmlops.runs import search, spooled
from nbmlops.runs.facts import Facts, Point, points_of
from nbmlops.runs.filters import Filter
from nbmlops.runs.records import (
    Artifact,
    Cell,
    FileUse,
    Fit,
    HiddenState,
    MetricPoint,
    Prediction,
    Run,
    RunRecord,
    Seed,
    Status,
    Trial,
    Variable,
)  # fmt: skip
from nbmlops.runs.spooled import Ended, Event, Kept, Opened
from nbmlops.workspace import Workspace

_LAST_SIGN = """
SELECT started_at FROM run WHERE id = ?1 UNION ALL SELECT last_at FROM points WHERE run = ?1
  UNION ALL SELECT started_at FROM cell WHERE run = ?1
"""


class RunBook:
    """The runs of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    # -- writing

    def open(
        self,
        name: str,
        *,
        experiment: str,
        kind: str,
        notebook: str | None = None,
        known_from: str = "unknown",
        tags: dict[str, str] | None = None,
        params: dict[str, Any] | None = None,
        run_id: str | None = None,
        owner: Owner | None = None,
        started_at: datetime | None = None,
    ) -> str:
        """Open a run that this process owns, and give its id."""
        run_id = run_id or new_id("run")
        begun = Opened(
            name=name, experiment=experiment, kind=kind, started_at=started_at or self.workspace.clock(),
            owner=(owner or this_process()).as_text(), notebook=notebook, known_from=known_from,
        )  # fmt: skip
        self._say(Event(run_id, opened=begun, facts=Facts(params=plain(params or {}), tags=tags or {})))
        return run_id

    def add(self, run_id: str, facts: Facts) -> None:
        """Say what became known. It survives this process when this returns, and is in the ledger a moment later."""
        self._say(Event(run_id, facts=facts))

    def add_points(self, run_id: str, points: list[Point]) -> None:
        """Say what was measured: as `add`, for who measures often."""
        self._say(Event(run_id, points=points))

    def end(
        self, run_id: str, status: Status, *, error: str | None = None, failed_cell: int | None = None, facts: Facts | None = None
    ) -> None:
        """End a run; all of it is durably in the ledger when this returns. A run that has ended keeps its first status."""
        over = Ended(status, self.workspace.clock(), error, failed_cell)
        writer = spooled.writer(self.workspace)
        writer.say(Event(run_id, facts=facts, ended=over))
        writer.flush(durable=True)

    def end_left(self, run_id: str, status: Status) -> Run:
        """End a run whose process cannot be asked whether it lives: another machine's. Raises Invalid for any other."""
        self.settle()
        found = self.run(run_id)
        if found.status != "running":
            raise Invalid(f"Run {found.id} is {found.status}.", hint="Only a running one can be ended.")
        owner = Owner.from_text(self._read("SELECT owner FROM run WHERE id = ?", found.id)[0]["owner"])
        if alive(owner) is not None:
            raise Invalid(f"Run {found.id} is running in process {owner.pid} of this machine.", hint="End it there: %mlops run end")
        self.end(found.id, status, error=f"Ended by {self.workspace.actor}; it was run on {owner.host}." if status == "killed" else None)
        return self.run(found.id)

    def keep_fitted(self, run_id: str, number: int, artifact: str | None, note: str | None, state: str | None = None) -> None:
        """Say under which digest a fitted estimator was kept, or why it was not; and what it is, in brief."""
        self._say(Event(run_id, kept=Kept(number, artifact, note, state)))

    def settle(self) -> list[str]:
        """Take in what dead processes left, and find runs whose owner has died: `killed`. Gives their ids."""
        spooled.flush(self.workspace)
        spooled.take_in(self.workspace)
        gone = {owner for owner in self._owners() if alive(Owner.from_text(owner)) is False}
        if not gone:
            return []
        # They were dead before this is read: nothing more is to come of them. Who has died since is found the next time.
        spooled.take_in(self.workspace)
        dead = [run_id for owner, run_ids in self._owners().items() if owner in gone for run_id in run_ids]
        if dead:
            with self.workspace.ledger.write() as tx:
                for run_id in dead:
                    # It lived at least so long; when it died, nobody knows.
                    last = max(row[0] for row in tx.read(_LAST_SIGN, run_id))
                    over = Ended("killed", datetime.fromisoformat(last), "The process that ran it is gone.")
                    spooled.apply(tx, Event(run_id, ended=over))
                    tx.changed("run", run_id)
        return dead

    def _owners(self) -> dict[str, list[str]]:
        """The runs that are running, by who runs them."""
        found: dict[str, list[str]] = defaultdict(list)
        for row in self.workspace.ledger.read("SELECT id, owner FROM run WHERE status = 'running'"):
            found[row["owner"]].append(row["id"])
        return found

    def _say(self, event: Event) -> None:
        spooled.writer(self.workspace).say(event)

    # -- reading

    def full_id(self, run_id: str) -> str:
        """The whole id of a run named by its id or a beginning of it that is its alone."""
        wanted = run_id if run_id.startswith("run-") else f"run-{run_id}"
        rows = self._read("SELECT id FROM run WHERE id >= ? AND id < ? LIMIT 2", wanted, wanted + "\U0010ffff")
        if len(rows) == 1:
            return str(rows[0]["id"])
        if rows:
            raise Invalid(f"More than one run begins with {run_id[:60]!r}.", hint="Give more of its id.")
        recent = [row["id"] for row in self._read("SELECT id FROM run ORDER BY started_at DESC LIMIT 3")]
        raise NotFound(f"There is no run {run_id[:60]!r}.", hint=f"The newest: {', '.join(recent) or 'none yet'}. All: %mlops run find")

    def run(self, run_id: str) -> Run:
        """One run by its id or a unique beginning of it."""
        return self.runs([self.full_id(run_id)])[0]

    def runs(self, run_ids: Sequence[str]) -> list[Run]:
        """Runs by their whole ids, in the order asked for; ids that are not there are left out."""
        found = {}
        for part in _chunks(list(run_ids)):
            for row in self._read(f"SELECT * FROM run WHERE id IN ({','.join('?' * len(part))})", *part):  # noqa: S608
                found[row["id"]] = row
        return self._runs([found[run_id] for run_id in run_ids if run_id in found])

    def find(
        self,
        filter: str | None = None,
        *,
        experiment: str | None = None,
        notebook: str | None = None,
        status: str | None = None,
        sort: str | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> list[Run]:
        """Runs that pass a filter, in order, `limit` of them after the first `offset`; the newest first."""
        asked = search.asked(filter, experiment=experiment, notebook=notebook, status=status)
        return self.runs(self._search(asked, sort).page(limit, offset))

    def count(
        self, filter: str | None = None, *, experiment: str | None = None, notebook: str | None = None, status: str | None = None
    ) -> int:
        """How many runs pass a filter."""
        return self._search(search.asked(filter, experiment=experiment, notebook=notebook, status=status), None).count()

    def _search(self, asked: Filter, sort: str | None) -> search.Search:
        order = search.order(sort)
        self.settle()
        return search.Search(self._read, asked, self.workspace.clock(), order)

    def record(self, run_id: str) -> RunRecord:
        """Everything known of a run."""
        run = self.run(run_id)
        read = self._read
        row = read(
            "SELECT git, environment, seeds, variables, hidden, folder,"
            " (SELECT content FROM environment WHERE digest = run.environment) AS surroundings"
            " FROM run WHERE id = ?",
            run.id,
        )[0]
        environment = row["surroundings"] or (row["environment"] if (row["environment"] or "").startswith("{") else None)
        return RunRecord(
            run=run,
            cells=[_cell(c) for c in read("SELECT * FROM cell WHERE run = ? ORDER BY position", run.id)],
            history=self._history(run.id),
            files=[_file(f) for f in read("SELECT * FROM file_use WHERE run = ? ORDER BY mode, path, position, detail", run.id)],
            fits=self.fits(run.id),
            artifacts=[
                Artifact(**{k: a[k] for k in ("name", "digest", "media_type", "size_bytes", "position")})
                for a in read("SELECT * FROM artifact WHERE run = ? ORDER BY name", run.id)
            ],
            git=load(row["git"]) or {},
            environment=load(environment) or {},
            trials=self.trials(run.id),
            seeds=[Seed(**seed) for seed in json.loads(row["seeds"] or "[]")],
            predictions=[_prediction(p) for p in read("SELECT * FROM prediction WHERE run = ? ORDER BY position, number", run.id)],
            variables=[Variable(**variable) for variable in json.loads(row["variables"] or "[]")],
            hidden=[HiddenState(**hidden) for hidden in json.loads(row["hidden"] or "[]")],
            folder=row["folder"],
        )

    def _history(self, run_id: str) -> list[MetricPoint]:
        rows = self._read("SELECT name, points FROM points WHERE run = ? ORDER BY name, number", run_id)
        return sorted((point for row in rows for point in points_of(row)), key=lambda point: (point.name, point.step))

    def trials(self, run_id: str) -> list[Trial]:
        """A run's trials in their order."""
        return [_trial(t) for t in self._read("SELECT * FROM trial WHERE run = ? ORDER BY number", run_id)]

    def curve(self, run_id: str, metric: str, after: int = -1) -> tuple[int, list[MetricPoint]]:
        """The points of a metric that were taken in after the `after`th time, and which time was the last."""
        rows = self._read(
            "SELECT name, number, points FROM points WHERE run = ? AND name = ? AND number > ? ORDER BY number", run_id, text(metric), after
        )
        return (rows[-1]["number"] if rows else after), [point for row in rows for point in points_of(row)]

    def last_step(self, run_id: str, metric: str) -> int:
        """The highest step a metric has; -1 before the first."""
        found = self._read("SELECT max(last_step) FROM points WHERE run = ? AND name = ?", run_id, text(metric))[0][0]
        return -1 if found is None else int(found)

    def fits(self, run_id: str) -> list[Fit]:
        """A run's fits in the order they happened."""
        rows = self._read("SELECT * FROM fit WHERE run = ? ORDER BY number", run_id)
        return [
            Fit(
                **{k: f[k] for k in ("number", "position", "estimator", "frame", "target", "duration_s", "artifact", "note", "state")},
                parameters=load(f["parameters"]),
                depends=json.loads(f["depends"] or "[]"),
            )
            for f in rows
        ]

    def _read(self, sql: str, *values: Any) -> list[Any]:
        spooled.flush(self.workspace)
        rows: list[Any] = self.workspace.ledger.read(sql, *values)
        return rows

    def _runs(self, rows: Sequence[Any]) -> list[Run]:
        ids = [row["id"] for row in rows]
        params: dict[str, dict[str, Any]] = defaultdict(dict)
        metrics: dict[str, dict[str, float]] = defaultdict(dict)
        tags: dict[str, dict[str, str]] = defaultdict(dict)
        estimators: dict[str, str] = {}
        verdicts: dict[str, Any] = {}
        for part in _chunks(ids):
            marks = ",".join("?" * len(part))
            for p in self._read(f"SELECT run, name, value FROM param WHERE run IN ({marks})", *part):  # noqa: S608
                params[p["run"]][p["name"]] = load(p["value"])
            for m in self._read(f"SELECT run, name, value, special FROM last_metric WHERE run IN ({marks})", *part):  # noqa: S608
                metrics[m["run"]][m["name"]] = unnumber(m["value"], m["special"])
            for t in self._read(f"SELECT run, name, value FROM tag WHERE run IN ({marks})", *part):  # noqa: S608
                tags[t["run"]][t["name"]] = t["value"]
            for f in self._read(f"SELECT run, estimator FROM fit WHERE run IN ({marks}) ORDER BY number", *part):  # noqa: S608
                estimators[f["run"]] = f["estimator"]
            for v in self._read(f"SELECT run, verdict FROM verification WHERE run IN ({marks}) ORDER BY at, id", *part):  # noqa: S608
                verdicts[v["run"]] = v["verdict"]
        return [
            _run(row, params[row["id"]], metrics[row["id"]], tags[row["id"]], estimators.get(row["id"]), verdicts.get(row["id"]))
            for row in rows
        ]


def _chunks(ids: list[str], size: int = 500) -> Iterable[list[str]]:
    return (ids[at : at + size] for at in range(0, len(ids), size))


def _run(
    row: Any, params: dict[str, Any], metrics: dict[str, float], tags: dict[str, str], estimator: str | None, verdict: Any
) -> Run:  # fmt: skip
    started, ended = moment(row["started_at"]), moment(row["ended_at"])
    git = json.loads(row["git"]) if row["git"] else {}
    assert started is not None
    return Run(
        id=row["id"],
        name=row["name"],
        experiment=row["experiment"],
        kind=row["kind"],
        status=row["status"],
        started_at=started,
        ended_at=ended,
        duration_s=(ended - started).total_seconds() if ended else None,
        notebook=row["notebook"],
        notebook_known_from=row["notebook_known_from"],
        failed_cell=row["failed_cell"],
        error=row["error"],
        tags=tags,
        params=plain(params),
        metrics=metrics,
        data_hash=row["data_hash"],
        estimator=estimator,
        git_commit=git.get("commit"),
        git_dirty=git.get("dirty"),
        verdict=verdict,
    )


def _cell(row: Any) -> Cell:
    kept = ("position", "cell_id", "execution_count", "source", "duration_s", "error", "outputs")
    return Cell(**{name: row[name] for name in kept}, started_at=datetime.fromisoformat(row["started_at"]))


def _file(row: Any) -> FileUse:
    kept = ("path", "mode", "kind", "digest", "size_bytes", "position", "detail", "note")
    return FileUse(**{name: row[name] for name in kept}, modified_at=moment(row["modified_at"]))


def _trial(row: Any) -> Trial:
    kept = ("number", "source", "part", "position", "state", "fit", "duration_s", "own_run", "note")
    return Trial(**{name: row[name] for name in kept}, params=load(row["params"]), metrics=load(row["metrics"]))


def _prediction(row: Any) -> Prediction:
    kept = ("estimator", "method", "position", "number", "dtype", "digest")
    return Prediction(**{name: row[name] for name in kept}, shape=load(row["shape"]), sample=load(row["sample"]))
