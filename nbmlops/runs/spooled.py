"""From a process to the ledger by way of its spool: said at once, written soon, whole at a run's end.

A user's cell never waits for the ledger. What it did is appended to this process's spool; a thread takes the spool into
the ledger a moment later, and a run's end does so at once and durably. Whoever looks at runs takes in first what other
processes, living or dead, have in their spools.
"""

from __future__ import annotations

import atexit
import os
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from itertools import groupby
from pathlib import Path
from typing import Any

from nbmlops.ledger import spool
from nbmlops.ledger.encode import dump, now_text, text
from nbmlops.ledger.owner import alive
from nbmlops.ledger.secrets import mask_record
from nbmlops.runs import trouble
from nbmlops.runs.facts import Facts, Point, write_facts, write_points
from nbmlops.runs.records import Status
from nbmlops.workspace import Workspace

SCHEMA = 5
SOON_S, BUSY_S = 0.05, 0.5  # how long a record may wait for others to share its transaction; where many follow each other
PATIENCE_S = 30.0
_CLEAR_BYTES = 1 << 20


# Numbers, digests and ids; the statistics of data, and the environment, are without secrets where they are made.
_NO_TEXT = frozenset(("run", "owner", "environment", "metrics", "datasets", "digest", "artifact", "data_hash", "status", "kind", "cell_id"))


@dataclass
class Opened:
    """A run that began."""

    name: str
    experiment: str
    kind: str
    started_at: datetime
    owner: str
    notebook: str | None
    known_from: str


@dataclass
class Ended:
    """A run that ended, and how."""

    status: Status
    ended_at: datetime
    error: str | None = None
    failed_cell: int | None = None


@dataclass
class Kept:
    """A fitted estimator that was kept under a digest, or why it was not."""

    number: int
    artifact: str | None
    note: str | None
    state: str | None = None


@dataclass
class Event:
    """One thing said about a run."""

    run: str
    points: list[Point] | None = None  # numbers alone: they are said one by one, by the thousand
    opened: Opened | None = None
    facts: Facts | None = None
    kept: Kept | None = None
    ended: Ended | None = None


def apply(tx: Any, event: Event) -> None:
    """Write one event in a transaction of the caller's."""
    if event.opened:
        begun = event.opened
        tx.insert(
            "run", id=event.run, name=text(begun.name), experiment=text(begun.experiment), kind=begun.kind, status="running",
            started_at=now_text(begun.started_at), notebook=text(begun.notebook) if begun.notebook else None,
            notebook_known_from=begun.known_from, owner=begun.owner, tags=dump({}), schema_version=SCHEMA,
        )  # fmt: skip
    if event.points:
        write_points(tx, event.run, event.points)
    if event.facts:
        write_facts(tx, event.run, event.facts)
    if event.kept:
        tx.run(
            "UPDATE fit SET artifact = ?, note = coalesce(?, note), state = coalesce(?, state) WHERE run = ? AND number = ?",
            event.kept.artifact, event.kept.note and text(event.kept.note), event.kept.state, event.run, event.kept.number,
        )  # fmt: skip
    if event.ended:
        over = event.ended
        tx.run(
            "UPDATE run SET status = ?, ended_at = ?, error = ?, failed_cell = ? WHERE id = ? AND status = 'running'",
            over.status, now_text(over.ended_at), over.error and text(over.error), over.failed_cell, event.run,
        )  # fmt: skip
        tx.run("UPDATE trial SET state = 'killed' WHERE run = ? AND state = 'running'", event.run)


def write_whole(tx: Any, event: Event) -> None:
    """Write, in a transaction of the caller's, what is said of a run that happened elsewhere; without secrets, as all that is said."""
    apply(tx, mask_record(event, leave=_NO_TEXT))


def _take(tx: Any, events: list[Event]) -> None:
    """Write events. One that the ledger refuses is said and left out, so that it does not hold up the others."""
    refused = _refused(tx, _together(events))
    if refused and len(events) == 1:
        trouble.say(refused)
    for event in events if refused and len(events) > 1 else ():
        if refused := _refused(tx, [event]):
            trouble.say(refused)
    for run in dict.fromkeys(event.run for event in events):
        tx.changed("run", run)


def _refused(tx: Any, events: Iterable[Event]) -> Exception | None:
    """Write events, all of them or none; gives why the ledger does not take them."""
    tx.run("SAVEPOINT events")
    try:
        for event in events:
            apply(tx, event)
    except (sqlite3.OperationalError, MemoryError):
        raise  # the disk, not the event: it can be said again
    except Exception as error:
        tx.run("ROLLBACK TO events")
        tx.run("RELEASE events")
        return error
    tx.run("RELEASE events")
    return None


def _together(events: list[Event]) -> Iterator[Event]:
    """Numbers said one by one of the same run become one event."""
    for (run, numbers), group in groupby(events, key=lambda event: (event.run, event.points is not None)):
        if numbers:
            yield Event(run, points=[point for event in group for point in event.points or ()])
        else:
            yield from group


class Writer:
    """What this process says about the runs of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.pid = os.getpid()
        self.folder_id = workspace.folder_id()
        self._spool: spool.Spool | None = None
        self._waiting: list[tuple[int, Event]] = []
        self._known: set[str] = set()  # runs that are in the ledger, or come there before anything else that is said of them
        self._appending = threading.Lock()
        self._draining = threading.RLock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self.closed = False

    def holds(self) -> bool:
        """Whether the workspace's folder is still the one this was made for."""
        return self.workspace.is_still(self.folder_id)

    def say(self, event: Event) -> None:
        """Append an event; it survives this process when this returns, and is in the ledger a moment later."""
        if event.points is None:
            event = mask_record(event, leave=_NO_TEXT)
        content = _encoded(event)
        with self._appending:
            if self.closed:
                return writer(self.workspace).say(event)
            if self._spool is None:
                # The ledger first: a spool beside a ledger that cannot be opened would be said to nobody.
                self.workspace.ledger.read("SELECT 1")
                self._spool = spool.Spool(folder(self.workspace), f"{self.pid}-{uuid.uuid4().hex[:12]}")
            number = self._spool.append(content)
            self._waiting.append((number, event))
            if self._thread is None:
                self._thread = threading.Thread(target=self._write_soon, daemon=True, name="nbmlops-writer")
                with suppress(RuntimeError):  # the interpreter is ending: whoever looks next takes it in
                    self._thread.start()
        if not self._wake.is_set():
            self._wake.set()

    def flush(self, *, durable: bool = False, patience_s: float = PATIENCE_S) -> None:
        """Take what was said into the ledger; nothing waits when this returns."""
        with self._draining:
            taken = list(self._waiting)
            if not taken:
                return
            assert self._spool is not None
            self._bring_runs([event for _, event in taken])
            with self.workspace.ledger.write(durable=durable, patience_s=patience_s) as tx:
                # By another process, which wanted to know; or by this one, interrupted before it could note so.
                already = _taken(tx.read, self._spool.path)
                _take(tx, [event for number, event in taken if number > already])
                _note_taken(tx, self._spool.path, max(already, taken[-1][0]))
            with self._appending:
                del self._waiting[: len(taken)]
                if not self._waiting and self._spool.size > _CLEAR_BYTES:
                    self._spool.clear()

    def _bring_runs(self, events: list[Event]) -> None:
        """Who executes a notebook opens its run, and the kernel says what was done in it: it may come to write first."""
        self._known.update(event.run for event in events if event.opened)
        others = {event.run for event in events} - self._known
        known = {run for run in others if self.workspace.ledger.read("SELECT 1 FROM run WHERE id = ?", run)}
        self._known |= known
        if known != others:
            take_in(self.workspace)

    def close(self) -> None:
        """The process ends, or the workspace's folder is another now."""
        self.closed = True
        self._wake.set()
        try:
            if self.workspace.folder_id() == self.folder_id:  # else it was taken away, which is told of by who worked in it
                self.flush()
        except Exception as error:  # the spool stays, and whoever looks next takes it in
            trouble.say(error)
        with self._appending:
            if self._spool is not None:
                self._spool.close(remove=not self._waiting)
                self._spool, self._waiting = None, []

    def _write_soon(self) -> None:
        last, refused_s = -BUSY_S, 0.0
        while not self.closed:
            self._wake.wait()
            # What follows closely is written less often: a cell may be waiting for Python's lock meanwhile.
            time.sleep(refused_s or (SOON_S if time.monotonic() - last > BUSY_S else BUSY_S))
            self._wake.clear()
            try:
                if not self.closed and self.holds():  # a folder that was taken away is told of by who works in it
                    self.flush()
                last, refused_s = time.monotonic(), 0.0
            except Exception as error:
                trouble.say(error)
                refused_s = min(max(refused_s, SOON_S) * 4, 10.0)
                self._wake.set()


_writers: dict[tuple[Path, int], Writer] = {}
_making = threading.Lock()


def writer(workspace: Workspace) -> Writer:
    """This process's writer for a workspace; workspaces opened at the same folder share it."""
    known = workspace.__dict__.get("_writer")  # the way that is gone at every step
    if known is not None and known.pid == os.getpid() and not known.closed and known.holds():
        return known  # type: ignore[no-any-return]
    key = (workspace.root, os.getpid())
    known = workspace.__dict__["_writer"] = _shared(key, workspace)
    return known


def _shared(key: tuple[Path, int], workspace: Workspace) -> Writer:
    with _making:
        known = _writers.get(key)
        if known is not None and known.holds():
            return known  # made by another thread meanwhile
        if known is not None:
            _forget(key, known)  # the folder was taken away, and perhaps made anew
            trouble.taken_away(str(workspace.root), known.folder_id)
        made = _writers[key] = Writer(workspace)
        workspace.closing.append(partial(_forget, key, made))
    return made


def flush(workspace: Workspace) -> None:
    """Let readers of this process see what it said itself."""
    known = _writers.get((workspace.root, os.getpid()))
    if known is not None and known._waiting:
        known.flush()


def _forget(key: tuple[Path, int], known: Writer) -> None:
    if key[1] == os.getpid():
        # Out of reach first: who has something to say while it closes makes another.
        if _writers.get(key) is known:
            del _writers[key]
        known.close()


@atexit.register
def _close_all() -> None:
    for key, known in list(_writers.items()):
        _forget(key, known)


def _forked() -> None:
    global _making
    _making = threading.Lock()  # another thread of the parent may have held it


os.register_at_fork(after_in_child=_forked)


def folder(workspace: Workspace) -> Path:
    """Where the spools are."""
    return workspace.folder / "spool"


def take_in(workspace: Workspace) -> None:
    """Take in what other processes have in their spools: of the living, so that nobody reads less than was said; of the
    dead, so that nothing is lost."""
    told, dead = [], []
    for path in _others(workspace):
        owner = spool.owner_of(path)
        if owner is None:
            continue  # being made at this moment, or gone
        if alive(owner) is False:
            dead.append(path)
        if _beyond(path, _taken(workspace.ledger.read, path)):
            told.append(path)
    if told:
        with workspace.ledger.write() as tx:
            left = {path: _beyond(path, _taken(tx.read, path)) for path in told}
            events = [event for records in left.values() for _, content in records if (event := _decoded(content)) is not None]
            # That a run began comes before what another process says of it.
            _take(tx, sorted(events, key=lambda event: event.opened is None))
            for path, records in left.items():
                if records:
                    _note_taken(tx, path, records[-1][0])
    for path in dead:
        path.unlink(missing_ok=True)


def _beyond(path: Path, taken: int) -> list[tuple[int, bytes]]:
    return [(number, content) for number, content in spool.records(path) if number > taken]


def _taken(read: Callable[..., Any], path: Path) -> int:
    rows = read("SELECT taken FROM spooled WHERE spool = ?", path.name)
    return int(rows[0]["taken"]) if rows else 0


def _note_taken(tx: Any, path: Path, number: int) -> None:
    tx.run("INSERT OR REPLACE INTO spooled (spool, taken) VALUES (?, ?)", path.name, number)


def _others(workspace: Workspace) -> Iterator[Path]:
    known = _writers.get((workspace.root, os.getpid()))
    own = known._spool.path.name if known is not None and known._spool is not None else None
    try:
        names = sorted(entry.name for entry in os.scandir(folder(workspace)))
    except OSError:
        return
    yield from (folder(workspace) / name for name in names if name.endswith(spool.SUFFIX) and name != own)


def _encoded(event: Event) -> bytes:
    try:
        return _encoder()(event)
    except (UnicodeEncodeError, OverflowError, TypeError):
        import msgspec

        # Text that is no UTF-8, a number beyond 64 bits, an object among parameters: each gets its spelling.
        return msgspec.msgpack.encode(_spelled(msgspec.to_builtins(event, builtin_types=(datetime,), enc_hook=str)))


@cache
def _encoder() -> Callable[[Event], bytes]:
    import msgspec

    return msgspec.msgpack.Encoder().encode


def _spelled(value: Any) -> Any:
    if isinstance(value, str):
        return text(value)
    if isinstance(value, dict):
        return {_spelled(key): _spelled(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_spelled(part) for part in value]
    return str(value) if isinstance(value, int) and abs(value) >= 2**63 else value


def _decoded(content: bytes) -> Event | None:
    import msgspec

    try:
        return msgspec.msgpack.decode(content, type=Event)
    except msgspec.MsgspecError as error:  # another version's word for something
        trouble.say(error)
        return None
