"""The dataset fingerprint: one digest over every value and the schema, one for each column.

Canonical form `nbmlops-data-1`. A column's digest is BLAKE3 over, in this order:

1. its canonical type as UTF-8 and a NUL: `int64`, `double`, `bool`, `string` (all string layouts are one),
   `timestamp[us, tz=UTC]`, `category[ordered=false]`, …
2. the number of rows, 8 bytes little-endian;
3. the validity: the byte 0 where nothing is null, else the byte 1 and one bit a row, first row in the lowest bit;
4. the values in row order, little-endian: fixed-width types as they are, null slots zero, every NaN as the one quiet
   NaN, -0.0 as itself; booleans a byte each; strings and bytes as their lengths (8 bytes each) and then their bytes
   end to end; lists as their lengths and then their items in this same form; structs as their fields; categories as the
   codes (4 bytes) and then the categories in order; decimals and what else there is as text.

A dataset's digest is BLAKE3 over the form's name, the number of rows, and each column's name (with its length), type and
digest, in order. So chunks, index, allocation, machine and library do not matter; a value, a null, a type, a name, or
the order of rows or columns does.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from blake3 import blake3

from nbmlops.data.frames import to_table
from nbmlops.data.profile import profile_column
from nbmlops.data.records import ColumnDigest, Dataset

FORM = "nbmlops-data-1"
_PARALLEL_BYTES = 1 << 20


def fingerprint(data: Any, *, name: str = "x", profile: bool = True) -> Dataset:
    """The fingerprint of anything `to_table` takes, with a profile of each column made in the same pass.

    >>> import pandas as pd
    >>> a = fingerprint(pd.DataFrame({"n": [1, 2], "s": ["x", None]}))
    >>> b = fingerprint(pd.DataFrame({"n": [1, 2], "s": ["x", None]}, index=[7, 3]))
    >>> a.digest == b.digest, a.rows, [column.type for column in a.columns]
    (True, 2, ['int64', 'string'])
    >>> a.digest == fingerprint(pd.DataFrame({"n": [1, 3], "s": ["x", None]})).digest
    False
    """
    table = to_table(data, name=name)
    whole = blake3(FORM.encode() + b"\0")
    whole.update(table.num_rows.to_bytes(8, "little"))
    columns, profiles = [], []
    for label, chunked in zip(table.column_names, table.columns, strict=True):
        array = _one(chunked)
        kind, digest = _digest(array)
        columns.append(ColumnDigest(name=label, type=kind, digest=digest))
        if profile:
            profiles.append(profile_column(label, kind, array))
        raw = label.encode("utf-8", "surrogatepass")
        for part in (len(raw).to_bytes(8, "little"), raw, kind.encode(), b"\0", digest.encode()):
            whole.update(part)
    return Dataset(digest=f"blake3:{whole.hexdigest()}", form=FORM, rows=table.num_rows, columns=columns, profile=profiles)


def _one(chunked: pa.ChunkedArray) -> pa.Array:
    if chunked.num_chunks == 1:
        return chunked.chunk(0)
    found = chunked.combine_chunks()
    return found if isinstance(found, pa.Array) else pa.concat_arrays(found.chunks)


def _digest(array: pa.Array) -> tuple[str, str]:
    array = _canonical(array)
    kind = _type_name(array.type)
    hasher = blake3(kind.encode() + b"\0", max_threads=blake3.AUTO if array.nbytes > _PARALLEL_BYTES else 1)
    _feed(hasher, array)
    return kind, f"blake3:{hasher.hexdigest()}"


def _canonical(array: pa.Array) -> pa.Array:
    kind = array.type
    if isinstance(array, pa.ExtensionArray):
        return _canonical(array.storage)
    if pa.types.is_run_end_encoded(kind):
        return _canonical(pc.run_end_decode(array))
    if pa.types.is_string(kind) or str(kind) == "string_view":
        return array.cast(pa.large_string())
    if pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind) or str(kind) == "binary_view":
        return array.cast(pa.large_binary())
    if pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        return array.cast(pa.large_list(kind.value_type))
    if pa.types.is_decimal(kind) or pa.types.is_null(kind) or pa.types.is_interval(kind):
        return array.cast(pa.large_string())
    return array


def _type_name(kind: pa.DataType) -> str:
    if pa.types.is_dictionary(kind):
        return f"category[ordered={str(kind.ordered).lower()}]"
    if pa.types.is_large_string(kind):
        return "string"
    if pa.types.is_large_binary(kind):
        return "binary"
    if pa.types.is_large_list(kind):
        return f"list[{_type_name(_canonical(pa.array([], kind.value_type)).type)}]"
    return str(kind)


def _feed(hasher: Any, array: pa.Array) -> None:
    kind = array.type
    hasher.update(len(array).to_bytes(8, "little"))
    if array.null_count:
        valid = array.is_valid().to_numpy(zero_copy_only=False)
        hasher.update(b"\1")
        hasher.update(np.packbits(valid, bitorder="little"))
    else:
        hasher.update(b"\0")
    if pa.types.is_dictionary(kind):
        codes = array.indices.cast(pa.int32())
        _feed_fixed(hasher, codes.fill_null(0) if codes.null_count else codes)
        _feed(hasher, _canonical(array.dictionary))
    elif pa.types.is_large_string(kind) or pa.types.is_large_binary(kind):
        _feed_text(hasher, array)
    elif pa.types.is_large_list(kind):
        _feed_lengths(hasher, pc.fill_null(pc.list_value_length(array), 0))
        _feed(hasher, _canonical(array.flatten()))
    elif pa.types.is_struct(kind):
        for at in range(kind.num_fields):
            field = kind.field(at)
            hasher.update(field.name.encode() + b"\0")
            _feed(hasher, _canonical(pc.struct_field(array, at)))
    elif pa.types.is_boolean(kind):
        _feed_fixed(hasher, pc.fill_null(array, False).cast(pa.uint8()))
    elif pa.types.is_primitive(kind):
        _feed_fixed(hasher, array)
    else:
        _feed_text(hasher, pa.array([str(value) for value in array.to_pylist()], pa.large_string()))


def _feed_fixed(hasher: Any, array: pa.Array) -> None:
    width = array.type.bit_width // 8
    raw = np.frombuffer(array.buffers()[1], np.uint8)[array.offset * width : (array.offset + len(array)) * width]
    if pa.types.is_floating(array.type):
        values = raw.view(f"<f{width}")
        nan = np.isnan(values)
        if nan.any():
            values = np.where(nan, np.array(np.nan, values.dtype), values)
        raw = values
    if array.null_count:
        typed = raw.view(f"V{width}") if raw.dtype == np.uint8 else raw
        typed = typed.copy()
        typed[~array.is_valid().to_numpy(zero_copy_only=False)] = np.zeros(1, typed.dtype)[0]
        raw = typed
    hasher.update(np.ascontiguousarray(raw).view(np.uint8))


def _feed_text(hasher: Any, array: pa.Array) -> None:
    if array.null_count:
        array = array.fill_null(b"" if pa.types.is_large_binary(array.type) else "")
    _, offsets, data = array.buffers()
    ends = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1] if offsets else np.zeros(1, np.int64)
    hasher.update(np.diff(ends).view(np.uint8))
    if data is not None and len(ends):
        hasher.update(np.frombuffer(data, np.uint8)[ends[0] : ends[-1]])


def _feed_lengths(hasher: Any, lengths: pa.Array) -> None:
    hasher.update(np.ascontiguousarray(lengths.cast(pa.int64()).to_numpy(zero_copy_only=False)).view(np.uint8))
