"""Protocol buffers as they stand on the wire: fields by number, without the classes that W&B makes of them."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5


def fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """Each field's number and value: an int, the bytes of text or of a message, a float of eight bytes. ValueError for no message.

    >>> list(fields(bytes([8, 150, 1, 18, 2]) + b"hi"))
    [(1, 150), (2, b'hi')]
    """
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, at = _varint(data, at)
            yield number, value
        elif kind == _BYTES:
            length, at = _varint(data, at)
            if at + length > len(data):
                raise ValueError("a field ends beyond its message")
            yield number, data[at : at + length]
            at += length
        elif kind in (_EIGHT, _FOUR):
            size, form = (8, "<d") if kind == _EIGHT else (4, "<f")
            if at + size > len(data):
                raise ValueError("a number ends beyond its message")
            yield number, struct.unpack_from(form, data, at)[0]
            at += size
        else:
            raise ValueError(f"no field is of kind {kind}")


def first(data: bytes, number: int) -> Any:
    """The last value of a field that is there once; None where it is not there."""
    found = None
    for one, value in fields(data):
        if one == number:
            found = value
    return found


def text(value: Any) -> str:
    """A field's text."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else ""


def signed(value: int) -> int:
    """A whole number that stands as two's complement of 64 bits.

    >>> signed(2**64 - 1), signed(5)
    (-1, 5)
    """
    return value - (1 << 64) if value >= 1 << 63 else value


def zigzag(value: int) -> int:
    """A whole number that stands as sint64.

    >>> [zigzag(value) for value in (0, 1, 2, 3)]
    [0, -1, 1, -2]
    """
    return (value >> 1) ^ -(value & 1)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    found = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise ValueError("a number does not end")
        byte = data[at]
        at += 1
        found |= (byte & 127) << shift
        if byte < 128:
            return found, at
        shift += 7
