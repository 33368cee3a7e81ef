"""Statistics of each column: what drift is measured from, without keeping a row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from nbmlops.data.records import ColumnProfile, Kind

POINTS = 257
KEPT_VALUES = 200
SAMPLED_ROWS = 200_000


def profile_table(table: pa.Table) -> list[ColumnProfile]:
    """A profile of every column, in order.

    >>> found = profile_table(pa.table({"n": [1.0, 3.0, None], "s": ["a", "b", "a"]}))
    >>> found[0].mean, found[0].nulls, found[1].counts
    (2.0, 1, {'a': 2, 'b': 1})
    """
    return [
        profile_column(name, str(column.type), column.combine_chunks() if column.num_chunks != 1 else column.chunk(0))
        for name, column in zip(table.column_names, table.columns, strict=True)
    ]


def profile_column(name: str, type_name: str, array: pa.Array) -> ColumnProfile:
    """One column's profile. Quantiles of more than 200,000 rows are taken from every k-th of them."""
    kind = kind_of(array.type)
    nulls = array.null_count
    mean = deviation = None
    quantiles: list[float] = []
    counts: dict[str, int] = {}
    other = 0
    if kind == "number":
        values = _numbers(array)
        nulls += int(np.isnan(values).sum())
        finite = values[np.isfinite(values)]
        if len(finite):
            step = -(-len(finite) // SAMPLED_ROWS)
            with np.errstate(over="ignore", invalid="ignore"):  # near the largest float a mean is beyond it
                mean, deviation = _held(finite.mean()), _held(finite.std())
                quantiles = np.quantile(finite[::step], np.linspace(0, 1, POINTS), method="inverted_cdf").tolist()
    elif kind in ("category", "flag"):
        counts, other = _counts(array)
    return ColumnProfile(
        name=name,
        kind=kind,
        type=type_name,
        rows=len(array),
        nulls=nulls,
        mean=mean,
        deviation=deviation,
        quantiles=quantiles,
        counts=counts,
        other_count=other,
    )


def kind_of(kind: pa.DataType) -> Kind:
    """What a column's values are, as drift tests see them.

    >>> kind_of(pa.int8()), kind_of(pa.bool_()), kind_of(pa.large_string())
    ('number', 'flag', 'category')
    """
    if pa.types.is_boolean(kind):
        return "flag"
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return "number"
    if pa.types.is_dictionary(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind) or str(kind) == "string_view":
        return "category"
    if pa.types.is_temporal(kind):
        return "time"
    return "other"


def _numbers(array: pa.Array) -> np.ndarray[Any, np.dtype[np.float64]]:
    if pa.types.is_decimal(array.type):
        array = array.cast(pa.float64())
    present = array.drop_null() if array.null_count else array
    return present.to_numpy(zero_copy_only=False).astype(np.float64)


def _held(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _counts(array: pa.Array) -> tuple[dict[str, int], int]:
    present = array.drop_null() if array.null_count else array
    if pa.types.is_dictionary(present.type):
        present = present.dictionary.take(present.indices)
    found = pc.value_counts(present)
    values = [str(value) for value in found.field("values").to_pylist()]
    numbers = found.field("counts").to_pylist()
    ordered = sorted(zip(values, numbers, strict=True), key=lambda pair: (-pair[1], pair[0]))
    return dict(ordered[:KEPT_VALUES]), sum(number for _, number in ordered[KEPT_VALUES:])
