"""The shares of two columns over the same cells, read from their profiles."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from nbmlops.data.records import ColumnProfile, Kind

RESOLUTION = 1 / 256  # between two neighbours of a profile's 257 quantiles
EXPECTED_ROWS = 5  # Cochran's rule: a cell in which the current window expects fewer rows is too small to tell anything


def unmeasurable(reference: ColumnProfile, current: ColumnProfile, kinds: Sequence[Kind]) -> str | None:
    """Why two columns cannot be compared, or None. A column of nothing but nulls compares with every kind."""
    for which, profile in (("reference", reference), ("current window", current)):
        if profile.rows == 0:
            return f"the {which} has no rows"
        if has_values(profile) and profile.kind not in kinds:
            return f"the {which} is of kind {profile.kind}"
        if has_values(profile) and profile.kind == "number" and not profile.quantiles:
            return f"the {which} has no finite value"
    if has_values(reference) and has_values(current) and reference.kind != current.kind:
        return f"the reference is of kind {reference.kind}, the current window of kind {current.kind}"
    return None


def has_values(profile: ColumnProfile) -> bool:
    """Whether there is anything but nulls."""
    return profile.nulls < profile.rows


def effective_rows(reference: ColumnProfile, current: ColumnProfile) -> float:
    """n·m / (n + m): the sample size of a comparison of two samples; near the smaller one where the other is large.

    Both are rows as they stand, nulls included.
    """
    return reference.rows * current.rows / (reference.rows + current.rows)


def below(profile: ColumnProfile, points: Any) -> Any:
    """The share of all rows, nulls included, with a value at most each of `points`; exact to 1/256.

    A profile's quantile k is the least value that at least k/256 of the values do not pass, so that the share at `x` is
    found by counting the quantiles up to `x`.
    """
    if not profile.quantiles:
        return np.zeros(len(points))
    found = np.searchsorted(np.asarray(profile.quantiles), points, side="right") - 1
    return np.clip(found, 0, None) / (len(profile.quantiles) - 1) * (1 - profile.nulls / profile.rows)


def decile_edges(reference: ColumnProfile) -> list[float]:
    """Where a number column is cut: the reference's deciles, each value once.

    Where a tenth or more of the reference is its lowest value (a constant column is) there is one more edge just below
    it, so that values under it are seen.
    """
    quantiles = reference.quantiles
    if not quantiles:
        return []
    last = len(quantiles) - 1
    edges = sorted({quantiles[round(last * tenth / 10)] for tenth in range(1, 10)})
    return [math.nextafter(edges[0], -math.inf), *edges] if edges[0] == quantiles[0] else edges


def over_deciles(reference: ColumnProfile, current: ColumnProfile) -> tuple[Any, Any]:
    """Shares (cells,) of two number columns over the reference's deciles and, last, null."""
    edges = decile_edges(reference)

    def shares(profile: ColumnProfile) -> Any:
        ends = np.concatenate([[0.0], below(profile, edges), [1 - profile.nulls / profile.rows]])
        return np.append(np.diff(ends), profile.nulls / profile.rows)

    return _told(shares(reference), shares(current))


def over_values(reference: ColumnProfile, current: ColumnProfile) -> tuple[Any, Any]:
    """Shares (cells,) of two columns of categories or flags over the reference's values, then the rest, then null.

    A value stands alone when the current window would have at least 5 rows of it; rarer ones, those beyond a profile's
    200 most frequent, and those the reference has never seen are the rest together.
    """
    alone = [value for value, count in reference.counts.items() if _stands_alone(value, count, reference, current)]

    def shares(profile: ColumnProfile) -> Any:
        counts = [profile.counts.get(value, 0) for value in alone]
        return np.array([*counts, profile.rows - profile.nulls - sum(counts), profile.nulls], float) / profile.rows

    return _told(shares(reference), shares(current))


def over_cells(reference: ColumnProfile, current: ColumnProfile) -> tuple[Any, Any]:
    """`over_deciles` for numbers, `over_values` for the rest."""
    numbers = "number" in (reference.kind, current.kind)
    return over_deciles(reference, current) if numbers else over_values(reference, current)


def spread(reference: ColumnProfile, current: ColumnProfile, alpha: float) -> float:
    """The χ² quantile at 1 − `alpha` of these columns' cells: what n·m/(n+m) · Σ (c − r)² / p passes by chance so often."""
    from scipy.special import chdtri

    cells = len(over_cells(reference, current)[0])
    return float(chdtri(max(cells - 1, 1), alpha))


def _stands_alone(value: str, count: int, reference: ColumnProfile, current: ColumnProfile) -> bool:
    expected = count / reference.rows * current.rows
    if value not in current.counts and current.other_count:
        # It may be among the values the profile did not keep, each of them rarer than the rarest kept.
        return expected >= max(EXPECTED_ROWS, 2 * min(current.counts.values(), default=0))
    return expected >= EXPECTED_ROWS


def _told(reference: Any, current: Any) -> tuple[Any, Any]:
    """Without the cells that both leave empty."""
    held = (reference > 0) | (current > 0)
    return reference[held], current[held]
