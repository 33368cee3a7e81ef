"""The suite every drift test passes, ours and yours.

    from nbmlops.testing.drift_tests import DriftTestSuite

    class TestMine(DriftTestSuite):
        drift_test = MyTest()
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from nbmlops.data.records import ColumnProfile, Kind


def numbers(values: Any, *, nulls: int = 0, name: str = "x") -> ColumnProfile:
    """A number column's profile from its finite values (n,) and a count of nulls.

    >>> numbers([1.0, 3.0], nulls=1).mean
    2.0
    """
    import pyarrow as pa

    from nbmlops.data.profile import profile_column

    return profile_column(name, "double", pa.array([*(float(value) for value in values), *[None] * nulls], pa.float64()))


def values(counts: dict[str, int], *, nulls: int = 0, kind: Kind = "category", name: str = "x", other_count: int = 0) -> ColumnProfile:
    """A profile of categories or flags from their counts.

    >>> values({"a": 3, "b": 1}, nulls=1).rows
    5
    """
    return ColumnProfile(
        name=name, kind=kind, type="bool" if kind == "flag" else "string", rows=sum(counts.values()) + nulls + other_count, nulls=nulls,
        mean=None, deviation=None, quantiles=[], counts=counts, other_count=other_count,
    )  # fmt: skip


class DriftTestSuite:
    """Inherit and set `drift_test`. Each test says what it asks."""

    drift_test: Any

    def pairs(self) -> list[tuple[ColumnProfile, list[ColumnProfile]]]:
        """For each kind the test measures: a reference, and currents further and further from it."""
        bell = np.random.default_rng(0).normal(size=5000)
        found: dict[str, tuple[ColumnProfile, list[ColumnProfile]]] = {
            "number": (numbers(bell), [numbers(bell + shift) for shift in (0.1, 0.3, 0.6, 1.0, 2.0)]),
            "category": (
                values({"a": 600, "b": 400}),
                [values({"a": 600 - moved, "b": 400 - moved, "new": 2 * moved}) for moved in (20, 80, 200, 390)],
            ),
            "flag": (
                values({"False": 500, "True": 500}, kind="flag"),
                [values({"False": 500 - moved, "True": 500 + moved}, kind="flag") for moved in (30, 100, 250, 490)],
            ),
        }
        return [found[kind] for kind in self.drift_test.kinds if kind in found]

    def strength(self, reference: ColumnProfile, current: ColumnProfile) -> float:
        """The value, turned so that more is more drift."""
        value, note = self.drift_test.measure(reference, current)
        assert value is not None, note
        assert math.isfinite(value)
        return float(value if self.drift_test.drifts_when == "above" else -value)

    def test_it_says_what_it_is(self) -> None:
        """A name, kinds, a threshold and a direction."""
        test = self.drift_test
        assert test.name and set(test.kinds) <= {"number", "category", "time", "flag", "other"} and test.kinds
        assert math.isfinite(test.default_threshold) and test.drifts_when in ("above", "below")

    def test_the_same_has_not_drifted(self) -> None:
        """A column against itself is far from the threshold; a distance is exactly 0."""
        for reference, _ in self.pairs():
            value, _note = self.drift_test.measure(reference, reference)
            assert value == 0 if self.drift_test.drifts_when == "above" else value > self.drift_test.default_threshold

    def test_more_drift_is_a_stronger_value(self) -> None:
        """Along a growing shift the value never weakens, and its end is past the threshold."""
        for reference, currents in self.pairs():
            strengths = [self.strength(reference, current) for current in (reference, *currents)]
            assert strengths == sorted(strengths), strengths
            threshold = self.drift_test.default_threshold
            assert strengths[-1] > (threshold if self.drift_test.drifts_when == "above" else -threshold)

    def test_it_reads_profiles_and_changes_nothing(self) -> None:
        """Asked twice, it answers the same, and the profiles stay as they were."""
        for reference, currents in self.pairs():
            before = replace(reference), replace(currents[0])
            assert self.drift_test.measure(reference, currents[0]) == self.drift_test.measure(reference, currents[0])
            assert (reference, currents[0]) == before

    def test_no_rows_give_no_value_and_say_why(self) -> None:
        """Neither a zero nor an exception: nothing was measured."""
        for reference, _ in self.pairs():
            empty = replace(reference, rows=0, nulls=0, mean=None, deviation=None, quantiles=[], counts={}, other_count=0)
            for pair in ((reference, empty), (empty, reference), (empty, empty)):
                value, note = self.drift_test.measure(*pair)
                assert value is None and note

    def test_another_kind_gives_no_value_and_says_why(self) -> None:
        """Text where there were numbers cannot be measured; it is told, not guessed."""
        for reference, _ in self.pairs():
            other = values({"a": 10}) if reference.kind == "number" else numbers([1.0, 2.0])
            value, note = self.drift_test.measure(reference, other)
            assert value is None and note

    def test_constant_columns_and_nulls_are_finite_or_told(self) -> None:
        """Never NaN, never infinite, never an exception."""
        for reference, _ in self.pairs():
            if reference.kind == "number":
                edges = [numbers(some) for some in ([5.0] * 50, [6.0] * 50, [1e308, -1e308], [5e-324, 0.0])]
                edges += [numbers([], nulls=50), numbers([1.0], nulls=49)]
            else:
                kind = reference.kind
                edges = [values({"a": 50}, kind=kind), values({}, nulls=50, kind=kind)]
                edges += [values({"b": 1}, nulls=9, kind=kind), values({"é\n": 3}, other_count=7, kind=kind)]
            for left in (reference, *edges):
                for right in (reference, *edges):
                    value, note = self.drift_test.measure(left, right)
                    assert (value is None and note) or math.isfinite(value)

    def test_noise_shrinks_as_samples_grow(self) -> None:
        """A test that knows its spread by chance is asked for less of a difference on more rows."""
        noise = getattr(self.drift_test, "noise", None)
        if noise is None:
            return
        for reference, _ in self.pairs():
            bounds = [noise(_grown(reference, times), _grown(reference, times), 0.01) for times in (1, 10, 100)]
            assert bounds == sorted(bounds, reverse=True) and all(math.isfinite(bound) and bound > 0 for bound in bounds)


def _grown(profile: ColumnProfile, times: int) -> ColumnProfile:
    return replace(profile, rows=profile.rows * times, counts={value: count * times for value, count in profile.counts.items()})
