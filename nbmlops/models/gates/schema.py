"""The rows fit what the version was trained on: types, ranges, categories, nulls."""

from __future__ import annotations

from typing import Any

import numpy as np

from nbmlops.data import book
from nbmlops.data.records import ColumnProfile
from nbmlops.errors import NotFound
from nbmlops.models.gates.port import Asked, judged
from nbmlops.models.gates.standing import Standing
from nbmlops.models.records import GateCheck, SignatureColumn

_RARE = 0.01  # how often rows of the training data's own kind may be refused
_KINDS = {"float": "iuf", "integer": "iuf", "boolean": "b", "datetime": "mM"}


class SchemaAsked(Asked, frozen=True, kw_only=True):
    """Shares of rows, in percent, that may lie outside the range of the training data, or in a category it did not have.

    Some of few rows do by chance: where the training data is known, more is refused than what rows of its own kind would show.
    """

    outside_percent: float = 1.0
    unseen_percent: float = 1.0


class Schema:
    """Every column of the signature, held against the rows."""

    kind = "schema"
    asks = SchemaAsked
    needs_rows = True

    def check(self, asked: SchemaAsked, on: Standing) -> list[GateCheck]:
        """One check for types and nulls, one for ranges, one for categories."""
        columns = on.candidate.signature.inputs
        trained = _trained(on)
        wrong, outside, unseen = [], {}, {}
        for column in columns:
            if column.name not in on.table.columns:
                wrong.append(f"{column.name!r} is missing")
                continue
            values = on.table[column.name]
            if (found := _unfit(column, values)) is not None:
                wrong.append(found)
                continue
            if column.least is not None and column.most is not None and column.type in ("float", "integer"):
                numbers = values.to_numpy(dtype=float, na_value=np.nan)
                outside[column.name] = 100 * float(((numbers < column.least) | (numbers > column.most)).mean())
            if column.categories is not None:
                known = set(column.categories)
                unseen[column.name] = 100 * float(np.mean([one not in known for one in values.dropna()] or [False]))
        fits = f"All {len(columns)} columns have the types the model was trained on."
        return [
            judged("schema", "types and nulls", not wrong, fits if not wrong else f"The rows do not fit: {'; '.join(wrong[:6])}."),
            _share("outside the range of the training data", "ranges", outside, asked.outside_percent, _beyond(trained, on, len(outside))),
            _share(
                "in a category the training data did not have", "categories", unseen, asked.unseen_percent, _new(trained, on, len(unseen))
            ),
        ]


def _unfit(column: SignatureColumn, values: Any) -> str | None:
    """What is wrong with a column, or None."""
    kind = values.dtype.kind
    if column.type == "string":
        fits = kind not in "iufbmMc"
    elif column.type == "boolean":
        fits = kind == "b" or str(values.dtype) == "boolean"
    else:
        fits = kind in _KINDS[column.type]
    if fits and column.type == "integer" and kind == "f":
        numbers = values.dropna().to_numpy(dtype=float)
        fits = bool((numbers == np.floor(numbers)).all())
    if not fits:
        return f"{column.name!r} is {values.dtype}, not {column.type}"
    nulls = int(values.isna().sum())
    return f"{column.name!r} is null in {nulls:,} rows, and never was" if nulls and not column.nullable else None


def _trained(on: Standing) -> dict[str, tuple[int, ColumnProfile]]:
    """What is known of the columns of the training data: how many values each had, and its profile."""
    try:
        known = book.dataset(on.workspace, on.candidate.dataset) if on.candidate.dataset and on.workspace else None
    except NotFound:
        known = None
    return {one.name: (known.rows - one.nulls, one) for one in known.profile} if known is not None else {}


def _beyond(trained: dict[str, tuple[int, ColumnProfile]], on: Standing, columns: int) -> dict[str, float]:
    """By column, up to what percentage of as many rows of the same kind lie beyond the least and the greatest of the training data.

    Their share is Beta(2, rows - 1), whatever the distribution (Wilks, Annals of Mathematical Statistics 12, 1941).
    """
    from scipy.stats import betabinom

    count, level = len(on.table), 1 - _RARE / max(columns, 1)
    known = {name: rows for name, (rows, _) in trained.items() if rows > 1 and count}
    return {name: 100 * float(betabinom.ppf(level, count, 2, rows - 1)) / count for name, rows in known.items()}


def _new(trained: dict[str, tuple[int, ColumnProfile]], on: Standing, columns: int) -> dict[str, float]:
    """By column, up to what percentage of as many rows of the same kind are in a category that the training data did not have.

    The probability of what is new is as that of what was there once (Good, Biometrika 40, 1953; Robbins 1968).
    """
    from scipy.stats import binom

    count, level = len(on.table), 1 - _RARE / max(columns, 1)
    once = {name: (rows, sum(seen == 1 for seen in one.counts.values())) for name, (rows, one) in trained.items() if one.counts}
    return {name: 100 * float(binom.ppf(level, count, (new + 1) / (rows + 1))) / count for name, (rows, new) in once.items() if count}


def _share(what: str, name: str, found: dict[str, float], limit: float, chance: dict[str, float]) -> GateCheck:
    if not found:
        return judged("schema", name, True, f"No column is known to lie {what}.", limit=limit)
    bounds = {column: max(limit, chance.get(column, 0.0)) for column in found}
    worst = max(found, key=lambda one: (found[one] - bounds[one], found[one]))
    value, bound = found[worst], bounds[worst]
    reason = f"{value:.3g} % of the rows lie {what} in {worst!r}, at most {limit:g} % may"
    reason += f", and up to {bound:.3g} % of so few do by chance." if bound > limit and value > limit else "."
    return judged("schema", name, value <= bound, reason, value=value, limit=limit, columns=found, chance=chance)
