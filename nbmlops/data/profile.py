"""Statistics of each column: what drift is measured from, without keeping a row.

They are made block by block while the blocks are hashed, and put together in the order of the rows. Mean, deviation,
least and greatest value, nulls and the rows of each category are exact. Quantiles of more than 16,384 values are those
of some 8,192 to 16,384 of them, spread evenly over the rows: a share is then off by 0.6 % at most (one standard error), the 1/256
that lies between two quantiles. Texts are counted exactly as long as few enough are distinct (`_MOST_DISTINCT`); otherwise
counts are those of 16,384 rows, scaled to all. A text column whose values nearly all differ (names, keys, tokens) has
no counts: they would be rows, and tell nothing of its distribution.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from nbmlops.data.canonical import is_text, numbers, plain_layout
from nbmlops.data.columns import BLOCK, Column, of_arrow
from nbmlops.data.records import ColumnProfile, Kind
from nbmlops.ledger.secrets import hidden_among

POINTS = 257
KEPT_VALUES = 200
SAMPLE = 16_384
_MOST_DISTINCT = 4_096
_FEW, _IDENTIFIER = 20, 0.9
"""More distinct values than `_FEW`, and for more than this share of the rows one each: an identifier."""
_GOLDEN = 0.6180339887498949

Numbers = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class BlockStatistics:
    """What one block says: of numbers the finite ones' count, mean, sum of squares about it and range; of others each value's rows."""

    rows: int
    nulls: int
    count: int = 0
    mean: float = 0.0
    squares: float = 0.0
    low: float = 0.0
    high: float = 0.0
    values: Any = None
    counts: Any = None


def profile_table(table: pa.Table) -> list[ColumnProfile]:
    """A profile of every column, in order.

    >>> found = profile_table(pa.table({"n": [1.0, 3.0, None], "s": ["a", "b", "a"]}))
    >>> found[0].mean, found[0].nulls, found[1].counts
    (2.0, 1, {'a': 2, 'b': 1})
    """
    from nbmlops.data.sources import columns_of

    pairs = zip(columns_of(table)[0], table.schema, strict=True)
    return [replace(_profile(column), type=str(field.type)) for column, field in pairs]


def profile_column(name: str, type_name: str, array: pa.Array) -> ColumnProfile:
    """One column's profile, with the type's name as given."""
    return replace(_profile(of_arrow(name, pa.chunked_array([array]))), type=type_name)


def _profile(column: Column) -> ColumnProfile:
    return profile_of(column, [statistics(block, column_kind(column)) for block in column.blocks()])


def kind_of(kind: pa.DataType) -> Kind:
    """What a column's values are, as drift tests see them.

    >>> kind_of(pa.int8()), kind_of(pa.bool_()), kind_of(pa.large_string())
    ('number', 'flag', 'category')
    """
    if pa.types.is_boolean(kind):
        return "flag"
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return "number"
    if pa.types.is_dictionary(kind) or is_text(kind):
        return "category"
    if pa.types.is_temporal(kind):
        return "time"
    return "other"


def column_kind(column: Column) -> Kind:
    """What a column's values are; those of a categorical column are categories, whatever their type."""
    return "category" if column.categories is not None else kind_of(column.block(0, 0).type)


def statistics(array: pa.Array, kind: Kind, *, count: bool = True) -> BlockStatistics:
    """What one block of a column of this kind says; its texts are counted only if asked."""
    rows, nulls = len(array), array.null_count
    if kind == "number":
        return _of_numbers(array)
    if kind not in ("category", "flag"):
        return BlockStatistics(rows, nulls)
    array = plain_layout(array)
    present = array.drop_null() if nulls else array
    if pa.types.is_unsigned_integer(present.type):  # codes
        return BlockStatistics(rows, nulls, counts=np.bincount(np.asarray(present)))
    if not count:
        return BlockStatistics(rows, nulls)
    found = pc.value_counts(present if kind == "flag" else _texts(present))
    return BlockStatistics(rows, nulls, values=found.field(0), counts=found.field(1))


def profile_of(column: Column, blocks: list[BlockStatistics]) -> ColumnProfile:
    """A column's profile from its blocks' statistics, in the order of the rows."""
    kind = column_kind(column)
    mean = deviation = None
    quantiles: list[float] = []
    counts: dict[str, int] = {}
    other = 0
    if kind == "number":
        mean, deviation = _moments(blocks)
        quantiles = _quantiles(column, blocks)
    elif kind in ("category", "flag"):
        counts, other = _counts(column, blocks)
    return ColumnProfile(
        name=column.name,
        kind=kind,
        type=column.kind,
        rows=column.rows,
        nulls=sum(block.nulls for block in blocks),
        mean=mean,
        deviation=deviation,
        quantiles=quantiles,
        counts=counts,
        other_count=other,
    )


def _of_numbers(array: pa.Array) -> BlockStatistics:
    values, nulls = _finite(array)
    count = len(values)
    if not count:
        return BlockStatistics(len(array), nulls)
    with np.errstate(over="ignore", invalid="ignore"):  # near the largest float a mean is beyond it
        mean = float(values.sum()) / count
        away = values - mean
        np.square(away, out=away)
        return BlockStatistics(len(array), nulls, count, mean, float(away.sum()), float(values.min()), float(values.max()))


def _finite(array: pa.Array) -> tuple[Numbers, int]:
    """The finite values of a block as float64, and how many are null or NaN."""
    nulls = array.null_count
    if pa.types.is_decimal(array.type):
        array = array.cast(pa.float64())
    values = numbers(array.drop_null() if nulls else array)
    if values.dtype.kind != "f":
        return values.astype(np.float64), nulls
    finite = np.isfinite(values)
    if not finite.all():
        away = values[~finite]
        nulls += int(np.isnan(away).sum())
        values = values[finite]
    return values.astype(np.float64, copy=False), nulls


def _moments(blocks: list[BlockStatistics]) -> tuple[float | None, float | None]:
    """Mean and population deviation of all blocks (Chan, Golub and LeVeque's update)."""
    count, mean, squares = 0, 0.0, 0.0
    for block in blocks:
        if block.count:
            away = block.mean - mean
            both = count + block.count
            squares += block.squares + away * away * (count * (block.count / both))
            mean += away * (block.count / both)
            count = both
    return (_held(mean), _held(float(np.sqrt(squares / count)))) if count else (None, None)


def _quantiles(column: Column, blocks: list[BlockStatistics]) -> list[float]:
    count = sum(block.count for block in blocks)
    if not count:
        return []
    values = _sample(column, blocks, count)
    places = np.maximum(-(-len(values) * np.arange(POINTS) // (POINTS - 1)) - 1, 0)  # the least value so many do not pass
    found = _ascending(values, places).tolist()
    found[0] = min(block.low for block in blocks if block.count)
    found[-1] = max(block.high for block in blocks if block.count)
    return found


def _ascending(values: Numbers, places: Any) -> Numbers:
    """What stands at some places of the sorted values."""
    low, high = float(values.min()), float(values.max())
    if high - low < len(values) and (np.rint(values) == values).all():  # few whole numbers: counting them is sorting them
        counts = np.bincount((values - low).astype(np.int64))
        return low + np.searchsorted(np.cumsum(counts), places, side="right")
    return np.sort(values)[places]


def _sample(column: Column, blocks: list[BlockStatistics], count: int) -> Numbers:
    """Finite values spread over the rows: of rows if most have one and there are enough, else of those that have one."""
    if count > SAMPLE and count > column.rows / 2:
        return _finite_at(column, _spread(column.rows))
    ends = np.cumsum([0, *(block.count for block in blocks)])
    picked, parts = _spread(count), []
    at = np.searchsorted(picked, ends)
    for number, array in enumerate(column.blocks()):
        if at[number] < at[number + 1]:
            parts.append(_finite(array)[0][picked[at[number] : at[number + 1]] - ends[number]])
    return np.concatenate(parts)


def _finite_at(column: Column, rows: Any) -> Numbers:
    """The finite values among those of some rows, in order."""
    if column.plain is not None:
        values = column.plain[rows].astype(np.float64)
        return values[np.isfinite(values)]
    at = np.searchsorted(rows, np.arange(0, column.rows + BLOCK, BLOCK))
    return np.concatenate(
        [
            _finite(array.take(pa.array(rows[at[number] : at[number + 1]] - number * BLOCK)))[0]
            for number, array in enumerate(column.blocks())
        ]
    )


@lru_cache(maxsize=8)
def _spread(count: int) -> Any:
    """The places of at most 16,384 of `count` values: one in each of as many equal stretches, never at a steady pace.

    A steady pace would meet the same hour of every day.
    """
    if count <= SAMPLE:
        return np.arange(count)
    stretch = np.arange(SAMPLE)
    return ((stretch + stretch * _GOLDEN % 1) * (count / SAMPLE)).astype(np.int64)


def most_distinct(rows: int) -> int:
    """How many distinct texts, summed over its blocks, a column's exact counts may have; a block at most half its rows."""
    return max(_MOST_DISTINCT, rows // 4)


def _counts(column: Column, blocks: list[BlockStatistics]) -> tuple[dict[str, int], int]:
    """The most frequent values with their rows, and the rows of all others."""
    present = sum(block.rows - block.nulls for block in blocks)
    if not present:
        return {}, 0
    scale = 1.0
    if column.categories is not None:
        values, counts = _of_codes(column.categories, blocks)
    elif any(block.counts is None for block in blocks):
        values, counts = _sampled(column)
        scale = present / int(counts.sum())
    else:
        values, counts = _merged([(block.values, block.counts) for block in blocks])
        if pa.types.is_boolean(values.type):
            values = pa.array([str(value) for value in values.to_pylist()], pa.large_string())
    if len(values) > _FEW and len(values) > _IDENTIFIER * counts.sum():
        return {}, present
    table = pa.table({"value": values, "count": counts})
    most = table.take(pc.select_k_unstable(table, KEPT_VALUES, [("count", "descending"), ("value", "ascending")]))
    kept = {value: round(count * scale) for value, count in zip(most["value"].to_pylist(), most["count"].to_pylist(), strict=True)}
    for value in hidden_among(column.name, list(kept)):
        del kept[value]  # secrets are among the others
    return kept, present - sum(kept.values())


def _of_codes(categories: Column, blocks: list[BlockStatistics]) -> tuple[pa.Array, Any]:
    counts = np.zeros(categories.rows, np.int64)
    for block in blocks:
        counts[: len(block.counts)] += block.counts
    occurring = np.flatnonzero(counts)
    values = pa.concat_arrays([_texts(block) for block in categories.blocks()]) if categories.rows else pa.array([], pa.large_string())
    return values.take(pa.array(occurring)), counts[occurring]


def _texts(array: pa.Array) -> pa.Array:
    """Values as text; a lone surrogate, which no other text can hold, as its escape."""
    if pa.types.is_large_string(array.type):
        return array
    values = array.to_pylist()
    if pa.types.is_large_binary(array.type):
        values = [value if value is None else value.decode("utf-8", "surrogatepass") for value in values]
    return pa.array([str(value).encode("utf-8", "backslashreplace").decode() for value in values], pa.large_string())


def _merged(parts: list[tuple[pa.Array, Any]]) -> tuple[pa.Array, Any]:
    values = pa.chunked_array([part for part, _ in parts]).dictionary_encode().unify_dictionaries().combine_chunks()
    values = values if isinstance(values, pa.Array) else values.chunk(0)
    counts = np.concatenate([np.asarray(count) for _, count in parts])
    return values.dictionary, np.bincount(np.asarray(values.indices), counts, len(values.dictionary)).astype(np.int64)


def _sampled(column: Column) -> tuple[pa.Array, Any]:
    """Counts of 16,384 rows."""
    picked = _spread(column.rows)
    at = np.searchsorted(picked, np.arange(0, column.rows + BLOCK, BLOCK))
    parts = [
        _texts(plain_layout(array).take(pa.array(picked[at[number] : at[number + 1]] - number * BLOCK)).drop_null())
        for number, array in enumerate(column.blocks())
    ]
    found = pc.value_counts(pa.concat_arrays(parts))
    return found.field(0), np.asarray(found.field(1))


def _held(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
