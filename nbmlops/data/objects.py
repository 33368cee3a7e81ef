"""Columns of Python objects: which type they are of, and the bytes of those that are of none.

An object column whose values all have one plain type (text, bytes, whole numbers, floats, flags, decimals, dates, times,
lists and dicts of such) is a column of that type, and None, NA and NaT are null in it; so is NaN, except among floats.
Every other column has the type `object`, and each value is spelled with its own type, so that 1, 1.0, True and "1"
differ. What is no data (a model, a file, a function) is spelled by the name of its class, never by its address.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import itertools
import pathlib
import struct
import uuid
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

_DEEPEST = 40
_NESTED = (list, tuple, dict, np.ndarray)
_TEXTS, _BYTES = {str, np.str_}, {bytes, np.bytes_}
_FLAGS, _FLOATS = {bool, np.bool_}, {float, np.float64}
_INTS: set[type] = {int, np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64}
_PYTHONS: dict[type, type] = {np.str_: str, np.bool_: bool, np.float64: float, np.int64: int}
_LEAVES = {*_TEXTS, *_BYTES, *_FLAGS, *_FLOATS, *_INTS, np.float32, np.datetime64, dt.date, decimal.Decimal}
_KNOWN: tuple[tuple[set[Any], pa.DataType], ...] = (
    (_TEXTS, pa.large_string()),
    (_BYTES, pa.large_binary()),
    (_FLAGS, pa.bool_()),
    (_FLOATS, pa.float64()),
    ({dt.date}, pa.date32()),
)
_UNHELD = (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError, UnicodeEncodeError, ValueError, TypeError)


def type_of(blocks: Sequence[np.ndarray[Any, Any]]) -> pa.DataType | None:
    """The one type that all values of an object column have, or None where they are to be spelled one by one.

    >>> type_of([np.array(["a", None], object), np.array([float("nan")], object)])
    DataType(large_string)
    >>> type_of([np.array([1, 2.5], object)]) is None
    True
    """
    kinds: set[type] = set()
    nan = False
    for block in blocks:
        missing = pd.isna(block)
        kinds.update(map(type, block[~missing] if missing.any() else block))
        nan = nan or any(type(value) in _FLOATS for value in block[missing])
    if not kinds:
        return pa.float64() if nan else pa.null()
    for known, kind in _KNOWN:
        if kinds <= known:
            return kind
    present = (value for block in blocks for value in block[~pd.isna(block)])
    kind = _settled(kinds, present)
    try:  # what Arrow cannot hold is told now: later a part of the column would have been read as this type
        for block in blocks if kind is not None else ():
            to_array(block, kind)
    except _UNHELD:
        return None
    return kind


def to_array(block: np.ndarray[Any, Any], kind: pa.DataType) -> pa.Array:
    """A block of an object column as an array of the type that `type_of` found."""
    missing = np.asarray(pd.isna(block))
    if pa.types.is_floating(kind) and missing.any():
        missing &= np.array([type(value) not in _FLOATS for value in block], bool)
    if pa.types.is_nested(kind) or pa.types.is_decimal(kind):
        return pa.array([None if gone else value for value, gone in zip(block, missing, strict=True)], kind, from_pandas=False)
    try:
        return pa.array(block, kind, mask=missing, from_pandas=False)
    except UnicodeEncodeError:  # lone surrogates: UTF-8 has no bytes for them, Python does
        return pa.array([None if gone else _utf8(value) for value, gone in zip(block, missing, strict=True)], pa.large_binary())


def spelled(value: Any, *, depth: int = 0) -> tuple[bytes, bool]:
    """The bytes of one value with its type, and whether all of it is data (False: some of it is only named).

    >>> spelled(1)[0] == spelled(True)[0], spelled({"a": (1, 2)})[1], spelled(object())
    (False, True, (b'o\\x0f\\x00\\x00\\x00\\x00\\x00\\x00\\x00builtins.object', False))
    """
    parts = _Spelling()
    parts.add(value, depth)
    return b"".join(parts.bytes), parts.data


class _Spelling:
    def __init__(self) -> None:
        self.bytes: list[bytes] = []
        self.data = True

    def put(self, tag: bytes, content: bytes) -> None:
        self.bytes.append(tag + len(content).to_bytes(8, "little") + content)

    def items(self, tag: bytes, values: Iterable[Any], count: int, depth: int) -> None:
        self.bytes.append(tag + count.to_bytes(8, "little"))
        for value in values:
            self.add(value, depth + 1)

    def sorted(self, tag: bytes, values: Iterable[Any], depth: int) -> None:
        found = []
        for value in values:
            part = _Spelling()
            part.add(value, depth + 1)
            self.data = self.data and part.data
            found.append(b"".join(part.bytes))
        self.bytes.append(tag + len(found).to_bytes(8, "little"))
        self.bytes += sorted(found)

    def add(self, value: Any, depth: int) -> None:
        kind = type(value)
        if depth > _DEEPEST:  # a list may hold itself
            self.name(kind)
        elif value is None or value is pd.NA or value is pd.NaT:
            self.put(b"0", b"")
        elif isinstance(value, enum.Enum):
            self.put(b"e", _class(kind) + b"\0" + _utf8(value.name or str(value.value)))
        elif kind is bool or isinstance(value, np.bool_):
            self.put(b"?", b"\1" if value else b"\0")
        elif isinstance(value, (int, np.integer)) and not isinstance(value, np.timedelta64):
            self.put(b"i", b"%d" % int(value))
        elif kind is float or isinstance(value, (np.float16, np.float32, np.float64)):
            self.put(b"f", _float(float(value)))
        elif isinstance(value, (complex, np.complex64)):
            self.put(b"c", _float(float(value.real)) + _float(float(value.imag)))
        elif isinstance(value, str):
            self.put(b"s", _utf8(value))
        elif isinstance(value, (bytes, bytearray)):
            self.put(b"b", bytes(value))
        elif isinstance(value, dict):
            self.items(b"d", (part for pair in value.items() for part in pair), len(value), depth)
        elif isinstance(value, (list, tuple)):
            self.items(b"l" if isinstance(value, list) else b"t", value, len(value), depth)
        elif isinstance(value, (set, frozenset)):
            self.sorted(b"u", value, depth)
        elif isinstance(value, np.ndarray):
            self.array(value, depth)
        elif (text := _text(value)) is not None:
            self.put(b"v", _class(kind) + b"\0" + _utf8(text))
        elif dataclasses.is_dataclass(value) and not isinstance(value, type):
            self.put(b"k", _class(kind))
            fields = dataclasses.fields(value)
            self.items(b"d", (part for field in fields for part in (field.name, getattr(value, field.name, None))), len(fields), depth)
        else:
            self.name(kind)

    def array(self, value: np.ndarray[Any, Any], depth: int) -> None:
        if value.dtype.hasobject:
            self.items(b"a", [str(value.shape), *value.ravel().tolist()], value.size + 1, depth)
        else:
            native = np.ascontiguousarray(value).astype(value.dtype.newbyteorder("<"))
            self.put(b"n", f"{value.dtype.newbyteorder('<').str}{value.shape}".encode() + b"\0" + native.tobytes())

    def name(self, kind: type) -> None:
        self.data = False
        self.put(b"o", _class(kind))


def _text(value: Any) -> str | None:
    if isinstance(value, pd.Timestamp):
        return f"{value.as_unit('ns').value if _holds_nanoseconds(value) else value.isoformat()} {value.tzinfo}"
    if isinstance(value, (dt.datetime, dt.time)):
        return f"{value.isoformat()} {value.tzinfo}"
    if isinstance(value, pd.Interval):
        parts = [spelled(part)[0].hex() for part in (value.left, value.right)]
        return f"{value.closed} {' '.join(parts)}"
    if isinstance(value, pd.Period):
        return f"{value.freqstr} {value.ordinal}"
    if isinstance(value, pd.Timedelta):
        return value.isoformat()
    if isinstance(value, (dt.date, dt.timedelta, decimal.Decimal, fractions.Fraction, uuid.UUID, pathlib.PurePath)):
        return str(value)
    if isinstance(value, np.generic) and not isinstance(value, np.void):
        return f"{value.dtype.str.lstrip('<>=|')} {value!r}"
    if isinstance(value, (range, slice)):
        return repr(value)
    return None


def _holds_nanoseconds(value: pd.Timestamp) -> bool:
    return 1678 <= value.year <= 2261


def _settled(kinds: set[type], present: Iterator[Any]) -> pa.DataType | None:
    """The type of values whose class alone does not settle it."""
    if kinds <= _INTS:
        low, high = 0, 0
        for value in present:
            low, high = min(low, int(value)), max(high, int(value))
        return pa.int64() if low >= -(1 << 63) and high < 1 << 63 else pa.uint64() if low >= 0 and high < 1 << 64 else None
    if kinds == {dt.time}:
        return pa.time64("us") if all(value.tzinfo is None for value in present) else None
    if kinds == {dt.timedelta}:
        return pa.duration("us")
    if kinds == {dt.datetime}:
        zones = {value.tzinfo for value in present}
        named = {pa.infer_type([dt.datetime(2000, 1, 1, tzinfo=zone)]) for zone in zones}
        return named.pop() if len(named) == 1 else None
    if kinds == {decimal.Decimal} or kinds <= set(_NESTED):
        return _widest(present)
    return None


def _widest(present: Iterator[Any]) -> pa.DataType | None:
    """The type of decimals, lists or dicts; None unless every leaf stands beside leaves of its own type only."""
    leaves: dict[str, type] = {}
    found = None
    while part := list(itertools.islice(present, 10_000)):
        for value in part:
            for path, kind in _leaves(value, "", 0):
                if kind not in _LEAVES or leaves.setdefault(path, kind) is not kind:
                    return None
        try:
            found = _unified(found, pa.infer_type(part))
        except _UNHELD:
            return None
    return found


def _leaves(value: Any, path: str, depth: int) -> Iterator[tuple[str, type]]:
    if depth > _DEEPEST:
        yield path, object
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key!r}", depth + 1) if isinstance(key, str) else [(path, object)]
    elif isinstance(value, np.ndarray) and not value.dtype.hasobject:
        yield (path + "[]", _PYTHONS.get(value.dtype.type, value.dtype.type)) if value.ndim == 1 else (path, object)
    elif isinstance(value, _NESTED):
        for item in value:
            yield from _leaves(item, path + "[]", depth + 1)
    elif value is not None:
        yield path, _PYTHONS.get(type(value), type(value))


def _unified(known: pa.DataType | None, found: pa.DataType) -> pa.DataType:
    if known is None or known.equals(found):
        return found
    fields = [pa.schema([pa.field("x", kind)]) for kind in (known, found)]
    return pa.unify_schemas(fields, promote_options="permissive").field("x").type


def _float(value: float) -> bytes:
    return struct.pack("<d", value if value == value else float("nan"))


def _utf8(value: str) -> bytes:
    return value.encode("utf-8", "surrogatepass")


def _class(kind: type) -> bytes:
    return _utf8(f"{kind.__module__}.{kind.__qualname__}")
