"""Importance finds the columns that matter, gives nothing to noise, and says the same with the same seed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from nbmlops.cards import importance as shuffling
from nbmlops.cards import verbs
from nbmlops.cards.quality import importance_told
from nbmlops.doors.display import chart_of
from nbmlops.errors import Invalid, NotFound
from nbmlops.models import gate_verbs
from nbmlops.models import verbs as models

NUMBERS = ["distance", "hour", "noise"]


@pytest.fixture
def version(add, flights):
    frame, late = flights
    return add(LinearRegression().fit(frame[NUMBERS], late), frame[NUMBERS], late, metrics={"rmse": 1.0})


def test_the_column_that_matters_is_first_and_noise_is_nothing(workspace, version, flights):
    frame, late = flights
    found = verbs.importance("m", 1, data=frame, labels=late, workspace=workspace)
    assert (found.metric, found.better, found.labelled, found.rows) == ("rmse", "lower", True, 600)
    assert [one.columns for one in found.columns] == [["distance"], ["hour"], ["noise"]]
    distance, hour, noise = found.columns
    assert distance.low > 2 * hour.high > 0 and abs(noise.worse_by) < 0.02 * distance.worse_by
    assert distance.low < distance.worse_by < distance.high and distance.error > 0
    assert "It goes by distance and hour" in " ".join(importance_told(found)) and "noise makes no difference" in " ".join(
        importance_told(found)
    )
    # Of a linear model on independent columns it is known: shuffling makes the squared error greater by twice the square of the slope.
    slope = 3 * np.sqrt(2) * frame["distance"].std()
    assert np.hypot(found.value, slope) - found.value == pytest.approx(distance.worse_by, rel=0.1)


def test_the_same_seed_gives_the_same_answer_and_leaves_other_generators_alone(workspace, version, flights):
    frame, late = flights
    np.random.seed(3)
    state = np.random.get_state()[1].copy()
    one, two, other = (verbs.importance("m", 1, data=frame, labels=late, seed=seed, repeats=3, workspace=workspace) for seed in (1, 1, 2))
    assert one.columns == two.columns and one.columns != other.columns
    assert (np.random.get_state()[1] == state).all()


def test_it_is_kept_with_the_version_and_stands_in_its_card(workspace, version, flights):
    frame, late = flights
    with pytest.raises(NotFound, match="Nobody has measured"):
        verbs.importance("m", 1, workspace=workspace)
    found = verbs.importance("m", 1, data=frame, labels=late, metric="mae", repeats=3, workspace=workspace)
    assert verbs.importance("m", 1, workspace=workspace) == found
    section = next(one for one in verbs.card("m", 1, workspace=workspace).sections if one.name == "importance")
    assert section.bars[0].names == ["distance", "hour", "noise"] and section.bars[0].unit == "mae rises by"
    assert (
        len(chart_of(found).panels) == 1
        and "distance" in chart_of(found).svg()
        and chart_of(found).plotly()["data"][0]["error_x"]["array"][0] >= 0
    )


def test_columns_that_go_together_are_shuffled_together(workspace, add, flights):
    frame, late = flights
    frame = frame[NUMBERS].assign(
        miles=frame["distance"] * 0.6 + 0.001 * frame["noise"], day=pd.Timestamp("2026-01-01") + pd.to_timedelta(frame["hour"], unit="D")
    )
    add(LinearRegression().fit(frame[["distance", "noise", "miles"]], late), frame[["distance", "noise", "miles"]], late)
    found = verbs.importance("m", 1, data=frame, labels=late, repeats=3, workspace=workspace)
    assert [one.columns for one in found.together] == [["distance", "miles"]]
    assert found.together[0].worse_by > 10 * next(one for one in found.columns if one.columns == ["noise"]).worse_by
    assert "distance and miles go together" in " ".join(importance_told(found))


def test_a_classifier_of_words_trained_on_words_and_times(workspace, add):
    random = np.random.default_rng(2)
    frame = pd.DataFrame(
        {"word": random.choice(["red", "green", "blue"], 300), "n": random.normal(size=300), "self": random.normal(size=300)}
    )
    frame.loc[::20, "n"] = np.nan
    kind = np.where(frame["word"] == "red", "late", "on time")
    coded = ColumnTransformer(
        [("word", OneHotEncoder(handle_unknown="ignore"), ["word"]), ("n", "passthrough", make_column_selector(dtype_include="number"))]
    )
    add(make_pipeline(coded, RandomForestClassifier(10, random_state=0)).fit(frame, kind), frame, kind)
    found = verbs.importance("m", 1, data=frame, labels=kind, repeats=3, workspace=workspace)
    assert (found.metric, found.better) == ("accuracy", "higher") and found.trained_on
    assert found.columns[0].columns == ["word"] and found.columns[0].worse_by > 0.2 > 0.05 > found.columns[1].worse_by
    # Without labels: how many answers become others.
    with pytest.raises(Invalid, match="No label is a class of the model: labels 0, 1; classes late, on time"):
        verbs.importance("m", 1, data=frame, labels=(kind == "late").astype(int), workspace=workspace)
    moved = verbs.importance("m", 1, data=frame, repeats=3, workspace=workspace)
    assert moved.metric == "share of answers that change" and not moved.labelled and moved.value is None
    assert moved.columns[0].columns == ["word"] and "not how much worse" in " ".join(importance_told(moved))


def test_a_function_of_the_notebook(workspace):
    frame = pd.DataFrame({"a": np.arange(40.0), "b": np.arange(40.0)[::-1] % 7})
    models.register("twice", double_of_a, data=frame, code=True, workspace=workspace)
    found = verbs.importance("twice", 1, data=frame, labels=2 * frame["a"], repeats=5, workspace=workspace)
    a, b = found.columns
    assert (a.columns, found.value) == (["a"], 0.0) and a.low > 10 and (b.worse_by, b.error) == (0.0, 0.0)


def double_of_a(frame):
    return 2 * frame["a"]


def test_arrays_and_many_rows(workspace, add, monkeypatch):
    monkeypatch.setattr(shuffling, "MOST_ROWS", 50)
    rows = np.random.default_rng(0).normal(size=(200, 3))
    add(LinearRegression().fit(rows, rows[:, 1]), rows, rows[:, 1])
    found = verbs.importance("m", 1, data=rows, labels=list(rows[:, 1]), repeats=2, workspace=workspace)
    assert (found.rows, found.of_rows, found.columns[0].columns) == (50, 200, ["x1"])
    moved = verbs.importance("m", 1, data=rows, repeats=2, workspace=workspace)
    assert moved.metric == "mean change" and moved.columns[0].columns == ["x1"]


def test_what_cannot_be_measured_is_said(workspace, version, flights):
    frame, late = flights
    for given, match in (
        ({"data": frame, "labels": late, "repeats": 1}, "no interval"), ({"data": frame, "metric": "mae"}, "needs labels"), ({"metric": "mae"}, "needs rows"),
        ({"data": frame, "labels": late, "metric": "accuracy"}, "cannot be computed"), ({"data": frame, "labels": late, "metric": "lift"}, "cannot be computed"),
        ({"data": frame.drop(columns="hour"), "labels": late}, "lack the column 'hour'"), ({"data": frame.to_numpy()[:, 0], "labels": late}, "shape"),
        ({"data": frame.assign(hour="x"), "labels": late}, "cannot answer these rows"), ({"data": pd.concat([frame, frame[["hour"]]], axis=1), "labels": late}, "more than one"),
    ):  # fmt: skip
        with pytest.raises(Invalid, match=match):
            verbs.importance("m", 1, **given, workspace=workspace)


def test_the_metric_of_a_gates_file_is_the_one_that_matters(workspace, version, flights):
    frame, late = flights
    gate_verbs.gates("m", text="performance: {metric: r2, limit: 0.1}", workspace=workspace)
    assert verbs.importance("m", 1, data=frame, labels=late, repeats=3, workspace=workspace).metric == "r2"
