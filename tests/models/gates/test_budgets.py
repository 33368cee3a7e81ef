"""Latency, size, the verdict of the run, the schema of the rows: each holds, or is refused for its own reason."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from nbmlops.data import book
from nbmlops.data.fingerprint import fingerprint
from nbmlops.models.signature import from_dataset
from tests.models.gates.standings import Model, asked, good, numbers, standing, version


def slow(rows):
    time.sleep(0.02)
    return good(rows)


def test_a_model_that_sleeps_is_too_slow_by_the_row_and_by_the_batch():
    rows, y = numbers(20)
    checks = asked("latency", standing(rows, y, Model(slow)), p50_ms=5, p95_ms=5, batch_ms=5, calls=3, repeats=2, batch_rows=50)
    assert [check.passed for check in checks] == [False] * 3 and all(check.value >= 20 for check in checks)
    assert "A call with one row takes" in checks[0].reason and "50 rows" in checks[2].reason
    generous = asked("latency", standing(rows, y, Model(good)), p50_ms=60_000, batch_ms=60_000, calls=3, repeats=2)
    assert all(check.passed for check in generous) and generous[0].details["cores"]


def test_a_file_beyond_its_budget():
    rows, y = numbers(20)
    (large,) = asked("size", standing(rows, y, Model(good), candidate=version(size_bytes=3_000_000)), megabytes=2)
    assert not large.passed and "3 MB (3,000,000 bytes), at most 2 MB" in large.reason
    assert asked("size", standing(rows, y, Model(good), candidate=version(size_bytes=3_000_000)), megabytes=3)[0].passed


def test_a_run_that_is_not_known_to_have_fitted_it_says_nothing_of_it():
    rows, y = numbers(20)
    (check,) = asked("reproducibility", standing(rows, y, Model(good), candidate=version(run="r")))
    assert not check.passed and "not known to have fitted it" in check.reason


@pytest.mark.parametrize(
    ("verdict", "run", "words"),
    [("VERIFIED", "r", "came out the same"), ("DIFFERS", "r", "otherwise"), ("CANNOT", "r", "cannot be executed"), (None, "r", "nobody"), (None, None, "no run")],
)  # fmt: skip
def test_only_a_verified_run_holds(verdict, run, words):
    rows, y = numbers(20)
    (check,) = asked("reproducibility", standing(rows, y, Model(good), candidate=version(verdict=verdict, run=run, fit=1 if run else None)))
    assert check.passed is (verdict == "VERIFIED") and words in check.reason


SCHEMA = {
    "n": {"type": "integer", "least": 0.0, "most": 100.0}, "x": {"least": -5.0, "most": 5.0, "nullable": True}, "late": {"type": "boolean"},
    "word": {"type": "string", "categories": ["a", "b"]}, "at": {"type": "datetime"},
}  # fmt: skip


def fitting():
    return pd.DataFrame(
        {
            "n": np.arange(50), "x": [np.nan, *np.linspace(-4, 4, 49)], "late": [True, False] * 25, "word": ["a", "b"] * 25,
            "at": pd.date_range("2026-01-01", periods=50),
        }
    )  # fmt: skip


def data_of(place, rows):
    with place.ledger.write() as tx:
        return book.remember(tx, fingerprint(rows))


def of_one_kind(random, rows):
    """Numbers of several distributions, and categories of which some are rare."""
    frame = pd.DataFrame({f"x{at}": random.standard_t(3, rows) if at % 2 else random.normal(size=rows) for at in range(20)})
    return frame.assign(word=random.choice(list("abcdefgh"), rows, p=[0.5, 0.3, 0.15, 0.02, 0.01, 0.01, 0.005, 0.005]))


def test_few_rows_of_the_training_datas_own_kind_are_not_refused_for_what_is_chance_and_others_are(workspace):
    random = np.random.default_rng(0)
    refused, naive = [], []
    for _ in range(25):
        trained, rows = of_one_kind(random, 300), of_one_kind(random, 100)
        known = book.dataset(workspace, data_of(workspace, trained))
        candidate = replace(version(), signature=from_dataset(known), dataset=known.digest)
        checks = asked("schema", standing(rows, np.zeros(100), None, candidate=candidate, workspace=workspace))
        refused += [check.name for check in checks if not check.passed]
        naive += [check.name for check in checks if check.value is not None and check.value > check.limit]
        assert "do by chance" in checks[1].reason or checks[1].value <= checks[1].limit
        shifted = rows.assign(x4=rows["x4"] + 2.5, word=rows["word"].where(rows.index > 9, "new"))
        odd = asked("schema", standing(shifted, np.zeros(100), None, candidate=candidate, workspace=workspace))
        assert not odd[1].passed and "'x4'" in odd[1].reason and not odd[2].passed, odd
    assert len(naive) > 20 and len(refused) <= 2


@pytest.mark.parametrize(
    ("change", "which", "words"),
    [
        (lambda f: f.assign(n=f["n"].astype(str)), 0, "'n' is"), (lambda f: f.assign(n=f["n"] + 0.5), 0, "not integer"),
        (lambda f: f.drop(columns=["word"]), 0, "'word' is missing"), (lambda f: f.assign(late=[None, *f["late"][1:]]), 0, "'late' is"),
        (lambda f: f.assign(n=f["n"].where(f["n"] > 3)), 0, "null in 4 rows, and never was"), (lambda f: f.assign(at=1.0), 0, "not datetime"),
        (lambda f: f.assign(x=f["x"] * 100), 1, "outside the range of the training data in 'x'"),
        (lambda f: f.assign(word=["c", *f["word"][1:]]), 2, "in a category the training data did not have in 'word'"),
    ],
)  # fmt: skip
def test_rows_that_do_not_fit_name_the_column(change, which, words):
    frame = fitting()
    checks = asked("schema", standing(frame, np.zeros(50), Model(lambda rows: np.zeros(len(rows))), inputs=SCHEMA))
    assert all(check.passed for check in checks), checks
    odd = asked("schema", standing(change(frame), np.zeros(50), Model(lambda rows: np.zeros(len(rows))), inputs=SCHEMA))
    assert not odd[which].passed and words in odd[which].reason
