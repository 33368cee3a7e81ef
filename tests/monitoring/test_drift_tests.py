"""Every installed drift test: the shared suite, and properties of each."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nbmlops import plugins
from nbmlops.data.records import ColumnProfile
from nbmlops.errors import Invalid
from nbmlops.monitoring.drift_tests.chi2 import ChiSquared
from nbmlops.monitoring.drift_tests.jensen_shannon import JensenShannon
from nbmlops.monitoring.drift_tests.ks import KolmogorovSmirnov
from nbmlops.monitoring.drift_tests.psi import PopulationStability, psi
from nbmlops.monitoring.drift_tests.shares import over_values
from nbmlops.monitoring.drift_tests.wasserstein import Wasserstein
from nbmlops.testing.drift_tests import DriftTestSuite, numbers, values

for _name in plugins.names("drift_test"):
    globals()[f"TestSuite_{_name}"] = type(f"TestSuite_{_name}", (DriftTestSuite,), {"drift_test": plugins.adapter("drift_test", _name)()})

FLOATS = st.lists(st.integers(-1000, 1000).map(float), min_size=2, max_size=60)
COUNTS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(5, 500), min_size=1)
ks, wasserstein, stability, js, chi2 = KolmogorovSmirnov(), Wasserstein(), PopulationStability(), JensenShannon(), ChiSquared()


def of(test, *pair):
    return test.measure(*pair)[0]


@given(FLOATS, st.integers(0, 20))
def test_numbers_against_themselves_are_zero(data, nulls):
    column = numbers(data, nulls=nulls)
    assert of(ks, column, column) == of(stability, column, column) == of(wasserstein, column, column) == 0


@given(COUNTS, st.integers(0, 20))
def test_categories_against_themselves_are_zero(counts, nulls):
    column = values(counts, nulls=nulls)
    assert of(js, column, column) == of(chi2, column, column) == of(stability, column, column) == 0


@given(FLOATS, FLOATS, st.integers(0, 20))
def test_ks_is_symmetric_and_between_0_and_1(left, right, nulls):
    a, b = numbers(left, nulls=nulls), numbers(right)
    assert of(ks, a, b) == of(ks, b, a)
    assert 0 <= of(ks, a, b) <= 1


@given(FLOATS, st.lists(st.integers(0, 500), min_size=2, max_size=6).map(sorted))
def test_ks_and_wasserstein_never_weaken_as_a_shift_grows(data, shifts):
    reference = numbers(data)
    for test in (ks, wasserstein):
        found = [of(test, reference, numbers([value + shift for value in data])) for shift in shifts]
        if None not in found:
            assert all(later >= earlier - 1e-12 for earlier, later in pairwise(found))


@given(FLOATS, st.integers(-500, 500))
def test_wasserstein_of_a_shift_is_the_shift_in_deviations(data, shift):
    reference = numbers(data)
    found = of(wasserstein, reference, numbers([value + shift for value in data]))
    if reference.deviation:
        assert found == pytest.approx(abs(shift) / reference.deviation)
    else:
        assert found == (0 if shift == 0 else None)


@given(COUNTS, COUNTS)
def test_jensen_shannon_and_cramers_v_are_bounded_and_symmetric_over_the_same_cells(left, right):
    a, b = values(left), values(right)
    for test in (js, chi2):
        assert 0 <= of(test, a, b) <= 1
    if set(left) == set(right) and sum(left.values()) == sum(right.values()):
        assert of(js, a, b) == pytest.approx(of(js, b, a)) and of(chi2, a, b) == pytest.approx(of(chi2, b, a))


@given(COUNTS, COUNTS, st.lists(st.integers(0, 10), min_size=2, max_size=5).map(sorted))
def test_category_tests_never_weaken_as_a_mixture_moves_away(left, right, steps):
    rows = 10_000
    def mixed(step):
        share = {v: (1 - step / 10) * left.get(v, 0) / sum(left.values()) + step / 10 * right.get(v, 0) / sum(right.values()) for v in "abcdefgh"}
        counts = {v: round(rows * s) for v, s in share.items() if round(rows * s)}
        return values(counts)
    reference = mixed(0)
    for test in (js, chi2, stability):
        found = [of(test, reference, mixed(step)) for step in steps]
        assert all(later >= earlier - 0.01 for earlier, later in pairwise(found)), (test.name, found)


@pytest.mark.parametrize("seed", range(10))
def test_ks_from_quantiles_is_scipys_from_rows_to_its_resolution(seed):
    random = np.random.default_rng(seed)
    a, b = random.gamma(2, size=700), random.gamma(2.3, size=400)
    assert of(ks, numbers(a), numbers(b)) == pytest.approx(stats.ks_2samp(a, b).statistic, abs=1 / 256 + 1e-9)


@pytest.mark.parametrize("seed", range(10))
def test_wasserstein_from_quantiles_is_near_scipys_from_rows(seed):
    random = np.random.default_rng(seed)
    a, b = random.normal(size=2000), random.normal(0.4, 1.2, size=2000)
    assert of(wasserstein, numbers(a), numbers(b)) == pytest.approx(stats.wasserstein_distance(a, b) / a.std(), rel=0.05)


@given(st.lists(st.integers(5, 500), min_size=2, max_size=5), st.data())
def test_chi2s_p_value_is_scipys(reference, data):
    current = data.draw(st.lists(st.integers(5, 500), min_size=len(reference), max_size=len(reference)))
    a, b = (values(dict(zip("abcde", counts, strict=False))) for counts in (reference, current))
    if len(over_values(a, b)[0]) != len(reference):
        return  # a cell was too small to stand alone
    expected = stats.chi2_contingency([reference, current], correction=False).pvalue
    assert float(chi2.measure(a, b)[1].removeprefix("p = ")) == pytest.approx(expected, rel=0.01)


def test_jensen_shannon_is_scipys():
    from scipy.spatial.distance import jensenshannon

    a, b = {"a": 50, "b": 30, "c": 20}, {"a": 20, "b": 30, "c": 50}
    assert of(js, values(a), values(b)) == pytest.approx(jensenshannon(list(a.values()), list(b.values()), base=2))


def test_cramers_v_does_not_fade_as_the_reference_grows():
    current = values({"a": 30, "b": 70})
    small, large = values({"a": 50, "b": 50}), values({"a": 500_000, "b": 500_000})
    assert of(chi2, small, current) == pytest.approx(of(chi2, large, current))


def test_a_share_of_nulls_that_grows_is_drift_of_numbers_and_categories():
    data = np.random.default_rng(0).normal(size=1000)
    before, after = numbers(data, nulls=10), numbers(data, nulls=500)
    assert of(ks, before, after) == pytest.approx(500 / 1500 - 10 / 1010)
    assert of(stability, before, after) > 0.2
    assert of(wasserstein, before, after) == 0
    assert of(js, values({"a": 100}), values({"a": 50}, nulls=50)) > 0.3


def test_a_column_that_became_all_null_has_drifted_whatever_its_type_says():
    gone = ColumnProfile(name="x", kind="other", type="null", rows=300, nulls=300, mean=None, deviation=None, quantiles=[], counts={}, other_count=0)
    assert of(ks, numbers([1.0, 2.0, 3.0]), gone) == 1
    assert of(js, values({"a": 9}), gone) == 1
    assert wasserstein.measure(numbers([1.0]), gone) == (None, "there are only nulls")


def test_a_constant_column_that_moved_either_way_has_drifted():
    for moved in (4.0, 6.0):
        assert of(ks, numbers([5.0] * 50), numbers([moved] * 50)) == 1
        assert of(stability, numbers([5.0] * 50), numbers([moved] * 50)) > 0.2
        assert wasserstein.measure(numbers([5.0] * 50), numbers([moved] * 50)) == (None, "the reference is constant")


def test_categories_never_seen_are_drift():
    assert of(js, values({"a": 100}), values({"b": 100})) == 1
    assert of(stability, values({"a": 100}), values({"a": 80, "b": 20})) > 0.2


def test_ten_thousand_rare_values_are_no_drift_of_their_own():
    random = np.random.default_rng(0)

    def ids(rows):
        found, counts = np.unique(random.integers(0, 10_000, rows), return_counts=True)
        order = np.argsort(-counts, kind="stable")
        kept = {str(found[at]): int(counts[at]) for at in order[:200]}
        return values(kept, other_count=int(rows - sum(kept.values())))

    for rows in (300, 20_000, 200_000):
        assert of(js, ids(200_000), ids(rows)) < max(0.1, js.noise(ids(200_000), ids(rows), 0.001))


def test_infinite_values_are_left_to_the_finite_ones():
    from nbmlops.data.fingerprint import fingerprint

    whole = fingerprint({"x": np.array([1.0, 2.0, 3.0])}).profile[0]
    only = fingerprint({"x": np.array([math.inf, math.inf])}).profile[0]
    assert ks.measure(whole, only) == (None, "the current window has no finite value")


def test_psi_of_rows_raises_empty_shares_to_the_floor():
    assert psi([0, 1], [0, 1], edges=[0.5]) == 0
    assert psi([0, 0], [1, 1], edges=[0.5], floor=0.01) == pytest.approx(2 * 0.99 * math.log(100))
    with pytest.raises(Invalid, match="values on both sides"):
        psi([], [1.0], edges=[0.5])
