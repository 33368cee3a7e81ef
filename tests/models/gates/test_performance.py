"""The metric and the champion: what is better passes, what is worse does not, and what may be chance is no gain."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from nbmlops.models.gates.intervals import gain_interval, mcnemar, tango
from nbmlops.models.gates.measuring import measured
from nbmlops.models.quality import metric_value
from tests.models.gates.standings import Model, asked, good, numbers, standing, worse


def only(checks):
    assert len(checks) == 1, checks
    return checks[0]


@pytest.mark.parametrize("metric", ["mae", "rmse", "r2", "medae"])
def test_a_truly_better_model_is_shown_to_be_better_and_the_worse_one_is_refused(metric):
    rows, y = numbers()
    better = only(asked("performance", standing(rows, y, Model(good), Model(worse)), metric=metric, better_percent=5))
    assert better.passed and "5 % better is asked" in better.reason and better.details["interval"][0] > 0
    other = only(asked("performance", standing(rows, y, Model(worse), Model(good)), metric=metric, better_percent=0))
    assert not other.passed and "better is asked, on 600 labelled rows: the gain beyond that is -" in other.reason


def test_a_bare_difference_that_may_be_chance_is_no_gain():
    rows, y = numbers()
    near = Model(lambda rows: good(rows) * 1.001)
    check = only(asked("performance", standing(rows, y, near, Model(good)), metric="mae", better_percent=0))
    assert not check.passed
    assert only(asked("performance", standing(rows, y, near, Model(good)), metric="mae", margin_percent=2)).passed
    far = only(asked("performance", standing(rows, y, Model(worse), Model(good)), metric="mae", margin_percent=2))
    assert not far.passed and "not 2 % worse is asked" in far.reason


def test_the_difference_alone_counts_where_it_is_asked_for_and_the_interval_is_told():
    rows, y = numbers(100)
    shifted = Model(lambda rows: good(rows) + 1e-9)
    on = standing(rows, y, Model(good), shifted)
    by_interval = only(asked("performance", on, metric="rmse", margin_percent=1e-6, min_rows=200))
    assert not by_interval.passed and "100 rows show nothing, at least 200 are needed" in by_interval.reason
    bare = only(asked("performance", on, metric="rmse", margin_percent=1, test="difference"))
    assert bare.passed and "(95 %, paired bootstrap)" in bare.reason


def test_texts_are_never_right_where_a_model_answers_numbers_so_the_reason_says_that():
    rows, y = numbers(60)
    signs = Model(lambda rows: (good(rows) > 0).astype(int))
    texts = pd.Series(np.where(y > 0, "1", "0"))
    check = only(asked("performance", standing(rows, texts, signs), metric="accuracy", limit=0.5))
    assert not check.passed and "The labels are text, and the model answers numbers" in check.reason


def test_a_limit_is_told_with_its_interval_and_refuses_what_is_beyond_it():
    rows, y = numbers()
    held, refused = (only(asked("performance", standing(rows, y, Model(good)), metric="mae", limit=limit)) for limit in (0.5, 0.3))
    assert held.passed and held.details["interval"][0] < held.value < held.details["interval"][1]
    assert not refused.passed and "at most 0.3 is asked" in refused.reason


def test_of_classes_mcnemars_exact_test_decides():
    rows, y = numbers(400)
    late = np.where(y > 0, "late", "on time")
    sharp = Model(lambda rows: np.where(good(rows) > 0, "late", "on time"))
    blunt = Model(lambda rows: np.where(worse(rows) > 0.6, "late", "on time"))
    better = only(asked("performance", standing(rows, late, sharp, blunt), metric="accuracy", better_percent=0))
    assert better.passed and "McNemar's exact test" in better.reason and better.details["p_value"] < 0.05
    same = only(asked("performance", standing(rows, late, sharp, sharp), metric="accuracy", better_percent=0))
    assert not same.passed and same.details["p_value"] == 1.0
    assert only(asked("performance", standing(rows, late, sharp, sharp), metric="accuracy", margin_percent=3)).passed
    few = only(asked("performance", standing(rows[:60], late[:60], sharp, sharp), metric="accuracy", margin_percent=3))
    assert not few.passed and "Tango" in few.reason  # 60 rows that do not differ show no 3 %


def test_metrics_of_probabilities_are_asked_of_probabilities():
    rows, y = numbers()
    label = (y > 0).astype(int)

    def proba(by):
        return lambda rows: np.column_stack([1 - (p := 1 / (1 + np.exp(-by * good(rows)))), p])

    sharp = Model(lambda rows: (good(rows) > 0).astype(int), proba(3.0))
    blunt = Model(lambda rows: (good(rows) > 0).astype(int), proba(0.1))
    for metric in ("log_loss", "brier"):
        assert only(asked("performance", standing(rows, label, sharp, blunt), metric=metric, better_percent=1)).passed
        assert not only(asked("performance", standing(rows, label, blunt, sharp), metric=metric, better_percent=0)).passed
    assert only(asked("performance", standing(rows, label, sharp), metric="roc_auc", limit=0.9)).passed
    none = only(asked("performance", standing(rows, label, Model(lambda rows: (good(rows) > 0).astype(int))), metric="roc_auc", limit=0.9))
    assert not none.passed and "needs probabilities, and the model gives no probabilities" in none.reason


def test_answers_that_are_no_number_pass_nothing():
    rows, y = numbers()
    broken = Model(lambda rows: np.where(np.arange(len(rows)) == 3, np.nan, good(rows)))
    for keys in ({"limit": 1e9}, {"better_percent": 0}, {"margin_percent": 99}):
        assert not only(asked("performance", standing(rows, y, broken, Model(worse)), metric="mae", **keys)).passed


@pytest.mark.parametrize("metric", ["f1", "precision", "recall", "balanced_accuracy", "accuracy"])
def test_fast_metrics_are_those_of_scikit_learn(metric):
    random = np.random.default_rng(1)
    more = ["c"] if metric == "balanced_accuracy" else ["d"]  # scikit-learn warns of it where an answer is no label
    truth, said = random.choice(["a", "b", "c"], 200, p=[0.6, 0.3, 0.1]), random.choice(["a", "b", *more], 200)
    found = measured(metric, truth, said)
    for at in (np.arange(200), random.integers(0, 200, 200)):
        assert found.of(at) == pytest.approx(metric_value(metric, truth[at], said[at]))


def test_the_interval_of_many_rows_is_the_bootstraps():
    random = np.random.default_rng(2)
    truth, one, other = random.normal(size=(3, 120_000))
    for metric in ("mae", "rmse"):
        mine, theirs = measured(metric, truth, one), measured(metric, truth, other)
        normal = gain_interval(mine, theirs, "lower", 5)
        few = [measured(metric, truth[:99_999], said[:99_999]) for said in (one, other)]
        assert normal == pytest.approx(gain_interval(*few, "lower", 5, resamples=400), abs=0.004)


def test_tangos_interval_holds_the_truth_as_often_as_it_says():
    random = np.random.default_rng(3)
    missed = 0
    for _ in range(2000):
        counts = random.multinomial(80, [0.06, 0.02, 0.92])
        low, high = tango(int(counts[0]), int(counts[1]), 80)
        missed += not low <= 0.04 <= high
    assert 0.03 < missed / 2000 < 0.07
    assert mcnemar(0, 0) == 1.0 and mcnemar(0, 6) == pytest.approx(2 * 0.5**6)


@pytest.mark.parametrize("metric", ["f1", "precision", "recall", "balanced_accuracy", "accuracy"])
@pytest.mark.parametrize("kind", [float, bool, object, "boolean", "Int64"])
def test_labels_of_another_type_are_the_same_classes(metric, kind):
    random = np.random.default_rng(4)
    truth, said = random.integers(0, 2, (2, 200))
    labels = pd.Series(truth).astype(kind)
    assert measured(metric, labels, said).value == pytest.approx(metric_value(metric, truth, said)) != 0
    assert measured(metric, truth, labels).value == 1.0


def test_few_rows_hold_no_limit_and_show_no_bare_difference():
    rows, y = numbers(29)
    on = standing(rows, y, Model(good), Model(worse))
    for keys in ({"limit": 99}, {"limit": 99, "test": "difference"}, {"better_percent": 0, "test": "difference"}):
        few = only(asked("performance", on, metric="mae", **keys))
        assert not few.passed and "29 rows show nothing, at least 30 are needed" in few.reason
        assert only(asked("performance", on, metric="mae", min_rows=29, **keys)).passed
