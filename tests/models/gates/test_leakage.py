"""Leakage: rows seen in training, rows twice, a feature that is the label or gives it away."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from nbmlops.data import book
from nbmlops.data.fingerprint import fingerprint
from nbmlops.models.gates import training_rows
from tests.models.gates.standings import Model, asked, good, numbers, standing, version

OFF = {"overlap_percent": None, "duplicates_percent": None, "alone": None, "equal": False}


def kept(workspace, frame):
    seen = fingerprint(frame)
    with workspace.ledger.write() as tx:
        book.remember(tx, seen)
    training_rows.keep(workspace, seen.digest, frame)
    return version({name: {"type": "string"} if name == "place" else None for name in frame.columns}, dataset=seen.digest)


def test_rows_that_were_trained_on_are_told_though_they_went_through_a_file(workspace, tmp_path):
    rows, y = numbers(400)
    rows["n"] = np.arange(400)
    candidate = kept(workspace, rows[:200])
    rows[150:350].to_csv(tmp_path / "h.csv", index=False)
    held = pd.read_csv(tmp_path / "h.csv").assign(n=lambda frame: frame["n"].astype(float))
    on = standing(held, y[150:350], Model(good), candidate=candidate, workspace=workspace)
    (check,) = asked("leakage", on, **{**OFF, "overlap_percent": 1})
    assert not check.passed and check.value == 25.0 and "(50) are among those version 2 was trained on" in check.reason
    (other,) = asked(
        "leakage", standing(rows[200:], y[200:], Model(good), candidate=candidate, workspace=workspace), **{**OFF, "overlap_percent": 1}
    )
    assert other.passed and other.details["known"] is True


def test_the_very_rows_are_known_by_their_fingerprint_alone(workspace):
    rows, y = numbers(100)
    candidate = version({"a": None, "b": None}, dataset=fingerprint(rows[["a", "b"]]).digest)
    (check,) = asked("leakage", standing(rows, y, Model(good), candidate=candidate, workspace=workspace), **{**OFF, "overlap_percent": 1})
    assert not check.passed and "the very rows" in check.reason


def test_what_cannot_be_known_is_said_and_refuses_where_that_is_asked(workspace):
    rows, y = numbers(100)
    on = standing(rows, y, Model(good), candidate=version({"a": None}, dataset="blake3:" + "1" * 64), workspace=workspace)
    (check,) = asked("leakage", on, **{**OFF, "overlap_percent": 1})
    assert check.passed and "cannot be known" in check.reason and check.details["known"] is False
    (strict,) = asked("leakage", on, **{**OFF, "overlap_percent": 1, "unknown": "refuse"})
    assert not strict.passed


def test_the_frame_is_found_in_the_notebook_that_still_has_it(workspace, monkeypatch):
    import __main__

    rows, _ = numbers(50)
    seen = fingerprint(rows)
    with workspace.ledger.write() as tx:
        book.remember(tx, seen)
    training_rows.keep(workspace, seen.digest)
    assert training_rows.known(workspace, seen.digest) is None
    monkeypatch.setattr(__main__, "odd", type("Odd", (), {"shape": property(lambda self: 1 / 0)})(), raising=False)
    monkeypatch.setattr(__main__, "other", rows.assign(a=0.0), raising=False)
    monkeypatch.setattr(__main__, "X_train", rows, raising=False)
    training_rows.keep(workspace, seen.digest)
    columns, words = training_rows.known(workspace, seen.digest)
    assert columns == ["a", "b", "place"] and len(words) == 50


def test_rows_that_are_there_twice():
    rows, y = numbers(200)
    again = pd.concat([rows, rows[:50]], ignore_index=True)
    (check,) = asked("leakage", standing(again, [*y, *y[:50]], Model(good)), **{**OFF, "duplicates_percent": 5})
    assert not check.passed and check.value == pytest.approx(20.0) and "more than once" in check.reason
    assert asked("leakage", standing(rows, y, Model(good)), **{**OFF, "duplicates_percent": 5})[0].passed


@pytest.mark.parametrize("classes", [False, True])
def test_a_feature_that_is_the_label_or_gives_it_away(classes):
    rows, y = numbers(500)
    label = np.where(y > 0, "late", "on time") if classes else y
    same, near = rows.assign(told=label), rows.assign(hint=y + np.random.default_rng(0).normal(scale=0.01, size=500))
    model = Model(good)
    equal, alone = asked("leakage", standing(same, label, model), **{**OFF, "equal": True, "alone": 0.95})
    assert not equal.passed and "'told' is the label itself" in equal.reason and not alone.passed
    equal, alone = asked("leakage", standing(near, label, model), **{**OFF, "equal": True, "alone": 0.95})
    assert equal.passed and not alone.passed and "hint alone predicts the label" in alone.reason
    equal, alone = asked("leakage", standing(rows, label, model), **{**OFF, "equal": True, "alone": 0.95})
    assert equal.passed and alone.passed and alone.details["bars"][0]["what"] == "a"


def test_rows_of_few_values_meet_by_chance_which_is_no_leak(workspace):
    random = np.random.default_rng(5)
    table = pd.DataFrame({"hour": random.integers(0, 12, 4000), "origin": random.choice(list("abc"), 4000)})
    y = table["hour"].to_numpy(float)
    training_rows.keep(workspace, "blake3:few", table[:3000])
    candidate = version({"hour": None, "origin": {"type": "string"}}, dataset="blake3:few")
    on = standing(table[3000:], y[3000:], Model(good), candidate=candidate, workspace=workspace)
    seen, twice = asked("leakage", on, **{**OFF, "overlap_percent": 1, "duplicates_percent": 5})
    assert seen.passed and seen.value > 99 and "by chance" in seen.reason
    assert twice.passed and twice.value > 90 and "few values" in twice.reason


def test_rows_that_were_doubled_before_they_were_split_are_found(workspace):
    random = np.random.default_rng(6)
    table = pd.DataFrame({"a": random.normal(size=600), "b": random.integers(0, 4, 600)})
    doubled = pd.concat([table, table], ignore_index=True).sample(frac=1, random_state=0).reset_index(drop=True)
    y = doubled["a"].to_numpy()
    training_rows.keep(workspace, "blake3:doubled", doubled[:900])
    on = standing(doubled[900:], y[900:], Model(good), candidate=version({"a": None, "b": None}, dataset="blake3:doubled"), workspace=workspace)
    (seen,) = asked("leakage", on, **{**OFF, "overlap_percent": 1})
    assert not seen.passed and seen.value > 50 and "at most 1 % may be" in seen.reason
