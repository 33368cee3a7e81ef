"""The prediction log: one record per answered row, written off the request path; labels join later by id."""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nbmlops.serving.records import Labelled
from nbmlops.errors import Invalid, NbmlopsError
from nbmlops.ledger.encode import dump, load, now_text
from nbmlops.ledger.ids import new_id
from nbmlops.workspace import Workspace, utc_now

_INSERT = "INSERT OR IGNORE INTO prediction (id, endpoint, version, event_at, answered_at, inputs, output) VALUES (?,?,?,?,?,?,?)"
_LABEL = "UPDATE prediction SET label = ?, labelled_at = ? WHERE id = ? AND endpoint = ?"


@dataclass(frozen=True)
class Answered:
    """One request's rows: inputs as dicts, outputs and event times in the same order, and the ids made for them."""

    endpoint: str
    version: int
    ids: list[str]
    rows: list[dict[str, Any]]
    outputs: list[Any]
    event_at: list[datetime]


def new_ids(count: int) -> list[str]:
    """Prediction ids."""
    return [new_id("p") for _ in range(count)]


def append(workspace: Workspace, answered: Sequence[Answered]) -> None:
    """Write answered rows in one transaction."""
    now = now_text(utc_now())
    with workspace.prediction_ledger.write(durable=False) as tx:
        tx.many(
            _INSERT,
            (
                (id_, part.endpoint, part.version, now_text(at), now, dump(row), dump(output))
                for part in answered
                for id_, row, output, at in zip(part.ids, part.rows, part.outputs, part.event_at, strict=True)
            ),
        )


def join_labels(workspace: Workspace, endpoint: str, ids: Sequence[str], labels: Sequence[Any]) -> Labelled:
    """Give predictions their truth. A label given again replaces the first; ids that no prediction has are named."""
    if len(ids) != len(labels):
        raise Invalid(f"{len(ids):,} ids with {len(labels):,} labels.", hint="Give one label for each id.")
    now = now_text(utc_now())
    unknown = []
    with workspace.prediction_ledger.write(durable=True) as tx:
        for id_, label in zip(ids, labels, strict=True):
            if tx.run(_LABEL, dump(label), now, id_, endpoint).rowcount == 0:
                unknown.append(id_)
    return Labelled(endpoint=endpoint, joined=len(ids) - len(unknown), unknown=unknown[:1000])


def window(workspace: Workspace, endpoint: str, start: datetime | None = None, end: datetime | None = None) -> Any:
    """The log's rows of `[start, end)` by event time: inputs, `prediction`, `label`, `version`, `event_at`, `id`.

    A label that has not arrived is None (NaN where all are numbers).
    """
    import pandas as pd

    where, values = ["endpoint = ?"], [endpoint]
    for bound, sign in ((start, ">="), (end, "<")):
        if bound is not None:
            where.append(f"event_at {sign} ?")
            values.append(now_text(bound))
    sql = f"SELECT * FROM prediction WHERE {' AND '.join(where)} ORDER BY event_at, id"  # noqa: S608 - fixed words
    rows = workspace.prediction_ledger.read(sql, *values)
    inputs = json.loads(f"[{','.join(row['inputs'] for row in rows)}]")
    frame = pd.DataFrame(inputs)
    frame["prediction"] = json.loads(f"[{','.join(row['output'] for row in rows)}]")
    frame["label"] = [load(row["label"]) for row in rows]
    frame["version"] = [row["version"] for row in rows]
    frame["event_at"] = pd.to_datetime([row["event_at"] for row in rows], utc=True, format="ISO8601")
    frame["id"] = [row["id"] for row in rows]
    return frame


def bounds(workspace: Workspace, endpoint: str) -> tuple[datetime, datetime] | None:
    """The first and the last event time in the log."""
    row = workspace.prediction_ledger.read_one("SELECT min(event_at) AS low, max(event_at) AS high FROM prediction WHERE endpoint = ?", endpoint)
    return (datetime.fromisoformat(row["low"]), datetime.fromisoformat(row["high"])) if row["low"] else None


def counts(workspace: Workspace, endpoint: str) -> tuple[int, int]:
    """Predictions, and how many of them have their label."""
    row = workspace.prediction_ledger.read_one("SELECT count(*) AS rows, count(label) AS labelled FROM prediction WHERE endpoint = ?", endpoint)
    return row["rows"], row["labelled"]


class LogWriter:
    """Writes answered rows from a thread of its own, batched; `flush` waits until all is written."""

    def __init__(self, workspace: Workspace, *, most_rows: int = 500_000) -> None:
        self._workspace = workspace
        self._queue: queue.Queue[Answered | threading.Event | None] = queue.Queue()
        self._room = threading.Condition()
        self._rows = 0
        self._most = most_rows
        self.dropped_rows = 0
        self.error = ""
        self._thread = threading.Thread(target=self._work, daemon=True, name="prediction-log")
        self._thread.start()

    def add(self, answered: Answered) -> None:
        """Queue rows. When the disk cannot follow, wait a second for room, then drop and count them."""
        rows = len(answered.ids)
        with self._room:
            if not self._room.wait_for(lambda: self._rows + rows <= self._most or self._rows == 0, timeout=1):
                self.dropped_rows += rows
                return
            self._rows += rows
        self._queue.put(answered)

    def flush(self, timeout_s: float = 10) -> bool:
        """Wait until everything queued so far is written."""
        done = threading.Event()
        self._queue.put(done)
        return done.wait(timeout_s)

    def close(self) -> None:
        """Write what is queued and stop."""
        self._queue.put(None)
        self._thread.join(timeout=30)

    def _work(self) -> None:
        while True:
            first = self._queue.get()
            batch, events, stop = [], [], first is None
            for item in (first, *self._more()):
                if isinstance(item, Answered):
                    batch.append(item)
                elif isinstance(item, threading.Event):
                    events.append(item)
                else:
                    stop = True
            if batch:
                self._write(batch)
            for event in events:
                event.set()
            if stop:
                return

    def _more(self) -> list[Any]:
        found: list[Any] = []
        while len(found) < 200:
            try:
                found.append(self._queue.get_nowait())
            except queue.Empty:
                return found
        return found

    def _write(self, batch: list[Answered]) -> None:
        rows = sum(len(part.ids) for part in batch)
        for pause in (0.1, 1.0, None):
            try:
                append(self._workspace, batch)
                self.error = ""
                break
            except NbmlopsError as error:
                self.error = error.message
                if pause is None:
                    self.dropped_rows += rows
                else:
                    time.sleep(pause)
        with self._room:
            self._rows -= rows
            self._room.notify_all()
