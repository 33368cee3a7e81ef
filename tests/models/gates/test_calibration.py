"""Probabilities that are what they say, numbers that are right on average, intervals that hold what they promise."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tests.models.gates.standings import Model, asked, standing


def coins(count=3000, seed=1):
    random = np.random.default_rng(seed)
    rows = pd.DataFrame({"p": random.uniform(0.02, 0.98, count)})
    return rows, (random.random(count) < rows["p"]).astype(int).to_numpy()


def saying(curve):
    return Model(lambda rows: (rows["p"] > 0.5).astype(int), lambda rows: np.column_stack([1 - curve(rows["p"]), curve(rows["p"])]))


def test_probabilities_that_are_too_sure_are_refused_and_honest_ones_pass():
    rows, y = coins()
    honest, brier = asked("calibration", standing(rows, y, saying(lambda p: p)), error=0.03, brier=0.2)
    assert honest.passed and brier.passed
    sure, loose = asked("calibration", standing(rows, y, saying(lambda p: np.where(p > 0.5, 0.99, 0.01))), error=0.03, brier=0.2)
    assert not sure.passed and "expected calibration error" in sure.reason and "a calibrated model shows up to" in sure.reason
    assert not loose.passed and "Brier's score" in loose.reason
    assert all(0 <= point["true"] <= 1 for point in sure.details["curve"]) and sum(point["rows"] for point in sure.details["curve"]) == len(
        rows
    )


def test_few_rows_do_not_refuse_an_honest_model_by_chance():
    passed = [asked("calibration", standing(*coins(150, seed), saying(lambda p: p)), error=0.01)[0].passed for seed in range(40)]
    assert sum(passed) >= 33  # 38 of 40 on average
    bare = [
        asked("calibration", standing(*coins(150, seed), saying(lambda p: p)), error=0.01, test="difference")[0].passed for seed in range(5)
    ]
    assert not any(bare)


def test_of_more_than_two_classes_it_is_the_answers_probability():
    random = np.random.default_rng(1)
    shares = random.dirichlet([1, 1, 1], 3000)
    rows = pd.DataFrame({"at": np.arange(3000)})
    y = np.array([random.choice(["a", "b", "c"], p=share) for share in shares])

    def model(power):
        def proba(rows):
            sharp = shares[rows["at"]] ** power
            return sharp / sharp.sum(axis=1, keepdims=True)

        return Model(lambda rows: np.array(["a", "b", "c"])[shares[rows["at"]].argmax(axis=1)], proba, ["a", "b", "c"])

    assert asked("calibration", standing(rows, y, model(1)), error=0.03)[0].passed
    assert not asked("calibration", standing(rows, y, model(6)), error=0.03)[0].passed


def test_numbers_that_are_wrong_on_average_are_refused_everywhere_or_in_part():
    random = np.random.default_rng(2)
    rows = pd.DataFrame({"a": random.normal(size=1000)})
    y = rows["a"].to_numpy() + random.normal(scale=0.3, size=1000)
    mean, part = asked("calibration", standing(rows, y, Model(lambda rows: rows["a"])))
    assert mean.passed and part.passed
    mean, part = asked("calibration", standing(rows, y, Model(lambda rows: rows["a"] + 0.4)))
    assert not mean.passed and "The mean bias is" in mean.reason and "+0.4" in mean.reason
    mean, part = asked("calibration", standing(rows, y, Model(lambda rows: rows["a"] + np.where(rows["a"] > 1, 0.8, -0.16))))
    assert mean.passed and not part.passed and "among answers from" in part.reason and "not by chance" in part.reason


def test_an_interval_holds_the_share_of_labels_it_promises():
    random = np.random.default_rng(3)
    rows = pd.DataFrame({"a": random.normal(size=800)})
    y = rows["a"].to_numpy() + random.normal(size=800)

    def wide(by):
        return Model(lambda rows: np.column_stack([rows["a"] - by, rows["a"], rows["a"] + by]))

    keys = {"coverage": {"low": 0, "high": 2, "level": 0.9}}
    assert asked("calibration", standing(rows, y, wide(1.645)), **keys)[0].passed
    (narrow,) = asked("calibration", standing(rows, y, wide(0.8)), **keys)
    assert not narrow.passed and "of the labels lie in the interval, 90 ± 3 % are asked" in narrow.reason
    (none,) = asked("calibration", standing(rows, y, Model(lambda rows: rows["a"])), **keys)
    assert not none.passed and "1 numbers a row" in none.reason
