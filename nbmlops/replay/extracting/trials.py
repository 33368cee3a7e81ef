"""Candidates executed, each in a fresh kernel, and their results compared with the session's."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import nbformat
from nbformat import NotebookNode

from nbmlops.data.values import State
from nbmlops.replay.again import executed
from nbmlops.replay.extracting.layout import Laid
from nbmlops.replay.extracting.looking import CELL, kept
from nbmlops.replay.held import blamed, held_against
from nbmlops.replay.written import as_ran
from nbmlops.runs.records import FileUse, RunRecord


@dataclass(frozen=True)
class Trial:
    """How executing a candidate went: `same`, or why not."""

    same: bool
    why: str = ""
    exactly: bool = False
    state: State | None = None


@dataclass
class Trials:
    """Executes candidates against one expected result, until the budget is spent."""

    expression: str
    expected: State | None  # None: whatever comes out is taken
    folder: str
    files: Sequence[FileUse]
    budget_s: float
    timeout_s: float | None = None
    progress: Callable[[int, int], None] | None = None
    tried: int = 0
    began: float = field(default_factory=time.monotonic)

    @property
    def left_s(self) -> float:
        """What is left of the budget."""
        return self.budget_s - (time.monotonic() - self.began)

    def run(self, laid: Laid, name: str) -> Trial:
        """Execute a candidate and compare."""
        notebook = laid.notebook()
        state, done = self._looked_at(notebook, len(notebook.cells) - bool(laid.result), name)
        if not isinstance(state, State):
            return Trial(False, state or done.run.error or "it did not come to its end")
        if self.expected is not None and not state.is_(self.expected):
            return Trial(False, "it gives another result", state=state)
        if done.run.status != "finished":
            return Trial(False, done.run.error or "it did not come to its end", state=state)
        return Trial(True, exactly=self.expected is None or state.exact == self.expected.exact, state=state)

    def as_it_ran(self, record: RunRecord) -> Trial:
        """Execute a recorded run as it ran: what comes out is its result if the record holds, and nobody knows what it was if not."""
        notebook = as_ran(record)
        notebook.cells[-1].metadata["tags"] = ["raises-exception"]
        state, done = self._looked_at(notebook, len(notebook.cells), record.run.name)
        blamed_on = blamed(held_against(record, done)[1])
        if blamed_on:
            first = blamed_on[0]
            where = f" of cell {first.cell}" if first.cell is not None else ""
            why = f"%mlops run verify {record.run.id} says why"
            return Trial(False, f"the {first.part} {first.name}{where} is another than recorded ({why})")
        if not isinstance(state, State):
            return Trial(False, state or done.run.error or "it did not come to its end")
        return Trial(True, exactly=True, state=state)

    def _looked_at(self, notebook: NotebookNode, at: int, name: str) -> tuple[State | str | None, RunRecord]:
        """Execute a notebook, and look at the result where it stands before cell `at`."""
        self.tried += 1

        def prepare(folder: str) -> None:
            look = nbformat.v4.new_code_cell(CELL.format(expression=self.expression, folder=folder), id="look")
            notebook.cells.insert(at, look)

        with executed(
            notebook, name=name, folder=self.folder, files=self.files, timeout_s=self.timeout_s, progress=self.progress, prepare=prepare,
        ) as (scratch, done):  # fmt: skip
            return kept(scratch), done
