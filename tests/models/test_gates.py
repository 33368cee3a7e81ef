"""Gates: what they ask, of recorded metrics and of rows."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

from nbmlops.errors import GateRefused, Invalid, NotFound
from nbmlops.models import gates, verbs
from nbmlops.models.quality import metric_value, paired_interval, row_losses


def checked(workspace, version, **rows):
    return verbs.check("m", version, workspace=workspace, **rows)


@pytest.mark.parametrize(
    ("rule", "champion", "version", "passed"),
    [
        ({"metric": "mae"}, None, 1, True), ({"metric": "mae"}, 3, 2, False), ({"metric": "mae"}, 1, 2, True), ({"metric": "mae", "limit": 2}, None, 2, True),
        ({"metric": "mae", "limit": 1.9}, None, 2, False), ({"metric": "mae", "better_percent": 33}, 1, 2, True),
        ({"metric": "mae", "better_percent": 34}, 1, 2, False), ({"metric": "mae", "better_percent": -100}, 3, 2, True),
        ({"metric": "mae", "better_percent": -99}, 3, 2, False), ({"metric": "mae", "better_percent": None, "limit": 9}, 3, 1, True),
        ({"metric": "mae", "better_percent": None}, 3, 1, True), ({"metric": "r2"}, 1, 2, True), ({"metric": "r2"}, 2, 1, False),
        ({"metric": "r2", "limit": 0.85}, None, 2, False), ({"metric": "r2", "limit": 0.8}, None, 2, True),
        ({"metric": "mean_absolute_error"}, 1, 2, True), ({"metric": "auc"}, None, 1, False), ({"metric": "mae", "better": "higher"}, 3, 2, True),
    ],
)  # fmt: skip
def test_a_gate_on_recorded_metrics(workspace, three, rule, champion, version, passed):
    if champion:
        verbs.promote("m", champion, workspace=workspace)
    verbs.gate("m", **rule, workspace=workspace)
    report = checked(workspace, version)
    assert report.passed is passed, report
    assert report.rows == 0 and report.champion == champion and all(check.reason for check in report.checks)
    assert gates.latest_report(workspace, "m", version) == report


def test_the_champion_itself_is_not_held_against_itself(workspace, three):
    verbs.promote("m", 2, workspace=workspace)
    verbs.gate("m", "mae", better_percent=50, workspace=workspace)
    assert checked(workspace, 2).champion is None


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("rule", [{"limit": 1e9}, {}, {"better_percent": None}, {"better_percent": -1000}])
def test_a_metric_that_is_no_number_does_not_pass(workspace, three, frame, target, value, rule):
    version = verbs.register("m", LinearRegression().fit(frame, target), metrics={"mae": value}, workspace=workspace).version
    for champion in (None, 1):
        if champion:
            verbs.promote("m", champion, workspace=workspace)
        verbs.gate("m", "mae", **rule, workspace=workspace)
        assert not checked(workspace, version).passed
    with pytest.raises(GateRefused):
        verbs.promote("m", version, workspace=workspace)


def test_a_gate_on_rows_asks_both_models_the_same_rows(workspace, three, frame, target):
    verbs.promote("m", 1, workspace=workspace)
    verbs.gate("m", "rmse", workspace=workspace)
    report = checked(workspace, 3, data=frame, labels=target)
    assert report.passed and report.rows == len(frame) and "paired" in report.checks[0].reason
    verbs.promote("m", 3, workspace=workspace, data=frame, labels=target)
    assert not checked(workspace, 1, data=frame, labels=target).passed


def test_labels_in_a_column_or_a_list_measure_as_a_series_does(workspace, three, frame, target):
    verbs.gate("m", "mae", limit=1, workspace=workspace)
    values = [
        checked(workspace, 2, data=frame, labels=labels).checks[0].value
        for labels in (
            target,
            target.tolist(),
            target.to_frame(),
            target.to_numpy()[:, None],
            target.sample(frac=1, random_state=0).sort_index(),
        )
    ]
    assert len(set(values)) == 1


def test_a_missing_label_is_no_quality(workspace, three, frame, target):
    for metric in ("mae", "rmse", "r2", "medae"):
        verbs.gate("m", metric, better_percent=None, workspace=workspace)
        with pytest.raises(Invalid, match="1 of the labels are missing"):
            checked(workspace, 3, data=frame, labels=target.where(frame.index > 0))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda X, y: (X, None), "0 labels"), (lambda X, y: (X, y[:3]), "120 rows with 3 labels"), (lambda X, y: (X[:0], y[:0]), "needs rows"),
        (lambda X, y: (X[["a"]], y), "lack the column 'b'"), (lambda X, y: (X, ["x"] * len(y)), "no number"),
    ],
)  # fmt: skip
def test_rows_that_cannot_be_measured_are_refused(workspace, three, frame, target, change, words):
    verbs.gate("m", "mae", workspace=workspace)
    data, labels = change(frame, target)
    with pytest.raises(Invalid, match=words):
        checked(workspace, 1, data=data, labels=labels)


def test_a_gate_of_a_logged_metric_cannot_be_measured_on_rows(workspace, three, frame, target):
    verbs.gate("m", "val_lift", workspace=workspace)
    with pytest.raises(Invalid, match="cannot be computed from rows"):
        checked(workspace, 1, data=frame, labels=target)


def test_a_model_without_a_gate_and_a_gate_that_asks_for_no_number(workspace, three):
    with pytest.raises(Invalid, match="no gate"):
        checked(workspace, 1)
    with pytest.raises(NotFound):
        checked(workspace, 8)
    for words in ({"limit": math.nan}, {"limit": math.inf}, {"better_percent": math.nan}):
        with pytest.raises(Invalid):
            verbs.gate("m", "mae", **words, workspace=workspace)


def test_classes_by_name_pass_a_gate_of_accuracy(workspace, frame, target):
    late = pd.Series(np.where(target > 0, "late", "on time"))
    for limit in (1e-6, 100.0):
        verbs.register("c", LogisticRegression(C=limit).fit(frame, late), data=frame, workspace=workspace)
    for metric in ("accuracy", "f1", "balanced_accuracy", "precision", "recall"):
        verbs.gate("c", metric, limit=0.9, better_percent=None, workspace=workspace)
        assert verbs.check("c", 2, data=frame, labels=late, workspace=workspace).passed
    verbs.gate("c", "log_loss", workspace=workspace)
    with pytest.raises(Invalid, match="log_loss"):
        verbs.check("c", 2, data=frame, labels=late, workspace=workspace)


def test_metrics_by_hand():
    assert metric_value("mae", [1, 2], [[2], [4]]) == 1.5
    assert metric_value("rmse", [0, 0], [3, 4]) == pytest.approx(12.5**0.5)
    assert metric_value("mape", [2.0, 4.0], [1.0, 5.0]) == pytest.approx(0.375)
    assert metric_value("accuracy", ["a", "b"], ["a", "a"]) == 0.5
    assert math.isnan(metric_value("r2", [1.0], [1.0])) and math.isnan(metric_value("mae", [], []))
    with pytest.raises(Invalid, match="shape"):
        metric_value("mae", [1, 2], [1, 2, 3])
    with pytest.raises(Invalid, match="cannot be computed"):
        metric_value("x" * 1000, [1], [1])
    low, high = paired_interval(row_losses("mae", [0] * 40, [2] * 40), row_losses("mae", [0] * 40, [1, 2] * 20))
    assert 0 < low < 0.5 < high < 1
