"""Perturbations: a sturdy model passes, a fragile one is refused for what moves it or breaks it."""

from __future__ import annotations

import numpy as np
import pytest

from nbmlops.errors import Invalid
from nbmlops.models.gates import perturbing
from tests.models.gates.standings import Model, asked, good, numbers, standing

NONE = {"noise": None, "missing": None, "outliers": None, "units": None, "unseen": None}


def fragile(rows):
    return np.sin(300 * rows["a"].to_numpy())


def of(rows, model, **keys):
    on = standing(rows, np.zeros(len(rows)), model, inputs={"a": {"nullable": True}, "b": None, "place": None})
    return {check.name: check for check in asked("robustness", on, **{**NONE, **keys})}


def test_noise_that_turns_everything_over_refuses_and_the_column_is_named():
    rows, _ = numbers()
    assert of(rows, Model(good), noise={})["noise"].passed
    refused = of(rows, Model(fragile), noise={"by": 0.05})["noise"]
    assert not refused.passed and "predictions move by" in refused.reason and "most by a" in refused.reason
    assert {bar["what"] for bar in refused.details["bars"]} == {"all columns", "a", "b"}


def test_outliers_move_a_model_without_bounds_more_than_one_with():
    rows, _ = numbers()
    assert of(rows, Model(lambda rows: np.clip(good(rows), -5, 5)), outliers={"share": 0.02})["outliers"].passed
    refused = of(rows, Model(lambda rows: rows["a"] ** 3), outliers={"share": 0.02})["outliers"]
    assert not refused.passed and "Under outliers" in refused.reason


def test_missing_values_go_where_the_signature_lets_them_and_a_model_that_raises_is_refused():
    rows, _ = numbers()

    def strict(rows):
        if rows.isna().to_numpy().any():
            raise ValueError("Input X contains NaN.\nMore of it.")
        return good(rows)

    filled = Model(lambda rows: good(rows.fillna({"a": 0.0, "b": 0.0})))
    assert of(rows, filled, missing={})["missing values"].passed
    refused = of(rows, Model(strict), missing={})["missing values"]
    assert not refused.passed and "does not stand it (all columns): ValueError: Input X contains NaN.." in refused.reason
    assert of(rows, Model(strict), missing={}, may_raise=True)["missing values"].passed
    none = of(rows, Model(lambda rows: rows["a"]), missing={})["missing values"]
    assert not none.passed and "an answer is no number" in none.reason
    on = standing(rows, np.zeros(len(rows)), Model(strict))
    (nowhere,) = asked("robustness", on, **{**NONE, "missing": {}})
    assert nowhere.passed and "no column of the model's can have any" in nowhere.reason
    (everywhere,) = asked("robustness", on, **{**NONE, "missing": {"everywhere": True}})
    assert not everywhere.passed


def test_other_units_and_unseen_words():
    rows, _ = numbers()
    assert of(rows, Model(good), units={})["units"].passed  # it must stand it, no more
    refused = of(rows, Model(good), units={"limit": 1.0})["units"]
    assert not refused.passed and "(a × 1000)" in refused.reason
    known = {"north": 1.0, "south": 2.0, "west": 3.0}
    assert of(rows, Model(lambda rows: good(rows) + rows["place"].map(known).fillna(2.0)), unseen={})["unseen categories"].passed
    broken = of(rows, Model(lambda rows: [known[one] for one in rows["place"]]), unseen={})["unseen categories"]
    assert not broken.passed and "KeyError" in broken.reason and "(place)" in broken.reason


def test_of_classes_it_is_the_share_of_rows_that_get_another():
    rows, _ = numbers()
    words = Model(lambda rows: np.where(np.sin(50 * rows["a"]) > 0, "late", "on time"))
    on = standing(rows, np.where(good(rows) > 0, "late", "on time"), words)
    (refused,) = asked("robustness", on, **{**NONE, "noise": {"by": 0.2}})
    assert not refused.passed and "% of rows get another class, at most 25 % is asked" in refused.reason
    assert 0.3 < refused.value < 0.6


def test_whole_numbers_stay_whole_and_the_same_seed_gives_the_same_rows():
    rows, _ = numbers(50)
    rows["n"] = np.arange(50)
    noisy = [perturbing.noisy(rows, ["a", "n"], 0.5, np.random.default_rng(1)) for _ in range(2)]
    assert noisy[0].equals(noisy[1]) and noisy[0]["n"].dtype == rows["n"].dtype and not noisy[0]["n"].equals(rows["n"])
    assert of(rows, Model(good), noise={})["noise"].value == of(rows, Model(good), noise={}, outliers={})["noise"].value
    state = np.random.get_state()[1].copy()
    of(rows, Model(good), noise={}, outliers={}, missing={}, unseen={}, units={})
    assert (np.random.get_state()[1] == state).all()


@pytest.mark.parametrize("keys", [{"noise": {"by": 0}}, {"missing": {"share": 2}}, {"outliers": {"by": -1}}])
def test_perturbations_that_are_none_are_refused(keys):
    with pytest.raises(Invalid):
        of(numbers(20)[0], Model(good), **keys)


def test_a_column_that_the_model_does_not_take_is_refused_by_its_name():
    rows, _ = numbers(60)
    (check,) = asked("robustness", standing(rows, np.zeros(60), Model(good)), columns=["a", "typo"])
    assert not check.passed and "The model takes no column 'typo'" in check.reason and "place" in check.reason
    beside = standing(rows, np.zeros(60), Model(good), inputs={"a": None, "b": None})
    (aside,) = asked("robustness", beside, columns=["place"])
    assert not aside.passed and "no column 'place'" in aside.reason
    assert of(rows, Model(good), noise={}, columns=["a"])["noise"].details["bars"][0]["moved"] > 0
    with pytest.raises(Invalid, match="at least one column"):
        of(rows, Model(good), columns=[])
