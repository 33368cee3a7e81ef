"""One kernel's session: what its cells did becomes facts, and at each cell's end they are said of the runs they belong to.

Live, a run opens when a model is about to be fitted, and takes in the cells that the training cell depends on. Cells that
use what it made belong to it too. It ends when a cell that trained it is executed again, when the user ends it, or with the
kernel. Driven by a program, the whole execution is one run; under nbmlops's own runner it is the runner's.
"""

from __future__ import annotations

import ast
import atexit
import os
import re
import sys
import time
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from nbmlops.capture import parameters as cell_parameters
from nbmlops.capture import scripts, variables, workers
from nbmlops.capture.attempt import Attempt, Memory, joined
from nbmlops.capture.calls import Calls
from nbmlops.capture.executed import Executed, own_command
from nbmlops.capture.imports import Finder
from nbmlops.capture.made import FitFacts
from nbmlops.capture.observe import Observer
from nbmlops.capture.reading.reads import reads
from nbmlops.capture.showing.figures import Figure
from nbmlops.capture.showing.outputs import Outputs
from nbmlops.capture.showing.where import driven, lets_errors_pass, notebook_of
from nbmlops.capture.slicing.hidden import hidden_state
from nbmlops.capture.slicing.kinds import Held, kind_of
from nbmlops.capture.slicing.names import CellNames, analyse
from nbmlops.capture.slicing.slices import Slicer
from nbmlops.errors import NbmlopsError
from nbmlops.ledger.blobs import digest_bytes
from nbmlops.ledger.encode import plain
from nbmlops.ledger.secrets import mask, mask_params, remember
from nbmlops.runs import current
from nbmlops.runs.book import RunBook
from nbmlops.runs.changed_data import changed_since, facts_of
from nbmlops.runs.current import OpenRun
from nbmlops.runs.facts import Facts
from nbmlops.runs.records import Artifact, Cell, FileUse, MetricPoint, Status
from nbmlops.settings import find_root
from nbmlops.workspace import Workspace, opened, utc_now

WAIT_S = 60.0  # how long a session's end waits for large files to be hashed
_OPTED_OUT = re.compile(r"\s*(%%mlops\s+off\b|#\s*mlops:\s*off\b)")
_UNRECORDED = "# not recorded"


class Session:
    """Observes one shell from `attach` to `detach`."""

    def __init__(self, shell: Any) -> None:
        self.shell = shell
        self.pid = os.getpid()
        self.folder = str(Path.cwd())  # where the session began: a cell may go elsewhere, and go there again when it is executed again
        self.recording = True
        self.position = 0
        self.now = Facts()  # what the executing cell did since it was last said
        self.cell = Facts()  # what it did in all
        self.datasets: dict[str, Any] = {}  # fingerprints seen since they were last said, by digest
        self.attempts: list[Attempt] = []  # the run open now last; those that ended in this cell before it
        self.past: list[Attempt] = []  # ended runs whose files may still be being hashed
        self.memory = Memory()
        self.slicer = Slicer()
        self.held = Held()
        self.outputs = Outputs()
        self.names: CellNames | None = None
        self.cell_scoped: OpenRun | None = None
        self.executed = Executed()
        self._stack: list[tuple[Any, float, Any]] = []
        self._said: set[str] = set()
        self._held_against: set[tuple[str, str | None]] = set()  # files that were compared with what champions were trained on
        self._differing: list[str] = []
        self._said_at = 0.0
        self._meant = self._strict = False
        self._seen_cell = self._decided = self._opted_out = False
        self.observer = Observer(self)
        self.calls = Calls(shell.user_ns, self.observer.begun, self.observer.done, self._parsed)
        self.calls.failed = self.failed  # type: ignore[method-assign]
        self.finder = Finder(self.users_folders, self.calls.rewritten, self._imported, self.failed)

    # -- where

    @property
    def workspace(self) -> Workspace:
        """The open run's workspace, or the nearest above the notebook."""
        run = current.current()
        return run.workspace if run is not None else opened(Path.cwd())

    def users_folders(self) -> list[Path]:
        """Where modules are the user's own."""
        place = find_root(Path.cwd())
        return [Path.cwd(), *([place] if place else [])]

    @property
    def attempt(self) -> Attempt | None:
        """The open run as this session knows it."""
        run = current.current()
        return next((attempt for attempt in reversed(self.attempts) if run is not None and attempt.run.id == run.id), None)

    @property
    def recording_now(self) -> bool:
        """Whether the executing cell is recorded."""
        return self.recording and not self._opted_out

    # -- the shell's events

    def cell_begins(self, info: Any) -> None:
        """IPython is about to run a cell."""
        try:
            if os.getpid() != self.pid:
                return
            if not self._stack:
                self._opted_out = bool(_OPTED_OUT.match(info.raw_cell or ""))
                self._decide()
                self._close_if_again(_key(info))
                self.names = None
                self._meant = lets_errors_pass(self.shell)
                self._strict = self._strict or not self._meant
                self.observer.cell_begins()
                self.outputs.begin()
                reads.listen(self.recording_now)
            self._stack.append((info, time.perf_counter(), utc_now()))
            self._seen_cell = True
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
            if self._stack:
                _, began, at = self._stack.pop()
            elif not self._seen_cell and (info.raw_cell or "").strip():
                began, at = time.perf_counter(), utc_now()  # the cell that loaded the extension
            else:
                return  # an empty cell ends without having begun
            if self._stack:
                return  # a cell run by a cell: its facts belong to the outer one
            self._seen_cell = True
            self._decide()
            reads.listen(False)
            self.calls.forget()
            if not own_command(info.raw_cell):
                self._note_cell(result, info, time.perf_counter() - began, at)
            cell = self.now.cells[-1] if self.now.cells else None
            self._say(over=True)
            self._end_cell_scoped()
            self.attempts = [attempt for attempt in self.attempts if attempt.run == current.current()]
            told = partial(self._note_shown, cell) if cell is not None and self.recording_now else _nobody
            self.outputs.leave(told)
            # Last registered, first called: a library that is slow to end must not cost the record its end.
            atexit.unregister(self.close)
            atexit.register(self.close)
        except Exception as error:
            self.failed(error)

    def _parsed(self, tree: ast.Module) -> None:
        if self._stack and self.names is None:
            held = self.shell.user_ns
            self.names = analyse(tree, lambda name: kind_of(held[name]) if name in held else None)

    def _imported(self, path: str, source: bytes) -> None:
        """A module of the user's own is about to be executed for the first time."""
        try:
            if self.recording_now and os.getpid() == self.pid:
                use = FileUse(
                    path=os.path.abspath(path), mode="import", digest=digest_bytes(source), size_bytes=len(source), modified_at=None,
                    position=self.position, note=None,
                )  # fmt: skip
                self.now.files.append(use)
        except Exception as error:
            self.failed(error)

    def _note_cell(self, result: Any, info: Any, duration_s: float, at: Any) -> None:
        problem = result.error_before_exec or result.error_in_exec
        if isinstance(problem, SystemExit) and problem.code in (None, 0):
            problem = None  # it ended of its own will
        names = self.names or CellNames(opaque=True)
        bound = self.held.after(names, self.shell.user_ns)
        remember(bound)  # `password = getpass()` stands in no source, and may be in what is raised
        source = mask(info.raw_cell) if self.recording_now else _UNRECORDED  # first: what it gives a secret's name is known then
        error = mask(f"{type(problem).__name__}: {problem}")[:4000] if problem is not None else None
        self.now.cells.append(
            Cell(
                position=self.position,
                cell_id=getattr(info, "cell_id", None),
                execution_count=result.execution_count,
                source=source,
                started_at=at,
                duration_s=duration_s,
                error=error,
            )
        )
        self.slicer.note(self.position, names, self.held.identities, raised=error is not None)
        if self.recording_now:
            workers.heard(reads, info.raw_cell, names, self.shell.user_ns)
            self.now.files += reads.take(self.position)
            if cell_parameters.looks_like(info.raw_cell):
                self.now.params.update(mask_params(plain(cell_parameters.assigned(info.raw_cell))))
            self.now.variables += variables.read(info.raw_cell, self.position)
            self.now.files += scripts.executed(info.raw_cell, self.position)
            self.executed.note(self.position, getattr(info, "cell_id", None), info.raw_cell, names, result, self.shell.user_ns)
            self.observer.cell_ends(names, [*self.cell.metrics, *self.now.metrics])

    def _note_shown(self, cell: Cell, digest: str | None, figures: list[Figure]) -> None:
        """What a cell showed is known a moment after its end: its digest, and the pictures. Called by the thread that sends."""
        takers = [attempt for attempt in (*self.past, *self.attempts) if cell.position in attempt.taken]
        known = replace(cell, outputs=digest)
        self.memory.of(cell.position).cells[:] = [known]
        for attempt in takers:
            facts = Facts(cells=[known] if digest is not None else [])
            for number, (suffix, media, raw) in enumerate(figures):
                name = f"figure-{cell.position}-{number}.{suffix}"
                kept = attempt.run.workspace.blobs.put(raw)
                facts.artifacts.append(Artifact(name=name, digest=kept, media_type=media, size_bytes=len(raw), position=cell.position))
            if facts:
                attempt.run.book.add(attempt.run.id, facts)

    # -- runs

    def _decide(self) -> None:
        """Once: when a program, not a person, executes this notebook, its one execution is one run."""
        if not self._decided:
            self._decided = True
            if self.recording and current.current() is None and driven(self.shell) == "headless":
                self._open("headless")

    def _open(self, how: Any) -> Attempt:
        place = self.workspace
        notebook, known_from = notebook_of(self.shell, executed=self.executed.sources)
        name = Path(notebook).stem if notebook else "session"
        run_id = RunBook(place).open(name, experiment=place.root.name, kind=how, notebook=notebook, known_from=known_from)
        current.enter(run_id, name, how, place, notebook=notebook)
        attempt = self.attempt
        assert attempt is not None
        return attempt

    def open_live(self) -> OpenRun:
        """Open the run that a logged metric asks for."""
        return self.training().run if current.current() is None else current.needed()

    def training(self) -> Attempt:
        """The run that the executing cell trains for; opened now if there is none."""
        attempt = self.attempt or self._open("live")
        key = _key(self._stack[0][0]) if self._stack else None
        attempt.training.add(key)
        attempt.training_positions.add(self.position)
        if self.position not in attempt.made:
            attempt.made |= self._with_writers({self.position, *self._before()})
            self._take_in(attempt, (attempt.made | self.memory.declared()) - {self.position})
        return attempt

    def _with_writers(self, positions: set[int]) -> set[int]:
        """Executions with those that wrote the files they read, and what these depend on in turn."""
        while more := self.memory.writers(positions) - positions:
            positions = positions | more.union(*(self.slicer.needed(position) for position in more))
        return positions

    def _before(self, position: int | None = None) -> list[int]:
        """The executions that the executing cell depends on; all there were, where that cannot be told."""
        at = self.position if position is None else position
        if self.names is None:
            return [cell.position for cell in self.memory.cells() if cell.position < at]
        return [position for position in self.slicer.before(self.names) if position < at]

    def entered(self, run: OpenRun) -> None:
        """A run is open: from now on this session writes into it."""
        notebook = run.notebook
        if run.how == "explicit":
            notebook = self._ask_for_notebook(run)
        reads.keep_in(run.workspace.folder)
        attempt = Attempt(run, params=set(run.params), notebook=notebook)
        self.attempts.append(attempt)
        run.book.add(run.id, Facts(folder=self.folder))
        if run.how != "attached":
            self._tag_parameters(notebook)
        if run.how == "headless":
            self._take_in(attempt, {cell.position for cell in self.memory.cells()})

    def _ask_for_notebook(self, run: OpenRun) -> str | None:
        notebook, known_from = notebook_of(self.shell, executed=self.executed.sources)
        if notebook is not None:
            run.book.add(run.id, Facts(notebook=(notebook, known_from)))
        return notebook

    def _tag_parameters(self, notebook: str | None) -> None:
        """The notebook's file says which cells hold parameters."""
        if not notebook:
            return
        ids, sources = cell_parameters.tagged_cells(Path(notebook))
        for cell in self.memory.cells():
            if cell.cell_id in ids or cell.source in sources:
                self.memory.of(cell.position).params.update(mask_params(plain(cell_parameters.assigned(cell.source))))

    def _take_in(self, attempt: Attempt, positions: set[int]) -> None:
        """Say of a run what earlier cells did that it depends on."""
        parts = [attempt.take(position, self.memory.of(position)) for position in sorted(positions - attempt.taken)]
        facts = joined(parts)
        if facts:
            facts.data_hash = attempt.new_data_hash()
            attempt.run.book.add(attempt.run.id, facts)
            self._hold_against_champions(attempt, facts.files)

    def _hold_against_champions(self, attempt: Attempt, files: list[FileUse]) -> None:
        """Say once when a file is not any more what a champion was trained on."""
        fresh = [use for use in files if use.mode == "read" and use.digest and (use.path, use.digest) not in self._held_against]
        if not fresh:
            return
        self._held_against |= {(use.path, use.digest) for use in fresh}
        sentences = changed_since(attempt.run.workspace, attempt.run.id, fresh)
        if sentences:
            self._differing += sentences
            attempt.run.book.add(attempt.run.id, facts_of(self._differing))
            if attempt.run.how == "live":
                print("\n".join(f"nbmlops: {sentence}" for sentence in sentences), file=sys.stderr)  # noqa: T201

    def _close_if_again(self, key: Any) -> None:
        attempt = self.attempt
        if attempt is not None and attempt.run.how == "live" and key in attempt.training:
            current.end(attempt.run)
            self.attempts.remove(attempt)

    def before_end(self, run: OpenRun) -> Status:
        """Say what is held; tell how the run went: failed if a cell of it raised when it last ran."""
        if os.getpid() != self.pid:
            return "finished"
        self.outputs.settle()
        self._say(over=False)
        attempt = next((attempt for attempt in self.attempts if attempt.run.id == run.id), None)
        if attempt is None:
            return "finished"
        if attempt.notebook is None and run.how in ("live", "headless"):
            attempt.notebook = self._ask_for_notebook(run)  # saved, or named, since
        self._note_hidden(attempt)
        self.past.append(attempt)
        del self.past[:-20]
        if run.how not in ("live", "headless") or not attempt.raised:
            return "finished"  # of an attached run its runner knows how it went
        position, error = next(reversed(attempt.raised.values()))
        current.leave(run)
        run.book.end(run.id, "failed", error=error, failed_cell=position)
        return "failed"

    def _note_hidden(self, attempt: Attempt) -> None:
        if attempt.run.how != "live":
            return
        cells, saved = self.as_saved(attempt.notebook)
        found = hidden_state(self.executed.all, cells, sorted(attempt.taken), saved=saved)
        if found:
            attempt.run.book.add(attempt.run.id, Facts(hidden=found))

    def as_saved(self, notebook: str | None) -> tuple[list[tuple[str, str]] | None, int | None]:
        """The saved notebook's cells, if it can be read, and the last execution before it was saved."""
        if notebook:
            with reads.deaf(), suppress(OSError):
                cells, at = cell_parameters.code_cells(Path(notebook)), os.stat(notebook).st_mtime
                # A cell's text was typed before the cell was executed: a file saved later has it, or has it no more.
                return cells, max((cell.position for cell in self.memory.cells() if cell.started_at.timestamp() < at), default=-1)
        return None, None

    def _end_cell_scoped(self) -> None:
        run, self.cell_scoped = self.cell_scoped, None
        attempt = self.attempt
        if run is None or attempt is None or attempt.run != run:
            return
        failed = attempt.raised.get(self._scoped_key)
        current.end(run, "failed" if failed else "finished", error=failed[1] if failed else None, failed_cell=failed[0] if failed else None)

    def begin_cell_scoped(self, run: OpenRun) -> None:
        """The run ends with the executing cell."""
        self.cell_scoped = run
        self._scoped_key = _key(self._stack[0][0]) if self._stack else None

    # -- saying

    def measured(self, name: str, value: float, owner: FitFacts | None) -> None:
        """A metric: of the run whose model it is about, else of the open one."""
        run = current.current()
        if owner is not None and owner.run is not None and (run is None or owner.run != run.id):
            past = next((attempt.run for attempt in reversed(self.past) if attempt.run.id == owner.run), None)
            if past is not None:
                point = MetricPoint(name=name, step=current.next_step(past, name), value=value, at=utc_now(), fit=owner.number)
                past.book.add(past.id, Facts(metrics=[point]))
                return
        if run is None:
            return  # a number about no model of this session
        fit = owner.number if owner is not None and owner.run == run.id else None
        step = current.next_step(run, name)
        self.now.metrics.append(MetricPoint(name=name, step=step, value=value, at=run.workspace.clock(), fit=fit))

    def now_and_then(self) -> None:
        """A cell that trains for long: say what is known, at most once a second."""
        if time.monotonic() - self._said_at > 1:
            self._said_at = time.monotonic()
            self._say(over=False)

    def _say(self, *, over: bool) -> None:
        """Say what the executing cell did: to the runs it belongs to. `over`: the cell has ended."""
        facts, self.now = self.now, Facts()
        self.cell = whole = joined([self.cell, facts])
        position, run = self.position, current.current()
        if over:
            self.cell = Facts()
            if whole.cells:
                self.memory.keep(position, whole)
                self.position += 1
        for attempt in self.attempts:
            own = Facts()
            if attempt.run == run:
                depends = sorted(self._with_writers({position, *self._before(position)})) if facts.fits else []
                own = Facts(
                    metrics=facts.metrics, fits=[replace(fit, depends=depends) for fit in facts.fits], trials=facts.trials,
                    tags=facts.tags, datasets=list(self.datasets.values()),
                )  # fmt: skip
                self.datasets = {}
            if over and whole.cells and self._belongs(attempt, position, whole):
                if attempt.first_left_out() < position:
                    fresh = {position, *self.slicer.needed(position)} - attempt.taken
                    self._take_in(attempt, self._with_writers(fresh) - {position})
                done = replace(whole, metrics=[], fits=[], trials=[], datasets=[], tags={}, hidden=[])
                own = joined([own, attempt.take(position, done)])
                # An error let pass in this cell alone is meant; where all are let pass, it is a failure that nobody minds.
                attempt.note_outcome(whole.cells[-1], meant=self._meant and self._strict)
            own.data_hash = attempt.new_data_hash()
            if own:
                attempt.run.book.add(attempt.run.id, own)
                self._hold_against_champions(attempt, own.files)
        if over:
            current.touched.clear()
            self._note_hashed()

    def _belongs(self, attempt: Attempt, position: int, whole: Facts) -> bool:
        """Whether an execution is part of a run: it trained, it measured, it logged, it raised, or it used what the run made."""
        cell = whole.cells[-1]
        if cell.error is not None or attempt.key_of(cell) in attempt.raised:
            return True  # what a cell that raised depends on is not known; one that mends it is part of it
        if attempt.takes_all or position in attempt.training_positions or attempt.run.id in current.touched:
            return True
        if attempt.run != current.current():
            return False  # it ended in this cell, which did something else besides
        if any((whole.fits, whole.metrics, whole.trials)):
            return True
        return bool(attempt.training_positions & set(self.slicer.needed(position)))

    def _note_hashed(self) -> None:
        """Digests that have become known since: of large files, hashed beside the user's work."""
        for use in reads.later():
            self.memory.update(use)
            for attempt in (*self.past, *self.attempts):
                if (use.path, use.mode, use.detail, use.position) in attempt.files:
                    attempt.note_files([use])
                    attempt.run.book.add(attempt.run.id, Facts(files=[use], data_hash=attempt.new_data_hash()))
                    self._hold_against_champions(attempt, [use])

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
            # The status first: who shuts a kernel down gives it seconds, and a large file may take longer.
            while (run := current.current()) is not None:
                current.end(run)
            reads.wait(timeout_s=WAIT_S)
            self._note_hashed()
        except Exception as error:
            self.failed(error)


def _nobody(digest: str | None, figures: list[Figure]) -> None:
    """What a cell showed that is not recorded."""


def _key(info: Any) -> Any:
    return getattr(info, "cell_id", None) or getattr(info, "raw_cell", None)
