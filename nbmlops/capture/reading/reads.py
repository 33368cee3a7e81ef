"""What the user's code reads and writes: files, answers from the web, results of SQL, each with a digest of its whole content.

Python's audit hook (`hearing`) tells of every file that Python opens, whatever library does; the calls a cell makes
(`readers`) tell of those that open files outside Python: Arrow, Polars, DuckDB, HDF5. What was seen is written down with the
file's state at that moment, and hashed beside the user's work at the cell's end (`hashing`): what changed in between has no
digest rather than a wrong one.
"""

from __future__ import annotations

import os
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from nbmlops.capture.reading.datafiles import counts, made_by_users
from nbmlops.capture.reading.hashing import SMALL, Hasher, Job, settled, state_of, without_digest
from nbmlops.capture.reading.hearing import Hearing
from nbmlops.capture.reading.programs import NOTE as NAMED
from nbmlops.ledger.secrets import mask
from nbmlops.runs.records import IN_PLACE, FileUse

Mode = Literal["read", "write", "import"]
Progress = Callable[[int, int, str], None]  # bytes done, bytes in all, what is being hashed

A_MOMENT_S = 0.03
HASHING = "hashing"
MANY, FEW = 1_000, 20  # of a cell that reads more files than MANY, folders with more than FEW are one row each
MOST_FILES = 200_000


@dataclass(frozen=True)
class Seen:
    """One file as it was when it was opened; `found` is None where it was not there yet."""

    found: os.stat_result | None
    note: str | None = None
    maybe_written: bool = False  # a database: whether it was written is told by its state at the cell's end
    surely: bool = False  # was read or written, not only opened
    job: Job | None = None  # begun before the cell's end, since the file was about to be changed


class Reads:
    """What was read and written while listening; made once a process, since an audit hook cannot be taken out."""

    def __init__(self) -> None:
        self.hasher = Hasher()
        self.hearing = Hearing(self)
        self.listening = False
        self.began_ns = 0
        self._seen: dict[tuple[str, Mode, str], Seen] = {}
        self._said: dict[tuple[str, str, str], tuple[FileUse, Job | None]] = {}
        self._folders: dict[str, None] = {}  # that may be made
        self._pending: list[tuple[FileUse, Job]] = []
        self._verdicts: dict[str, bool] = {}
        self._call = threading.local()
        self._too_many = 0
        self._lock = threading.Lock()

    # -- listening

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Listen inside."""
        self.listen(True)
        try:
            yield
        finally:
            self.listen(False)

    def listen(self, wanted: bool) -> None:
        """Be all ears, or deaf."""
        if wanted:
            self.hearing.begin()
            self.began_ns = time.time_ns() - 10_000_000  # a file system's clock lags
        self.listening = wanted

    @contextmanager
    def deaf(self) -> Iterator[None]:
        """What this thread opens inside is not the user's reading."""
        with self.hearing.deaf():
            yield

    def keep_in(self, folder: Path) -> None:
        """Large files that an earlier kernel hashed are not hashed again: their digests are kept in this folder."""
        self.hasher.keep_in(folder)

    # -- what happened

    def note(self, given: Any, mode: str, *, detail: str = "", note: str | None = None) -> None:
        """A file that a reader was given by name; `mode` is "read" or "write"."""
        path = absolute(given)
        if path is not None and counts(path, asked=True):
            self.seen(path, "write" if mode == "write" else "read", detail=detail, note=note, late=True)

    def called(self, name: str, module: str, callee: Any, args: dict[int | str, Any], result: Any, began: float | None = None) -> None:
        """A call that came back, which may have read or written something; `began` by `time.perf_counter`."""
        if self.listening:
            with self.deaf():
                from nbmlops.capture.reading import readers

                self._call.since_ns = None if began is None else time.time_ns() - int((time.perf_counter() - began) * 1e9)
                readers.called(self, name, module or "", callee, args, result)
                self._call.since_ns = None

    def seen(self, path: str, mode: Mode, *, detail: str = "", note: str | None = None, late: bool = False) -> None:
        """A file by its absolute path, as it is now, before it is opened; `late`: it was, and is data whatever its name."""
        if not late and not self.matters(path):
            return
        try:
            found = os.stat(path)
        except OSError:
            if mode == "write":
                self._seen[(path, mode, detail)] = Seen(None, None if note == IN_PLACE else note)
            return
        if not stat.S_ISREG(found.st_mode):
            return
        key = (path, mode, detail)
        before = self._seen.get(key)
        job = None
        if mode == "read":
            if before is not None and before.found is not None:
                if late or state_of(before.found) == state_of(found):
                    return
                note = "read in more than one state: the digest is of the last"
            since_ns = getattr(self._call, "since_ns", None)
            if late and since_ns is not None and found.st_mtime_ns > since_ns:
                job = without_digest(path, state_of(found), "changed while it was read")
        else:
            self.rescue(path)
            if before is not None:
                return  # whether it was there before the cell is what the first opening knows
        if before is None and len(self._seen) >= MOST_FILES:
            self._too_many += 1
            return
        self._seen[key] = Seen(found, note, surely=late, job=job)

    def matters(self, path: str) -> bool:
        """Whether an absolute path is one of data."""
        verdict = self._verdicts.get(path)
        if verdict is None:
            if len(self._verdicts) > 50_000:
                self._verdicts.clear()
            verdict = self._verdicts[path] = counts(path)
        return verdict

    def database(self, path: str, *, late: bool = False) -> None:
        """A database file is about to be opened, or was (`late`); whether it is written shows at the cell's end."""
        if not counts(path, asked=True):
            return
        try:
            found: os.stat_result | None = os.stat(path)
        except OSError:
            found = None
        if found is None or stat.S_ISREG(found.st_mode):
            if found is not None:
                self.hasher.aside.add((found.st_dev, found.st_ino))
                if late and found.st_mtime_ns >= self.began_ns:
                    found = None  # changed in this cell before it was heard of: the cell wrote it
            self._seen.setdefault((path, "read", ""), Seen(found, maybe_written=True))

    def named_to_a_program(self, path: str, *, late: bool = False, moved: bool = False) -> None:
        """A program is about to be started with this name among its words, or has run (`late`), and may have `moved` files."""
        if not self.matters(path):
            return
        try:
            found = os.stat(path)
        except OSError:
            self._seen.setdefault((path, "read", ""), Seen(None, NAMED, maybe_written=True))  # it may make it
            self.folder(path)
            return
        # What is moved keeps the time of its content's last change.
        changed = late and (found.st_ctime_ns if moved else found.st_mtime_ns) >= self.began_ns
        if stat.S_ISDIR(found.st_mode) and moved and changed and made_by_users(os.path.join(path, "a")):
            self._folders[path] = None
        if stat.S_ISREG(found.st_mode) and not os.access(path, os.X_OK):
            self._seen.setdefault((path, "read", ""), Seen(None if changed else found, NAMED, maybe_written=True))

    def code(self, path: str) -> None:
        """A file that a program executes."""
        with suppress(OSError):
            if len(self._seen) < MOST_FILES and made_by_users(path):
                self._seen.setdefault((path, "import", ""), Seen(os.stat(path), NAMED))

    def folder(self, path: str) -> None:
        """A folder is about to be made, if it is not there."""
        if len(self._folders) < MANY and not os.path.isdir(path) and made_by_users(os.path.join(path, "a")):
            self._folders[path] = None

    def rescue(self, path: str) -> None:
        """A file that was read is about to be changed: the last moment to hash what was read."""
        seen = self._seen.get((path, "read", ""))
        if seen is not None and seen.found is not None and seen.job is None:
            job = self.hasher.file(path, state_of(seen.found))
            self._seen[(path, "read", "")] = replace(seen, job=job)
            job.over.wait(A_MOMENT_S)

    def removed(self, path: str) -> None:
        """A file is about to go; one that this cell made leaves nothing behind."""
        made = self._seen.get((path, "write", ""))
        if made is not None and made.found is None:
            self._seen.pop((path, "write", ""), None)
            self._seen.pop((path, "read", ""), None)
        else:
            self.rescue(path)

    def moved(self, source: str, target: str) -> None:
        """A file takes another's name: what was written under the one is the other now."""
        for path in (source, target):
            self.rescue(path)
        made_here = self._seen.pop((source, "write", ""), None) is not None
        if self.matters(target) and (made_here or os.path.isfile(source)):
            if not made_here:
                self.seen(source, "read")
                self.rescue(source)  # in a moment it is gone from there
            self._seen[(target, "write", "")] = Seen(None)

    def other(self, use: FileUse, job: Job | None = None) -> None:
        """An answer from the web or the result of a statement; what is known of it later replaces what was said before."""
        key = (use.path, use.mode, use.detail)
        known = self._said.get(key)
        if known is not None and use.digest is None and job is None:
            return
        if len(self._said) < MANY or known is not None:
            self._said[key] = (use, job)

    # -- telling

    def take(self, position: int | None) -> list[FileUse]:
        """What happened since the last taking, within a moment; what is not hashed by then has the note "hashing"."""
        self.hearing.collect()
        with self._lock:
            seen, self._seen = self._seen, {}
            said, self._said = self._said, {}
            folders, self._folders = self._folders, {}
            too_many, self._too_many = self._too_many, 0
        if not seen and not said and not folders:
            return []
        asked: list[tuple[FileUse, Job | None]] = [(replace(use, position=position), job) for use, job in said.values()]
        asked += [(_made(path, position), None) for path in folders if os.path.isdir(path)]
        with self.deaf():
            asked += self._files(seen, position)
        if too_many and asked:
            use, job = asked[-1]
            asked[-1] = (replace(use, note=f"{too_many:,} more files were opened than are recorded"), job)
        until = time.monotonic() + A_MOMENT_S
        uses = []
        for use, job in asked:
            # What cannot be done in a moment is not waited for at all.
            if job is not None and not job.over.wait(max(0.0, until - time.monotonic()) if job.state[2] <= SMALL else 0):
                self._pending.append((use, job))
                uses.append(replace(use, note=HASHING))
            elif (told := _told(use, job)) is not None:
                uses.append(told)
        return uses

    def later(self) -> list[FileUse]:
        """What has been hashed since: the same uses, with their digests."""
        with self._lock:
            over = [(use, job) for use, job in self._pending if job.over.is_set()]
            self._pending = [(use, job) for use, job in self._pending if not job.over.is_set()]
        return [told for use, job in over if (told := _told(use, job, later=True)) is not None]

    def wait(self, timeout_s: float, progress: Progress | None = None) -> None:
        """Until everything is hashed, or `timeout_s` have gone; whoever waits longer than a second sees how far it is."""
        from nbmlops.capture.reading.waiting import wait_for

        wait_for([job for _, job in self._pending], timeout_s, progress, sys.stderr)

    # -- files

    def _files(self, seen: dict[tuple[str, Mode, str], Seen], position: int | None) -> list[tuple[FileUse, Job | None]]:
        seen = dict(seen)
        for (path, mode, detail), one in list(seen.items()):
            if detail:
                seen.pop((path, mode, ""), None)  # the member that was read says more
            if one.maybe_written:
                self._database_written(seen, path, one)
        folded = self._folded(seen, position) if len(seen) > MANY else []
        return folded + [asked for key, one in seen.items() if (asked := self._file(seen, key, one, position)) is not None]

    def _database_written(self, seen: dict[tuple[str, Mode, str], Seen], path: str, one: Seen) -> None:
        try:
            now = os.stat(path)
        except OSError:
            if one.found is None:
                del seen[(path, "read", "")]  # never made
            return
        if one.found is None:
            del seen[(path, "read", "")]  # made in this cell
        if one.found is None or state_of(one.found) != state_of(now):
            seen[(path, "write", "")] = Seen(now, one.note if one.found is None else one.note or IN_PLACE, surely=True)
        for journal in (f"{path}-wal", f"{path}.wal"):  # what was committed and does not stand in the file itself yet
            try:
                found = os.stat(journal)
            except OSError:
                continue
            if found.st_size:
                self.hasher.aside.add((found.st_dev, found.st_ino))
                seen[(journal, "write" if found.st_mtime_ns >= self.began_ns else "read", "")] = Seen(found, surely=True)

    def _file(
        self, seen: dict[tuple[str, Mode, str], Seen], key: tuple[str, Mode, str], one: Seen, position: int | None
    ) -> tuple[FileUse, Job | None] | None:
        path, mode, detail = key
        try:
            now: os.stat_result | None = os.stat(path)
        except OSError:
            now = None
        if mode == "write":
            if now is None or not stat.S_ISREG(now.st_mode):
                return None  # made and gone within the cell
            unchanged = one.found is not None and state_of(one.found) == state_of(now)
            if unchanged and not one.surely and settled(state_of(now)):
                return None  # opened for writing, in vain or for nothing
            return self._use(path, mode, detail, now, one.note, position), self.hasher.file(path, state_of(now))
        assert one.found is not None
        state = state_of(one.found)
        use = self._use(path, mode, detail, one.found, one.note, position)
        if now is not None and state_of(now) == state:
            return use, one.job or self.hasher.file(path, state)
        job = one.job or self.hasher.underway(path, state)
        if job is not None:
            return use, job
        if now is None:
            return (replace(use, note="gone before it could be hashed"), None) if (path, "write", "") not in seen else None
        written = (path, "write", "") in seen
        return replace(use, note=f"{'written in the same cell' if written else 'changed'} after it was read, before it was hashed"), None

    def _use(self, path: str, mode: Mode, detail: str, found: os.stat_result, note: str | None, position: int | None) -> FileUse:
        try:
            changed = datetime.fromtimestamp(found.st_mtime, UTC)
        except (OverflowError, ValueError, OSError):
            changed = None  # a time that no calendar has
        return FileUse(
            path=mask(path), mode=mode, digest=None, size_bytes=found.st_size, modified_at=changed, position=position, note=note,
            detail=mask(detail) if detail else "",
        )  # fmt: skip

    def _folded(self, seen: dict[tuple[str, Mode, str], Seen], position: int | None) -> list[tuple[FileUse, Job | None]]:
        """Folders of many files, one row each; their files are taken out of `seen`."""
        groups: dict[tuple[str, Mode], list[tuple[str, Seen]]] = {}
        for (path, mode, detail), one in seen.items():
            if not detail:
                groups.setdefault((os.path.dirname(path), mode), []).append((path, one))
        found: list[tuple[FileUse, Job | None]] = []
        for (folder, mode), members in groups.items():
            if len(members) <= FEW:
                continue
            states = []
            for path, one in members:
                del seen[(path, mode, "")]
                try:
                    states.append((path, state_of(one.found if mode == "read" and one.found is not None else os.stat(path))))
                except OSError:
                    continue  # made and gone within the cell
            if not states:
                continue
            job = self.hasher.folder(folder, states)
            use = FileUse(
                path=mask(folder + os.sep), mode=mode, digest=None, size_bytes=job.state[2], modified_at=None, position=position, note=None,
                detail=f"{len(states):,} files",
            )  # fmt: skip
            found.append((use, job))
        return found


def absolute(given: Any) -> str | None:
    """The absolute path of what a reader was given: text, bytes or a path; None where it cannot be one.

    >>> absolute(3) is None, absolute("a" + chr(0)) is None, absolute(b"/x/../y")
    (True, True, '/y')
    """
    try:
        name = os.fsdecode(os.fspath(given))
    except (TypeError, ValueError):
        return None
    if not name or len(name) > 4096 or "\0" in name:
        return None
    if name[0] == "/" and "/." not in name and "//" not in name:
        return name
    return os.path.abspath(name)


def _made(folder: str, position: int | None) -> FileUse:
    """A folder that was made."""
    return FileUse(
        path=mask(folder), mode="write", digest=None, size_bytes=None, modified_at=None, position=position, note=None, kind="folder"
    )


def _told(use: FileUse, job: Job | None, *, later: bool = False) -> FileUse | None:
    if job is None:
        return use
    if job.refused and use.mode == "read" and not later:
        return None  # nor could the user's code read it
    return replace(use, digest=job.digest, note=job.note or use.note)


reads = Reads()
