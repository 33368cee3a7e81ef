"""A folder aside for one execution, and a way back from everything that execution does.

What it changes on the disk is noted before it is changed, and put back when it is over; processes that it started are
stopped. A process of its own waits for that: whoever executes may be killed at any moment, and nothing is left.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from nbmlops.pipelines.executor import EXECUTES
from nbmlops.settings import ENVIRONMENT

_JOURNAL, _OLD = "changed.jsonl", "old"


# Ready in a moment; what it takes to clean is loaded if there is something to clean.
_JANITOR = """import os, sys
while os.read(0, 1): pass
if os.path.isdir(sys.argv[1]): os.execv(sys.executable, [sys.executable, "-m", "nbmlops.replay.aside", sys.argv[1]])
"""
_open: set[Path] = set()


@contextmanager
def aside() -> Iterator[Path]:
    """A folder that is there while the block lasts. Give it to the execution as its workspace: by that it is known."""
    folder = Path(tempfile.mkdtemp(prefix="nbmlops-aside-"))
    (folder / _OLD).mkdir()
    janitor = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _JANITOR, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    _open.add(folder)
    try:
        yield folder
    finally:
        _open.discard(folder)
        clean(folder)
        assert janitor.stdin is not None
        with suppress(BrokenPipeError):
            janitor.stdin.close()
        janitor.wait()


def clean(folder: Path) -> None:
    """Stop what the execution left running, put back what it changed, remove its folder."""
    _stop(folder)
    put_back(folder)
    shutil.rmtree(folder, ignore_errors=True)


def stop_all() -> None:
    """Stop what this process executes aside, in other threads: they find that it has ended."""
    for folder in list(_open):
        _stop(folder)


class Keeper:
    """Notes what is about to be changed, once for each path, with a copy of what is there."""

    def __init__(self, folder: Path) -> None:
        self._folder = os.path.realpath(folder)
        self._journal = os.open(folder / _JOURNAL, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._known: set[str] = set()
        self._lock = threading.RLock()

    def keep(self, given: str, *, whole: bool = False) -> None:
        """A path is about to be made, written, moved or removed; `whole`: by a move, with all that is in it.

        Raises OSError where no copy can be made.
        """
        path = os.path.realpath(given)
        if path.startswith(self._folder + os.sep):
            return  # the copies themselves, and what is recorded
        with self._lock:
            if os.path.islink(given) and given not in self._known:
                self._known.add(given)
                self._note({"path": given, "link": os.readlink(given)})
            if path in self._known:
                return
            self._known.add(path)
            try:
                found = os.stat(path)
            except OSError:
                self._note({"path": path, "folders": _absent(os.path.dirname(path)), "whole": whole})
                return
            if stat.S_ISREG(found.st_mode):
                old = os.path.join(self._folder, _OLD, f"{os.getpid()}-{len(self._known)}")
                shutil.copy2(path, old)
                self._note({"path": path, "old": old, "state": _state(found)})

    def keep_folder(self, path: str) -> None:
        """A folder is about to be removed."""
        with self._lock:
            self._note({"path": os.path.realpath(path), "was": "folder"})

    def close(self) -> None:
        """Note no more."""
        os.close(self._journal)

    def _note(self, what: dict[str, Any]) -> None:
        os.write(self._journal, json.dumps(what).encode("ascii") + b"\n")


def keep_all(folder: Path, paths: Iterable[str]) -> None:
    """Keep files that are known to be written before anything is executed: not every library tells when it writes."""
    keeper = Keeper(folder)
    for path in paths:
        keeper.keep(path)
    keeper.close()


def clear_folders(folder: Path, paths: Iterable[str]) -> None:
    """Remove folders in which nothing is; they come back with the rest."""
    keeper = Keeper(folder)
    for path in paths:
        if os.path.isdir(path) and not os.path.islink(path) and not os.listdir(path):
            keeper.keep_folder(path)
            with suppress(OSError):
                os.rmdir(path)
    keeper.close()


def put_back(folder: Path) -> None:
    """Undo what was noted, the last first. What cannot be undone does not hold up the rest."""
    try:
        lines = (folder / _JOURNAL).read_text("ascii").splitlines()
    except OSError:
        return
    for line in reversed(lines):
        with suppress(OSError, ValueError):
            _undo(json.loads(line))


def _undo(what: dict[str, Any]) -> None:
    path = what["path"]
    if what.get("was") == "folder":
        os.makedirs(path, exist_ok=True)
        return
    if "link" in what:
        if not os.path.lexists(path):
            os.symlink(what["link"], path)
        return
    if "old" not in what:
        if not os.path.isdir(path):
            with suppress(FileNotFoundError):
                os.unlink(path)
        elif what["whole"]:
            shutil.rmtree(path)
        else:
            os.rmdir(path)
        for made in reversed(what["folders"]):
            os.rmdir(made)  # what holds something else stays
        return
    with suppress(OSError):
        if _state(os.stat(path)) == what["state"]:
            return
    if os.path.isfile(path):
        shutil.copyfile(what["old"], path)  # in place: it may have other names, and rights of its own
        shutil.copystat(what["old"], path)
    else:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        shutil.copy2(what["old"], path)


def _absent(folder: str) -> list[str]:
    """The folders on the way that are not there yet, the outermost first."""
    found: list[str] = []
    while folder and not os.path.isdir(folder):
        found.insert(0, folder)
        folder = os.path.dirname(folder)
    return found


def _state(found: os.stat_result) -> list[int]:
    return [found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns]


def _stop(folder: Path) -> None:
    """End every process that was given this folder as its workspace, and whatever those started."""
    import psutil

    mine = os.getpid()
    noted = _noted(folder)
    for _ in range(100):
        left = [process for process in psutil.process_iter() if process.pid != mine and _of(process, str(folder), noted)]
        for process in left:
            with suppress(psutil.Error):
                process.kill()
        if not left:
            return
        time.sleep(0.05)  # not waited for: a child's end is for who started it to see


def _noted(folder: Path) -> dict[int, float]:
    try:
        lines = (folder / EXECUTES).read_text("ascii").split("\n")
        return {int(pid): float(began) for pid, _, began in (line.partition(" ") for line in lines) if began}
    except (OSError, ValueError):
        return {}


def _of(process: Any, folder: str, noted: dict[int, float]) -> bool:
    import psutil

    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        if process.pid in noted:
            return bool(process.create_time() == noted[process.pid])
        return bool(process.environ().get(ENVIRONMENT) == folder)
    except (psutil.Error, OSError):
        return False  # another user's, or gone


if __name__ == "__main__":
    clean(Path(sys.argv[1]))
