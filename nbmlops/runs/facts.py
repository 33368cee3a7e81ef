"""What becomes known of a run, and how it is written."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import Any

from nbmlops.data.records import Dataset
from nbmlops.ledger.blobs import digest_bytes
from nbmlops.ledger.encode import dump, now_text, number, plain, text, unnumber
from nbmlops.runs.records import Artifact, Cell, FileUse, Fit, HiddenState, MetricPoint, Prediction, Seed, Trial, Variable

Point = tuple[str, int, float, datetime, int | None]  # name, step, value, at, fit


@dataclass
class Facts:
    """What became known since the last writing; one transaction takes it all."""

    params: dict[str, Any] = field(default_factory=dict)
    metrics: list[MetricPoint] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)
    files: list[FileUse] = field(default_factory=list)
    fits: list[Fit] = field(default_factory=list)
    trials: list[Trial] = field(default_factory=list)
    artifacts: list[Artifact] = field(default_factory=list)
    datasets: list[Dataset] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    seeds: list[Seed] = field(default_factory=list)
    predictions: list[Prediction] = field(default_factory=list)
    variables: list[Variable] = field(default_factory=list)
    hidden: list[HiddenState] = field(default_factory=list)
    git: dict[str, Any] | None = None
    environment: dict[str, Any] | None = None
    notebook: tuple[str, str] | None = None
    data_hash: str | None = None
    folder: str | None = None

    def __bool__(self) -> bool:
        return any(bool(value) for value in vars(self).values())


def write_facts(tx: Any, run: str, facts: Facts) -> None:
    """Write facts inside a transaction of the caller's. What is known already is replaced; metrics are added."""
    if facts.datasets:
        from nbmlops.data import book

        for dataset in facts.datasets:
            book.remember(tx, dataset)
    _params(tx, run, facts.params)
    if facts.metrics:
        write_points(tx, run, [(p.name, p.step, p.value, p.at, p.fit) for p in facts.metrics])
    if facts.cells:
        tx.many(
            "INSERT OR REPLACE INTO cell (run, position, cell_id, execution_count, source, started_at, duration_s, error, outputs)"
            " VALUES (?,?,?,?,?,?,?,?,?)",
            [
                (
                    run, c.position, c.cell_id, c.execution_count, text(c.source), now_text(c.started_at), c.duration_s,
                    c.error and text(c.error), c.outputs,
                )
                for c in facts.cells
            ],
        )  # fmt: skip
    if facts.files:
        tx.many(
            "INSERT OR REPLACE INTO file_use (run, path, mode, kind, digest, size_bytes, modified_at, position, detail, note)"
            " VALUES (?,?,?,?,?,?,?,?,?,?)",
            [
                (
                    run, text(f.path), f.mode, f.kind, f.digest, f.size_bytes, f.modified_at and now_text(f.modified_at),
                    -1 if f.position is None else f.position, text(f.detail), f.note and text(f.note),
                )
                for f in facts.files
            ],
        )  # fmt: skip
    for fit in facts.fits:
        tx.insert(
            "fit", or_replace=True, run=run, number=fit.number, position=fit.position, estimator=text(fit.estimator),
            parameters=dump(fit.parameters), frame=fit.frame, target=fit.target, duration_s=fit.duration_s, artifact=fit.artifact,
            note=fit.note and text(fit.note), depends=json.dumps(fit.depends), state=fit.state,
        )  # fmt: skip
    if facts.trials:
        tx.many(
            "INSERT OR REPLACE INTO trial (run, number, source, part, position, params, metrics, state, fit, duration_s, own_run, note)"
            " VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
            [
                (
                    run, t.number, t.source, t.part, t.position, dump(t.params), dump(t.metrics), t.state, t.fit, t.duration_s,
                    t.own_run, t.note and text(t.note),
                )
                for t in facts.trials
            ],
        )  # fmt: skip
    if facts.artifacts:
        tx.many(
            "INSERT OR REPLACE INTO artifact (run, name, digest, media_type, size_bytes, position) VALUES (?,?,?,?,?,?)",
            [(run, text(a.name), a.digest, a.media_type, a.size_bytes, a.position) for a in facts.artifacts],
        )
    if facts.tags:
        tx.many("INSERT OR REPLACE INTO tag (run, name, value) VALUES (?,?,?)", [(run, text(k), text(v)) for k, v in facts.tags.items()])
    if facts.seeds:
        _extend(tx, run, "seeds", [vars(seed) for seed in facts.seeds])
    if facts.predictions:
        tx.many(
            "INSERT OR REPLACE INTO prediction (run, position, number, estimator, method, shape, dtype, sample, digest)"
            " VALUES (?,?,?,?,?,?,?,?,?)",
            [
                (run, one.position, one.number, text(one.estimator), one.method, dump(one.shape), one.dtype, dump(one.sample), one.digest)
                for one in facts.predictions
            ],
        )
    if facts.variables:
        _extend(tx, run, "variables", [vars(variable) for variable in facts.variables])
    if facts.hidden:
        _extend(tx, run, "hidden", [vars(hidden) for hidden in facts.hidden])
    if facts.git is not None:
        tx.run("UPDATE run SET git = ? WHERE id = ?", dump(facts.git), run)
    if facts.environment is not None:
        content, digest = _written(facts.environment)
        tx.run("INSERT OR IGNORE INTO environment (digest, content) VALUES (?, ?)", digest, content)
        tx.run("UPDATE run SET environment = ? WHERE id = ?", digest, run)
    if facts.notebook:
        tx.run(
            "UPDATE run SET notebook = ?, notebook_known_from = ? WHERE id = ? AND notebook IS NULL",
            text(facts.notebook[0]), facts.notebook[1], run,
        )  # fmt: skip
    if facts.folder:
        tx.run("UPDATE run SET folder = ? WHERE id = ?", text(facts.folder), run)
    if facts.data_hash:
        tx.run("UPDATE run SET data_hash = ? WHERE id = ?", facts.data_hash, run)


_last: tuple[dict[str, Any] | None, tuple[str, str]] = (None, ("", ""))


def _written(environment: dict[str, Any]) -> tuple[str, str]:
    """An environment as it is kept, and its digest; the same one stands around many runs."""
    global _last
    known = _last
    if known[0] is not environment:
        content = dump(environment)
        known = _last = (environment, (content, digest_bytes(content.encode())))
    return known[1]


def _params(tx: Any, run: str, params: dict[str, Any]) -> None:
    if params:
        tx.many(
            "INSERT OR REPLACE INTO param (run, name, value, number) VALUES (?, ?, ?, ?)",
            [(run, text(name), dump(value), _number(value)) for name, value in params.items()],
        )


def _number(value: Any) -> float | None:
    found = plain(value)
    return float(found) if isinstance(found, (int, float)) and not isinstance(found, bool) else None


def write_points(tx: Any, run: str, points: Iterable[Point]) -> None:
    """Add points of metrics, in the order they were measured."""
    import msgspec

    series: dict[str, list[tuple[int, float | str, datetime, int | None]]] = {}
    for name, step, value, at, fit in points:
        plain_value, special = number(value)
        series.setdefault(text(name), []).append((step, special or plain_value or 0.0, at, fit))
    tx.many(
        "INSERT INTO points (run, name, number, last_step, last_at, points)"
        " VALUES (?1, ?2, (SELECT coalesce(max(number), -1) + 1 FROM points WHERE run = ?1 AND name = ?2), ?3, ?4, ?5)",
        [
            (run, name, max(step for step, *_ in found), now_text(found[-1][2]), msgspec.json.encode(found).decode())
            for name, found in series.items()
        ],
    )
    rows = []
    for name, found in series.items():
        step, last, *_ = max(reversed(found), key=itemgetter(0))  # the last of equals
        rows.append((run, name, step, None, last) if isinstance(last, str) else (run, name, step, last, None))
    tx.many(
        "INSERT INTO last_metric (run, name, step, value, special) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (run, name) DO UPDATE SET step = excluded.step, value = excluded.value, special = excluded.special"
        " WHERE excluded.step >= step",
        rows,
    )


def points_of(row: Any) -> list[MetricPoint]:
    """The points of one row that `write_points` wrote."""
    return [
        MetricPoint(
            name=row["name"], step=step, value=unnumber(None, value) if isinstance(value, str) else float(value),
            at=datetime.fromisoformat(at), fit=fit,
        )
        for step, value, at, fit in json.loads(row["points"])
    ]  # fmt: skip


def _extend(tx: Any, run: str, column: str, more: list[dict[str, Any]]) -> None:
    rows = tx.read(f"SELECT {column} FROM run WHERE id = ?", run)  # noqa: S608 - two fixed names
    held = json.loads(rows[0][0] or "[]") if rows else []
    fresh = [one for one in json.loads(dump(more)) if one not in held]
    if fresh:
        tx.run(f"UPDATE run SET {column} = ? WHERE id = ?", dump(held + fresh), run)  # noqa: S608
