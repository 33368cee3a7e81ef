"""Arrays of numpy, Arrow and Python objects as columns that give their rows block by block, never a copy of the whole."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
import pyarrow as pa

from nbmlops.data import objects
from nbmlops.data.canonical import Uncommon, type_name
from nbmlops.ledger.encode import named

BLOCK = 16_384


@dataclass
class Column:
    """One column: its label, canonical type, and `block(start, stop)`, which gives those rows as an Arrow array.

    `memory` gives what lies in memory for all its rows, where that tells every value; None where only reading does.
    `plain` are its values where they lie as numbers of this machine. `categories` are a categorical column's, and its
    blocks are codes into them. `named` becomes true when a block had objects that are no data and are known by their
    class alone.
    """

    label: Any
    kind: str
    rows: int
    block: Callable[[int, int], pa.Array]
    memory: Callable[[], list[Any]] | None = None
    plain: np.ndarray[Any, Any] | None = None
    categories: Column | None = None
    named: bool = False

    def blocks(self) -> Iterator[pa.Array]:
        """All rows, block by block."""
        for start in range(0, self.rows, BLOCK):
            yield self.block(start, min(start + BLOCK, self.rows))

    @property
    def name(self) -> str:
        """The label as text that UTF-8 can hold and that shows no address."""
        shown = str(self.label)
        return (named(self.label) if " at 0x" in shown else shown).encode("utf-8", "backslashreplace").decode()


def of_numpy(label: Any, values: np.ndarray[Any, Any]) -> Column:
    """A column of a numpy array of one dimension."""
    letter = values.dtype.kind
    if isinstance(values, np.ma.MaskedArray):
        return _of_masked(label, values)
    if letter in "OT" or values.dtype.char in "gG":
        return of_objects(label, values)
    if letter in "Mm":
        return _of_times(label, values)
    if letter == "c":
        return Column(label, str(values.dtype.newbyteorder("=")), len(values), lambda a, b: _complex(_native(values[a:b])), _lies(values))
    if letter == "V":
        return Column(label, "binary", len(values), lambda a, b: _opaque(np.ascontiguousarray(values[a:b])), _lies(values))
    if letter == "U":
        return Column(
            label, "string", len(values), lambda a, b: objects.to_array(values[a:b].astype(object), pa.large_string()), _lies(values)
        )
    kind = type_name(pa.array(_native(values[:0])).type)
    plain = values if letter in "iuf" and values.dtype.isnative else None
    return Column(label, kind, len(values), lambda a, b: pa.array(_native(values[a:b]), from_pandas=False), _lies(values), plain)


def of_arrow(label: Any, chunks: pa.ChunkedArray) -> Column:
    """A column of an Arrow array without a dictionary; `categories.of_dictionary` makes one of those."""
    try:
        kind = type_name(chunks.type)
    except Uncommon:
        return _of_python(label, chunks)
    parts = [chunk for chunk in chunks.chunks if len(chunk)]
    ends = list(accumulate((len(part) for part in parts), initial=0))

    def block(start: int, stop: int) -> pa.Array:
        found = []
        at = bisect_right(ends, start) - 1
        while start < stop:
            take = min(stop, ends[at + 1]) - start
            found.append(parts[at].slice(start - ends[at], take))
            start, at = start + take, at + 1
        return found[0] if len(found) == 1 else pa.concat_arrays(found) if found else _empty(chunks.type)

    return Column(label, kind, len(chunks), block, (lambda: _buffers(parts)) if _all_in_buffers(parts, chunks.type) else None)


def of_objects(label: Any, values: np.ndarray[Any, Any]) -> Column:
    """A column of Python objects: of the one type they have, or of none (`object`)."""

    def objects_at(start: int, stop: int) -> np.ndarray[Any, Any]:
        return values[start:stop].astype(object, copy=False)

    kind = objects.type_of([objects_at(at, at + BLOCK) for at in range(0, len(values), BLOCK)]) if values.dtype.kind in "OT" else None
    if kind is not None:
        return Column(label, type_name(kind), len(values), lambda a, b: objects.to_array(objects_at(a, b), kind))
    return _of_spelled(label, len(values), objects_at)


def of_chunks(label: Any, rows: int, kind: str, block: Callable[[int, int], pa.Array]) -> Column:
    """A column whose library makes each block."""
    return Column(label, kind, rows, block)


def _of_masked(label: Any, values: Any) -> Column:
    data, mask = values.data, np.ma.getmaskarray(values)
    if data.dtype.kind not in "iufb":
        return of_objects(label, np.asarray(np.where(mask, None, data.astype(object))))
    kind = of_numpy(label, data).kind
    return Column(label, kind, len(data), lambda a, b: pa.array(_native(data[a:b]), mask=mask[a:b], from_pandas=False))


def _of_python(label: Any, chunks: pa.ChunkedArray) -> Column:
    return _of_spelled(label, len(chunks), lambda a, b: chunks.slice(a, b - a).to_pylist())


def _of_spelled(label: Any, rows: int, values: Callable[[int, int], Any]) -> Column:
    def block(start: int, stop: int) -> pa.Array:
        found = [objects.spelled(value) for value in values(start, stop)]
        if not all(data for _, data in found):
            column.named = True
        return pa.array([spelling for spelling, _ in found], pa.large_binary())

    column = Column(label, "object", rows, block)
    return column


def _of_times(label: Any, values: np.ndarray[Any, Any]) -> Column:
    """Times and durations in a unit that Arrow has, or in seconds where those hold them exactly; others are spelled."""
    letter = values.dtype.kind
    unit, many = np.datetime_data(values.dtype)
    if unit in ("ps", "fs", "as", "generic") or (letter == "m" and unit in ("Y", "M")):
        return of_objects(label, values)
    arrow_has = many == 1 and (unit in ("s", "ms", "us", "ns") or (letter, unit) == ("M", "D"))
    coarse = "s" if unit in ("Y", "M", "W", "D", "h", "m") else unit
    to = values.dtype.newbyteorder("=") if arrow_has else np.dtype(f"{letter}8[{coarse}]")
    kind = type_name(pa.array(values[:0].astype(to)).type)
    return Column(label, kind, len(values), lambda a, b: pa.array(np.ascontiguousarray(values[a:b]).astype(to, copy=False)), _lies(values))


def _native(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.ascontiguousarray(values, values.dtype.newbyteorder("="))


def _complex(values: np.ndarray[Any, Any]) -> pa.Array:
    return pa.StructArray.from_arrays([pa.array(np.ascontiguousarray(part)) for part in (values.real, values.imag)], ["real", "imag"])


def _opaque(values: np.ndarray[Any, Any]) -> pa.Array:
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(values.dtype.itemsize), len(values), [None, pa.py_buffer(values.tobytes())])


def _lies(values: np.ndarray[Any, Any]) -> Callable[[], list[Any]] | None:
    if not values.flags.c_contiguous or not values.dtype.itemsize:
        return None
    return lambda: [values.dtype.str.encode(), values.view(np.uint8)]


def _empty(kind: pa.DataType) -> pa.Array:
    return pa.nulls(0, kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind)


def _all_in_buffers(parts: list[pa.Array], kind: pa.DataType) -> bool:
    """Whether the buffers are the values and little else: not children, not dictionaries, not a slice of something larger."""
    if (
        isinstance(kind, pa.BaseExtensionType)
        or pa.types.is_nested(kind)
        or pa.types.is_dictionary(kind)
        or pa.types.is_run_end_encoded(kind)
    ):
        return False
    return all(part.get_total_buffer_size() <= 2 * part.nbytes + 4096 for part in parts)


def _buffers(parts: list[pa.Array]) -> list[Any]:
    found: list[Any] = []
    for part in parts:
        found.append(f"{part.type},{part.offset},{len(part)};".encode())
        for buffer in part.buffers():
            found.append(b"%d;" % (-1 if buffer is None else buffer.size))
            if buffer is not None:
                found.append(memoryview(buffer))
    return found
