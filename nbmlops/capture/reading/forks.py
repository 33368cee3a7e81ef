"""Processes that a cell forks off (multiprocessing's pools) tell what they open, through one file that both have open."""

from __future__ import annotations

import json
import os
import tempfile
import time
from typing import Any

MOST_BYTES = 16 << 20
AGAIN_S = 0.2  # a worker that lives through many cells tells each of them


class Forks:
    """One end in the parent, one in every child; an append is whole or not there."""

    def __init__(self) -> None:
        self.forked = False
        self._file = -1
        self._is: tuple[int, int] | None = None  # its device and inode
        self._bytes = 0  # told, in a child; heard, in the parent
        self._when: dict[str, float] = {}  # told last

    def begin(self) -> None:
        """From now on, forks are prepared for."""
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(before=self._before, after_in_child=self._in_child)

    def tell(self, path: str, mode: str) -> None:
        """In a child: this was opened."""
        line = json.dumps([path, mode]) + "\n"
        now = time.monotonic()
        if now - self._when.get(line, -AGAIN_S) >= AGAIN_S and self._bytes < MOST_BYTES and self._ours():
            if len(self._when) > 10_000:
                self._when.clear()
            self._when[line] = now
            self._bytes += len(line)
            os.write(self._file, line.encode("ascii"))

    def collect(self) -> list[Any]:
        """In the parent: what the children told since the last time."""
        if not self._ours():
            return []
        told = os.pread(self._file, MOST_BYTES, self._bytes)
        told = told[: told.rfind(b"\n") + 1]
        self._bytes += len(told)
        return [json.loads(line) for line in told.splitlines()]

    def _ours(self) -> bool:
        # Whoever closes every descriptor and opens files of their own gets our number for one of them.
        if self._is is None:
            return False
        try:
            found = os.fstat(self._file)
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == self._is

    def _before(self) -> None:
        if self._is is not None or self.forked:
            return
        try:
            handle, name = tempfile.mkstemp(prefix="nbmlops-forks-")
            os.close(handle)
            self._file = os.open(name, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
            os.unlink(name)  # it lives as long as somebody has it open
            found = os.fstat(self._file)
            self._is = (found.st_dev, found.st_ino)
        except OSError:
            return  # nowhere to write: children are not heard

    def _in_child(self) -> None:
        self.forked = True
        self._bytes = 0
