"""One drift test per file. A test is an adapter of the port `drift_test`: another package adds one by an entry point.

A test reads two stored profiles, never a row. Its cells (bins, categories) come from the reference alone, so that the
same current window always gets the same value against the same reference.
"""

from __future__ import annotations

from typing import Literal, Protocol

from nbmlops.data.records import ColumnProfile, Kind

Direction = Literal["above", "below"]


class DriftTest(Protocol):
    """What a drift test is; `nbmlops.testing.drift_tests.DriftTestSuite` checks one."""

    name: str
    kinds: tuple[Kind, ...]
    default_threshold: float
    drifts_when: Direction

    def measure(self, reference: ColumnProfile, current: ColumnProfile) -> tuple[float | None, str | None]:
        """The value and a note; no value, and why, where there is nothing to measure."""
        ...

    def noise(self, reference: ColumnProfile, current: ColumnProfile, alpha: float) -> float:
        """The value that two samples of these sizes from one distribution pass with a probability of at most `alpha`."""
        ...
