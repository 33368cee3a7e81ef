"""Digests of large files, kept in the workspace, so that the next kernel does not hash them again.

One line a file: a digest of its path, its state (device, inode, size, both times of change), the digest of its content. An
append is whole or not there; a line that cannot be read is no line.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from blake3 import blake3

from nbmlops.atomic import write_whole

if TYPE_CHECKING:
    from nbmlops.capture.reading.hashing import State

NAME = "digests.txt"
MOST_BYTES, MOST_KEPT = 2 << 20, 5_000


class Kept:
    """What earlier kernels hashed; looked at in the hashing thread only."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._known: dict[str, str] = {}
        self._read_to = 0

    def digest(self, path: str, state: State) -> str | None:
        """The digest of a file in this state, if some kernel computed it."""
        self._catch_up()
        return self._known.get(_key(path, state))

    def keep(self, path: str, state: State, digest: str) -> None:
        """Let later kernels know. Where the folder cannot be written they hash again."""
        line = f"{_key(path, state)} {digest}\n".encode("ascii")
        try:
            file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        except OSError:
            return
        try:
            os.write(file, line)
            size = os.fstat(file).st_size
        finally:
            os.close(file)
        if size > MOST_BYTES:
            self._catch_up()
            recent = list(self._known.items())[-MOST_KEPT:]
            write_whole(self._path, "".join(f"{key} {known}\n" for key, known in recent).encode("ascii"))

    def _catch_up(self) -> None:
        try:
            with open(self._path, "rb") as file:
                size = os.fstat(file.fileno()).st_size
                if size == self._read_to:
                    return
                file.seek(self._read_to if size > self._read_to else 0)  # shorter: it was written anew
                told = file.read()
        except OSError:
            return
        whole = told[: told.rfind(b"\n") + 1]
        self._read_to = size - len(told) + len(whole)
        for line in whole.decode("ascii", "replace").splitlines():
            key, _, digest = line.partition(" ")
            if digest.startswith("blake3:") and len(digest) == 71:
                self._known[key] = digest


def _key(path: str, state: State) -> str:
    return blake3(os.fsencode(path)).hexdigest(16) + "".join(f".{part:x}" for part in state)
