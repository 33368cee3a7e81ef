"""The embedded ledger: one SQLite file per store, many writing processes.

Every write is one `BEGIN IMMEDIATE` transaction under the write lock, so that "database is locked" cannot happen, two
connections never checkpoint at once, and the change cursor and the audit chain advance with what they tell of.
"""

from __future__ import annotations

import atexit
import os
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from importlib.resources import files
from pathlib import Path
from typing import Any

from nbmlops.errors import Damaged, NewerWorkspace, Unavailable, Unwritable
from nbmlops.ledger.lock import WriteLock
from nbmlops.ledger.transaction import Transaction

_NETWORK = ("nfs", "cifs", "smb", "9p", "fuse.sshfs", "afs", "ceph", "lustre")


def migrations(kind: str) -> list[tuple[int, str]]:
    """Number and SQL of each migration of a store, in order. Numbers start at 1 and have no gaps."""
    folder = files("nbmlops.ledger").joinpath("migrations", kind)
    found = sorted((int(entry.name.split("_")[0]), entry.read_text("utf-8")) for entry in folder.iterdir() if entry.name.endswith(".sql"))
    assert [number for number, _ in found] == list(range(1, len(found) + 1))
    return found


class SqliteLedger:
    """One store: `read` for questions, `write` for a transaction."""

    def __init__(self, path: Path, *, kind: str = "ledger") -> None:
        self.path = path
        self.kind = kind
        self.lock = WriteLock(path.with_name(path.name + ".lock"))
        self._threads = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._pid = 0
        _alive.add(self)

    @property
    def schema_version(self) -> int:
        """The version this nbmlops writes."""
        return len(migrations(self.kind))

    def read(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """All rows of a question, as mappings."""
        with self._asked() as connection:
            return connection.execute(sql, values).fetchall()

    @contextmanager
    def view(self) -> Iterator[Callable[..., list[sqlite3.Row]]]:
        """`read` for several questions about one moment: what is written meanwhile is in none of the answers."""
        with self._asked() as connection:
            connection.execute("BEGIN")
            try:
                yield lambda sql, *values: connection.execute(sql, values).fetchall()
            finally:
                if connection.in_transaction:  # what fails badly has ended it
                    connection.execute("ROLLBACK")

    def read_one(self, sql: str, *values: Any) -> sqlite3.Row | None:
        """The first row, or None."""
        rows = self.read(sql, *values)
        return rows[0] if rows else None

    def changed_outside(self) -> int:
        """A number that moves when another connection has written; costs next to nothing."""
        return int(self.read("PRAGMA data_version")[0][0])

    @contextmanager
    def write(self, *, durable: bool = True, patience_s: float | None = None) -> Iterator[Transaction]:
        """One transaction: all of it or none of it.

        `durable`: on the disk when this returns, power loss included. Without it, a power loss (not a crash) can take
        the last moments: right for a running experiment's metrics, wrong for a promotion. `patience_s`: how long to wait for
        other writers, where somebody waits for us.
        """
        self._own()
        with self.lock.held(patience_s), self._threads:
            connection = self._open()
            try:
                connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
                try:
                    connection.execute("BEGIN IMMEDIATE")  # inside: an interrupt as it returns must not leave it open
                    yield Transaction(connection)
                    connection.execute("COMMIT")
                except BaseException:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                    raise
            except sqlite3.DatabaseError as error:
                raise self._said(error) from error

    def close(self) -> None:
        """Close under the lock: the last connection to close checkpoints."""
        if self._connection is None or self._pid != os.getpid():
            return
        with ExitStack() as held:
            with suppress(Unwritable, Unavailable):
                held.enter_context(self.lock.held())
            with self._threads:
                connection, self._connection = self._connection, None
                if connection is not None:
                    connection.close()

    def __del__(self) -> None:
        # Forgotten rather than closed: the connection ends here, and under the lock as always. The interpreter's end is
        # `_close_all`'s: here half of the modules may be gone by then.
        if self.__dict__.get("_connection") is not None:
            self.close()

    # -- opening

    def _own(self) -> None:
        # In a forked child: the parent's thread may have held the lock at that moment, and its connection is left alone;
        # closing it here would write to files that the parent has open.
        if self._pid not in (0, os.getpid()):
            _inherited.append(self._connection)
            self._threads, self._connection, self._pid = threading.RLock(), None, 0

    def _open(self) -> sqlite3.Connection:
        if self._connection is not None and self._pid == os.getpid():
            return self._connection
        self._pid = os.getpid()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=30)
        except (OSError, sqlite3.DatabaseError) as error:
            raise self._said(error) from error
        try:
            connection.row_factory = sqlite3.Row
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            self._not_newer(version)
            connection.execute("PRAGMA foreign_keys=ON")
            connection.execute("PRAGMA temp_store=MEMORY")  # what a savepoint would go back to need not be a file
            if version < self.schema_version:
                self._migrate(connection)
        except sqlite3.DatabaseError as error:
            connection.close()
            raise self._said(error) from error
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        return connection

    @contextmanager
    def _asked(self) -> Iterator[sqlite3.Connection]:
        """A connection for a question; where nothing can be written, one that only reads."""
        self._own()
        if self._connection is None or self._pid != os.getpid():
            try:
                # The write lock always before the connection's: opening may migrate.
                with self.lock.held(), self._threads:
                    self._open()
            except Unwritable as error:
                with self._as_it_is(error) as connection:
                    yield connection
                return
        with self._threads:
            try:
                yield self._open()
            except sqlite3.DatabaseError as error:
                raise self._said(error) from error

    @contextmanager
    def _as_it_is(self, why: Unwritable) -> Iterator[sqlite3.Connection]:
        """What is there, on a disk that is full or mounted to be read; `why` where that cannot be had either."""
        log = self.path.with_name(self.path.name + "-wal")
        try:
            # Without a log nobody is writing. With one, SQLite reads both, if it may look into the log's index.
            whole = not log.exists() or log.stat().st_size == 0
            url = f"{self.path.absolute().as_uri()}?mode=ro{'&immutable=1' if whole else ''}"
            with closing(sqlite3.connect(url, uri=True, isolation_level=None, timeout=30)) as connection:
                connection.row_factory = sqlite3.Row
                version = int(connection.execute("PRAGMA user_version").fetchone()[0])
                if version < self.schema_version:
                    raise why
                self._not_newer(version)
                yield connection
        except (OSError, sqlite3.OperationalError):
            raise why from None
        except sqlite3.DatabaseError as error:
            raise self._said(error) from error

    def _not_newer(self, version: int) -> None:
        if version > self.schema_version:
            raise NewerWorkspace(
                f"{self.path} has schema {version}; this nbmlops knows {self.schema_version}.",
                hint="Upgrade: pip install -U nbmlops. The file was left untouched.",
            )

    def _migrate(self, connection: sqlite3.Connection) -> None:
        with self.lock.held():
            # A write-ahead log needs shared memory, which network file systems do not give.
            mode = "DELETE" if _on_network(self.path) else "WAL"
            connection.execute(f"PRAGMA journal_mode={mode}")
            connection.execute("PRAGMA synchronous=FULL")
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            for number, sql in migrations(self.kind):
                if number > version:
                    connection.executescript(f"BEGIN IMMEDIATE;\n{sql}\nPRAGMA user_version={number};\nCOMMIT;")

    def _said(self, error: Exception) -> Exception:
        text = str(error)
        if isinstance(error, OSError) or any(
            word in text for word in ("readonly", "read-only", "disk is full", "disk I/O", "unable to open")
        ):
            return Unwritable(
                f"The workspace at {self.path.parent} cannot be written: {text}.",
                hint="Check the disk and the rights, or name another: NBMLOPS_WORKSPACE.",
            )
        if any(word in text for word in ("malformed", "not a database", "no such table")):
            return Damaged(f"{self.path} is damaged: {text}.", hint="Move it aside and restore a copy.")
        return error


_inherited: list[Any] = []  # kept, so that a forked child never closes them
_alive: weakref.WeakSet[SqliteLedger] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    for ledger in list(_alive):
        ledger.close()


def _on_network(path: Path) -> bool:
    try:
        mounts = Path("/proc/mounts").read_text("utf-8").splitlines()
    except OSError:
        return False
    target, best, kind = str(path.absolute()), "", ""
    for line in mounts:
        _, point, filesystem, *_ = line.split(" ")
        inside = target == point or target.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, filesystem
    return kind.startswith(_NETWORK)
