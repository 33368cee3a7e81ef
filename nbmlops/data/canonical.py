"""Arrow's many layouts of the same values → one canonical type name and one sequence of bytes.

Two arrays give the same name and bytes exactly when they hold the same values of the same type. The name alone tells
how the bytes are to be read, and every part whose size the name and the number of values do not settle is written with
its length before it, so that no two contents share their bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Update = Callable[[Any], object]

_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_PLAIN_ZONE = re.compile(r"[A-Za-z0-9_+\-/:]+")


class Uncommon(TypeError):
    """A type that Arrow has and this form does not: its values are read one by one instead."""


def type_name(kind: pa.DataType) -> str:
    """The canonical name of a type: layouts, offsets' widths and units of time are no part of it.

    >>> type_name(pa.string_view()) == type_name(pa.large_string())
    True
    >>> type_name(pa.list_(pa.struct({"at": pa.timestamp("us", "UTC"), "price": pa.decimal128(9, 2)})))
    'list<struct<"at": timestamp[tz=UTC], "price": decimal[scale=2]>>'
    """
    of = pa.types
    if isinstance(kind, pa.BaseExtensionType):
        return _extension_name(kind)
    if of.is_run_end_encoded(kind):
        return type_name(kind.value_type)
    if of.is_dictionary(kind):
        return category_name(kind.ordered, type_name(kind.value_type))
    if is_text(kind):
        return "string"
    if is_bytes(kind):
        return "binary"
    if of.is_timestamp(kind):
        return f"timestamp[tz={_zone(kind.tz)}]" if kind.tz else "timestamp"
    for known, name in ((of.is_date, "date"), (of.is_time, "time"), (of.is_duration, "duration")):
        if known(kind):
            return name
    if of.is_decimal(kind):
        return f"decimal[scale={kind.scale}]"
    if of.is_map(kind):
        return f"map<{type_name(kind.key_type)}, {type_name(kind.item_type)}>"
    if _is_list(kind):
        return f"list<{type_name(kind.value_type)}>"
    if of.is_struct(kind):
        fields = (kind.field(at) for at in range(kind.num_fields))
        return f"struct<{', '.join(f'{json.dumps(field.name)}: {type_name(field.type)}' for field in fields)}>"
    if of.is_union(kind):
        raise Uncommon(str(kind))
    return str(kind)


def category_name(ordered: bool, values: str) -> str:
    """The name of a category type over values of a type.

    >>> category_name(False, "string")
    'category[ordered=false]<string>'
    """
    return f"category[ordered={str(bool(ordered)).lower()}]<{values}>"


def is_text(kind: pa.DataType) -> bool:
    """Whether a type is text, in any layout."""
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or str(kind) == "string_view"


def is_bytes(kind: pa.DataType) -> bool:
    """Whether a type is bytes, in any layout."""
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind) or str(kind) == "binary_view"


def feed(update: Update, array: pa.Array) -> None:
    """Give the canonical bytes of `array` to `update`. The reader is held to know the type's name and the number of values."""
    array = plain_layout(array)
    kind, of = array.type, pa.types
    if of.is_null(kind):
        return
    absent = _feed_validity(update, array)
    if of.is_dictionary(kind):  # ordered: others have been decoded
        update(len(array.dictionary).to_bytes(8, "little"))
        feed(update, array.dictionary)
        feed(update, array.indices.cast(pa.int64()))
    elif of.is_boolean(kind):
        update(np.packbits(np.asarray(array.fill_null(False) if absent is not None else array), bitorder="little"))
    elif is_text(kind) or is_bytes(kind):
        _feed_texts(update, array, absent)
    elif of.is_struct(kind):
        for child in array.flatten():  # a field under a null struct is null
            feed(update, child)
    elif of.is_map(kind) or _is_list(kind):
        lengths, items = items_of(array, absent)
        _feed_least(update, lengths)
        update(len(items).to_bytes(8, "little"))
        feed(update, items)
    elif of.is_floating(kind):
        _feed_floats(update, array, absent)
    elif of.is_timestamp(kind) or of.is_date(kind) or of.is_time(kind) or of.is_duration(kind):
        seconds, nanos = instants(array)
        _feed_numbers(update, seconds, absent)
        _feed_numbers(update, nanos, absent)
    else:
        _feed_numbers(update, numbers(array), absent)


def plain_layout(array: pa.Array) -> pa.Array:
    """`array` without what only its layout has: run ends, views, dictionaries without an order, extension names."""
    kind, of = array.type, pa.types
    if isinstance(array, pa.ExtensionArray):
        return plain_layout(array.storage)
    if of.is_run_end_encoded(kind):
        runs = pa.RunEndEncodedArray.from_arrays(array.run_ends, pa.array(range(len(array.values)), pa.int64()))
        return plain_layout(array.values).take(pc.run_end_decode(runs.slice(array.offset, len(array))))
    if of.is_dictionary(kind) and not kind.ordered:
        return plain_layout(pa.DictionaryArray.from_arrays(array.indices, plain_layout(array.dictionary)).dictionary_decode())
    if str(kind) == "string_view":
        return array.cast(pa.large_string())
    if str(kind) == "binary_view" or of.is_fixed_size_binary(kind):
        return array.cast(pa.large_binary())
    if of.is_decimal(kind) and not of.is_decimal256(kind):
        return array.cast(pa.decimal256(76, kind.scale))
    return array


def numbers(array: pa.Array) -> np.ndarray[Any, Any]:
    """The fixed-width values of an array as they lie there, without a copy; what lies under a null is anything."""
    kind = array.type
    width = kind.bit_width // 8
    of = pa.types
    letter = "f" if of.is_floating(kind) else "u" if of.is_unsigned_integer(kind) else "i"
    dtype = np.dtype(f"{letter}{width}" if width <= 8 else f"V{width}")
    data = array.buffers()[1]
    if data is None or not len(array):
        return np.zeros(len(array), dtype)
    return np.frombuffer(data, dtype, len(array), array.offset * width)


def instants(array: pa.Array) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Times, dates and durations as whole seconds (int64, rounded down) and nanoseconds (int32), whatever their unit.

    >>> [part.tolist() for part in instants(pa.array([-1, 1_500], pa.timestamp("ms")))]
    [[-1, 1], [999000000, 500000000]]
    """
    kind = array.type
    values = numbers(array).astype(np.int64)
    if pa.types.is_date32(kind):
        return values * 86_400, np.zeros(len(values), np.int32)
    per_second = _PER_SECOND["ms" if pa.types.is_date64(kind) else kind.unit]
    seconds = values // per_second
    return seconds, ((values - seconds * per_second) * (1_000_000_000 // per_second)).astype(np.int32)


def lengths_and_bytes(array: pa.Array, absent: np.ndarray[Any, Any] | None) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Of text or bytes in a plain layout: each value's length in bytes, 0 where null, and all bytes end to end."""
    ends, data = _ends(array)
    lengths = np.diff(ends)
    if absent is not None and lengths[absent].any():
        array = array.fill_null(b"" if is_bytes(array.type) else "")
        ends, data = _ends(array)
        lengths = np.diff(ends)
    return lengths, data[ends[0] : ends[-1]]


def items_of(array: pa.Array, absent: np.ndarray[Any, Any] | None) -> tuple[np.ndarray[Any, Any], pa.Array]:
    """Of lists or maps: each one's length, 0 where null, and all items in order (a map's are structs of key and value)."""
    kind = array.type
    if pa.types.is_map(kind):
        array = array.cast(pa.large_list(pa.struct([pa.field("key", kind.key_type), pa.field("value", kind.item_type)])))
    lengths = np.asarray(pc.fill_null(pc.list_value_length(array), 0) if absent is not None else pc.list_value_length(array))
    return lengths.astype(np.int64), array.flatten()


def absences(array: pa.Array) -> np.ndarray[Any, Any] | None:
    """Where an array is null; None where it nowhere is.

    >>> absences(pa.array([1, None])).tolist(), absences(pa.array([1]))
    ([False, True], None)
    """
    return np.asarray(array.is_null()) if array.null_count else None


def _ends(array: pa.Array) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    _, offsets, data = array.buffers()
    if offsets is None or not len(array):
        return np.zeros(len(array) + 1, np.int64), np.zeros(0, np.uint8)
    width = 8 if pa.types.is_large_string(array.type) or pa.types.is_large_binary(array.type) else 4
    ends = np.frombuffer(offsets, f"i{width}", len(array) + 1, array.offset * width)
    return ends, np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8)


def _feed_validity(update: Update, array: pa.Array) -> np.ndarray[Any, Any] | None:
    absent = absences(array)
    if absent is None:
        update(b"\0")
    else:
        update(b"\1")
        update(np.packbits(~absent, bitorder="little"))
    return absent


def _feed_texts(update: Update, array: pa.Array, absent: np.ndarray[Any, Any] | None) -> None:
    lengths, data = lengths_and_bytes(array, absent)
    _feed_least(update, lengths)
    update(data)


def _feed_least(update: Update, lengths: np.ndarray[Any, Any]) -> None:
    longest = int(lengths.max()) if len(lengths) else 0
    width = 1 if longest < 1 << 8 else 2 if longest < 1 << 16 else 4 if longest < 1 << 32 else 8
    update(bytes([width]))
    update(lengths.astype(f"<u{width}").view(np.uint8))


def _feed_floats(update: Update, array: pa.Array, absent: np.ndarray[Any, Any] | None) -> None:
    values = numbers(array)
    nan = np.isnan(values)
    if nan.any():
        values = values.copy()
        values[nan] = np.nan
    _feed_numbers(update, values, absent)


def _feed_numbers(update: Update, values: np.ndarray[Any, Any], absent: np.ndarray[Any, Any] | None) -> None:
    if absent is not None:
        values = values.copy()
        values[absent] = np.zeros(1, values.dtype)[0]
    update(np.ascontiguousarray(values, values.dtype.newbyteorder("<")).view(np.uint8))


def _extension_name(kind: Any) -> str:
    name = getattr(kind, "extension_name", str(kind))
    inside = type_name(kind.storage_type)
    if name == "pandas.period":
        return f"period[{kind.freq}]"
    if name == "pandas.interval":
        return f"interval[{kind.closed}]<{type_name(kind.subtype)}>"
    told = kind.__arrow_ext_serialize__() if hasattr(kind, "__arrow_ext_serialize__") else b""
    return f"{json.dumps(name)}[{json.dumps(str(kind) + told.decode('utf-8', 'backslashreplace'))}]<{inside}>"


def _is_list(kind: pa.DataType) -> bool:
    of = pa.types
    return of.is_list(kind) or of.is_large_list(kind) or of.is_fixed_size_list(kind) or "list_view<" in str(kind)[:16]


def _zone(name: str) -> str:
    return name if _PLAIN_ZONE.fullmatch(name) else json.dumps(name)
