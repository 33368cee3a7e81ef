"""Population stability index: how much two sets of shares tell against each other."""

from __future__ import annotations

from typing import Any

import numpy as np

from nbmlops.data.records import ColumnProfile, Kind
from nbmlops.errors import Invalid
from nbmlops.monitoring.drift_tests import Direction
from nbmlops.monitoring.drift_tests.shares import effective_rows, over_cells, spread, unmeasurable

FLOOR = 1e-4


def psi(reference: Any, current: Any, *, edges: Any, floor: float = FLOOR) -> float:
    """Population stability index of the values `current` (n,) against `reference` (m,).

    Σ (c − r) · ln(c / r) over bins cut at `edges` (ascending, taken from the reference alone; a value on an edge belongs
    to the bin below it). Shares below `floor` are raised to it. 0: no change. Invalid where a side has no values.

    >>> round(psi([1, 2, 3, 4], [3, 4, 4, 4], edges=[2.5]), 3)
    4.604
    """

    def shares(values: Any) -> Any:
        values = np.asarray(values, dtype=float)
        if not len(values):
            raise Invalid("A stability index needs values on both sides.", hint="One of them is empty.")
        return np.bincount(np.searchsorted(cuts, values, side="left"), minlength=len(cuts) + 1) / len(values)

    cuts = np.asarray(edges, dtype=float)
    return index(shares(reference), shares(current), floor=floor)


def index(reference: Any, current: Any, *, floor: float = FLOOR) -> float:
    """Σ (c − r) · ln(c / r) of two arrays of shares (cells,), raised to `floor`.

    >>> round(index([0.5, 0.5], [0.25, 0.75]), 4)
    0.2747
    """
    r, c = np.maximum(reference, floor), np.maximum(current, floor)
    return float(((c - r) * np.log(c / r)).sum())


class PopulationStability:
    """The index over the reference's deciles (numbers) or values (categories, flags), with null as a cell of its own.

    Above 0.1 is read as some change, above 0.2 as much. Symmetric given the cells. Categories the reference never saw
    are one cell, with the floor as its reference share. A constant reference has three cells: below, at and above. The
    floor is half a row of the smaller window where that is above 1e-4: with 60 rows an empty tenth is chance, not drift.
    Siddiqi, Credit Risk Scorecards (2006) ch. 8; its spread by chance: Yurdakul, Western Michigan University (2018).

    >>> from dataclasses import replace
    >>> coin = ColumnProfile(name="x", kind="category", type="string", rows=100, nulls=0, mean=None, deviation=None,
    ...     quantiles=[], counts={"a": 50, "b": 50}, other_count=0)
    >>> value, _ = PopulationStability().measure(coin, replace(coin, counts={"a": 25, "b": 75}))
    >>> round(value, 4)
    0.2747
    """

    name = "psi"
    kinds: tuple[Kind, ...] = ("number", "category", "flag")
    default_threshold = 0.2
    drifts_when: Direction = "above"

    def measure(self, reference: ColumnProfile, current: ColumnProfile) -> tuple[float | None, str | None]:
        """The index, and no note; no value where a side has no rows."""
        if reason := unmeasurable(reference, current, self.kinds):
            return None, reason
        floor = max(FLOOR, 0.5 / min(reference.rows, current.rows))
        return index(*over_cells(reference, current), floor=floor), None

    def noise(self, reference: ColumnProfile, current: ColumnProfile, alpha: float) -> float:
        """χ² of the cells less one at 1 − α, over n·m/(n+m): the index is near Σ (c − r)² / p where nothing drifts."""
        return spread(reference, current, alpha) / effective_rows(reference, current)
