"""Which session observes this process's shell: put in, taken out, switched off and on, asked."""

from __future__ import annotations

import atexit
import os
from pathlib import Path
from typing import Any

from nbmlops.capture.made import FitFacts
from nbmlops.capture.reading.reads import reads
from nbmlops.capture.session import Session
from nbmlops.capture.showing.where import NOTEBOOK_ENVIRONMENT, lets_errors_pass
from nbmlops.runs import current, trouble
from nbmlops.workspace import opened

_session: Session | None = None
_attached: str | None = None  # the run of the runner that started this kernel


def current_session() -> Session | None:
    """This process's session, if a shell is observed."""
    return _session if _session is not None and _session.pid == os.getpid() else None


def facts_of(estimator: Any) -> FitFacts | None:
    """What is known of a living estimator that was fitted in this session."""
    session = current_session()
    return session.observer.made.facts(estimator) if session else None


def living_estimators(run: str) -> list[tuple[Any, FitFacts]]:
    """The estimators fitted in a run that still live in this kernel, in order."""
    session = current_session()
    found = session.observer.made.of_run(run) if session else []
    return [(thing, facts) for thing, facts in found if callable(getattr(thing, "predict", None)) or hasattr(thing, "get_params")]


def say_now() -> None:
    """What the executing cell did so far is on record when this returns."""
    if (session := current_session()) is not None and session._stack:
        session._say(over=False)


def attach(shell: Any) -> None:
    """Observe `shell`."""
    global _session, _attached
    if _session is not None and _session.pid == os.getpid() and _session.shell is shell:
        return
    session = _session = Session(shell)
    shell.events.register("pre_run_cell", session.cell_begins)
    shell.events.register("post_run_cell", session.cell_ended)
    session.calls.attach(shell)
    session.calls.install()
    session.finder.install()
    session.outputs.attach(shell)
    current.opener = session.open_live
    current.after_enter = session.entered
    current.before_end = session.before_end
    trouble.say = session.failed
    # Taken, not read: what a notebook starts in turn is no part of this execution.
    _attached = attached = os.environ.pop(current.ATTACH_ENVIRONMENT, _attached)
    if attached:
        os.environ.pop(NOTEBOOK_ENVIRONMENT, None)
    session._strict = not lets_errors_pass(shell)
    if attached and current.current() is None:
        place = opened(Path.cwd())
        current.enter(attached, attached, "attached", place)
    reads.listen(True)  # the cell that loads the extension may go on to read
    atexit.register(session.close)


def detach(shell: Any) -> None:
    """Leave `shell` as it was."""
    global _session
    session, _session = _session, None
    if session is None:
        return
    session.close()
    session.outputs.detach()
    session.finder.remove()
    session.calls.remove()
    session.calls.detach(shell)
    for name, hook in (("pre_run_cell", session.cell_begins), ("post_run_cell", session.cell_ended)):
        if hook in shell.events.callbacks[name]:
            shell.events.unregister(name, hook)
    current.opener = current.after_enter = current.before_end = None
    trouble.say = trouble.say_plainly
    atexit.unregister(session.close)


def switch(recording: bool) -> None:
    """Record, or record nothing."""
    session = current_session()
    if session is not None:
        session.recording = recording
        reads.listen(recording and bool(session._stack))
        if recording:
            session.calls.install()
        else:
            session.calls.remove()


def cell_run(name: str, experiment: str | None, params: dict[str, Any] | None, tags: dict[str, str] | None) -> None:
    """Open an explicit run for the executing cell."""
    from nbmlops.runs import verbs

    open_now = current.current()
    if open_now is not None and open_now.how == "explicit":
        current.end(open_now)
    verbs.start(name, experiment=experiment, params=params, tags=tags)
    session, run = current_session(), current.current()
    if session is not None and run is not None and run.how == "explicit":
        session.begin_cell_scoped(run)
