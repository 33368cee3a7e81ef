"""A spool: what one process has to say, appended to a file of its own until the ledger takes it in.

Appending costs microseconds and waits for nobody. What was appended outlives the process (the operating system has it);
once a ledger transaction has taken it in, it outlives the machine. Records are numbered, so that whoever takes them in
twice adds them once.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from nbmlops.errors import Unwritable
from nbmlops.ledger.owner import Owner, this_process

_HEAD = struct.Struct("<QII")  # number, length, CRC-32 of number and content
SUFFIX = ".spool"


class Spool:
    """The file of this process. One writer; numbers go up from 1 and are not reused."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / (name + SUFFIX)
        self.last = 0
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
            self._write(0, this_process().as_text().encode())
        except OSError as error:
            raise self._said(error) from error
        self._head_size = os.fstat(self._handle).st_size

    def append(self, content: bytes) -> int:
        """Add a record; the operating system has it when this returns. Gives its number."""
        number = self.last + 1
        try:
            self._write(number, content)
        except OSError as error:
            raise self._said(error) from error
        self.last = number
        return number

    def clear(self) -> None:
        """Drop the records, which have been taken in; numbers go on."""
        os.ftruncate(self._handle, self._head_size)

    def close(self, *, remove: bool) -> None:
        """Close, and remove the file if all of it was taken in."""
        os.close(self._handle)
        if remove:
            self.path.unlink(missing_ok=True)

    def _write(self, number: int, content: bytes) -> None:
        mark = zlib.crc32(content, number & 0xFFFFFFFF)
        whole = _HEAD.pack(number, len(content), mark) + content
        written = os.write(self._handle, whole)
        if written != len(whole):  # a full disk took half of it; the half is cut off again
            os.ftruncate(self._handle, os.fstat(self._handle).st_size - written)
            raise OSError(28, "No space left on device")

    def _said(self, error: OSError) -> Unwritable:
        return Unwritable(
            f"The workspace at {self.path.parent.parent} cannot be written: {error.strerror}.",
            hint="Check the disk and the rights, or name another: NBMLOPS_WORKSPACE.",
        )


def owner_of(path: Path) -> Owner | None:
    """Who writes a spool; None for a file that is not whole enough to tell, or gone."""
    for number, content in records(path):
        return Owner.from_text(content.decode()) if number == 0 else None
    return None


def records(path: Path) -> Iterator[tuple[int, bytes]]:
    """(number, content) of each whole record, the owner's own as number 0. What a death cut short ends it."""
    try:
        raw = path.read_bytes()
    except OSError:
        return
    at = 0
    while at + _HEAD.size <= len(raw):
        number, length, mark = _HEAD.unpack_from(raw, at)
        content = raw[at + _HEAD.size : at + _HEAD.size + length]
        if len(content) != length or zlib.crc32(content, number & 0xFFFFFFFF) != mark:
            return
        yield number, content
        at += _HEAD.size + length
