"""One kernel's session: what its cells did becomes facts, and at each cell's end one transaction.

Live, a run opens at the first fit of a model and takes in what the session did before (cells, reads, parameters). It
ends when the cell that opened it is executed again, when the user ends it, or with the kernel. Under a runner the run is
the runner's, and the session only adds to it.
"""

from __future__ import annotations

import atexit
import os
import sys
import time
from pathlib import Path
from typing import Any

from nbmlops.capture import parameters as cell_parameters
from nbmlops.capture.calls import Calls
from nbmlops.capture.figures import Figures
from nbmlops.capture.fits import FitFacts, Living
from nbmlops.capture.observe import Observer
from nbmlops.capture.reads import reads
from nbmlops.capture.where import notebook_of
from nbmlops.errors import NbmlopsError
from nbmlops.ledger.secrets import mask, mask_params
from nbmlops.runs import current, trouble
from nbmlops.runs.book import RunBook
from nbmlops.runs.current import OpenRun
from nbmlops.runs.facts import Facts
from nbmlops.runs.records import Artifact, Cell, Status
from nbmlops.workspace import Workspace, opened, utc_now

_session: Session | None = None


class Session:
    """Observes one shell from `attach` to `detach`."""

    def __init__(self, shell: Any) -> None:
        self.shell = shell
        self.pid = os.getpid()
        self.recording = True
        self.position = 0
        self.before = Facts()  # what the session did, for a run that opens later
        self.now = Facts()  # what the executing cell did so far
        self.data: dict[str, Any] = {}  # datasets seen in this cell, by digest
        self.run_data: set[str] = set()  # digests that make the open run's data hash
        self.read_since: set[str] = set()  # digests of what was read since the last fit
        self.living = Living()
        self.figures = Figures()
        self.fit_count = 0
        self.opened_by: tuple[Any, str] | None = None
        self.cell_scoped: OpenRun | None = None
        self.raised: dict[Any, tuple[int, str]] = {}
        self._stack: list[tuple[Any, float, Any]] = []
        self._said: set[str] = set()
        self.observer = Observer(self)
        self.calls = Calls(shell.user_ns, self.observer.done)
        self.calls.failed = self.failed  # type: ignore[method-assign]

    # -- where

    @property
    def workspace(self) -> Workspace:
        """The open run's workspace, or the nearest above the notebook."""
        run = current.current()
        return run.workspace if run is not None else opened(Path.cwd())

    # -- the shell's events

    def cell_begins(self, info: Any) -> None:
        """IPython is about to run a cell."""
        try:
            if os.getpid() != self.pid:
                return
            key = _key(info)
            if not self._stack:
                self._close_if_again(key, info)
                reads.listen(self.recording)
            self._stack.append((info, time.perf_counter(), utc_now()))
        except Exception as error:
            self.failed(error)

    def cell_ended(self, result: Any) -> None:
        """IPython has run a cell."""
        try:
            if os.getpid() != self.pid:
                return
            info = result.info
            while self._stack and self._stack[-1][0] is not info:
                self._stack.pop()
            if not self._stack:
                return  # an empty cell ends without having begun
            _, began, at = self._stack.pop()
            if self._stack:
                return  # a cell run by a cell: its facts belong to the outer one
            reads.listen(False)
            self.calls.forget()
            if self.recording and not _own_command(info.raw_cell):
                self._note_cell(result, info, time.perf_counter() - began, at)
            self.flush()
            self._end_cell_scoped()
            # Last registered, first called: a library that is slow to end must not cost the record its end.
            atexit.unregister(self.close)
            atexit.register(self.close)
        except Exception as error:
            self.failed(error)

    def _note_cell(self, result: Any, info: Any, duration_s: float, at: Any) -> None:
        problem = result.error_before_exec or result.error_in_exec
        error = mask(f"{type(problem).__name__}: {problem}")[:4000] if problem is not None else None
        key = _key(info)
        if error is not None:
            self.raised[key] = (self.position, error)
        else:
            self.raised.pop(key, None)
        self.now.cells.append(
            Cell(
                position=self.position,
                cell_id=getattr(info, "cell_id", None),
                execution_count=result.execution_count,
                source=mask(info.raw_cell),
                started_at=at,
                duration_s=duration_s,
                error=error,
            )
        )
        self.now.files += reads.take(self.position)
        if cell_parameters.looks_like(info.raw_cell):
            self.now.params.update(mask_params(cell_parameters.assigned(info.raw_cell)))
        self._note_figures()
        self.position += 1

    def _note_figures(self) -> None:
        run = current.current()
        shown = self.figures.take()
        if run is None:
            return
        for number, (suffix, media, raw) in enumerate(shown):
            digest = run.workspace.blobs.put(raw)
            name = f"figure-{self.position}-{number}.{suffix}"
            self.now.artifacts.append(Artifact(name=name, digest=digest, media_type=media, size_bytes=len(raw), position=self.position))

    # -- runs

    def open_live(self) -> OpenRun:
        """Open the run that a fit or a logged metric asks for."""
        found = current.current()
        if found is not None:
            return found
        place = self.workspace
        notebook, known_from = notebook_of(self.shell)
        name = Path(notebook).stem if notebook else "session"
        run_id = RunBook(place).open(name, experiment=place.root.name, kind="live", notebook=notebook, known_from=known_from)
        run = current.enter(run_id, name, "live", place)
        self.opened_by = (_key(self._stack[0][0]), run_id) if self._stack else None
        return run

    def entered(self, run: OpenRun) -> None:
        """A run is open: give it what the session did before, which it may depend on. A runner's run began with the kernel."""
        self.fit_count = 0
        self.raised = {}
        self.run_data, self.read_since = set(), set()
        if run.how == "attached":
            return
        earlier, known = self.before, run.book.run(run.id)
        latest = {use.path: use.digest for use in earlier.files if use.digest and use.mode == "read"}
        self.read_since = set(latest.values())
        notebook = (known.notebook, known.notebook_known_from) if known.notebook else notebook_of(self.shell)
        params = {**self._tagged(notebook[0]), **earlier.params}
        facts = Facts(
            cells=list(earlier.cells), files=list(earlier.files), params={k: v for k, v in params.items() if k not in known.params}
        )
        if notebook[0] is not None:
            facts.notebook = (notebook[0], notebook[1])
        if facts:
            run.book.add(run.id, facts)

    def _tagged(self, notebook: str | None) -> dict[str, Any]:
        if not notebook:
            return {}
        ids, sources = cell_parameters.tagged_cells(Path(notebook))
        found: dict[str, Any] = {}
        for cell in self.before.cells + self.now.cells:
            if cell.cell_id in ids or cell.source in sources:
                found.update(cell_parameters.assigned(cell.source))
        return mask_params(found)

    def _close_if_again(self, key: Any, info: Any) -> None:
        run = current.current()
        if run is not None and run.how == "live" and self.opened_by == (key, run.id):
            current.end(run)

    def before_end(self, run: OpenRun) -> Status:
        """Write what is held; say how the run went: failed if a cell's last execution raised."""
        if os.getpid() != self.pid:
            return "finished"
        self.flush()
        self.opened_by = None
        if run.how != "live" or not self.raised:  # of an attached run its runner knows how it went
            return "finished"
        position, error = next(reversed(self.raised.values()))
        current.leave(run)
        run.book.end(run.id, "failed", error=error, failed_cell=position)
        return "failed"

    def _end_cell_scoped(self) -> None:
        run, self.cell_scoped = self.cell_scoped, None
        if run is None or current.current() != run:
            return
        failed = self.raised.get(self._scoped_key)
        current.end(run, "failed" if failed else "finished", error=failed[1] if failed else None, failed_cell=failed[0] if failed else None)

    def begin_cell_scoped(self, run: OpenRun) -> None:
        """The run ends with the executing cell."""
        self.cell_scoped = run
        self._scoped_key = _key(self._stack[0][0]) if self._stack else None

    # -- writing

    def flush(self) -> None:
        """Write the executing cell's facts: into the open run, or keep them for one that opens later."""
        facts, self.now = self.now, Facts()
        run = current.current()
        self.before.cells += facts.cells
        self.before.files += facts.files
        self.before.params.update(facts.params)
        del self.before.cells[:-2000], self.before.files[:-2000]
        if run is None:
            return
        if run.how == "live" and self.fit_count > len(facts.fits):
            facts.params = {}  # set after the fit: the next run's, not this one's
        self.read_since |= {use.digest for use in facts.files if use.digest and use.mode == "read"}
        if facts.fits or run.how != "live":
            # What a live session reads after its last fit is not what that run was made from.
            fitted = {digest for fit in facts.fits for digest in (fit.frame, fit.target) if digest}
            fresh, self.read_since = self.read_since | fitted, set()
            if fresh - self.run_data:
                self.run_data |= fresh
                facts.data_hash = _data_hash(self.run_data)
        if facts or self.data:
            facts.datasets, self.data = list(self.data.values()), {}
            run.book.add(run.id, facts)

    def failed(self, error: Exception) -> None:
        """Capture went wrong: say it once, in one line, and step aside."""
        if isinstance(error, NbmlopsError):
            line = f"nbmlops: not recorded: {error}"
        else:
            line = f"nbmlops: not recorded: {type(error).__name__}: {error}"
        kind = f"{type(error).__name__}:{getattr(error, 'code', '')}"
        if kind not in self._said:
            self._said.add(kind)
            self.now.tags["not recorded"] = mask(line)[:500]  # whoever reads the run should know that it is not whole
            print(line, file=sys.stderr)  # noqa: T201 - the one line a user sees

    def close(self) -> None:
        """The kernel ends, or capture is taken out."""
        if os.getpid() != self.pid:
            return
        reads.listen(False)
        try:
            while (run := current.current()) is not None:
                current.end(run)
        except Exception as error:
            self.failed(error)


def _key(info: Any) -> Any:
    return getattr(info, "cell_id", None) or getattr(info, "raw_cell", None)


def _own_command(source: str) -> bool:
    # Asking nbmlops something is not part of the experiment.
    lines = [line for line in source.strip().splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return bool(lines) and all(line.lstrip().startswith(("%mlops", "%load_ext nbmlops", "%unload_ext nbmlops")) for line in lines)


def _data_hash(digests: set[str]) -> str:
    from nbmlops.ledger.blobs import digest_bytes

    return digest_bytes("\n".join(sorted(digests)).encode())


def current_session() -> Session | None:
    """This process's session, if a shell is observed."""
    return _session if _session is not None and _session.pid == os.getpid() else None


def facts_of(estimator: Any) -> FitFacts | None:
    """What is known of a living estimator that was fitted in this session."""
    session = current_session()
    return session.living.facts(estimator) if session else None


def living_estimators(run: str) -> list[tuple[Any, FitFacts]]:
    """The estimators fitted in a run that still live in this kernel, in order."""
    session = current_session()
    return session.living.of_run(run) if session else []


def attach(shell: Any) -> None:
    """Observe `shell`."""
    global _session
    if _session is not None and _session.pid == os.getpid() and _session.shell is shell:
        return
    session = _session = Session(shell)
    shell.events.register("pre_run_cell", session.cell_begins)
    shell.events.register("post_run_cell", session.cell_ended)
    shell.ast_transformers.append(session.calls)
    session.calls.install()
    session.figures.attach(shell)
    current.opener = session.open_live
    current.after_enter = session.entered
    current.before_end = session.before_end
    trouble.say = session.failed
    attached = os.environ.get(current.ATTACH_ENVIRONMENT)
    if attached and current.current() is None:
        place = opened(Path.cwd())
        current.enter(attached, attached, "attached", place)
    atexit.register(session.close)


def detach(shell: Any) -> None:
    """Leave `shell` as it was."""
    global _session
    session, _session = _session, None
    if session is None:
        return
    session.close()
    session.figures.detach()
    session.calls.remove()
    if session.calls in shell.ast_transformers:
        shell.ast_transformers.remove(session.calls)
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
