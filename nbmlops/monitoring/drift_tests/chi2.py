"""χ² of two windows, as an effect size: with enough rows every p-value is small, so the p-value is only the note."""

from __future__ import annotations

import math

from nbmlops.data.records import ColumnProfile, Kind
from nbmlops.monitoring.drift_tests import Direction
from nbmlops.monitoring.drift_tests.shares import effective_rows, over_values, spread, unmeasurable


class ChiSquared:
    """Cramér's V of two columns of categories or flags with both windows weighted alike: √(½ Σ (c − r)² / (c + r)), 0 to 1.

    That is √(χ²/N) of the table window × value for windows of one size; weighted by its rows, V would fade as the
    reference grows. The note has the p-value of χ² with the rows there are (Pearson, homogeneity). Symmetric. Null is a
    value; what the reference never saw is one value together with its rare ones. Cramér, Mathematical Methods of
    Statistics (1946) § 21.9.

    >>> from dataclasses import replace
    >>> coin = ColumnProfile(name="x", kind="flag", type="bool", rows=100, nulls=0, mean=None, deviation=None,
    ...     quantiles=[], counts={"True": 50, "False": 50}, other_count=0)
    >>> value, note = ChiSquared().measure(coin, replace(coin, counts={"True": 60, "False": 40}))
    >>> round(value, 4), note
    (0.1005, 'p = 0.155')
    """

    name = "chi2"
    kinds: tuple[Kind, ...] = ("category", "flag")
    default_threshold = 0.1
    drifts_when: Direction = "above"

    def measure(self, reference: ColumnProfile, current: ColumnProfile) -> tuple[float | None, str | None]:
        """V, and its p-value as the note; no value where a side has no rows."""
        if reason := unmeasurable(reference, current, self.kinds):
            return None, reason
        from scipy.special import chdtrc

        r, c = over_values(reference, current)
        pooled = (r * reference.rows + c * current.rows) / (reference.rows + current.rows)
        chi2 = effective_rows(reference, current) * float(((c - r) ** 2 / pooled).sum())
        chance = float(chdtrc(len(r) - 1, chi2)) if len(r) > 1 else 1.0
        return math.sqrt(min(0.5 * float(((c - r) ** 2 / (c + r)).sum()), 1.0)), f"p = {chance:.3g}"

    def noise(self, reference: ColumnProfile, current: ColumnProfile, alpha: float) -> float:
        """√(χ² of the cells less one at 1 − α, over 4·n·m/(n+m)): V² is near Σ (c − r)²/p / 4."""
        return math.sqrt(spread(reference, current, alpha) / (4 * effective_rows(reference, current)))
