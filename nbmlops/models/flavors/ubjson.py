"""Whether bytes are one whole UBJSON object: a library that is given less may read beyond them, or end the process."""

from __future__ import annotations

import struct

_NUMBERS = {b"i": ">b", b"U": ">B", b"I": ">h", b"l": ">i", b"L": ">q"}
_SIZES = {b"Z": 0, b"N": 0, b"T": 0, b"F": 0, b"i": 1, b"U": 1, b"C": 1, b"I": 2, b"l": 4, b"d": 4, b"L": 8, b"D": 8}


def is_whole(data: bytes) -> bool:
    """Whether an object begins at the first byte and ends at the last.

    >>> is_whole(b"{}"), is_whole(b"{" + b"L" + bytes(7) + b"\\1" + b"a" + b"T}"), is_whole(b""), is_whole(b"{L" + bytes(5))
    (True, True, False, False)
    """
    try:
        return data[:1] == b"{" and _Reading(data).end() == len(data)
    except (ValueError, struct.error):
        return False


class _Reading:
    """Goes through values one after another; ValueError where something is not what it should be, or not there."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def end(self) -> int:
        """Where the first value ends. What is open is kept in a list: a file decides how deep it is."""
        open_now: list[tuple[bytes, int]] = []  # what closes it, or how many values are still to come
        self._value(self._take(1), open_now)
        while open_now:
            closing, left = open_now.pop()
            if closing and self._data[self._at : self._at + 1] == closing:
                self._at += 1
            elif closing or left:
                open_now.append((closing, left - 1))
                if closing == b"}":
                    self._take(self._length())  # the name
                self._value(self._take(1), open_now)
        return self._at

    def _value(self, kind: bytes, open_now: list[tuple[bytes, int]]) -> None:
        following = self._data[self._at : self._at + 1]
        if kind == b"S":
            self._take(self._length())
        elif kind == b"[" and following == b"$":  # many of one kind, counted
            self._take(1)
            each = _SIZES.get(self._take(1))
            if each is None or self._take(1) != b"#":
                raise ValueError
            self._take(self._length() * each)
        elif kind == b"[" and following == b"#":
            self._take(1)
            open_now.append((b"", self._length()))
        elif kind in (b"{", b"["):
            open_now.append((b"}" if kind == b"{" else b"]", 0))
        elif kind in _SIZES:
            self._take(_SIZES[kind])
        else:
            raise ValueError

    def _length(self) -> int:
        form = _NUMBERS.get(self._take(1))
        if form is None:
            raise ValueError
        (found,) = struct.unpack(form, self._take(struct.calcsize(form)))
        return int(found)

    def _take(self, count: int) -> bytes:
        if count < 0 or self._at + count > len(self._data):
            raise ValueError
        self._at += count
        return self._data[self._at - count : self._at]
