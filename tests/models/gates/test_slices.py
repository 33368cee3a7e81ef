"""Groups: the worst one must hold, a small one does not refuse by chance."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from nbmlops.errors import Invalid
from nbmlops.models.gates.groups import MOST_GROUPS, grouped
from tests.models.gates.standings import Model, asked, good, numbers, standing


def weak_in_the_west(rows):
    return good(rows) + np.where(rows["place"] == "west", 1.5, 0.0)


def test_a_model_that_is_bad_for_one_group_is_refused_and_the_group_is_named():
    rows, y = numbers()
    keys = {"columns": ["place", "a"], "metric": "mae"}
    for more in ({"limit": 0.8}, {"worse_than_overall_percent": 25}, {"worse_than_champion_percent": 10}):
        (bad,) = asked("slices", standing(rows, y, Model(weak_in_the_west), Model(good)), **keys, **more)
        assert not bad.passed and "Group place = west" in bad.reason and "not by chance" in bad.reason, bad
        (even,) = asked("slices", standing(rows, y, Model(good), Model(good)), **keys, **more)
        assert even.passed and "is the worst, and holds" in even.reason, even
    assert {row["column"] for row in bad.details["slices"]} == {"place", "a"}
    assert sum(row["rows"] for row in bad.details["slices"] if row["column"] == "a") == len(rows)


def test_of_classes_and_of_metrics_that_are_no_mean():
    rows, y = numbers(900)
    late = np.where(y > 0, "late", "on time")

    def said(weak):
        return Model(
            lambda rows: np.where(
                (good(rows) > 0) ^ (weak & (rows["place"] == "west").to_numpy() & (rows["b"] > 0).to_numpy()), "late", "on time"
            )
        )

    for metric in ("accuracy", "f1"):
        for keys in ({"limit": 0.8}, {"worse_than_overall_percent": 15}, {"worse_than_champion_percent": 10}):
            (bad,) = asked("slices", standing(rows, late, said(True), said(False)), columns=["place"], metric=metric, **keys)
            assert not bad.passed and "place = west" in bad.reason, (metric, keys, bad.reason)
            (even,) = asked("slices", standing(rows, late, said(False), said(False)), columns=["place"], metric=metric, **keys)
            assert even.passed, (metric, keys, even.reason)


def test_a_small_group_is_listed_and_not_judged():
    rows, y = numbers()
    rows.loc[:9, "place"] = "island"
    on = standing(rows, y, Model(lambda rows: good(rows) + 9 * (rows["place"] == "island").to_numpy()))
    (check,) = asked("slices", on, columns=["place"], metric="mae", limit=1.0)
    assert check.passed and "1 groups with fewer than 30 rows are not judged" in check.reason
    (all_of_them,) = asked("slices", on, columns=["place"], metric="mae", limit=1.0, min_rows=10)
    assert not all_of_them.passed and "island" in all_of_them.reason
    (none,) = asked("slices", on, columns=["place"], metric="mae", limit=1.0, min_rows=500)
    assert not none.passed and "nothing is known of groups" in none.reason


def test_many_groups_refuse_a_model_that_holds_in_few_of_a_hundred_looks():
    refused = bare = 0
    for seed in range(60):
        random = np.random.default_rng(seed)
        rows = pd.DataFrame({"g": random.integers(0, 25, 1000).astype(str), "x": random.normal(size=1000)})
        y = random.normal(size=1000)
        on = standing(rows, y, Model(lambda rows: np.zeros(len(rows))))
        limit = float(np.sqrt(2 / np.pi)) * 1.05
        refused += not asked("slices", on, columns=["g", "x"], metric="mae", limit=limit)[0].passed
        bare += not asked("slices", on, columns=["g", "x"], metric="mae", limit=limit, test="difference")[0].passed
    assert refused <= 8  # 5 % of 60 is 3; 8 or fewer but for 1 in 200
    assert bare > 50  # what is not held against chance refuses nearly every time


def test_groups_of_numbers_words_and_what_is_missing():
    rows = pd.DataFrame({"n": [*range(10), None], "few": [0, 1] * 5 + [0], "w": ["x", None] * 5 + ["y"]})
    assert [len(at) for at in grouped(rows, "n", 5).values()] == [2, 2, 2, 2, 2, 1]
    assert {name: len(at) for name, at in grouped(rows, "few", 4).items()} == {"0": 6, "1": 5}
    assert {name: len(at) for name, at in grouped(rows, "w", 4).items()} == {"x": 5, "y": 1, "missing": 5}


def test_a_column_that_is_not_there_refuses_and_says_which_are():
    rows, y = numbers(60)
    (check,) = asked("slices", standing(rows, y, Model(good)), columns=["town"], metric="mae", limit=1)
    assert not check.passed and "no column 'town'" in check.reason and "place" in check.reason


def test_of_many_groups_each_is_judged():
    rows = pd.DataFrame({"g": np.repeat([f"g{at:03}" for at in range(300)], 40), "x": 0.0})
    y = np.where(rows["g"] == "g299", 5.0, np.tile([-0.1, 0.1], 6000))
    (check,) = asked("slices", standing(rows, y, Model(lambda rows: rows["x"])), columns=["g"], metric="mae", limit=1)
    assert not check.passed and "Group g = g299" in check.reason
    assert len(check.details["slices"]) == 300 and sum(row["rows"] for row in check.details["slices"]) == len(rows)


def test_more_groups_than_can_be_judged_refuse_and_none_is_left_out():
    rows = pd.DataFrame({"g": np.arange(MOST_GROUPS + 1).astype(str), "x": 0.0})
    with pytest.raises(Invalid, match="1,001 groups, at most 1,000 are judged"):
        grouped(rows, "g", 4)
    on = standing(rows, np.zeros(len(rows)), Model(lambda rows: rows["x"]))
    (check,) = asked("slices", on, columns=["g"], metric="mae", limit=1)
    assert not check.passed and "1,001 groups" in check.reason
    assert len(grouped(rows[:-1], "g", 4)) == MOST_GROUPS


def test_a_value_called_missing_is_not_the_group_of_nulls():
    rows = pd.DataFrame({"w": ["missing"] * 3 + ["missing (null)"] + [None] * 2 + ["x"]})
    found = {name: at.tolist() for name, at in grouped(rows, "w", 4).items()}
    assert found == {"missing": [0, 1, 2], "missing (null)": [3], "x": [6], "missing (null) (null)": [4, 5]}
