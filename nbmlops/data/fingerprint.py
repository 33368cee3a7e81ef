"""The dataset fingerprint: one digest over every value and the schema, one for each column, one for each block of rows.

Canonical form `nbmlops-data-2`. All numbers are little-endian; `(x)` is x with its length in 8 bytes before it.

    dataset  BLAKE3 over (form), number of rows (8), number of columns (8), and for each column in order
             (label), (type), its digest (32)
    label    `s` and UTF-8 of a text; `o` and the spelling of anything else, so that 1 is not "1"
    column   BLAKE3 over (form), (type), rows (8), for a category its categories' digest, and each block's digest (32)
    block    16,384 rows, the last one fewer: BLAKE3 over their canonical bytes (`canonical.feed`)
    bytes    0 where nothing is null, else 1 and a bit a row (first row lowest); then the values in row order

    int8 … uint64           as they are                     halffloat, float, double  as they are, every NaN the quiet NaN
    bool                    a bit a row                     complex64, complex128     real parts, then imaginary parts
    string, binary          lengths, then UTF-8 or bytes    timestamp, date, time,    whole seconds (int64), then
                            end to end; lone surrogates     duration                  nanoseconds (int32)
                            as UTF-8 would write them       decimal[scale=…]          unscaled, 32 bytes
    list<…>, map<…>         lengths, number of items, then  struct<…>                 each field in turn
                            the items in this same form     null                      nothing
    category[ordered=…]<…>  codes of 1, 2 or 4 bytes        object                    spellings (`objects.spelled`) as binary
    period[…], interval[…]  ordinals; left and right        others                    as the type they are stored in

A slot under a null is zero or empty. Lengths are of the least width (1, 2, 4, 8 bytes, told by one byte) that holds the
longest of the block.

What is equal: chunks, memory, layout (string or large_string, views, run ends, sparse, fixed-size lists), library,
machine, and pandas' index do not matter, nor do the unit of a time (the instants do), the precision of a decimal (the
scale does) or a numpy, nullable or Arrow dtype of one type: int64 is Int64 is int64[pyarrow]. What differs: any value, a
null from NaN (pandas' float64 has NaN, Float64 has null), -0.0 from 0.0, int32 from int64, a category from its values,
an ordered category from one that is not, a time with a zone from the same instant in another or none, names, and the
order of rows, columns, categories and fields. In an object column a missing value is null (`objects`); which categories
count, and in which order, stands in `categories`.

`order_free=True` gives the form `nbmlops-data-2-order-free`: equal whenever the same rows are there equally often, in
any order (`rows`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
from blake3 import blake3

from nbmlops.data import rows as row_words
from nbmlops.data.blocks import short
from nbmlops.data.canonical import feed
from nbmlops.data.columns import BLOCK, Column
from nbmlops.data.objects import spelled
from nbmlops.data.profile import BlockStatistics, column_kind, most_distinct, profile_of, statistics
from nbmlops.data.records import ColumnDigest, ColumnProfile, Dataset, Kind
from nbmlops.data.rows import ORDER_FREE
from nbmlops.data.sources import columns_of

FORM = "nbmlops-data-2"
_FIRST_SEGMENT, _SEGMENT = BLOCK, 32 * BLOCK
_ALONE = 8
"""So few blocks of texts are counted faster than two threads take turns."""


def fingerprint(data: Any, *, name: str = "x", profile: bool = True, order_free: bool = False) -> Dataset:
    """The fingerprint of anything `sources.columns_of` takes, with a profile of each column made in the same pass.

    >>> import pandas as pd
    >>> a = fingerprint(pd.DataFrame({"n": [1, 2], "s": ["x", None]}))
    >>> b = fingerprint(pd.DataFrame({"n": [1, 2], "s": ["x", None]}, index=[7, 3]))
    >>> a.digest == b.digest, a.rows, [column.type for column in a.columns]
    (True, 2, ['int64', 'string'])
    >>> a.digest == fingerprint(pd.DataFrame({"n": [1, 3], "s": ["x", None]})).digest
    False
    >>> one, other = pd.DataFrame({"n": [1, 2, 2]}), pd.DataFrame({"n": [2, 1, 2]})
    >>> fingerprint(one, order_free=True).digest == fingerprint(other, order_free=True).digest
    True
    """
    columns, rows = columns_of(data, name=name)
    readings = [_Reading(column, column_kind(column) if profile else None) for column in columns]
    form, read = (ORDER_FREE, _order_free) if order_free else (FORM, _ordered)
    digests, whole_rows = read(readings, rows)
    whole = blake3(_sized(form.encode()) + _number(rows) + _number(len(columns)))
    for column, digest in zip(columns, digests, strict=True):
        for part in (label_bytes(column.label), column.kind.encode()):
            whole.update(_sized(part))
        whole.update(digest)
    whole.update(whole_rows)
    return Dataset(
        digest=f"blake3:{whole.hexdigest()}",
        form=form,
        rows=rows,
        columns=[
            ColumnDigest(name=one.column.name, type=one.column.kind, digest=f"blake3:{digest.hex()}", blocks=short(one.digests))
            for one, digest in zip(readings, digests, strict=True)
        ],
        profile=[one.profile for one in readings if one.profile is not None],
        named=[column.name for column in columns if column.named or (column.categories is not None and column.categories.named)],
    )


def label_bytes(label: Any) -> bytes:
    """A column's label with its type: 1 and "1" are two.

    >>> label_bytes("1"), label_bytes(1) == label_bytes("1")
    (b's1', False)
    """
    return b"s" + label.encode("utf-8", "surrogatepass") if isinstance(label, str) else b"o" + spelled(label)[0]


@dataclass
class _Reading:
    """What is read of one column: digests and statistics of its blocks."""

    column: Column
    kind: Kind | None
    digests: list[bytes] = field(default_factory=list)
    found: list[BlockStatistics] = field(default_factory=list)
    distinct: int = 0
    profile: ColumnProfile | None = None

    @property
    def texts(self) -> bool:
        """Whether there are texts to count, which lie in memory."""
        return self.kind == "category" and self.column.categories is None and self.column.memory is not None

    def read(self, beside: Callable[[Callable[[], None]], None]) -> None:
        """Read the column. What need not be done block by block, while the block is at hand, is given to `beside`."""
        rows = self.column.rows
        if self.texts:
            beside(self.count)
        for start in range(0, rows, BLOCK):
            array = self.column.block(start, min(start + BLOCK, rows))
            self.digests.append(_block(array))
            if not self.texts:
                self.look(array)
        if not self.texts:
            self.end()

    def count(self) -> None:
        """Count the texts: at first a few, for most of a column whose texts all differ need not be looked at."""
        start, rows = 0, self.column.rows
        while start < rows:
            stop = min(start + (_SEGMENT if start else _FIRST_SEGMENT), rows)
            self.look(self.column.block(start, stop))
            start = stop
        self.end()

    def look(self, array: pa.Array) -> None:
        """Keep the statistics of the next rows."""
        if self.kind is None:
            return
        many = self.distinct > most_distinct(self.column.rows)
        here = statistics(array, self.kind, count=not many)
        if here.values is not None:
            self.distinct += len(here.values) if len(here.values) <= max(BLOCK, len(array)) // 2 else self.column.rows
        self.found.append(here)

    def end(self) -> None:
        """Make the profile, once all rows were read: what they said is then given back."""
        if self.kind is not None:
            if self.distinct > most_distinct(self.column.rows):
                self.found = [replace(part, values=None, counts=None) for part in self.found]
            self.profile = profile_of(self.column, self.found)
            self.found = []


def _ordered(readings: list[_Reading], rows: int) -> tuple[list[bytes], bytes]:
    with _beside(rows) as beside:
        for one in sorted(readings, key=lambda one: not one.texts):
            one.read(beside)
    return [blake3(_head(FORM, one.column) + b"".join(one.digests)).digest() for one in readings], b""


@contextmanager
def _beside(rows: int) -> Iterator[Callable[[Callable[[], None]], None]]:
    """Does what it is given, in order: in a thread of its own where there is a core for it and enough to do.

    One thread with long calls outside Python's lock: more, or shorter ones, wait for each other longer than they work. It
    ends with the block: none is there for a fork to lose.
    """
    if rows <= _ALONE * BLOCK or _cores() < 2:
        yield lambda work: work()
        return
    given: list[Future[None]] = []
    with ThreadPoolExecutor(1, thread_name_prefix="nbmlops-fingerprint") as pool:
        yield lambda work: given.append(pool.submit(work))
    for told in given:
        told.result()


def _order_free(readings: list[_Reading], rows: int) -> tuple[list[bytes], bytes]:
    totals = np.zeros((len(readings) + 1, 2), np.uint64)
    for start in range(0, rows, BLOCK):
        stop = min(start + BLOCK, rows)
        state, found = row_words.start(stop - start), []
        for one in readings:
            array = one.column.block(start, stop)
            words = row_words.hashes(array)
            found.append(words.sum(axis=1, dtype=np.uint64))
            state = row_words.then(state, words)
            one.look(array)
        totals += np.stack([*found, state.sum(axis=1, dtype=np.uint64)])
    for one in readings:
        one.end()
    raw = [total.astype("<u8").tobytes() for total in totals]
    return [blake3(_head(ORDER_FREE, one.column) + total).digest() for one, total in zip(readings, raw[:-1], strict=True)], raw[-1]


def _head(form: str, column: Column) -> bytes:
    head = _sized(form.encode()) + _sized(column.kind.encode()) + _number(column.rows)
    if column.categories is not None:
        head += blake3(_head(FORM, column.categories) + b"".join(map(_block, column.categories.blocks()))).digest()
    return head


def _block(array: pa.Array) -> bytes:
    hasher = blake3()
    feed(hasher.update, array)
    return hasher.digest()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _number(value: int) -> bytes:
    return value.to_bytes(8, "little")


def _sized(part: bytes) -> bytes:
    return _number(len(part)) + part
