"""Fairness: fairlearn's figures, the groups named, and gaps that may be chance."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from fairlearn import metrics as fairlearn

from tests.models.gates.standings import Model, asked, standing


def people(count=2000, seed=0):
    random = np.random.default_rng(seed)
    rows = pd.DataFrame(
        {"score": random.normal(size=count), "sex": random.choice(["f", "m"], count), "age": random.integers(18, 80, count)}
    )
    return rows, (rows["score"] + random.normal(scale=0.5, size=count) > 0).astype(int).to_numpy()


FAIR = Model(lambda rows: (rows["score"] > 0).astype(int))
UNFAIR = Model(lambda rows: (rows["score"] > np.where(rows["sex"] == "f", 0.6, -0.2)).astype(int))


@pytest.mark.parametrize(
    ("metric", "limit"),
    [
        ("demographic_parity_difference", 0.1), ("demographic_parity_ratio", 0.8), ("equalized_odds_difference", 0.15), ("selection_rate_difference", 0.1),
        ("false_positive_rate_difference", 0.1), ("false_negative_rate_difference", 0.1), ("true_positive_rate_difference", 0.1),
    ],
)  # fmt: skip
def test_an_unfair_model_is_refused_with_the_groups_and_a_fair_one_passes(metric, limit):
    rows, y = people()
    (bad,) = asked("fairness", standing(rows, y, UNFAIR), columns=["sex"], metrics={metric: limit})
    assert not bad.passed and "for m" in bad.reason and "for f" in bad.reason and "not by chance" in bad.reason
    (fair,) = asked("fairness", standing(rows, y, FAIR), columns=["sex"], metrics={metric: limit})
    assert fair.passed
    if hasattr(fairlearn, metric):
        assert bad.value == pytest.approx(getattr(fairlearn, metric)(y, UNFAIR.predict(rows), sensitive_features=rows["sex"]))
    assert {group["group"] for group in bad.details["groups"]} == {"f", "m"}


def test_of_numbers_the_mean_error_by_group():
    rows, _ = people()
    y = rows["score"].to_numpy() + np.random.default_rng(5).normal(size=len(rows))
    for keys in ({"mean_error_difference": 0.2}, {"mae_difference": 0.1}):
        (bad,) = asked(
            "fairness", standing(rows, y, Model(lambda rows: rows["score"] + 0.8 * (rows["sex"] == "m"))), columns=["sex"], metrics=keys
        )
        assert not bad.passed and "for m" in bad.reason
        (fair,) = asked("fairness", standing(rows, y, Model(lambda rows: rows["score"])), columns=["sex"], metrics=keys)
        assert fair.passed


def test_a_gap_in_few_rows_may_be_chance_and_says_so():
    rows, y = people(60, seed=4)
    on = standing(rows, y, FAIR)
    gap = float(abs(np.diff([FAIR.predict(rows)[rows["sex"] == sex].mean() for sex in "fm"])[0]))
    (check,) = asked("fairness", on, columns=["sex"], metrics={"demographic_parity_difference": gap / 2}, min_rows=5)
    assert check.passed and "which may be chance" in check.reason
    (bare,) = asked("fairness", on, columns=["sex"], metrics={"demographic_parity_difference": gap / 2}, min_rows=5, test="difference")
    assert not bare.passed
    (unknown,) = asked("fairness", on, columns=["sex"], metrics={"demographic_parity_difference": 1}, min_rows=50)
    assert not unknown.passed and "is not known" in unknown.reason


def test_a_class_is_named_where_there_are_more_than_two():
    rows, _ = people()
    kinds = np.where(rows["score"] > 1, "high", np.where(rows["score"] > 0, "middle", "low"))
    on = standing(rows, kinds, Model(lambda rows: kinds))
    (check,) = asked("fairness", on, columns=["sex"], metrics={"demographic_parity_difference": 0.2})
    assert not check.passed and "Say which: positive" in check.reason
    (named,) = asked("fairness", on, columns=["sex", "age"][:1], metrics={"demographic_parity_difference": 0.2}, positive="high")
    assert named.passed
    (odd,) = asked("fairness", on, columns=["sex"], metrics={"demographic_parity_difference": 0.2}, positive="never")
    assert not odd.passed and "'never'" in odd.reason


@pytest.mark.parametrize("kind", [float, bool, np.float32, object, "boolean", "Int64"])
def test_labels_are_the_classes_that_they_are_worth_whatever_type_they_came_in(kind):
    rows, y = people()
    labels = pd.Series(y).astype(int).astype(kind)
    for metric in ("accuracy_difference", "equalized_odds_difference", "demographic_parity_difference", "false_negative_rate_difference"):
        found, known = (
            asked("fairness", standing(rows, truth, UNFAIR), columns=["sex"], metrics={metric: 0.01}, positive=1)[0]
            for truth in (labels, y)
        )
        assert known.value > 0 and (found.value, found.reason) == (known.value, known.reason)


def test_labels_that_are_text_are_not_the_numbers_that_a_model_answers():
    rows, y = people()
    for metric in ("accuracy_difference", "demographic_parity_difference"):
        (check,) = asked("fairness", standing(rows, y.astype(str), FAIR), columns=["sex"], metrics={metric: 0.5})
        assert not check.passed and "The labels are text, and the model answers numbers" in check.reason
    holes = pd.Series(y).astype(float).where(rows.index > 2)
    (missing,) = asked("fairness", standing(rows, holes, FAIR), columns=["sex"], metrics={"accuracy_difference": 0.5})
    assert not missing.passed and "3 of the labels are missing" in missing.reason


def test_of_many_groups_none_is_left_out_and_small_ones_are_listed():
    rows = pd.DataFrame({"g": np.repeat([f"g{at:03}" for at in range(300)], 40)})
    rows.loc[:19, "g"] = "few"
    y = np.tile([0, 1], 6000)
    on = standing(rows, y, Model(lambda rows: np.where(rows["g"] == "g299", 1 - y, y)))
    (check,) = asked("fairness", on, columns=["g"], metrics={"accuracy_difference": 0.5})
    assert not check.passed and check.value == 1.0 and "for g299" in check.reason
    assert len(check.details["groups"]) == 299
    assert check.details["unjudged"] == [{"column": "g", "group": "few", "rows": 20}, {"column": "g", "group": "g000", "rows": 20}]
