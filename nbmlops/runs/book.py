"""Runs in the ledger: opened, added to, ended, read again."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from nbmlops.errors import Invalid, NotFound
from nbmlops.ledger.encode import dump, load, moment, now_text, number, plain, text, unnumber
from nbmlops.ledger.ids import new_id
from nbmlops.ledger.owner import Owner, alive, this_process
from nbmlops.runs.records import Artifact, Cell, FileUse, Fit, MetricPoint, Run, RunRecord, Status
from nbmlops.workspace import Workspace

SCHEMA = 1


@dataclass
class Facts:
    """What became known since the last writing; one transaction takes it all."""

    params: dict[str, Any] = field(default_factory=dict)
    metrics: list[MetricPoint] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)
    files: list[FileUse] = field(default_factory=list)
    fits: list[Fit] = field(default_factory=list)
    artifacts: list[Artifact] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    git: dict[str, Any] | None = None
    environment: dict[str, Any] | None = None
    notebook: tuple[str, str] | None = None
    data_hash: str | None = None

    def __bool__(self) -> bool:
        return any(bool(value) for value in vars(self).values())


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
        with self.workspace.ledger.write() as tx:
            tx.insert(
                "run",
                id=run_id,
                name=text(name),
                experiment=text(experiment),
                kind=kind,
                status="running",
                started_at=now_text(started_at or self.workspace.clock()),
                notebook=text(notebook) if notebook else None,
                notebook_known_from=known_from,
                owner=(owner or this_process()).as_text(),
                tags=dump(tags or {}),
                schema_version=SCHEMA,
            )
            _params(tx, run_id, params or {})
            tx.changed("run", run_id)
        return run_id

    def add(self, run_id: str, facts: Facts, *, durable: bool = False) -> None:
        """Write what became known; the whole of it or nothing."""
        with self.workspace.ledger.write(durable=durable) as tx:
            self.write_facts(tx, run_id, facts)
            tx.changed("run", run_id)

    def end(
        self, run_id: str, status: Status, *, error: str | None = None, failed_cell: int | None = None, facts: Facts | None = None
    ) -> None:
        """End a run. A run that has ended keeps its first status."""
        with self.workspace.ledger.write() as tx:
            if facts:
                self.write_facts(tx, run_id, facts)
            tx.run(
                "UPDATE run SET status = ?, ended_at = ?, error = ?, failed_cell = ? WHERE id = ? AND status = 'running'",
                status,
                now_text(self.workspace.clock()),
                text(error) if error else None,
                failed_cell,
                run_id,
            )
            tx.changed("run", run_id)

    def keep_fitted(self, run_id: str, number: int, artifact: str | None, note: str | None) -> None:
        """Say under which digest a fitted estimator was kept, or why it was not."""
        with self.workspace.ledger.write() as tx:
            tx.run(
                "UPDATE fit SET artifact = ?, note = coalesce(?, note) WHERE run = ? AND number = ?",
                artifact,
                note and text(note),
                run_id,
                number,
            )
            tx.changed("run", run_id)

    def settle(self) -> list[str]:
        """Find runs whose owner has died and say so: `killed`. Gives their ids."""
        rows = self.workspace.ledger.read("SELECT id, owner FROM run WHERE status = 'running'")
        dead = [row["id"] for row in rows if alive(Owner.from_text(row["owner"])) is False]
        if dead:
            with self.workspace.ledger.write() as tx:
                for run_id in dead:
                    tx.run(
                        "UPDATE run SET status = 'killed', ended_at = ?, error = ? WHERE id = ? AND status = 'running'",
                        now_text(self.workspace.clock()),
                        "The process that ran it is gone.",
                        run_id,
                    )
                    tx.changed("run", run_id)
        return dead

    def write_facts(self, tx: Any, run_id: str, facts: Facts) -> None:
        """Write facts inside a transaction of the caller's."""
        _params(tx, run_id, facts.params)
        tx.many(
            "INSERT INTO metric (run, name, step, value, special, at) VALUES (?, ?, ?, ?, ?, ?)",
            [(run_id, text(m.name), m.step, *number(m.value), now_text(m.at)) for m in facts.metrics],
        )
        tx.many(
            "INSERT OR REPLACE INTO cell (run, position, cell_id, execution_count, source, started_at, duration_s, error)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    run_id,
                    c.position,
                    c.cell_id,
                    c.execution_count,
                    text(c.source),
                    now_text(c.started_at),
                    c.duration_s,
                    c.error and text(c.error),
                )
                for c in facts.cells
            ],
        )
        tx.many(
            "INSERT OR REPLACE INTO file_use (run, path, mode, digest, size_bytes, modified_at, position, note) VALUES (?,?,?,?,?,?,?,?)",
            [
                (
                    run_id,
                    text(f.path),
                    f.mode,
                    f.digest,
                    f.size_bytes,
                    f.modified_at and now_text(f.modified_at),
                    -1 if f.position is None else f.position,
                    f.note,
                )
                for f in facts.files
            ],
        )
        for fit in facts.fits:
            tx.insert(
                "fit",
                or_replace=True,
                run=run_id,
                number=fit.number,
                position=fit.position,
                estimator=text(fit.estimator),
                parameters=dump(fit.parameters),
                frame=fit.frame,
                target=fit.target,
                duration_s=fit.duration_s,
                artifact=fit.artifact,
                note=fit.note and text(fit.note),
            )
        tx.many(
            "INSERT OR REPLACE INTO artifact (run, name, digest, media_type, size_bytes, position) VALUES (?,?,?,?,?,?)",
            [(run_id, text(a.name), a.digest, a.media_type, a.size_bytes, a.position) for a in facts.artifacts],
        )
        if facts.tags:
            held = load(tx.read("SELECT tags FROM run WHERE id = ?", run_id)[0]["tags"])
            tx.run("UPDATE run SET tags = ? WHERE id = ?", dump({**held, **facts.tags}), run_id)
        for column, value in (("git", facts.git), ("environment", facts.environment)):
            if value is not None:
                tx.run(f"UPDATE run SET {column} = ? WHERE id = ?", dump(value), run_id)  # noqa: S608 (two fixed names)
        if facts.notebook:
            tx.run(
                "UPDATE run SET notebook = ?, notebook_known_from = ? WHERE id = ? AND notebook IS NULL",
                text(facts.notebook[0]),
                facts.notebook[1],
                run_id,
            )
        if facts.data_hash:
            tx.run("UPDATE run SET data_hash = ? WHERE id = ?", facts.data_hash, run_id)

    # -- reading

    def full_id(self, run_id: str) -> str:
        """The whole id of a run named by its id or a beginning of it that is its alone."""
        wanted = run_id if run_id.startswith("run-") else f"run-{run_id}"
        rows = self.workspace.ledger.read("SELECT id FROM run WHERE substr(id, 1, ?) = ? LIMIT 2", len(wanted), wanted)
        if len(rows) == 1:
            return str(rows[0]["id"])
        if rows:
            raise Invalid(f"More than one run begins with {run_id[:60]!r}.", hint="Give more of its id.")
        recent = [row["id"] for row in self.workspace.ledger.read("SELECT id FROM run ORDER BY started_at DESC LIMIT 3")]
        raise NotFound(f"There is no run {run_id[:60]!r}.", hint=f"The newest: {', '.join(recent) or 'none yet'}. All: %mlops run find")

    def run(self, run_id: str) -> Run:
        """One run by its id or a unique beginning of it."""
        return self._runs(self.workspace.ledger.read("SELECT * FROM run WHERE id = ?", self.full_id(run_id)))[0]

    def find(self, *, experiment: str | None = None, notebook: str | None = None, status: str | None = None, limit: int = 50) -> list[Run]:
        """Runs, newest first."""
        self.settle()
        where, values = ["1 = 1"], []
        for column, value in (("experiment", experiment), ("notebook", notebook), ("status", status)):
            if value is not None:
                where.append(f"{column} = ?")
                values.append(text(value))
        sql = f"SELECT * FROM run WHERE {' AND '.join(where)} ORDER BY started_at DESC, id DESC LIMIT ?"  # noqa: S608
        return self._runs(self.workspace.ledger.read(sql, *values, limit))

    def record(self, run_id: str) -> RunRecord:
        """Everything known of a run."""
        run = self.run(run_id)
        read = self.workspace.ledger.read
        row = read("SELECT git, environment FROM run WHERE id = ?", run.id)[0]
        return RunRecord(
            run=run,
            cells=[_cell(c) for c in read("SELECT * FROM cell WHERE run = ? ORDER BY position", run.id)],
            history=[_point(m) for m in read("SELECT * FROM metric WHERE run = ? ORDER BY name, step, id", run.id)],
            files=[_file(f) for f in read("SELECT * FROM file_use WHERE run = ? ORDER BY mode, path, position", run.id)],
            fits=self.fits(run.id),
            artifacts=[
                Artifact(**{k: a[k] for k in ("name", "digest", "media_type", "size_bytes", "position")})
                for a in read("SELECT * FROM artifact WHERE run = ? ORDER BY name", run.id)
            ],
            git=load(row["git"]) or {},
            environment=load(row["environment"]) or {},
        )

    def fits(self, run_id: str) -> list[Fit]:
        """A run's fits in the order they happened."""
        rows = self.workspace.ledger.read("SELECT * FROM fit WHERE run = ? ORDER BY number", run_id)
        return [
            Fit(
                number=f["number"],
                position=f["position"],
                estimator=f["estimator"],
                parameters=load(f["parameters"]),
                frame=f["frame"],
                target=f["target"],
                duration_s=f["duration_s"],
                artifact=f["artifact"],
                note=f["note"],
            )
            for f in rows
        ]

    def _runs(self, rows: Sequence[Any]) -> list[Run]:
        ids = [row["id"] for row in rows]
        params: dict[str, dict[str, Any]] = defaultdict(dict)
        metrics: dict[str, dict[str, float]] = defaultdict(dict)
        estimators: dict[str, str] = {}
        for part in _chunks(ids):
            marks = ",".join("?" * len(part))
            read = self.workspace.ledger.read
            for p in read(f"SELECT run, name, value FROM param WHERE run IN ({marks})", *part):  # noqa: S608
                params[p["run"]][p["name"]] = load(p["value"])
            for m in read(f"SELECT run, name, value, special FROM metric WHERE run IN ({marks}) ORDER BY step, id", *part):  # noqa: S608
                metrics[m["run"]][m["name"]] = unnumber(m["value"], m["special"])
            for f in read(f"SELECT run, estimator FROM fit WHERE run IN ({marks}) ORDER BY number", *part):  # noqa: S608
                estimators[f["run"]] = f["estimator"]
        return [_run(row, params[row["id"]], metrics[row["id"]], estimators.get(row["id"])) for row in rows]


def _chunks(ids: list[str], size: int = 500) -> Iterable[list[str]]:
    return (ids[at : at + size] for at in range(0, len(ids), size))


def _params(tx: Any, run_id: str, params: dict[str, Any]) -> None:
    tx.many("INSERT OR REPLACE INTO param (run, name, value) VALUES (?, ?, ?)", [(run_id, text(k), dump(v)) for k, v in params.items()])


def _run(row: Any, params: dict[str, Any], metrics: dict[str, float], estimator: str | None) -> Run:
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
        tags=load(row["tags"]),
        params=plain(params),
        metrics=metrics,
        data_hash=row["data_hash"],
        estimator=estimator,
        git_commit=git.get("commit"),
        git_dirty=git.get("dirty"),
    )


def _cell(row: Any) -> Cell:
    return Cell(
        position=row["position"],
        cell_id=row["cell_id"],
        execution_count=row["execution_count"],
        source=row["source"],
        started_at=datetime.fromisoformat(row["started_at"]),
        duration_s=row["duration_s"],
        error=row["error"],
    )


def _point(row: Any) -> MetricPoint:
    return MetricPoint(
        name=row["name"], step=row["step"], value=unnumber(row["value"], row["special"]), at=datetime.fromisoformat(row["at"])
    )


def _file(row: Any) -> FileUse:
    return FileUse(
        path=row["path"],
        mode=row["mode"],
        digest=row["digest"],
        size_bytes=row["size_bytes"],
        modified_at=moment(row["modified_at"]),
        position=row["position"],
        note=row["note"],
    )
