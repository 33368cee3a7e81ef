"""The nouns of proof."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from nbmlops.runs.records import RunDataDiff, Verdict

Part = Literal[
    "environment", "variable", "file", "module", "frame", "seed", "parameter", "fitted", "metric", "prediction", "output", "written",
    "error", "cell",
]  # fmt: skip
Cause = Literal["data", "code", "environment", "randomness", "time or network", "order or hidden state", "unknown"]


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One kind of thing that was held against the record: how many there were, how many differ, and what counts as the same."""

    part: Part
    things: int
    differ: int
    tolerance: str


@dataclass(frozen=True, kw_only=True)
class Deviation:
    """One thing that came out otherwise; `cell` is the position it had in the run."""

    part: Part
    name: str
    cell: int | None
    before: Any
    after: Any


@dataclass(frozen=True, kw_only=True)
class Verification:
    """Whether a run holds when it is executed again.

    `cell` is the first cell, by its position in the run, at which anything came out otherwise; `cause` is what that is blamed
    on. `missing` says what stood in the way of executing it at all. `data`: where the data changed, in which columns and rows.
    """

    id: str
    run: str
    name: str
    verdict: Verdict
    sentence: str
    cause: Cause | None
    cell: int | None
    compared: list[Compared]
    deviations: list[Deviation]
    missing: list[str]
    data: RunDataDiff | None
    environment: Literal["here", "recreated"]
    at: datetime
    duration_s: float

    @property
    def passed(self) -> bool:
        """Whether it holds."""
        return self.verdict == "VERIFIED"


@dataclass(frozen=True, kw_only=True)
class Verifications:
    """What was said of several runs, in the order they were asked for."""

    verified: int
    differs: int
    cannot: int
    duration_s: float
    verifications: list[Verification]

    @classmethod
    def of(cls, found: list[Verification], duration_s: float) -> Verifications:
        """Counted."""
        verdicts = [one.verdict for one in found]
        return cls(
            verified=verdicts.count("VERIFIED"), differs=verdicts.count("DIFFERS"), cannot=verdicts.count("CANNOT"),
            duration_s=round(duration_s, 3), verifications=found,
        )  # fmt: skip

    @property
    def passed(self) -> bool:
        """Whether all of them hold."""
        return self.verified == len(self.verifications)


@dataclass(frozen=True, kw_only=True)
class Extraction:
    """The smallest notebook found that gives a session's result, if one does.

    `cells` and `lines` count what makes the result, in the session and in the notebook. `notebook` is where it was written;
    None where none was, since none gives the same. `parameters` are those that papermill can set, with their values.
    """

    name: str
    of: str
    notebook: str | None
    sentence: str
    exactly: bool
    session_cells: int
    session_lines: int
    cells: int
    lines: int
    parameters: dict[str, Any]
    tried: int
    duration_s: float

    @property
    def passed(self) -> bool:
        """Whether a notebook was found."""
        return self.notebook is not None
