"""Permutation importance: what a version loses when a column says nothing any more.

Breiman, Random Forests, 2001, sec. 10; Fisher, Rudin and Dominici, All Models are Wrong, but Many are Useful, 2019. A column's
values are put in another order, so that it keeps its distribution and tells nothing of the row; the model is asked, not refitted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np

from nbmlops.cards import together
from nbmlops.cards.records import ColumnImportance, Importance
from nbmlops.cards.rows import Rows, asked, given, is_training, metric_for, way
from nbmlops.errors import Invalid
from nbmlops.ledger.encode import dump, load, now_text
from nbmlops.ledger.secrets import mask_record
from nbmlops.models.quality import metric_value
from nbmlops.models.records import ModelVersion
from nbmlops.workspace import Workspace

MOST_ROWS = 5_000
MOST_REPEATS = 100


def measure(
    workspace: Workspace, version: ModelVersion, data: Any, labels: Any, *, metric: str | None, repeats: int, seed: int
) -> Importance:
    """Shuffle each column `repeats` times on at most 5,000 of the rows. The same seed gives the same numbers."""
    if not 2 <= repeats <= MOST_REPEATS:
        raise Invalid(f"{repeats} repeats give no interval.", hint=f"2 to {MOST_REPEATS}; 10 if not given.")
    rows = given(workspace, version, data, labels)
    seen, total = is_training(rows), len(rows.frame)
    rows = _some(rows, np.random.default_rng([seed, 0]))
    named = metric_for(workspace, rows, metric) if labels is not None else "share of answers that change" if rows.classes else "mean change"
    worse = _worse(named, rows)
    columns = [column.name for column in version.signature.inputs]
    # The same orders for each column: what is compared is shuffled alike.
    random = np.random.default_rng([seed, 1])
    orders = [random.permutation(len(rows.frame)) for _ in range(repeats)]
    found = [_of(rows, [name], orders, worse) for name in columns]
    groups = [_of(rows, group, orders, worse) for group in together.groups(rows.frame, columns)]
    return Importance(
        model=version.model, version=version.version, metric=named, better=way(named) if labels is not None else None,
        labelled=labels is not None, value=metric_value(named, rows.labels, rows.answers) if labels is not None else None,
        rows=len(rows.frame), of_rows=total, repeats=repeats, seed=seed, columns=sorted(found, key=lambda one: -one.worse_by),
        together=sorted(groups, key=lambda one: -one.worse_by), trained_on=seen, at=workspace.clock(), by=workspace.actor,
    )  # fmt: skip


def keep(workspace: Workspace, found: Importance) -> Importance:
    """Keep it with its version."""
    found = mask_record(found)
    with workspace.ledger.write() as tx:
        tx.insert(
            "importance",
            model=found.model,
            version=found.version,
            found=dump(msgspec.to_builtins(found)),
            at=now_text(found.at),
            by=found.by,
        )
        tx.changed("model", found.model)
    return found


def latest(workspace: Workspace, version: ModelVersion) -> Importance | None:
    """The importance that was measured last of a version, or None."""
    row = workspace.ledger.read_one(
        "SELECT found FROM importance WHERE model = ? AND version = ? ORDER BY id DESC LIMIT 1", version.model, version.version
    )
    return msgspec.convert(load(row["found"]), Importance, strict=False) if row else None


def _some(rows: Rows, random: np.random.Generator) -> Rows:
    if len(rows.frame) <= MOST_ROWS:
        return rows
    chosen = np.sort(random.choice(len(rows.frame), MOST_ROWS, replace=False))
    labels = None if rows.labels is None else rows.labels[chosen]
    return Rows(rows.loaded, rows.frame.iloc[chosen], labels, rows.answers[chosen])


def _worse(metric: str, rows: Rows) -> Callable[[Any], float]:
    """How much worse other answers are than the version's own; without labels, how far they are from these."""
    if rows.labels is not None:
        before = metric_value(metric, rows.labels, rows.answers)
        sign = 1.0 if way(metric) == "lower" else -1.0
        return lambda answers: sign * (metric_value(metric, rows.labels, answers) - before)
    if rows.classes:
        return lambda answers: float(np.mean(answers != rows.answers))
    return lambda answers: float(np.mean(np.abs(np.asarray(answers, float) - np.asarray(rows.answers, float))))


def _of(rows: Rows, columns: list[str], orders: list[Any], worse: Callable[[Any], float]) -> ColumnImportance:
    costs = np.array([worse(asked(rows.loaded, _shuffled(rows.frame, columns, order))) for order in orders])
    mean, error = float(costs.mean()), float(costs.std(ddof=1) / len(costs) ** 0.5)
    reach = _student(len(costs) - 1) * error
    return ColumnImportance(columns=columns, worse_by=mean, error=error, low=mean - reach, high=mean + reach)


def _shuffled(frame: Any, columns: list[str], order: Any) -> Any:
    """The frame with some columns in another order, each value of its own type as before; those of a group stay together."""
    made = frame.copy(deep=False)
    for name in columns:
        made[name] = frame[name].iloc[order].set_axis(frame.index)
    return made


def _student(freedom: int) -> float:
    from scipy.stats import t

    return float(t.ppf(0.975, freedom))
