"""Who is writing: a process, so that a record can tell whether its owner still lives."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import asdict, dataclass
from functools import cache, lru_cache
from pathlib import Path


@dataclass(frozen=True)
class Owner:
    """A process, told apart from a later one with the same number by its start time and the machine's boot.

    `space`: the space of process numbers it is in; a container has one of its own. Hosts change their names.
    """

    pid: int
    started: str
    boot: str
    host: str
    space: str = ""

    def as_text(self) -> str:
        """For a column of the ledger."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, value: str) -> Owner:
        """What `as_text` wrote."""
        return cls(**json.loads(value))


def this_process() -> Owner:
    """The owner that writes now."""
    return _process(os.getpid())


@lru_cache(maxsize=1)
def _process(pid: int) -> Owner:
    return Owner(pid, _started(pid) or "", _boot(), socket.gethostname(), _space())


def alive(owner: Owner) -> bool | None:
    """Whether that very process still runs; None where it cannot be known (another machine).

    >>> alive(this_process())
    True
    """
    here = owner.space != "" and (owner.boot, owner.space) == (_boot(), _space())
    if not here and owner.host != socket.gethostname():
        return None
    if owner.boot != _boot():
        return False
    return owner.started == _started(owner.pid) if owner.started else _exists(owner.pid)


@cache
def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""  # elsewhere the start time has its date, and what is told of the boot moves whenever the clock is set


@cache
def _space() -> str:
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def _started(pid: int) -> str | None:
    try:
        # The name, in brackets, may hold spaces; the start time is the 20th field after it. A zombie does not run.
        after = Path(f"/proc/{pid}/stat").read_text("utf-8", errors="replace").rsplit(")", 1)[1].split()
        return None if after[0] in "ZX" else after[19]
    except (OSError, IndexError):
        if Path("/proc/self/stat").exists():
            return None
    import psutil

    try:
        return f"{psutil.Process(pid).create_time():.2f}"
    except psutil.Error:
        return None


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
