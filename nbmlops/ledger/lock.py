"""One lock around every write: fair between processes, free again when its holder dies."""

from __future__ import annotations

import fcntl
import os
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nbmlops.errors import Unavailable, Unwritable


class WriteLock:
    """An flock on a sidecar file, with a thread lock in front of it.

    SQLite's own busy handler is unfair, and its write-ahead log must not be checkpointed by two connections at once:
    whoever writes or checkpoints holds this.
    """

    def __init__(self, path: Path, *, timeout_s: float = 30.0) -> None:
        self.path = path
        self.timeout_s = timeout_s
        self._threads = threading.RLock()
        self._depth = 0
        self._handle: int | None = None
        self._pid = os.getpid()
        _locks.add(self)

    @contextmanager
    def held(self, patience_s: float | None = None) -> Iterator[None]:
        """Hold the lock. Waits at most `patience_s` (the lock's own time limit if not given), then says who might have it."""
        patience = self.timeout_s if patience_s is None else patience_s
        end = time.monotonic() + patience
        if not self._threads.acquire(timeout=patience):
            raise self._busy(patience)
        try:
            if self._depth == 0:
                self._take(end, patience)
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if self._depth == 0:
                    self._release()
        finally:
            self._threads.release()

    def _take(self, end: float, patience_s: float) -> None:
        self._release()  # what an interrupt may have left held
        try:
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise Unwritable(
                f"The workspace at {self.path.parent} cannot be written: {error.strerror}.",
                hint="Check the disk and the rights, or name another: NBMLOPS_WORKSPACE.",
            ) from error
        self._handle = handle  # before it is locked: whatever interrupts finds it to unlock
        pause = 0.0005
        try:
            while not _locked(handle):
                if time.monotonic() > end:
                    raise self._busy(patience_s)
                time.sleep(pause)
                pause = min(pause * 1.5, 0.01)
        except BaseException:
            self._release()
            raise

    def _busy(self, patience_s: float) -> Unavailable:
        return Unavailable(
            f"Somebody else has held the write lock of {self.path.parent} for {patience_s:g} s.",
            hint="Look for a stopped process that uses this workspace.",
        )

    def _release(self) -> None:
        if (handle := self._handle) is not None:
            # Said, not only closed: a process forked at this moment has the same open file.
            fcntl.flock(handle, fcntl.LOCK_UN)
            self._handle = None
            os.close(handle)

    def _forked(self) -> None:
        # The parent's descriptor shares its lock, and one of its threads may have held this one.
        if self._handle is not None:
            os.close(self._handle)
        self.__init__(self.path, timeout_s=self.timeout_s)  # type: ignore[misc]


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


_locks: weakref.WeakSet[WriteLock] = weakref.WeakSet()


def _forked() -> None:
    for lock in list(_locks):
        lock._forked()


os.register_at_fork(after_in_child=_forked)
