"""Wasserstein: how far the values moved, in standard deviations of the reference."""

from __future__ import annotations

import math

import numpy as np

from nbmlops.data.records import ColumnProfile, Kind
from nbmlops.monitoring.drift_tests import Direction
from nbmlops.monitoring.drift_tests.shares import effective_rows, unmeasurable


class Wasserstein:
    """∫ |Q(p) − R(p)| dp / σ of two number columns' quantile functions, σ the reference's deviation. 0.1: a tenth of a σ.

    The mean over the 255 inner quantiles: the extremes of samples of different size differ by themselves. A shift of
    every value by s gives |s| / σ; values are only compared with values, so nulls do not count (ks and psi see those).
    A constant reference has no σ: no value unless nothing moved. Vallender, Theory Prob. Appl. 18 (1974) 784.

    >>> from dataclasses import replace
    >>> even = ColumnProfile(name="x", kind="number", type="double", rows=257, nulls=0, mean=128.0, deviation=64.0,
    ...     quantiles=[float(n) for n in range(257)], counts={}, other_count=0)
    >>> Wasserstein().measure(even, replace(even, quantiles=[n + 16 for n in even.quantiles]))
    (0.25, None)
    """

    name = "wasserstein"
    kinds: tuple[Kind, ...] = ("number",)
    default_threshold = 0.1
    drifts_when: Direction = "above"

    def measure(self, reference: ColumnProfile, current: ColumnProfile) -> tuple[float | None, str | None]:
        """The distance, and no note; no value where a side has no values or the reference is constant."""
        reason = unmeasurable(reference, current, self.kinds)
        if reason is None and not (reference.quantiles and current.quantiles):
            reason = "there are only nulls"
        if reason:
            return None, reason
        # A 512th of each, so that neither a difference nor the sum of 255 of them passes the largest float.
        apart = np.abs(np.asarray(reference.quantiles)[1:-1] / 512 - np.asarray(current.quantiles)[1:-1] / 512)
        moved = float(apart.sum()) / 255 * 512
        if moved == 0:
            return 0.0, None
        if not reference.deviation:
            return None, "the reference is constant" if reference.deviation == 0 else "the reference has no deviation"
        value = moved / reference.deviation
        return (value, None) if math.isfinite(value) else (None, "the distance is beyond the largest number")

    def noise(self, reference: ColumnProfile, current: ColumnProfile, alpha: float) -> float:
        """(√(2/π) ∫√(F(1−F)) dx / σ + √(2 ln(1/α))) / √(n·m/(n+m)).

        The first term is the mean where nothing drifts; the second bounds what it is passed by: a Gaussian supremum
        concentrates (Borell, Invent. Math. 30, 1975), and no function that moves values less than they differ has a
        deviation above σ.
        """
        mean = 0.0
        if reference.deviation and reference.quantiles:
            share = (np.arange(256) + 0.5) / 256
            steps = np.diff(np.asarray(reference.quantiles) / reference.deviation)
            mean = math.sqrt(2 / math.pi) * float((np.sqrt(share * (1 - share)) * steps).sum())
        return (mean + math.sqrt(2 * math.log(1 / alpha))) / math.sqrt(effective_rows(reference, current))
