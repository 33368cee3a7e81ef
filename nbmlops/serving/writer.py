"""Answered rows on their way to the log: queued off the request path, written in batches, dropped and counted if they must be."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import Any

from nbmlops.errors import NbmlopsError
from nbmlops.serving.log import Answered, append
from nbmlops.workspace import Workspace

_PAUSES_S = (0.1, 1.0)  # between tries to write; a full disk is not waited for


class LogWriter:
    """Writes answered rows from a thread of its own, batched; `flush` waits until all is written.

    `dropped_rows` counts rows that were answered and are not in the log; `error` says what kept the last of them out.
    """

    def __init__(self, workspace: Workspace, *, most_rows: int = 200_000) -> None:
        self._workspace = workspace
        self._queue: queue.Queue[Answered | threading.Event | None] = queue.Queue()
        self._room = threading.Condition()
        self._rows = 0
        self._most = most_rows
        self._closing = threading.Event()
        self.dropped_rows = 0
        self.error = ""
        self._thread = threading.Thread(target=self._work, daemon=True, name="prediction-log")
        self._thread.start()

    def add(self, answered: Answered) -> None:
        """Queue rows. When the disk cannot follow, wait a second for room, then drop and count them."""
        rows = len(answered.ids)
        with self._room:
            patience = 0 if self.error else 1
            if not self._room.wait_for(lambda: self._rows + rows <= self._most or self._rows == 0, timeout=patience):
                self.dropped_rows += rows
                self.error = self.error or "the log cannot follow"
                return
            self._rows += rows
            self._queue.put(answered)

    def flush(self, timeout_s: float = 10) -> bool:
        """Wait until everything queued so far is written, or dropped; False when that takes longer."""
        done = threading.Event()
        self._queue.put(done)
        return done.wait(timeout_s)

    def close(self) -> None:
        """Write what is queued and stop."""
        self._closing.set()
        self._queue.put(None)
        self._thread.join(timeout=30)

    def _work(self) -> None:
        while True:
            batch, waiting, stop = [], [], False
            for item in self._some():
                if isinstance(item, Answered):
                    batch.append(item)
                elif isinstance(item, threading.Event):
                    waiting.append(item)
                else:
                    stop = True
            if batch:
                self._write(batch)
            for event in waiting:
                event.set()
            if stop:
                return

    def _some(self) -> Iterator[Any]:
        yield self._queue.get()
        for _ in range(200):
            try:
                yield self._queue.get_nowait()
            except queue.Empty:
                return

    def _write(self, batch: list[Answered]) -> None:
        rows, lost, error = sum(len(part.ids) for part in batch), 0, ""
        # Once writing has failed, each batch is tried once: requests go on being answered, and the queue stays short.
        for pause in (None,) if self.error else (*_PAUSES_S, None):
            try:
                lost, error = append(self._workspace, batch), ""
                break
            except Exception as found:
                # Whatever it is, the thread lives on: the rows are counted as lost, and the reason is shown.
                lost, error = rows, found.message if isinstance(found, NbmlopsError) else f"{type(found).__name__}: {found}"
                if pause is not None:
                    self._closing.wait(pause)
        with self._room:
            self._rows -= rows
            self.dropped_rows += lost if error else 0
            self.error = error
            self._room.notify_all()
