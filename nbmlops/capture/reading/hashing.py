"""A file's whole content, hashed once and beside the user's work.

A thread hashes; whoever asks waits a moment at most and looks again later. What is known of a path, inode, size and times is
not computed twice. A digest is given only for the very state of the file that was asked about: what changed meanwhile has
a note instead.
"""

from __future__ import annotations

import heapq
import itertools
import os
import stat
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from nbmlops.capture.reading.kept import Kept

CHUNK = 1 << 20
SMALL = 32 << 20
MOST_KNOWN = 50_000
DATABASES = (".db", ".sqlite", ".sqlite3", ".db3", ".duckdb", ".ddb", ".gpkg", ".mbtiles")
# A file system's clock ticks every few milliseconds, FAT's every two seconds: two writes in one tick look like one.
_TICK_NS, _COARSE_TICK_NS = 30_000_000, 2_000_000_000

State = tuple[int, int, int, int, int]  # device, inode, size, time of change, time of change of the inode

_CHILD = """
import os, sys
sys.path.insert(0, sys.argv[2])
from blake3 import blake3
hasher = blake3()
with open(sys.argv[1], "rb", buffering=0) as file:
    found = os.fstat(file.fileno())
    while chunk := file.read(1 << 20):
        hasher.update(chunk)
    last = os.fstat(file.fileno())
print(hasher.hexdigest(), *[(f.st_dev, f.st_ino, f.st_size, f.st_mtime_ns, f.st_ctime_ns) for f in (found, last)], sep=";")
"""


def state_of(found: os.stat_result) -> State:
    """What tells one state of a file from another.

    >>> state_of(os.stat(".")) == state_of(os.stat("."))
    True
    """
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


class Unknown(Exception):
    """There is no digest, and why."""


def settled(state: State, at_ns: int | None = None) -> bool:
    """Whether the file has been as it is for longer than its clock needs to tick: the next change will show.

    >>> settled((0, 0, 0, 10**18, 10**18)), settled((0, 0, 0, 10**18, 10**18), 10**18 + 10**6)
    (True, False)
    """
    tick = _COARSE_TICK_NS if state[3] % 1_000_000_000 == 0 else _TICK_NS
    return (time.time_ns() if at_ns is None else at_ns) - max(state[3], state[4]) > tick


@dataclass
class Job:
    """What is to be hashed, and after `over` its digest or why there is none."""

    path: str
    state: State
    run: Callable[[Job], str]  # raises Unknown
    digest: str | None = None
    note: str | None = None
    refused: bool = False  # nobody may read it
    bytes_done: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def end(self, digest: str | None, note: str | None = None) -> None:
        """Let those who wait go on."""
        self.digest, self.note = digest, note
        self.over.set()


class Hasher:
    """Digests by the state of a file; a thread that lives while there is something to hash."""

    def __init__(self) -> None:
        self.aside: set[tuple[int, int]] = set()  # device and inode of files this process may hold locks on
        self._known: OrderedDict[tuple[str, State], str] = OrderedDict()
        self._jobs: dict[tuple[str, State], Job] = {}
        # Three lanes, each with its own thread and its small ones first: what is done in a moment waits behind nothing.
        self._lanes: dict[str, list[tuple[int, int, Job]]] = {"small": [], "large": [], "apart": []}
        self._threads: dict[str, threading.Thread] = {}
        self.idents: set[int] = set()
        self._folder: Path | None = None
        self._kept: Kept | None = None
        self._numbers = itertools.count()
        self._lock = threading.Lock()

    def underway(self, path: str, state: State) -> Job | None:
        """The job of a state that is hashed already, or is being hashed.

        >>> Hasher().underway("x.csv", (0, 0, 0, 0, 0)) is None
        True
        """
        with self._lock:
            digest = self._known.get((path, state))
            if digest is None:
                return self._jobs.get((path, state))
        job = Job(path, state, self._file)
        job.end(digest)
        return job

    def keep_in(self, folder: Path) -> None:
        """Keep the digests of large files in this folder, and use those that are kept there."""
        if self._folder != folder:
            self._folder, self._kept = folder, None

    def file(self, path: str, state: State) -> Job:
        """A job for a file in this state; it is over already where the digest is known."""
        return self.ask(path, state, self._file)

    def folder(self, path: str, members: list[tuple[str, State]]) -> Job:
        """A job for many files below one folder: BLAKE3 over their names and digests, in the names' order."""
        members = sorted(members)
        state = (0, len(members), sum(state[2] for _, state in members), hash(tuple(members)), 0)

        def run(job: Job) -> str:
            from blake3 import blake3

            whole = blake3(b"nbmlops-folder-1\0")
            for member, known_as in members:
                digest = self._known.get((member, known_as)) or self._file(Job(member, known_as, self._file))
                name = os.fsencode(os.path.relpath(member, path))
                whole.update(len(name).to_bytes(8, "little") + name + digest.encode())
                job.bytes_done += known_as[2]
            return f"blake3:{whole.hexdigest()}"

        return self.ask(path, state, run)

    def ask(self, path: str, state: State, run: Callable[[Job], str]) -> Job:
        """A job that `run` will do in the background."""
        key = (path, state)
        with self._lock:
            digest = self._known.get(key)
            if digest is not None:
                self._known.move_to_end(key)
                job = Job(path, state, run)
                job.end(digest)
                return job
            if key not in self._jobs:
                self._jobs[key] = Job(path, state, run)
                lane = "apart" if self._apart(path, state) else "small" if state[2] <= SMALL else "large"
                heapq.heappush(self._lanes[lane], (state[2], next(self._numbers), self._jobs[key]))
                if lane not in self._threads:
                    thread = threading.Thread(target=self._work, args=(lane,), name="nbmlops-hashing", daemon=True)
                    self._threads[lane] = thread
                    thread.start()
            return self._jobs[key]

    def _apart(self, path: str, state: State) -> bool:
        return state[:2] in self.aside or path.lower().endswith(DATABASES)

    def _work(self, lane: str) -> None:
        self.idents.add(threading.get_ident())
        queue = self._lanes[lane]
        while True:
            with self._lock:
                if not queue:
                    del self._threads[lane]
                    self.idents.discard(threading.get_ident())
                    return
                job = heapq.heappop(queue)[2]
            try:
                job.end(job.run(job))
            except Unknown as why:
                job.end(None, str(why))
            except FileNotFoundError:
                job.end(None, "gone before it could be hashed")
            except PermissionError as error:
                job.refused = True
                job.end(None, error.strerror)
            except Exception as error:  # whoever waits must not wait for ever
                job.end(None, f"not hashed: {getattr(error, 'strerror', None) or error}")
            job.run = _done  # it may have held a frame
            with self._lock:
                self._jobs.pop((job.path, job.state), None)

    def _file(self, job: Job) -> str:
        asked_ns = time.time_ns()
        kept = self._kept_digests() if job.state[2] > SMALL else None
        if kept is not None and (known := kept.digest(job.path, job.state)) is not None:
            if state_of(os.stat(job.path)) != job.state:
                raise Unknown("changed before it could be hashed")
            self._remember(job, known)
            return known
        digest, first, last = _in_a_child(job.path) if self._apart(job.path, job.state) else _here(job)
        if first != job.state:
            raise Unknown("changed before it could be hashed")
        if last[:4] != first[:4]:  # a new name, or none, is no new content
            raise Unknown("changed while it was hashed")
        if settled(job.state, asked_ns):
            self._remember(job, digest)
            if kept is not None:
                kept.keep(job.path, job.state, digest)
        return digest

    def _remember(self, job: Job, digest: str) -> None:
        with self._lock:
            self._known[(job.path, job.state)] = digest
            while len(self._known) > MOST_KNOWN:
                self._known.popitem(last=False)

    def _kept_digests(self) -> Kept | None:
        if self._kept is None and self._folder is not None:
            from nbmlops.capture.reading.kept import Kept

            self._kept = Kept(self._folder)
        return self._kept


def without_digest(path: str, state: State, why: str) -> Job:
    """A job that is over and has none."""
    job = Job(path, state, _done)
    job.end(None, why)
    return job


def _done(job: Job) -> str:
    raise Unknown("done")


def _here(job: Job) -> tuple[str, State, State]:
    from blake3 import blake3

    hasher = blake3()
    file = _opened(job.path)
    try:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode):
            raise Unknown("not a file any more")
        if state_of(found) != job.state:
            return "", state_of(found), state_of(found)
        while chunk := os.read(file, CHUNK):
            hasher.update(chunk)
            job.bytes_done += len(chunk)
        return f"blake3:{hasher.hexdigest()}", state_of(found), state_of(os.fstat(file))
    finally:
        os.close(file)


def _opened(path: str) -> int:
    flags = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        return os.open(path, flags | getattr(os, "O_NOATIME", 0))  # the time of the user's own reading stays
    except PermissionError:
        return os.open(path, flags)


def _in_a_child(path: str) -> tuple[str, State, State]:
    """Another process reads: closing a file drops every POSIX lock this process holds on it, and databases live by them."""
    import blake3

    if not sys.executable:
        raise Unknown("not hashed: no interpreter to do it in")
    where = os.path.dirname(os.path.dirname(os.path.abspath(blake3.__file__)))
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _CHILD, path, where], capture_output=True, stdin=subprocess.DEVNULL, check=False
    )
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().rsplit("\n", 1)[-1]
        if said.startswith("FileNotFoundError"):
            raise FileNotFoundError(path)
        if said.startswith("PermissionError"):
            raise PermissionError(0, said)
        raise Unknown(f"not hashed: {said[:200]}")
    digest, first, last = done.stdout.decode().strip().split(";")
    return f"blake3:{digest}", _state(first), _state(last)


def _state(shown: str) -> State:
    device, inode, size, changed, inode_changed = (int(part) for part in shown.strip("()").split(","))
    return device, inode, size, changed, inode_changed
