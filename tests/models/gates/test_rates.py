"""How often the comparison with the champion errs, over many simulated pairs: within what it promises."""

from __future__ import annotations

import pytest

from benchmarks.gates import passes

PAIRS = 400
# 2.5 % of 400 pairs is 10; a gate that keeps its word lets 20 or more through once in 500 times.
MOST = 20 / PAIRS


@pytest.mark.parametrize("task", ["regression", "classification"])
@pytest.mark.parametrize("rows", [100, 400])
def test_a_model_that_is_no_better_seldom_passes_as_better(task, rows):
    assert passes(task, rows, 0, {"better_percent": 0.0, "resamples": 400}, pairs=PAIRS, seed=1) <= MOST
    assert (
        passes(task, rows, 0, {"better_percent": 0.0, "test": "difference", "resamples": 100}, pairs=PAIRS, seed=1) > 0.35
    )  # what a coin does


@pytest.mark.parametrize("task", ["regression", "classification"])
def test_a_model_that_is_worse_by_the_margin_seldom_passes_as_not_worse(task):
    for rows in (100, 400):
        assert passes(task, rows, -5, {"margin_percent": 5.0, "resamples": 400}, pairs=PAIRS, seed=2) <= MOST


@pytest.mark.parametrize(("task", "percent"), [("regression", 20), ("classification", 10)])
def test_a_model_that_is_truly_better_is_seldom_refused(task, percent):
    assert passes(task, 1000, percent, {"better_percent": 0.0, "resamples": 400}, pairs=80, seed=3) >= 0.9
    assert passes(task, 1000, percent, {"margin_percent": 5.0, "resamples": 400}, pairs=80, seed=3) >= 0.95
