"""Git and the environment: what stood around a run."""

from __future__ import annotations

import atexit
import os
import platform
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from nbmlops.errors import NbmlopsError
from nbmlops.ledger.secrets import mask
from nbmlops.runs import trouble
from nbmlops.runs.book import RunBook
from nbmlops.runs.facts import Facts
from nbmlops.runs.records import Artifact

_noting: dict[str, threading.Thread] = {}


def note(book: RunBook, run_id: str, *, only_environment: bool = False) -> None:
    """Find out what stands around a run and write it, in a thread of its own: git takes its time.

    `only_environment`: git is known already, from where the notebook stands.
    """
    place = Path.cwd()

    def work() -> None:
        facts, diff = (None, None) if only_environment else git(place)
        found = Facts(environment=environment(), git=facts)
        try:
            if diff:
                digest = book.workspace.blobs.put(diff)
                found.artifacts.append(
                    Artifact(name="git.diff", digest=digest, media_type="text/x-diff", size_bytes=len(diff), position=None)
                )
            book.add(run_id, found)
        except NbmlopsError as error:
            trouble.say(error)
        finally:
            _noting.pop(run_id, None)

    thread = _noting[run_id] = threading.Thread(target=work, daemon=True, name="nbmlops-surroundings")
    thread.start()


@atexit.register
def wait(timeout_s: float = 15) -> None:
    """Wait until what stands around this process's runs is said: who looks at one, and who leaves, waits so long."""
    for run_id in list(_noting):
        thread = _noting.pop(run_id, None)
        if thread is not None:
            thread.join(timeout_s)


_DISTRIBUTION = re.compile(r"(?P<name>.+?)-(?P<version>\d[^-]*)\.(dist|egg)-info")
MAX_DIFF = 4 << 20
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "PYTHONHASHSEED", "TZ", "LANG", "LC_ALL")


def environment() -> dict[str, Any]:
    """Python, platform, installed distributions with versions, and the settings that change numbers.

    >>> "numpy" in environment()["distributions"]
    True
    """
    found: dict[str, str] = {}
    for folder in sys.path:
        # Folder names carry name and version; reading every METADATA would cost a second.
        try:
            names = os.listdir(folder or ".")
        except OSError:
            continue
        for name in names:
            if match := _DISTRIBUTION.fullmatch(name):
                found.setdefault(match["name"].replace("_", "-").lower(), match["version"])
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "variables": {name: os.environ[name] for name in _THREADS if name in os.environ},
        "distributions": dict(sorted(found.items())),
    }


def git(folder: Path) -> tuple[dict[str, Any], bytes | None]:
    """Commit, branch, remote (no credentials), whether dirty; and the diff against the commit where there is one.

    Outside a repository, or without git: empty.
    """
    commit = _git(folder, "rev-parse", "HEAD")
    if commit is None:
        return {}, None
    remote = _git(folder, "config", "--get", "remote.origin.url") or None
    status = _git(folder, "status", "--porcelain", "--untracked-files=no") or ""
    facts = {
        "commit": commit,
        "branch": _git(folder, "rev-parse", "--abbrev-ref", "HEAD"),
        "remote": re.sub(r"(?<=://)[^/]*@", "", mask(remote)) if remote else None,
        "dirty": bool(status.strip()),
    }
    if not facts["dirty"]:
        return facts, None
    diff = _git(folder, "diff", "HEAD", "--no-ext-diff", "--no-color") or ""
    return facts, mask(diff[: MAX_DIFF + 8192])[:MAX_DIFF].encode("utf-8", "backslashreplace")


def _git(folder: Path, *words: str) -> str | None:
    # Only its own environment decides: a hook or pager of the user's must not run.
    env = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_PAGER": "cat"}
    try:
        done = subprocess.run(
            ["git", "-c", "core.fsmonitor=false", "-C", str(folder), *words],
            capture_output=True,
            timeout=10,
            env=env,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else None
