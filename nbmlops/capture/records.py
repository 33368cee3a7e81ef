"""The nouns of a living session."""

from __future__ import annotations

from dataclasses import dataclass

from nbmlops.runs.records import HiddenState


@dataclass(frozen=True, kw_only=True)
class CellState:
    """A cell as it was executed last: whether what it used has changed since, and why.

    `makes`: the names that executing it again would change. `used_by`: the cells, by execution count, that used what it made and
    would be stale then.
    """

    position: int
    cell_id: str | None
    execution_count: int | None
    source: str
    stale: bool
    why: str
    makes: list[str]
    used_by: list[int]


@dataclass(frozen=True, kw_only=True)
class SessionState:
    """A session as it is now: its cells, and the names whose definition no reader of the notebook would find."""

    notebook: str | None
    executed: int
    cells: list[CellState]
    hidden: list[HiddenState]
