"""Labels that nothing can be judged by: missing, of no class of the model, or an input of it."""

from __future__ import annotations

import numpy as np
import pytest

from nbmlops.errors import Invalid
from nbmlops.models.gates import kept_rows
from tests.models.gates.standings import Model, asked, good, numbers, standing, version


@pytest.mark.parametrize("missing", [16, 60])
def test_missing_labels_are_refused_when_they_are_kept_and_when_they_are_judged(workspace, tmp_path, missing):
    rows, y = numbers(60)
    y = np.where(np.arange(60) < missing, np.nan, y)
    words = f"{missing} of the labels are missing. Leave out the rows whose truth is not known yet"
    with pytest.raises(Invalid, match=words):
        kept_rows.given(workspace, rows, y)
    rows.assign(y=y).to_csv(tmp_path / "h.csv", index=False)
    with pytest.raises(Invalid, match=words):
        kept_rows.from_file(workspace, tmp_path / "h.csv", "y", [])
    for kind, keys in (("performance", {"metric": "mae", "limit": 1}), ("leakage", {}), ("calibration", {})):
        (check,) = asked(kind, standing(rows, y, Model(good)), **keys)
        assert not check.passed and words in check.reason


CLASSED = (
    ("performance", {"metric": "accuracy"}), ("performance", {"metric": "log_loss"}), ("performance", {"metric": "roc_auc"}),
    ("slices", {"columns": ["place"], "metric": "accuracy", "limit": 0.1}), ("calibration", {}),
    ("fairness", {"columns": ["place"], "metrics": {"accuracy_difference": 0.9}}),
)  # fmt: skip


def classifier():
    return Model(lambda rows: np.where(good(rows) > 0, "yes", "no"), lambda rows: np.full((len(rows), 2), 0.5), ("no", "yes"))


@pytest.mark.parametrize(("kind", "keys"), CLASSED)
def test_labels_none_of_which_is_a_class_of_the_model_judge_nothing(kind, keys):
    rows, y = numbers(120)
    (check,) = asked(kind, standing(rows, (y > 0).astype(int), classifier()), **keys)
    assert not check.passed and "No label is a class of the model: labels 0, 1; classes no, yes." in check.reason


@pytest.mark.parametrize(("kind", "keys"), CLASSED)
def test_where_some_labels_are_no_class_probabilities_are_refused_and_answers_are_wrong(kind, keys):
    rows, y = numbers(120)
    check = asked(kind, standing(rows, np.where(y > 0, "yes", "maybe"), classifier()), **keys)[0]
    named = "labels maybe; classes no, yes" in check.reason
    assert named == (kind == "calibration" or keys.get("metric") in ("log_loss", "roc_auc")) and not (named and check.passed)


def test_labels_of_another_type_are_classes_all_the_same():
    rows, y = numbers(120)
    model = Model(lambda rows: (good(rows) > 0).astype(int), lambda rows: np.full((len(rows), 2), 0.5))
    for labels in ((y > 0).astype(float), y > 0, (y > 0).astype(object)):
        assert asked("performance", standing(rows, labels, model), metric="log_loss")[0].passed


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        ("leakage", {"overlap_percent": None, "duplicates_percent": None, "alone": None}), ("leakage", {"equal": False}),
        ("performance", {"metric": "mae"}), ("calibration", {}), ("robustness", {}), ("latency", {"p50_ms": 1}),
        ("slices", {"columns": ["place"], "metric": "mae", "limit": 1}),
    ],
)  # fmt: skip
def test_a_label_that_is_an_input_of_the_model_is_named(workspace, tmp_path, kind, keys):
    rows, _ = numbers(60)
    rows.to_csv(tmp_path / "h.csv", index=False)
    table, truth = kept_rows.opened(workspace, kept_rows.from_file(workspace, tmp_path / "h.csv", "a", []))
    on = standing(table, truth, Model(good), candidate=version({"a": None, "b": None}))
    on.labels = truth
    (check,) = asked(kind, on, **keys)
    assert not check.passed and "The label 'a' is an input of the model." in check.reason
