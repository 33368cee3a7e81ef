"""The order-free variant: equal whenever the same rows are there equally often, in whatever order.

Each value has two words of 64 bits, mixed from its canonical form; a row's two are mixed from its values' in the order
of the columns; a dataset's and each column's are the sums of its rows', modulo 2⁶⁴. Sums do not know the order, and a
row that is there twice is added twice. The digest is BLAKE3 over names, types, counts and these sums.

The mixing is not cryptographic (the finalizer of SplitMix64, Steele, Lea and Flood 2014): two multisets of rows that were
not made to collide do so with probability 2⁻¹²⁸; one who wants to can make some. Where that matters, sort the rows and
take the ordered form.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from blake3 import blake3

from nbmlops.data.canonical import absences, feed, instants, is_bytes, is_text, items_of, lengths_and_bytes, numbers, plain_layout

Words = np.ndarray[Any, np.dtype[np.uint64]]

ORDER_FREE = "nbmlops-data-2-order-free"
_SEEDS = np.array([[0x9E3779B97F4A7C15], [0xC2B2AE3D27D4EB4F]], np.uint64)
_NULL = np.array([[0x165667B19E3779F9], [0x27D4EB2F165667C5]], np.uint64)
_STEP = np.uint64(0x9FB21C651E98DF25)
_LONG = 4_096
_MOST_ITEMS = 1 << 18


def mixed(words: Words) -> Words:
    """SplitMix64's finalizer, a bijection of 64-bit words.

    >>> mixed(np.array([0, 1], np.uint64)).tolist()
    [0, 6238072747940578789]
    """
    words = words ^ (words >> np.uint64(30))
    words *= np.uint64(0xBF58476D1CE4E5B9)
    words ^= words >> np.uint64(27)
    words *= np.uint64(0x94D049BB133111EB)
    words ^= words >> np.uint64(31)
    return words


def then(state: Words, words: Words) -> Words:
    """A state that has also taken in the next words; their order counts."""
    return mixed(state * _STEP + words)


def start(count: int) -> Words:
    """The state (2, count) of rows that have taken in nothing yet."""
    return np.repeat(_SEEDS, count, axis=1)


def hashes(array: pa.Array) -> Words:
    """Two words for each value (2, n) by its canonical form: layouts, chunks and what lies under nulls do not matter."""
    array = plain_layout(array)
    absent = absences(array) if not pa.types.is_null(array.type) else np.ones(len(array), bool)
    found = _present(array, absent)
    if absent is not None:
        found = np.where(absent, _NULL, found)
    return found


def _present(array: pa.Array, absent: Any) -> Words:
    kind, of, count = array.type, pa.types, len(array)
    if of.is_null(kind) or not count:
        return start(count)
    if of.is_dictionary(kind):
        hasher = blake3()
        feed(hasher.update, array.dictionary)
        salt = np.frombuffer(hasher.digest(8), "<u8").astype(np.uint64)
        codes = np.asarray(array.indices.fill_null(0)).astype(np.int64)
        return then(hashes(array.dictionary)[:, codes] if len(array.dictionary) else start(count), salt)
    if is_text(kind) or is_bytes(kind):
        return _texts(*lengths_and_bytes(array, absent))
    if of.is_struct(kind):
        state = start(count)
        for child in array.flatten():
            state = then(state, hashes(child))
        return state
    if of.is_nested(kind):
        return _lists(array, absent)
    if of.is_boolean(kind):
        return _fixed([np.asarray(array.fill_null(False) if absent is not None else array)])
    if of.is_temporal(kind) and not of.is_interval(kind):
        return _fixed(list(instants(array)))
    values = numbers(array)
    if values.dtype.kind == "f":
        values = np.where(np.isnan(values), np.array(np.nan, values.dtype), values)
        return _fixed([values.view(f"u{values.dtype.itemsize}")])
    if values.dtype.kind == "V":
        wide = np.ascontiguousarray(values).view(np.int64).reshape(count, -1)
        return _fixed([wide[:, at] for at in range(wide.shape[1])])
    return _fixed([values])


def _fixed(parts: list[Any]) -> Words:
    state = start(len(parts[0]))
    for part in parts:
        state = then(state, part.astype(np.int64 if part.dtype.kind == "i" else np.uint64).view(np.uint64))
    return state


def _lists(array: pa.Array, absent: Any) -> Words:
    lengths, items = items_of(array, absent)
    if len(items) > _MOST_ITEMS and len(array) > 1:
        half = len(array) // 2
        return np.concatenate([hashes(array.slice(0, half)), hashes(array.slice(half))], axis=1)
    return then(_sums(hashes(items), lengths), lengths.astype(np.uint64))


def _texts(lengths: Any, data: Any) -> Words:
    lengths = lengths.astype(np.int64)
    starts = np.cumsum(lengths) - lengths
    if (lengths > _LONG).any():
        return _long_texts(lengths, starts, data)
    words = -(-lengths // 8)
    first = np.cumsum(words) - words
    within = np.arange(int(words.sum()), dtype=np.int64) - np.repeat(first, words)
    padded = np.concatenate([data, np.zeros(8, np.uint8)])
    anywhere = np.ndarray((len(padded) - 7,), "<u8", padded, strides=(1,))
    taken = anywhere[np.repeat(starts, words) + 8 * within].astype(np.uint64)
    beyond = 8 - np.minimum(np.repeat(lengths, words) - 8 * within, 8)
    taken &= np.uint64(0xFFFFFFFFFFFFFFFF) >> (8 * beyond).astype(np.uint64)
    return then(_sums(np.broadcast_to(taken, (2, len(taken))), words), lengths.astype(np.uint64))


def _long_texts(lengths: Any, starts: Any, data: Any) -> Words:
    """As `_texts`, for texts some of which are longer than 4,096 bytes: BLAKE3 stands for those."""
    found = np.empty((2, len(lengths)), np.uint64)
    long = lengths > _LONG
    for at in np.flatnonzero(long):
        digest = blake3(data[starts[at] : starts[at] + lengths[at]]).digest(16)
        found[:, at] = np.frombuffer(digest, "<u8")
    brief = np.repeat(~long, lengths)
    found[:, ~long] = _texts(lengths[~long], data[brief])
    return found


def _sums(words: Words, lengths: Any) -> Words:
    """For each run of words, as long as `lengths` tells, the sum of its words, each mixed with its place in the run."""
    lengths = lengths.astype(np.int64)
    ends = np.cumsum(lengths)
    places = np.arange(words.shape[1]) - np.repeat(ends - lengths, lengths)
    state = then(_SEEDS + mixed(places.astype(np.uint64) + np.uint64(1)), words)
    totals = np.concatenate([np.zeros((2, 1), np.uint64), np.cumsum(state, axis=1, dtype=np.uint64)], axis=1)
    return totals[:, ends] - totals[:, ends - lengths]
