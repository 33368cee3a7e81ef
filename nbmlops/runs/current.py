"""The run that is open in this process, if any: what `run.log` adds to and capture writes into."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from nbmlops.errors import NotFound
from nbmlops.ledger.secrets import mask
from nbmlops.runs import surroundings, trouble
from nbmlops.runs.book import RunBook
from nbmlops.runs.records import Status
from nbmlops.workspace import Workspace

# How a runner and the kernel it starts know of each other: the run to add to; the id and the experiment of the run to open.
ATTACH_ENVIRONMENT = "NBMLOPS_RUN"
RUN_ENVIRONMENT = "NBMLOPS_RUN_ID"
VALUES_ENVIRONMENT = "NBMLOPS_VALUES"  # names whose values a notebook declares, as JSON
EXPERIMENT_ENVIRONMENT = "NBMLOPS_EXPERIMENT"
# What a kernel has around it that is no business of a process which outlives it.
OF_A_KERNEL = (ATTACH_ENVIRONMENT, RUN_ENVIRONMENT, "NBMLOPS_NOTEBOOK", "JPY_PARENT_PID", "JPY_SESSION_NAME", "MPLBACKEND")


How = Literal["live", "headless", "explicit", "attached"]


@dataclass(frozen=True)
class OpenRun:
    """An open run of this process.

    `live` was opened by a fit, `headless` by a program's executing the notebook, `explicit` by somebody's word, `attached`
    by a runner outside that also ends it. `params` names what it was given when it was opened.
    """

    id: str
    name: str
    how: How
    workspace: Workspace
    pid: int
    params: tuple[str, ...] = ()
    notebook: str | None = None
    folder_id: tuple[int, int] | None = None

    @cached_property
    def book(self) -> RunBook:
        """Where it is written."""
        return RunBook(self.workspace)


_open: list[OpenRun] = []
touched: set[str] = set()  # runs that somebody logged to by hand since the cell began

# Capture fills these: who opens a run when something is logged and none is open, who gives an entered run what the session
# did before, and who wants to write before one ends.
opener: Callable[[], OpenRun] | None = None
after_enter: Callable[[OpenRun], None] | None = None
before_end: Callable[[OpenRun], Status] | None = None


def current() -> OpenRun | None:
    """The innermost open run of this process; a forked child has none, nor has one whose workspace was taken away."""
    while _open and _open[-1].pid == os.getpid():
        found = _open[-1]
        if found.workspace.is_still(found.folder_id):
            return found
        _open.pop()
        trouble.taken_away(f"run {found.name!r}", found.folder_id)
    return None


def enter(run_id: str, name: str, how: How, workspace: Workspace, *, params: tuple[str, ...] = (), notebook: str | None = None) -> OpenRun:
    """Make an opened run the current one."""
    found = OpenRun(run_id, name, how, workspace, os.getpid(), params, notebook, workspace.folder_id())
    _open.append(found)
    surroundings.note(found.book, run_id, notebook=notebook, only_environment=how == "attached")
    if after_enter is not None:
        after_enter(found)
    return found


def leave(run: OpenRun) -> None:
    """The run is no longer open here."""
    if run in _open:
        _open.remove(run)


def end(run: OpenRun, status: Status | None = None, *, error: str | None = None, failed_cell: int | None = None) -> None:
    """End an open run; what capture still holds is written first. An attached run is ended by its runner."""
    seen: Status = before_end(run) if before_end is not None else "finished"
    leave(run)
    if run.how != "attached":
        run.book.end(run.id, status or seen, error=error, failed_cell=failed_cell)


def end_by_id(run_id: str, raised: BaseException | None) -> None:
    """End an open run of this process, as failed if a block raised; one that has ended is left as it is."""
    if isinstance(raised, SystemExit) and raised.code in (None, 0):
        raised = None  # it left of its own will
    for run in reversed(_open[:]):
        if run.id == run_id and run.pid == os.getpid():
            error = mask(f"{type(raised).__name__}: {raised}")[:4000] if raised is not None else None
            end(run, "failed" if raised is not None else None, error=error)


_steps: dict[tuple[str, str], int] = {}


def next_step(run: OpenRun, metric: str) -> int:
    """The step after the last that `metric` has in this run."""
    last = _steps.get((run.id, metric))
    if last is None:
        # A runner's run, or one of before a restart of capture, may have some already.
        last = run.book.last_step(run.id, metric) if run.how == "attached" else -1
    _steps[run.id, metric] = found = min(last + 1, 2**63 - 1)
    return found


def step_taken(run: OpenRun, metric: str, step: int) -> int:
    """The user gave the step; the next without one follows the highest."""
    _steps[run.id, metric] = max(step, _steps.get((run.id, metric), -1))
    return step


def needed() -> OpenRun:
    """The current run; capture opens one where it can. Raises NotFound with the way to open one."""
    found = current()
    if found is None and opener is not None:
        found = opener()
    if found is None:
        raise NotFound("No run is open here.", hint="Open one: %mlops run start NAME, or run.start(NAME) in Python.")
    touched.add(found.id)
    return found


def _forked() -> None:
    # A child's work is its own: it neither adds to its parent's run nor opens one in the name of its parent's session.
    global opener, after_enter, before_end
    _open.clear()
    touched.clear()
    _steps.clear()
    opener = after_enter = before_end = None


os.register_at_fork(after_in_child=_forked)


@atexit.register
def _end_explicit() -> None:
    # Without capture (a plain script), the interpreter's end is the run's end; an exception that nobody caught is why.
    raised = getattr(sys, "last_value", None)
    error = mask(f"{type(raised).__name__}: {raised}")[:4000] if raised is not None else None
    for run in reversed(_open[:]):
        if run.pid == os.getpid() and run.how == "explicit" and before_end is None:
            end(run, "failed" if error else "finished", error=error)
