"""What stood around a run, found out beside the user's work: the environment and git."""

from __future__ import annotations

import atexit
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

_noting: list[threading.Thread] = []
idents: set[int] = set()  # of the threads that look around: what they open is not the user's


def note(book: RunBook, run_id: str, *, notebook: str | None = None, only_environment: bool = False) -> None:
    """Find out what stands around a run and say it, in a thread of its own: git takes its time.

    git is asked where the notebook stands, or where the process works. `only_environment`: git is known already.
    """
    place = Path(notebook).parent if notebook and Path(notebook).parent.is_dir() else Path.cwd()

    def work() -> None:
        idents.add(threading.get_ident())
        try:
            book.add(run_id, Facts(environment=_masked(environment())))
            if not only_environment:
                book.add(run_id, git_facts(book, place, notebook))
        except Exception as error:  # in a thread of its own nobody else would hear of it
            trouble.say(error)
        finally:
            idents.discard(threading.get_ident())
            _noting.remove(threading.current_thread())

    thread = threading.Thread(target=work, daemon=True, name="nbmlops-surroundings")
    _noting.append(thread)
    thread.start()


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
    until = time.monotonic() + timeout_s
    for thread in _noting[:]:
        if thread.ident is not None:  # an interrupt may have come before it was started
            thread.join(max(0.0, until - time.monotonic()))
    return not _noting
