"""Kolmogorov and Smirnov: how far apart two distribution functions are at most."""

from __future__ import annotations

import math

import numpy as np

from nbmlops.data.records import ColumnProfile, Kind
from nbmlops.monitoring.drift_tests import Direction
from nbmlops.monitoring.drift_tests.shares import RESOLUTION, below, effective_rows, unmeasurable


class KolmogorovSmirnov:
    """sup |F(x) − G(x)| of two number columns, 0 (the same) to 1 (apart), from their quantiles: exact to 1/256.

    A null stands above every number, so that a shift in the share of nulls counts as any other. Symmetric; unchanged by
    any growing function of the values; a constant column is a step. Smirnov, Ann. Math. Stat. 19 (1948) 279.

    >>> from dataclasses import replace
    >>> even = ColumnProfile(name="x", kind="number", type="double", rows=257, nulls=0, mean=128.0, deviation=74.2,
    ...     quantiles=[float(n) for n in range(257)], counts={}, other_count=0)
    >>> KolmogorovSmirnov().measure(even, replace(even, quantiles=[n + 64 for n in even.quantiles]))
    (0.25, None)
    """

    name = "ks"
    kinds: tuple[Kind, ...] = ("number",)
    default_threshold = 0.1
    drifts_when: Direction = "above"

    def measure(self, reference: ColumnProfile, current: ColumnProfile) -> tuple[float | None, str | None]:
        """The largest distance, and no note; no value where a side has no rows."""
        if reason := unmeasurable(reference, current, self.kinds):
            return None, reason
        points = np.unique([*reference.quantiles, *current.quantiles, math.inf])
        return float(np.abs(below(reference, points) - below(current, points)).max()), None

    def noise(self, reference: ColumnProfile, current: ColumnProfile, alpha: float) -> float:
        """√(−ln(α/2) / 2 · (n + m)/(n·m)), Smirnov's limit, and the profiles' resolution; too careful where values repeat."""
        return math.sqrt(-math.log(alpha / 2) / 2 / effective_rows(reference, current)) + RESOLUTION
