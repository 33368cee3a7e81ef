"""A run that a session writes into, and which of the session's cells it is made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from nbmlops.ledger.blobs import digest_bytes
from nbmlops.runs.current import OpenRun
from nbmlops.runs.facts import Facts
from nbmlops.runs.records import Cell, FileUse

MOST_CELLS = 5_000


class Memory:
    """What each cell of a session did, so that a run that opens later can take in the cells it depends on."""

    def __init__(self) -> None:
        self._done: dict[int, Facts] = {}
        self._written: dict[str, list[int]] = {}

    def keep(self, position: int, facts: Facts) -> None:
        """Remember what an execution did: the cell, what it read, the parameters and seeds it set."""
        kept = ("cells", "files", "params", "seeds", "predictions", "variables")
        self._done[position] = Facts(**{name: getattr(facts, name) for name in kept})
        for use in facts.files:
            if use.mode == "write":
                self._written.setdefault(use.path, []).append(position)
        if len(self._done) > MOST_CELLS:
            del self._done[next(iter(self._done))]

    def of(self, position: int) -> Facts:
        """What an execution did; nothing for one long past."""
        return self._done.get(position) or Facts()

    def declared(self) -> set[int]:
        """The executions that set parameters: of each such cell the last."""
        last = {Attempt.key_of(facts.cells[-1]): at for at, facts in self._done.items() if facts.params and facts.cells}
        return set(last.values())

    def writers(self, positions: set[int]) -> set[int]:
        """The executions that last wrote the files that these read."""
        found = set()
        for position in positions:
            for use in self.of(position).files:
                if use.mode != "write":
                    found |= set([at for at in self._written.get(use.path, []) if at < position][-1:])
        return found

    def update(self, use: FileUse) -> None:
        """A file's digest has become known."""
        facts = self._done.get(-1 if use.position is None else use.position)
        if facts is not None:
            facts.files = [use if _same(held, use) else held for held in facts.files]

    def cells(self) -> Iterable[Any]:
        """Every remembered cell, in order."""
        return (cell for facts in self._done.values() for cell in facts.cells)


def _same(one: FileUse, other: FileUse) -> bool:
    return (one.path, one.mode, one.detail) == (other.path, other.mode, other.detail)


@dataclass
class Attempt:
    """One run, as its session knows it.

    `taken`: the executions that belong to it. `made`: those that its fits depended on. `training`: the cells that
    fitted something, by key. `raised`: cells of it whose last execution raised.
    """

    run: OpenRun
    taken: set[int] = field(default_factory=set)
    made: set[int] = field(default_factory=set)
    training: set[Any] = field(default_factory=set)
    training_positions: set[int] = field(default_factory=set)
    raised: dict[Any, tuple[int, str]] = field(default_factory=dict)
    params: set[str] = field(default_factory=set)
    notebook: str | None = None
    files: dict[tuple[str, str, str, int | None], FileUse] = field(default_factory=dict)
    frames: set[str] = field(default_factory=set)
    fits: int = 0
    trials: int = 0
    parts: int = 0
    data_hash: str | None = None
    _before: int = 0

    def first_left_out(self) -> int:
        """The first execution that is not part of it."""
        while self._before in self.taken:
            self._before += 1
        return self._before

    @property
    def takes_all(self) -> bool:
        """Whether every cell belongs: a runner's run, a program's, or one opened by somebody's word."""
        return self.run.how != "live"

    def take(self, position: int, facts: Facts) -> Facts:
        """What the run gains by an execution that belongs to it; nothing if it was taken in before."""
        if position in self.taken:
            return Facts()
        self.taken.add(position)
        # What is set after a fit is the next run's: a name keeps the value the model was made with.
        params = {name: value for name, value in facts.params.items() if not (self.fits and name in self.params)}
        self.params |= set(params)
        self.note_files(facts.files)
        return replace(facts, params=params)

    @staticmethod
    def key_of(cell: Cell) -> str:
        """What two executions of one cell have in common: its id, or its source in a shell that knows no ids."""
        return cell.cell_id or cell.source

    def note_outcome(self, cell: Cell, *, meant: bool = False) -> None:
        """A cell of the run was executed; executing it again without an error mends it. One that is `meant` to raise may."""
        key = self.key_of(cell)
        self.raised.pop(key, None)
        if cell.error is not None and not meant:
            self.raised[key] = (cell.position, cell.error)

    def note_files(self, files: Iterable[FileUse]) -> None:
        """Files of cells that belong to the run."""
        for use in files:
            self.files[use.path, use.mode, use.detail, use.position] = use

    def new_data_hash(self) -> str | None:
        """The digest over what the run was made from, if it has changed: bytes read and frames that were fitted."""
        read = {
            use.digest for use in self.files.values() if use.digest and use.mode == "read" and (self.takes_all or use.position in self.made)
        }
        digests = self.frames | read
        if not digests or (not self.takes_all and not self.fits):
            return None
        found = digest_bytes("\n".join(sorted(digests)).encode())
        if found == self.data_hash:
            return None
        self.data_hash = found
        return found


def joined(parts: Iterable[Facts]) -> Facts:
    """Facts of several executions as one."""
    whole = Facts()
    for part in parts:
        whole.params.update(part.params)
        for name in ("metrics", "cells", "files", "fits", "trials", "artifacts", "datasets", "seeds", "predictions", "variables", "hidden"):
            getattr(whole, name).extend(getattr(part, name))
        whole.tags.update(part.tags)
        whole.notebook = part.notebook or whole.notebook
        whole.data_hash = part.data_hash or whole.data_hash
    return whole
