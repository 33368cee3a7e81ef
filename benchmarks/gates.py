"""The gate that compares with the champion: how often it refuses a model that is better, and lets through one that is not."""

from __future__ import annotations

from typing import Any

import numpy as np
from tabulate import tabulate

from nbmlops.models.gates.performance import PerformanceAsked, compared
from nbmlops.models.gates.standing import Standing
from nbmlops.models.records import ModelVersion, Signature

PAIRS = {100: 1_000, 1_000: 400, 10_000: 50}  # by rows: how many pairs are simulated
# By how many percent of the champion's value the candidate's metric is truly better.
TRUTHS = (-10, -5, 0, 5, 10, 20)
_ACCURACY = 0.8
GATES = {
    "better, by the interval": {"better_percent": 0.0},
    "not 5 % worse, by the interval": {"margin_percent": 5.0},
    "better, by the bare difference": {"better_percent": 0.0, "test": "difference", "resamples": 100},
}


def pair(task: str, rows: int, percent: float, random: Any) -> tuple[Any, Any, Any]:
    """Labels, and the answers of candidate and champion, which are wrong in much the same rows.

    The candidate is truly better by `percent` of the champion's value: in the mean absolute error of numbers (heavy-tailed, each
    row with a deviation of its own), in the accuracy of classes (the champion's is 80 %).
    """
    if task == "regression":
        spread = random.lognormal(0, 0.5, rows)
        shared, own, other = random.standard_t(5, (3, rows)) * spread
        factor = 1 - percent / 100
        return np.zeros(rows), factor * (0.8 * shared + 0.6 * own), 0.8 * shared + 0.6 * other
    hard = random.random(rows) < 0.5  # half of the rows are never wrong
    rate, wanted = 0.4, (1 - _ACCURACY * (1 + percent / 100)) / 0.5
    luck, theirs = random.random((2, rows))
    same = random.random(rows) < 0.6
    champion = hard & (theirs < rate)
    candidate = hard & (np.where(same, theirs, luck) < wanted)
    return np.zeros(rows, int), candidate.astype(int), champion.astype(int)


def passes(task: str, rows: int, percent: float, keys: dict[str, Any], *, pairs: int, seed: int) -> float:
    """The share of simulated pairs in which the gate lets the candidate through."""
    random = np.random.default_rng([seed, rows, round(percent * 100) + 100_000])
    asked = PerformanceAsked(metric="mae" if task == "regression" else "accuracy", **keys)
    percents = asked.percents
    passed = 0
    for _ in range(pairs):
        truth, mine, theirs = pair(task, rows, percent, random)
        on = Standing(candidate=_version(2), champion=_version(1), rows=truth, labels=truth, model=_Said(mine), other=_Said(theirs))
        passed += compared(asked, percents, on)[0].passed
    return passed / pairs


class _Said:
    """A model whose answers are known."""

    def __init__(self, answers: Any) -> None:
        self._answers = answers

    def predict(self, rows: Any) -> Any:
        return self._answers

    def scores(self, rows: Any) -> None:
        return None


def _version(number: int) -> ModelVersion:
    from datetime import UTC, datetime

    return ModelVersion(
        model="m", version=number, flavor="sklearn", digest="", size_bytes=0, signature=Signature(inputs=[], outputs=[]), metrics={},
        run=None, dataset=None, target=None, estimator="", description="", registered_at=datetime(2026, 1, 1, tzinfo=UTC), registered_by="",
    )  # fmt: skip


def measure(seed: int = 0) -> list[dict[str, Any]]:
    """For each gate, task and number of rows: how often a candidate passes, by how much better it truly is."""
    return [
        {
            "gate": name, "task": task, "rows": rows, "pairs": pairs,
            "passes": {f"{percent:+d} %": passes(task, rows, percent, keys, pairs=pairs, seed=seed) for percent in TRUTHS},
        }
        for name, keys in GATES.items()
        for task in ("regression", "classification")
        for rows, pairs in PAIRS.items()
    ]  # fmt: skip


def shown(rows: list[dict[str, Any]]) -> str:
    """The table, as the README has it."""
    head = ["gate", "task", "rows", *rows[0]["passes"]]
    body = [[row["gate"], row["task"], f"{row['rows']:,}", *(f"{100 * share:.1f} %" for share in row["passes"].values())] for row in rows]
    return tabulate(body, head, tablefmt="github", disable_numparse=True)
