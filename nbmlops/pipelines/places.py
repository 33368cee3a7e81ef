"""Where the steps of an execution are, for whoever looks: written down about once a second, beside the work."""

from __future__ import annotations

from contextlib import suppress
from threading import Event, Lock, Thread
from types import TracebackType

from nbmlops.pipelines.journal import Journal

_EVERY_S = 1.0


class Places:
    """Takes each step's place as often as it is told; a thread of its own writes the last. No step waits for that, nor fails by it."""

    def __init__(self, journal: Journal, run_id: str) -> None:
        self._journal, self._run_id = journal, run_id
        self._now: dict[str, str] = {}
        self._lock, self._news, self._over = Lock(), Event(), Event()
        self._thread = Thread(target=self._write, name=f"places-{run_id}", daemon=True)

    def say(self, step: str, place: str) -> None:
        """Where a step is now."""
        with self._lock:
            self._now[step] = place
        self._news.set()

    def __enter__(self) -> Places:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self._news.set()
        self._thread.join()

    def _write(self) -> None:
        while self._news.wait() and not self._over.is_set():
            self._news.clear()
            with self._lock:
                now, self._now = self._now, {}
            with suppress(Exception):  # whatever it is: the ledger has no room, the folder is gone
                self._journal.note(self._run_id, now)
            self._over.wait(_EVERY_S)
