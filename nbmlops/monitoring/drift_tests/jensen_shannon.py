"""Jensen and Shannon: how well one row tells which of two windows it is from."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nbmlops.data.records import ColumnProfile, Kind
from nbmlops.monitoring.drift_tests import Direction
from nbmlops.monitoring.drift_tests.shares import effective_rows, over_values, spread, unmeasurable


def distance(reference: Any, current: Any) -> float:
    """√(½ Σ r·log₂(r/h) + ½ Σ c·log₂(c/h)), h = (r + c)/2, of two arrays of shares (cells,); 0 to 1.

    >>> round(distance([0.5, 0.5], [1.0, 0.0]), 4), distance([1.0, 0.0], [0.0, 1.0])
    (0.5579, 1.0)
    """
    r, c = np.asarray(reference, float), np.asarray(current, float)
    half = (r + c) / 2
    told = 0.0
    for shares in (r, c):
        held = shares > 0
        told += 0.5 * float((shares[held] * np.log2(shares[held] / half[held])).sum())
    return math.sqrt(min(max(told, 0.0), 1.0))


class JensenShannon:
    """The distance (base 2) of two columns of categories or flags, 0 (the same) to 1 (no value in common).

    A metric: symmetric, with a triangle inequality. Null is a value; what the reference never saw is one value together
    with its rare ones. Endres and Schindelin, IEEE Trans. Inf. Theory 49 (2003) 1858; Lin, ibid. 37 (1991) 145.

    >>> from dataclasses import replace
    >>> coin = ColumnProfile(name="x", kind="flag", type="bool", rows=100, nulls=0, mean=None, deviation=None,
    ...     quantiles=[], counts={"True": 50, "False": 50}, other_count=0)
    >>> value, _ = JensenShannon().measure(coin, replace(coin, counts={"True": 100}))
    >>> round(value, 4)
    0.5579
    """

    name = "jensen_shannon"
    kinds: tuple[Kind, ...] = ("category", "flag")
    default_threshold = 0.1
    drifts_when: Direction = "above"

    def measure(self, reference: ColumnProfile, current: ColumnProfile) -> tuple[float | None, str | None]:
        """The distance, and no note; no value where a side has no rows."""
        if reason := unmeasurable(reference, current, self.kinds):
            return None, reason
        return distance(*over_values(reference, current)), None

    def noise(self, reference: ColumnProfile, current: ColumnProfile, alpha: float) -> float:
        """√(χ² of the cells less one at 1 − α, over 8·ln 2·n·m/(n+m)): its square is near Σ (c − r)²/p / (8 ln 2)."""
        return math.sqrt(spread(reference, current, alpha) / (8 * math.log(2) * effective_rows(reference, current)))
