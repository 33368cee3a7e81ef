"""What stood around a run, found out beside the user's work: the environment and git."""

from __future__ import annotations

import atexit
import os
import threading
import time
from pathlib import Path
from typing import Any

from nbmlops.ledger.secrets import mask_value
from nbmlops.runs import trouble
from nbmlops.runs.book import RunBook
from nbmlops.runs.environment import environment
from nbmlops.runs.facts import Facts
from nbmlops.runs.git import git
from nbmlops.runs.records import Artifact

LATER_S = 0.01  # a run that begins has something else to do

_asked: list[tuple[RunBook, str, Path, str | None, bool]] = []  # the first is being looked at
_wake = threading.Event()
_done = threading.Condition()
_thread: threading.Thread | None = None
idents: set[int] = set()  # of the threads that look around: what they open is not the user's


def note(book: RunBook, run_id: str, *, notebook: str | None = None, only_environment: bool = False) -> None:
    """Find out what stands around a run and say it, in a thread of its own: git takes its time.

    git is asked where the notebook stands, or where the process works. `only_environment`: git is known already.
    """
    global _thread
    place = Path(notebook).parent if notebook and Path(notebook).parent.is_dir() else Path.cwd()
    _asked.append((book, run_id, place, notebook, only_environment))
    if _thread is None or not _thread.is_alive():
        _thread = threading.Thread(target=_look, daemon=True, name="nbmlops-surroundings")
        _thread.start()
    _wake.set()


def _look() -> None:
    idents.add(threading.get_ident())
    while True:
        _wake.wait()
        _wake.clear()
        time.sleep(LATER_S)
        while _asked:
            _say(_asked[:])


def _say(asked: list[tuple[RunBook, str, Path, str | None, bool]]) -> None:
    """One look at the environment is for all that were asked before it."""
    found: dict[str, Any] = {}
    for book, run_id, place, notebook, only_environment in asked:
        try:
            found = found or _masked(environment())
            book.add(run_id, Facts(environment=found))
            if not only_environment:
                book.add(run_id, git_facts(book, place, notebook))
        except Exception as error:  # in a thread of its own nobody else would hear of it
            trouble.say(error)
        with _done:
            del _asked[0]
            _done.notify_all()


_last: tuple[dict[str, Any], dict[str, Any]] = ({}, {})


def _masked(found: dict[str, Any]) -> dict[str, Any]:
    """The same environment stands around many runs: it is looked through once."""
    global _last
    if found != _last[0]:
        _last = (found, mask_value(found))
    return _last[1]


def git_facts(book: RunBook, place: Path, notebook: str | None) -> Facts:
    """What git says of a place, the diff kept as an artifact."""
    facts, diff = git(place, Path(notebook) if notebook else None)
    found = Facts(git=facts)
    if diff:
        digest = book.workspace.blobs.put(diff)
        found.artifacts.append(Artifact(name="git.diff", digest=digest, media_type="text/x-diff", size_bytes=len(diff), position=None))
    return found


@atexit.register
def settled(timeout_s: float = 15) -> bool:
    """Wait until what stands around this process's runs is said: who looks at one, and who leaves, waits so long."""
    if _asked:
        _wake.set()  # an interrupt may have come before it was
        if _thread is None or not _thread.is_alive():
            return False
    with _done:
        return _done.wait_for(lambda: not _asked, timeout_s)


def _forked() -> None:
    global _wake, _done, _thread
    _asked.clear()
    idents.clear()
    _wake, _done, _thread = threading.Event(), threading.Condition(), None


os.register_at_fork(after_in_child=_forked)
