"""Which rows of a column changed between two tables that are both there: exactly, not by blocks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from nbmlops.data.records import DataDiff, RowRange

MOST_RANGES = 100


def exactly(found: DataDiff, before: pa.Table, after: pa.Table) -> DataDiff:
    """A difference with the very rows in which values changed.

    Where rows came or went, what is alike at the beginning and at the end of a column is left out, and the rest is one range.
    """
    changes = []
    for change in found.changes:
        known = before.column_names.count(change.name) == 1 and after.column_names.count(change.name) == 1
        if change.change == "values" and known:
            rows = changed_rows(before.column(change.name), after.column(change.name))
            change = replace(change, rows=change.rows if rows is None else rows)
        changes.append(change)
    return replace(found, changes=changes)


def changed_rows(before: pa.ChunkedArray, after: pa.ChunkedArray) -> list[RowRange] | None:
    """The rows of `after` that are not as in `before`; None where values of the type cannot be compared.

    >>> changed_rows(pa.chunked_array([[1, 2, None, 4]]), pa.chunked_array([[1, 9, None, 5]]))
    [RowRange(start=1, end=2), RowRange(start=3, end=4)]
    >>> changed_rows(pa.chunked_array([[1, 2, 3]]), pa.chunked_array([[1, 7, 8, 2, 3]]))
    [RowRange(start=1, end=3)]
    """
    try:
        if len(before) == len(after):
            return _ranges(_unlike(before, after))
        common = min(len(before), len(after))
        first = _first(_unlike(before[:common], after[:common]), common)
        rest = common - first
        last = _first(_unlike(before[len(before) - rest :], after[len(after) - rest :])[::-1], rest)
        start, end = first, len(after) - last
        return [RowRange(start=start, end=max(end, start + 1))] if end > start else []
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError):
        return None


def _unlike(before: pa.ChunkedArray, after: pa.ChunkedArray) -> Any:
    same = pc.fill_null(pc.equal(before, after), False)
    same = pc.or_(same, pc.and_(pc.is_null(before), pc.is_null(after)))
    if pa.types.is_floating(before.type):
        nan = pc.and_(pc.fill_null(pc.is_nan(before), False), pc.fill_null(pc.is_nan(after), False))
        same = pc.or_(same, nan)
    return ~np.asarray(same, dtype=bool)


def _first(unlike: Any, otherwise: int) -> int:
    return int(unlike.argmax()) if len(unlike) and unlike.any() else otherwise


def _ranges(unlike: Any) -> list[RowRange]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], unlike, [False]]).astype(np.int8)))
    pairs = edges.reshape(-1, 2).tolist()
    if len(pairs) > MOST_RANGES:
        pairs = [*pairs[: MOST_RANGES - 1], [pairs[MOST_RANGES - 1][0], pairs[-1][1]]]
    return [RowRange(start=start, end=end) for start, end in pairs]
