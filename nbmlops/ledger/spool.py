"""A spool: what one process has to say, appended to a file of its own until the ledger takes it in.

The file is mapped into memory, so that appending is copying: it costs no system call and waits for nobody. What was
appended outlives the process (the operating system has it); once a ledger transaction has taken it in, it outlives the
machine. Records are numbered, so that whoever takes them in twice adds them once.
"""

from __future__ import annotations

import errno
import mmap
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from nbmlops.errors import Unwritable
from nbmlops.ledger.owner import Owner, this_process

_HEAD = struct.Struct("<QII")  # number, length, CRC-32 of number and content
_FIRST_BYTES = 64 << 10
SUFFIX = ".spool"


class Spool:
    """The file of this process. One writer; numbers go up from 1 and are not reused."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / (name + SUFFIX)
        self.last = 0
        self.size = 0
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            owner = _whole(0, this_process().as_text().encode())
            self._handle = _made(self.path, owner)
            self.size = self._after_owner = len(owner)
            self._map = self._mapped(_FIRST_BYTES)
        except OSError as error:
            raise self._said(error) from error

    def append(self, content: bytes) -> int:
        """Add a record; the operating system has it when this returns. Gives its number."""
        # Counted before it is written: a number that an interrupt leaves unused does no harm, one used twice would.
        self.last = number = self.last + 1
        record = _whole(number, content)
        end = self.size + len(record)
        if end + _HEAD.size > len(self._map):
            try:
                before, self._map = self._map, self._mapped(max(2 * len(self._map), end + _FIRST_BYTES))
            except OSError as error:
                raise self._said(error) from error
            before.close()
        self._map[self.size : end] = record
        self.size = end
        return number

    def clear(self) -> None:
        """Drop the records, which have been taken in: the next are written over them."""
        self.size = self._after_owner

    def close(self, *, remove: bool) -> None:
        """Close, and remove the file if all of it was taken in."""
        self._map.close()
        os.close(self._handle)
        if remove:
            self.path.unlink(missing_ok=True)

    def _mapped(self, size: int) -> mmap.mmap:
        # Every byte has its place on the disk before it is mapped: writing to a map of a full disk would be a crash.
        if not _allocated(self._handle, size):
            have = os.fstat(self._handle).st_size
            while have < size:
                have += os.pwrite(self._handle, bytes(min(size - have, 1 << 20)), have)
        return mmap.mmap(self._handle, size)

    def _said(self, error: OSError) -> Unwritable:
        return Unwritable(
            f"The workspace at {self.path.parent.parent} cannot be written: {error.strerror}.",
            hint="Check the disk and the rights, or name another: NBMLOPS_WORKSPACE.",
        )


def _made(path: Path, content: bytes) -> int:
    """A file that has its content from the moment it has its name, where the system can do that; opened."""
    if hasattr(os, "O_TMPFILE"):
        place = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            handle = os.open(".", os.O_RDWR | os.O_TMPFILE | os.O_CLOEXEC, 0o600, dir_fd=place)
            try:
                os.pwrite(handle, content, 0)
                os.link(f"/proc/self/fd/{handle}", path.name, src_dir_fd=place, dst_dir_fd=place, follow_symlinks=True)
                return handle
            except OSError:
                os.close(handle)
        except OSError:
            pass  # a file system that has no such files: the usual way, which says what is wrong
        finally:
            os.close(place)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    os.pwrite(handle, content, 0)
    return handle


def _whole(number: int, content: bytes) -> bytes:
    return _HEAD.pack(number, len(content), zlib.crc32(content, number & 0xFFFFFFFF)) + content


def _allocated(handle: int, size: int) -> bool:
    if not hasattr(os, "posix_fallocate"):
        return False
    try:
        os.posix_fallocate(handle, 0, size)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):
            raise
        return False  # a file system that cannot
    return True


def owner_of(path: Path) -> Owner | None:
    """Who writes a spool; None for a file that is not whole enough to tell, or gone."""
    for number, content in records(path):
        return Owner.from_text(content.decode()) if number == 0 else None
    return None


def records(path: Path) -> Iterator[tuple[int, bytes]]:
    """(number, content) of each whole record, the owner's own as number 0.

    A record that a death cut short ends it, and so does one of before the last `clear`: numbers only go up.
    """
    try:
        raw = path.read_bytes()
    except OSError:
        return
    at, before = 0, -1
    while at + _HEAD.size <= len(raw):
        number, length, mark = _HEAD.unpack_from(raw, at)
        content = raw[at + _HEAD.size : at + _HEAD.size + length]
        # Nobody says nothing: zeros are a place where nothing was written yet.
        if not length or number <= before or len(content) != length or zlib.crc32(content, number & 0xFFFFFFFF) != mark:
            return
        yield number, content
        before = number
        at += _HEAD.size + length
