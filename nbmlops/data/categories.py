"""Categorical columns: the categories, in an order, and for each row which of them it is.

Where the source declares its categories, all of them and their order are part of the data: a pandas categorical (in a
frame, or in an Arrow table that pandas made), a polars Enum, an ordered Arrow dictionary. Elsewhere the dictionary is an
accident of how the data was encoded: of an Arrow dictionary or a polars Categorical those values count that occur, in
ascending order, which is what pandas' `astype("category")` gives.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from nbmlops.data.canonical import category_name, is_bytes, is_text, plain_layout
from nbmlops.data.columns import Column, of_arrow


def of_codes(label: Any, codes: np.ndarray[Any, Any], categories: Column, *, ordered: bool) -> Column:
    """A column of codes into categories, -1 where null."""
    width = _width(categories.rows)

    def block(start: int, stop: int) -> pa.Array:
        here = codes[start:stop]
        absent = here < 0
        return pa.array(here.astype(width), mask=absent) if absent.any() else pa.array(here.astype(width))

    return Column(label, category_name(ordered, categories.kind), len(codes), block, categories=categories)


def of_dictionary(label: Any, chunks: pa.ChunkedArray, *, declared: bool) -> Column:
    """A column of a dictionary-encoded Arrow array."""
    kind = chunks.type
    parts = [chunk for chunk in chunks.chunks if len(chunk)]
    dictionaries = (
        [part.dictionary for part in parts] or [chunk.dictionary for chunk in chunks.chunks[:1]] or [pa.array([], kind.value_type)]
    )
    owners = [_address(dictionary) for dictionary in dictionaries]
    distinct = dict(zip(owners, dictionaries, strict=True))
    if declared or kind.ordered:
        values = _declared(list(distinct.values()))
    else:
        values = _occurring([(owner, part.indices) for owner, part in zip(owners, parts, strict=False)], distinct)
    if values is None:
        return of_arrow(label, chunks)
    places = _places(distinct, values)
    categories = of_arrow("categories", pa.chunked_array([values]))
    indices = of_arrow(label, pa.chunked_array([part.indices for part in parts], kind.index_type))
    ends = np.cumsum([0, *(len(part) for part in parts)])
    width = _width(len(values))

    def block(start: int, stop: int) -> pa.Array:
        found = []
        for at in range(int(np.searchsorted(ends, start, "right")) - 1, len(parts)):
            first, last = max(start, int(ends[at])), min(stop, int(ends[at + 1]))
            if first >= last:
                break
            found.append(_codes(indices.block(first, last), places[owners[at]], width))
        return found[0] if len(found) == 1 else pa.concat_arrays(found) if found else pa.array([], pa.from_numpy_dtype(width))

    return Column(label, category_name(kind.ordered, categories.kind), len(chunks), block, categories=categories)


def _width(categories: int) -> np.dtype[Any]:
    return np.dtype(np.uint8 if categories <= 1 << 8 else np.uint16 if categories <= 1 << 16 else np.uint32)


def _address(dictionary: pa.Array) -> tuple[Any, ...]:
    """Chunks that share a dictionary give it as another object each time: the memory it lies in tells."""
    return (dictionary.offset, len(dictionary), *(None if buffer is None else buffer.address for buffer in dictionary.buffers()))


def _declared(dictionaries: list[pa.Array]) -> pa.Array | None:
    """Categories as declared, first come first where chunks have their own; None where values cannot be compared."""
    first = dictionaries[0]
    same = all(other.equals(first) for other in dictionaries[1:])
    if isinstance(first, pa.ExtensionArray) or pa.types.is_nested(first.type):
        return first if same else None
    kind = plain_layout(first).type
    if pa.types.is_floating(kind):  # 0.0 and -0.0 would be one
        return first if same and not first.null_count else None
    found = pc.unique(pa.chunked_array([plain_layout(part) for part in dictionaries], kind)).drop_null()
    return first if same and len(found) == len(first) else found


def _occurring(parts: list[tuple[Any, pa.Array]], dictionaries: dict[Any, pa.Array]) -> pa.Array | None:
    """The entries that occur, ascending; None for types that have no order every library shares."""
    kind, of = plain_layout(next(iter(dictionaries.values()))).type, pa.types
    if not (is_text(kind) or is_bytes(kind) or of.is_integer(kind) or of.is_temporal(kind)):
        return None
    used = {owner: np.zeros(len(dictionary), bool) for owner, dictionary in dictionaries.items()}
    for owner, indices in parts:
        used[owner][np.asarray(indices.drop_null()).astype(np.int64)] = True
    found = pc.unique(
        pa.chunked_array(
            [plain_layout(dictionary).filter(pa.array(used[owner])).drop_null() for owner, dictionary in dictionaries.items()], kind
        )
    )
    return found.take(pc.sort_indices(found))


def _places(dictionaries: dict[Any, pa.Array], values: pa.Array) -> dict[Any, np.ndarray[Any, Any] | None]:
    """For each entry of each dictionary the category it is, -1 for none; None where each is at its own place."""
    if all(dictionary.equals(values) for dictionary in dictionaries.values()):
        return dict.fromkeys(dictionaries)
    entries = pa.concat_arrays([plain_layout(dictionary) for dictionary in dictionaries.values()])
    found = np.asarray(pc.index_in(entries, value_set=plain_layout(values)).fill_null(-1)).astype(np.int64)
    ends = np.cumsum([len(dictionary) for dictionary in dictionaries.values()])
    return dict(zip(dictionaries, np.split(found, ends[:-1]), strict=True))


def _codes(indices: pa.Array, places: np.ndarray[Any, Any] | None, width: np.dtype[Any]) -> pa.Array:
    absent = np.asarray(indices.is_null()) if indices.null_count else None
    codes = np.asarray(indices.fill_null(0) if absent is not None else indices)
    if places is not None:
        codes = places[codes] if len(places) else np.full(len(codes), -1)
        absent = codes < 0 if absent is None else absent | (codes < 0)
    return pa.array(codes.astype(width), mask=absent) if absent is not None and absent.any() else pa.array(codes.astype(width))
