"""Fingerprints of what is looked at again and again: a second look at unchanged data costs next to nothing.

Each look reads all of the data, so a change in place is always noticed; what is spared is the fingerprint and the
profile. Data is known again by XXH3 (128 bits, seeded anew in each process) over every column's label, type and memory:
numbers, times and flags of numpy, text, numbers and times of Arrow, and of pandas and polars over either, are hashed
where they lie. Columns of Python objects, nested, sparse and nullable columns, and those whose memory is mostly
something else's are put into their canonical form first, which costs about what their digest does. So is equal data in
another object or at another place known again; equal data in another layout is not, and is fingerprinted anew, to the
same digest.
"""

from __future__ import annotations

import secrets
from typing import Any

import xxhash

from nbmlops.data.canonical import feed
from nbmlops.data.columns import Column
from nbmlops.data.fingerprint import fingerprint, label_bytes
from nbmlops.data.records import Dataset
from nbmlops.data.sources import columns_of

_MOST = 64


class Looks:
    """The last 64 datasets that were looked at.

    >>> import numpy as np
    >>> looks, values = Looks(), np.arange(5)
    >>> first = looks.of(values, "x")
    >>> looks.of(values, "x") is first
    True
    >>> values[2] = 9
    >>> looks.of(values, "x") == first
    False
    """

    def __init__(self) -> None:
        self._seed = secrets.randbits(64)
        self._known: dict[bytes, Dataset] = {}

    def of(self, data: Any, name: str = "x") -> Dataset:
        """The fingerprint of `data` as it is now; `name` is the column's where the data has no names."""
        columns, rows = columns_of(data, name=name)
        hasher = xxhash.xxh3_128(seed=self._seed)
        for column in columns:
            _feed(hasher, column)
        hasher.update(b"%d,%d" % (len(columns), rows))
        key = hasher.digest()
        found = self._known.pop(key, None) or fingerprint(data, name=name)
        self._known[key] = found  # the last looked at stands last
        while len(self._known) > _MOST:
            del self._known[next(iter(self._known))]
        return found


def _feed(hasher: Any, column: Column) -> None:
    for part in (label_bytes(column.label), column.kind.encode()):
        hasher.update(b"%d;" % len(part))
        hasher.update(part)
    hasher.update(b"%d;%d;" % (column.rows, column.memory is not None))
    if column.categories is not None:
        _feed(hasher, column.categories)
    if column.memory is not None:
        for part in column.memory():
            hasher.update(part)
    else:
        for block in column.blocks():
            feed(hasher.update, block)
