"""Universal binary JSON as xgboost writes it, read with an eye on every count."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

MAX_DEPTH = 60
_NUMBERS = {b"i": ">b", b"U": ">B", b"I": ">h", b"l": ">i", b"L": ">q", b"d": ">f", b"D": ">d"}
_ARRAYS = {b"i": ">i1", b"U": ">u1", b"I": ">i2", b"l": ">i4", b"L": ">i8", b"d": ">f4", b"D": ">f8"}
_PLAIN = {b"Z": None, b"T": True, b"F": False}


def read(data: bytes) -> Any:
    """What the bytes hold; arrays of one kind as numpy's. ValueError where they are no such thing, or go on behind it.

    >>> read(b"{U\\1a[$l#U\\2\\0\\0\\0\\1\\0\\0\\0\\2}")
    {'a': array([1, 2], dtype='>i4')}
    """
    reader = _Reader(data)
    try:
        found = reader.value(reader.take(1), 0)
    except (struct.error, IndexError) as error:
        raise ValueError("it is cut off") from error
    if reader.at != len(data):
        raise ValueError(f"{len(data) - reader.at} bytes follow its end")
    return found


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        if count < 0 or self.at + count > len(self.data):
            raise ValueError("it is cut off")
        self.at += count
        return self.data[self.at - count : self.at]

    def value(self, mark: bytes, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise ValueError("it is nested too deeply")
        if mark in _PLAIN:
            return _PLAIN[mark]
        if mark in _NUMBERS:
            kind = _NUMBERS[mark]
            return struct.unpack(kind, self.take(struct.calcsize(kind)))[0]
        if mark == b"S":
            return self.text()
        if mark == b"C":
            return self.take(1).decode("ascii")
        if mark == b"[":
            return self.array(depth)
        if mark == b"{":
            return self.object(depth)
        raise ValueError(f"at {self.at} is a mark that is none")

    def text(self) -> str:
        return self.take(self.count()).decode("utf-8")

    def count(self) -> int:
        found = self.value(self.take(1), MAX_DEPTH)
        if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found <= len(self.data):
            raise ValueError(f"it counts {found!r}")
        return found

    def array(self, depth: int) -> Any:
        mark = self.take(1)
        if mark == b"$":
            kind = self.take(1)
            if kind not in _ARRAYS or self.take(1) != b"#":
                raise ValueError("an array is of no kind")
            count = self.count()
            return np.frombuffer(self.take(count * np.dtype(_ARRAYS[kind]).itemsize), _ARRAYS[kind])
        found: list[Any] = []
        if mark == b"#":
            count = self.count()
            for _ in range(count):
                found.append(self.value(self.take(1), depth + 1))
            return found
        while mark != b"]":
            found.append(self.value(mark, depth + 1))
            mark = self.take(1)
        return found

    def object(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while self.data[self.at : self.at + 1] != b"}":
            name = self.text()
            if name in found:
                raise ValueError(f"it has {name[:40]!r} twice")
            found[name] = self.value(self.take(1), depth + 1)
        self.take(1)
        return found
