"""How far predictions move when the rows are a little other, and whether the model stands it at all."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from nbmlops.errors import Invalid, there_is
from nbmlops.models.gates import perturbing
from nbmlops.models.gates.port import Asked, judged, positive, share
from nbmlops.models.gates.standing import RAISED, Standing
from nbmlops.models.records import GateCheck

_MOST_BARS = 40


class Noise(Asked, frozen=True, kw_only=True):
    """Normal noise of `by` standard deviations on every column of numbers."""

    by: float = 0.1
    limit: float | None = 0.25

    def __post_init__(self) -> None:
        positive(self.by, "by")


class Missing(Asked, frozen=True, kw_only=True):
    """Nothing in a `share` of the rows: of columns that may be null, or of all of them with `everywhere`."""

    share: float = 0.1
    everywhere: bool = False
    limit: float | None = 0.5

    def __post_init__(self) -> None:
        share(self.share, "share")


class Outliers(Asked, frozen=True, kw_only=True):
    """Values `by` standard deviations from the mean in a `share` of each column's rows."""

    share: float = 0.01
    by: float = 10.0
    limit: float | None = 0.5

    def __post_init__(self) -> None:
        share(self.share, "share")
        positive(self.by, "by")


class Units(Asked, frozen=True, kw_only=True):
    """One column at a time in another unit: metres for kilometres, miles for kilometres. Without a limit it must only stand it."""

    factors: tuple[float, ...] = (1000.0, 1.609)
    limit: float | None = None


class Unseen(Asked, frozen=True, kw_only=True):
    """A word that was never there, in a `share` of the rows of one column of words at a time."""

    share: float = 0.1
    limit: float | None = 0.5

    def __post_init__(self) -> None:
        share(self.share, "share")


class RobustnessAsked(Asked, frozen=True, kw_only=True):
    """What is done to the rows (null: not done), at most `rows` of them, in `columns` (default: all the model takes).

    A limit is of how far predictions move: on average, in standard deviations of the predictions; for classes, the share
    of rows that get another.
    """

    noise: Noise | None = Noise()
    missing: Missing | None = Missing()
    outliers: Outliers | None = Outliers()
    units: Units | None = Units()
    unseen: Unseen | None = Unseen()
    columns: list[str] | None = None
    may_raise: bool = False
    rows: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        if self.columns is not None and not self.columns:
            raise ValueError("columns names at least one column; leave it out for all that the model takes")


@dataclass(frozen=True)
class Perturbed:
    """Rows that were changed: `what` in words, and how to make them."""

    what: str
    make: Callable[..., Any]


@dataclass(frozen=True)
class Moved:
    """How far answers moved (None: the model raised, or gave no answer), and what went wrong."""

    what: str
    by: float | None
    error: str = ""


class Robustness:
    """Perturbations, one check each."""

    kind = "robustness"
    asks = RobustnessAsked
    needs_rows = True

    def check(self, asked: RobustnessAsked, on: Standing) -> list[GateCheck]:
        """How far the answers move under each perturbation. Invalid where a column is named that the model does not take."""
        named(asked, on.inputs, "The model takes")
        table = on.table[on.inputs]
        if len(table) > asked.rows:
            table = table.iloc[np.sort(np.random.default_rng(asked.seed).choice(len(table), asked.rows, replace=False))]
        table = table.reset_index(drop=True)
        before = np.asarray(on.ask(table))
        checks = []
        for name, options, ways in _asked_for(asked, on, table):
            found = [_moved(asked, on, table, before, way) for way in ways]
            checks.append(_told(name, options.limit, found, asked, on.task))
        return checks


def named(asked: RobustnessAsked, columns: Iterable[str], who: str) -> None:
    """Invalid where a column is asked for that is not among these: what is done to none of them would show nothing."""
    there = list(columns)
    if odd := [name for name in asked.columns or () if name not in there]:
        raise Invalid(f"{who} no column {odd[0][:80]!r}.", hint=f"There is: {there_is(there)}.")


def _asked_for(asked: RobustnessAsked, on: Standing, table: Any) -> Iterator[tuple[str, Any, list[Perturbed]]]:
    columns = [name for name in on.inputs if asked.columns is None or name in asked.columns]
    numbers, words = perturbing.numeric(table, columns), perturbing.worded(table, columns)
    noise, missing, outliers, units, unseen = asked.noise, asked.missing, asked.outliers, asked.units, asked.unseen
    if noise is not None:
        yield "noise", noise, _together(numbers, partial(perturbing.noisy, by=noise.by))
    if missing is not None:
        nullable = {column.name for column in on.candidate.signature.inputs if column.nullable}
        some = columns if missing.everywhere else [name for name in columns if name in nullable]
        yield "missing values", missing, _together(some, partial(perturbing.with_missing, part=missing.share))
    if outliers is not None:
        yield "outliers", outliers, _together(numbers, partial(perturbing.with_outliers, part=outliers.share, by=outliers.by))
    if units is not None:
        each = [(name, factor) for name in numbers for factor in units.factors]
        yield "units", units, [Perturbed(f"{name} × {by:g}", partial(perturbing.scaled, columns=[name], factor=by)) for name, by in each]
    if unseen is not None:
        each_word = [Perturbed(name, partial(perturbing.with_unseen, columns=[name], part=unseen.share)) for name in words]
        yield "unseen categories", unseen, each_word


def _together(columns: list[str], change: Callable[..., Any]) -> list[Perturbed]:
    """All columns at once, then each by itself, so that the one that moves most has a name."""
    if not columns:
        return []
    alone = [Perturbed(name, partial(change, columns=[name])) for name in columns[:_MOST_BARS]]
    return [Perturbed("all columns", partial(change, columns=columns)), *(alone if len(columns) > 1 else [])]


def _moved(asked: RobustnessAsked, on: Standing, table: Any, before: Any, way: Perturbed) -> Moved:
    random = np.random.default_rng([asked.seed, *way.what.encode()])  # the same rows, whatever else is asked
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that rows are odd is known
            after = np.asarray(on.raw(way.make(table, random=random)))
    except RAISED as error:  # what a model raises for rows it does not take is of any type
        return Moved(way.what, None, f"{type(error).__name__}: {str(error).splitlines()[0][:120] if str(error) else ''}")
    if after.shape != before.shape:
        return Moved(way.what, None, f"it gives {after.shape[0] if after.ndim else 0:,} answers to {len(table):,} rows")
    if on.task == "classification" or before.dtype.kind not in "iuf":
        return Moved(way.what, float((after != before).mean()))
    if not np.isfinite(after.astype(float)).all():
        return Moved(way.what, None, "an answer is no number")
    spread = float(before.astype(float).std())
    gap = float(np.abs(after.astype(float) - before).mean())
    return Moved(way.what, gap / spread if spread > 0 else 0.0 if gap == 0 else math.inf)


def _told(name: str, limit: float | None, found: list[Moved], asked: RobustnessAsked, task: str) -> GateCheck:
    bars = [{"what": one.what, "moved": one.by, "error": one.error} for one in found]
    details: dict[str, Any] = {
        "perturbation": name,
        "bars": bars,
        "unit": "share of rows" if task == "classification" else "standard deviations",
    }
    if not found:
        return judged("robustness", name, True, f"Under {name}: no column of the model's can have any.", limit=limit, **details)
    broken = [one for one in found if one.by is None]
    moved = [one for one in found if one.by is not None]
    # What is done to all columns at once is what counts; of what is done to one at a time, the worst.
    counted = [one for one in moved if one.what == "all columns"] or moved
    worst = max(counted, key=lambda one: one.by or 0.0, default=None)
    most = max((one for one in moved if one.what != "all columns"), key=lambda one: one.by or 0.0, default=None)
    value = worst.by if worst is not None else None
    within = value is not None and (limit is None or value <= limit)
    if broken and not asked.may_raise:
        first = broken[0]
        reason = f"Under {name} the model does not stand it ({first.what}): {first.error}."
        return judged("robustness", name, False, reason, value=value, limit=limit, **details)
    if worst is None:
        return judged("robustness", name, True, f"Under {name} the model refuses the rows, which it may.", limit=limit, **details)
    by = worst.by or 0.0
    classes = task == "classification"
    said = f"{100 * by:.3g} % of rows get another class" if classes else f"predictions move by {by:.3g} deviations"
    bound = "" if limit is None else f", at most {100 * limit:g} % is asked" if classes else f", at most {limit:g} is asked"
    named = "" if most is None else f" ({most.what})" if most is worst else f"; most by {most.what}"
    return judged("robustness", name, within, f"Under {name} {said}{bound}{named}.", value=by, limit=limit, **details)
