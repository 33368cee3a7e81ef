"""Inside a kernel that executes again: what the cells are about to change is kept first."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from nbmlops.capture.reading.datafiles import made_by_users
from nbmlops.capture.reading.hearing import database_file
from nbmlops.capture.reading.reads import reads
from nbmlops.replay.aside import Keeper

BEGIN = "__import__('importlib').import_module('nbmlops.replay.keeping').begin({folder!r})"
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def begin(folder: str) -> None:
    """Keep from now on, in a folder aside, as long as the process lives."""
    ears = _Ears(Keeper(Path(folder))).ears

    def audited(event: str, args: tuple[Any, ...]) -> None:
        ear = ears.get(event)
        if ear is not None:
            with suppress(TypeError, ValueError):  # what is no path is refused by who was given it
                ear(*args)  # what cannot be kept is not changed: that error is the cell's

    sys.addaudithook(audited)


class _Ears:
    """One function for each event that tells of a change."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self.ears: dict[str, Callable[..., None]] = {
            "open": self._open,
            "os.mkdir": lambda path, mode, at=-1: self._keep(path, at),
            "os.rename": self._rename,
            "os.remove": self._keep,
            "os.truncate": lambda path, length: self._keep(path),
            "os.link": lambda path, made, path_at=-1, at=-1: self._keep(made, at),
            "os.symlink": lambda path, made, at=-1: self._keep(made, at),
            "shutil.rmtree": self._remove_tree,
            "sqlite3.connect": self._database,
        }

    def _keep(self, given: Any, at: int = -1, *, whole: bool = False) -> None:
        path = _absolute(given, at)
        if path is not None and made_by_users(path):
            with reads.deaf():
                self._keeper.keep(path, whole=whole)

    def _open(self, given: Any, mode: Any, flags: Any) -> None:
        if flags & _WRITES if isinstance(flags, int) else set(str(mode)) & set("wxa+"):
            self._keep(given)

    def _rename(self, source: Any, target: Any, source_at: int = -1, target_at: int = -1) -> None:
        self._keep(target, target_at, whole=True)
        self._remove_tree(target, target_at)
        self._remove_tree(source, source_at)

    def _remove_tree(self, given: Any, at: int | None = None) -> None:
        top = _absolute(given, -1 if at is None else at)
        if top is None:
            return
        self._keep(top)
        if os.path.isdir(top) and not os.path.islink(top):
            for place, _, names in os.walk(top):
                for name in names:
                    self._keep(os.path.join(place, name))

    def _database(self, given: Any) -> None:
        self._keep(database_file(given))


def _absolute(given: Any, at: int = -1) -> str | None:
    """None for what is open already, or in memory."""
    if given is None or isinstance(given, int):
        return None
    return os.path.abspath(os.path.join("" if at < 0 else os.readlink(f"/proc/self/fd/{at}"), os.fsdecode(given)))
