"""What Python's audit hook tells: files opened, moved and removed, databases opened, pages asked for.

The hook runs inside the user's own calls: it notes, it raises nothing, and it costs a microsecond or two.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from nbmlops.capture.reading import programs
from nbmlops.capture.reading.forks import Forks
from nbmlops.runs import surroundings
from nbmlops.runs.records import IN_PLACE

if TYPE_CHECKING:
    from nbmlops.capture.reading.reads import Reads

_READ_WRITE = os.O_WRONLY | os.O_RDWR
_MADE_ANEW = os.O_TRUNC | os.O_EXCL
_NOT_THE_USERS = ("ipykernel", "IPython", "nbmlops", "tornado", "zmq", "jupyter_client", "debugpy", "tqdm")
MOST_CONNECTIONS = 10_000


class Hearing:
    """The ears of `reads`: one function for each event that matters."""

    def __init__(self, reads: Reads) -> None:
        self.connections: dict[int, str] = {}  # which database an sqlite3 connection has, by its id
        self._reads = reads
        self._forks = Forks()
        self._local = threading.local()
        self._foreign: frozenset[int] = frozenset()
        self._begun = False
        self._ears: dict[str, Callable[..., None]] = {
            "open": self._open,
            "os.mkdir": self._mkdir,
            "os.rename": self._rename,
            "os.remove": self._remove,
            "os.truncate": self._truncate,
            "fcntl.lockf": self._lock,
            "fcntl.fcntl": self._lock,
            "sqlite3.connect": self._sqlite,
            "sqlite3.connect/handle": self._sqlite_connection,
            "subprocess.Popen": self._program,
            "os.system": self._shell,
            "os.posix_spawn": self._spawned,
            "os.exec": self._spawned,
            "urllib.Request": self._request,
            "http.client.send": self._send,
        }

    def begin(self) -> None:
        """Hear from now on; threads of the kernel's own are not the user's."""
        if not self._begun:
            self._begun = True
            sys.addaudithook(self._audited)
            self._forks.begin()
        self._foreign = frozenset(
            thread.ident
            for thread in threading.enumerate()
            if thread.ident is not None and (type(thread).__module__.startswith(_NOT_THE_USERS) or thread.name.startswith("nbmlops"))
        )

    def collect(self) -> None:
        """What processes forked off the user's cells opened."""
        for path, mode in self._forks.collect():
            if mode == "named":
                self._reads.named_to_a_program(path)
            else:
                self._reads.seen(path, "write" if mode == "write" else "read", late=True)

    @contextmanager
    def deaf(self) -> Iterator[None]:
        """This thread is not heard inside."""
        before = getattr(self._local, "deaf", False)
        self._local.deaf = True
        try:
            yield
        finally:
            self._local.deaf = before

    def _audited(self, event: str, args: tuple[Any, ...]) -> None:
        ear = self._ears.get(event)
        if ear is None or (event == "open" and not self._reads.listening):
            return
        try:
            ear(*args)
        except Exception:  # raising here would fail the user's own call; what cannot be understood is no file
            return

    def _users(self) -> bool:
        thread = threading.get_ident()
        return (
            self._reads.listening
            and not getattr(self._local, "deaf", False)
            and thread not in self._foreign
            and thread not in self._reads.hasher.idents
            and thread not in surroundings.idents
        )

    def _open(self, given: Any, mode: Any, flags: Any) -> None:
        if isinstance(given, int) or not self._users():
            return
        path = _absolute(given)
        if isinstance(mode, str) and mode != "r":
            reads = "r" in mode or ("+" in mode and "w" not in mode and "x" not in mode)
            writes = "r" not in mode or "+" in mode
        else:
            writes = bool(flags & _READ_WRITE)
            reads = not flags & os.O_WRONLY and not (writes and flags & _MADE_ANEW)
        if self._forks.forked:
            if self._reads.matters(path):
                self._forks.tell(path, "write" if writes else "read")
            return
        if reads:
            self._reads.seen(path, "read")
        if writes:
            anew = "w" in mode if isinstance(mode, str) else bool(flags & os.O_TRUNC)
            self._reads.seen(path, "write", note=None if anew else IN_PLACE)

    def _rename(self, source: Any, target: Any, *folders: int) -> None:
        if self._users() and not self._forks.forked:
            self._reads.moved(_absolute(source), _absolute(target))

    def _mkdir(self, given: Any, mode: int, folder: int = -1) -> None:
        if self._users() and not self._forks.forked and folder < 0:
            self._reads.folder(_absolute(given))

    def _remove(self, path: Any, *folders: int) -> None:
        if self._users() and not self._forks.forked:
            self._reads.removed(_absolute(path))

    def _truncate(self, path: Any, length: int) -> None:
        if self._users() and not isinstance(path, int) and not self._forks.forked:
            self._reads.seen(_absolute(path), "write", note=IN_PLACE)

    def _lock(self, file: Any, *rest: Any) -> None:
        # Hashing a file closes it, and that would drop the user's lock: such files are hashed in another process.
        if not self._forks.forked:
            found = os.fstat(file if isinstance(file, int) else file.fileno())
            self._reads.hasher.aside.add((found.st_dev, found.st_ino))

    def _sqlite(self, given: Any) -> None:
        self._local.connecting = path = database_file(given)
        if path is not None and self._users() and not self._forks.forked:
            self._reads.database(path)

    def _sqlite_connection(self, connection: Any) -> None:
        # Deaf or not: a connection may be used in a later cell. An id is told anew whenever it is used again.
        path = getattr(self._local, "connecting", None)
        while len(self.connections) >= MOST_CONNECTIONS:
            self.connections.pop(next(iter(self.connections)))
        self.connections[id(connection)] = path or ":memory:"

    def _program(self, program: Any, words: Any, folder: Any, environment: Any) -> None:
        if self._users():
            self._named(words, os.fsdecode(folder) if folder is not None else None)

    def _shell(self, line: Any) -> None:
        if self._users():
            self._named(line, None)

    def _spawned(self, program: Any, words: Any, environment: Any) -> None:
        if self._users():
            self._named(words, None)

    def _named(self, words: Any, folder: str | None) -> None:
        code, files = programs.named(words, folder, follow=not self._forks.forked)
        for path in code:
            self._reads.code(path)
        for path in files:
            if self._forks.forked:
                if self._reads.matters(path) and os.path.isfile(path):
                    self._forks.tell(path, "named")
            else:
                self._reads.named_to_a_program(path)

    def _request(self, url: str, data: Any, headers: Any, method: str) -> None:
        if self._users() and method == "GET" and not self._forks.forked:
            from nbmlops.capture.reading.remote import heard

            heard(self._reads, url)

    def _send(self, connection: Any, data: Any) -> None:
        if self._users() and data[:4] == b"GET " and not self._forks.forked:
            from nbmlops.capture.reading.remote import heard_sending

            heard_sending(self._reads, connection, bytes(data[:8192]))


def _absolute(given: Any) -> str:
    path = given if isinstance(given, str) else os.fsdecode(given)
    if path[0] == "/" and "/." not in path and "//" not in path:
        return path
    return os.path.abspath(path)


def database_file(given: Any) -> str | None:
    """The file of a database's name as sqlite3 takes it; None for those in memory.

    >>> [database_file(name) for name in (":memory:", "file:/tmp/a%20b.db?mode=ro", "file::memory:?cache=shared", "")]
    [None, '/tmp/a b.db', None, None]
    """
    name = os.fsdecode(given)
    if name.startswith("file:") and not os.path.exists(name):
        import urllib.parse

        parts = urllib.parse.urlsplit(name)
        if "mode=memory" in parts.query:
            return None
        name = urllib.parse.unquote(parts.path)
    if name in ("", ":memory:"):
        return None
    return os.path.abspath(name)
