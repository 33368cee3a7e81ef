"""Processes that a cell forks off (multiprocessing's pools) tell what they open, through one file that both have open."""

from __future__ import annotations

import json
import os
import tempfile
from typing import IO, Any

MOST_BYTES = 16 << 20


class Forks:
    """One end in the parent, one in every child; an append is whole or not there."""

    def __init__(self) -> None:
        self.forked = False
        self._file: IO[bytes] | None = None
        self._is: tuple[int, int] | None = None  # its device and inode
        self._bytes = 0  # told, in a child; heard, in the parent
        self._heard: set[str] = set()

    def begin(self) -> None:
        """From now on, forks are prepared for."""
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(before=self._before, after_in_child=self._in_child)

    def tell(self, path: str, mode: str) -> None:
        """In a child: this was opened."""
        line = json.dumps([path, mode]) + "\n"
        if line not in self._heard and self._bytes < MOST_BYTES and self._ours():
            if len(self._heard) < 10_000:
                self._heard.add(line)
            self._bytes += len(line)
            assert self._file is not None
            os.write(self._file.fileno(), line.encode("ascii"))

    def collect(self) -> list[Any]:
        """In the parent: what the children told since the last time."""
        if not self._ours():
            return []
        assert self._file is not None
        told = os.pread(self._file.fileno(), MOST_BYTES, self._bytes)
        told = told[: told.rfind(b"\n") + 1]
        self._bytes += len(told)
        return [json.loads(line) for line in told.splitlines()]

    def _ours(self) -> bool:
        # Whoever closes every descriptor and opens files of their own gets our number for one of them.
        if self._file is None or self._is is None:
            return False
        try:
            found = os.fstat(self._file.fileno())
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == self._is

    def _before(self) -> None:
        if self._file is None and not self.forked:
            try:
                self._file = tempfile.TemporaryFile("ab+", buffering=0)  # noqa: SIM115 - open as long as the process lives
                found = os.fstat(self._file.fileno())
                self._is = (found.st_dev, found.st_ino)
            except OSError:
                return  # nowhere to write: children are not heard

    def _in_child(self) -> None:
        self.forked = True
        self._bytes = 0
