"""The rows fit what the version was trained on: types, ranges, categories, nulls."""

from __future__ import annotations

from typing import Any

import numpy as np

from nbmlops.models.gates.port import Asked, judged
from nbmlops.models.gates.standing import Standing
from nbmlops.models.records import GateCheck, SignatureColumn

_KINDS = {"float": "iuf", "integer": "iuf", "boolean": "b", "datetime": "mM"}


class SchemaAsked(Asked, frozen=True, kw_only=True):
    """Shares of rows, in percent, that may lie outside the range of the training data, or in a category it did not have."""

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
            _share("outside the range of the training data", "ranges", outside, asked.outside_percent),
            _share("in a category the training data did not have", "categories", unseen, asked.unseen_percent),
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


def _share(what: str, name: str, found: dict[str, float], limit: float) -> GateCheck:
    if not found:
        return judged("schema", name, True, f"No column is known to lie {what}.", limit=limit)
    worst = max(found, key=lambda one: found[one])
    value = found[worst]
    reason = f"{value:.3g} % of the rows lie {what} in {worst!r}, at most {limit:g} % may."
    return judged("schema", name, value <= limit, reason, value=value, limit=limit, columns=found)
