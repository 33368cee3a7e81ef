"""One version against another on the same labelled rows, with the uncertainty of the difference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from nbmlops.errors import Invalid
from nbmlops.models.loading import load
from nbmlops.models.quality import paired_interval, row_losses
from nbmlops.models.records import ModelVersion
from nbmlops.models.signature import columns_to_frame
from nbmlops.monitoring.quality import measured
from nbmlops.workspace import Workspace

Better = Literal["lower", "higher"]


@dataclass(frozen=True)
class Advantage:
    """By how much `other` is better than `serving`: `percent` of serving's value, and the 95 % interval of the gain.

    The gain is positive where the other version is better: in the loss of a row, or in the metric where it has none.
    """

    serving: float
    other: float
    percent: float
    low: float
    high: float

    def certain(self, percent: float) -> bool:
        """Better by at least `percent`, and not by chance: the interval is above 0."""
        return self.percent >= percent and self.low > 0


def typed(version: ModelVersion, rows: Any) -> Any:
    """The inputs of log rows as a version takes them. Invalid where it takes other columns than the log has, or no nulls."""
    names = [column.name for column in version.signature.inputs]
    if missing := [name for name in names if name not in rows.columns]:
        raise Invalid(f"Version {version.version} takes a column {missing[0]!r} that the log does not have.", hint="It cannot be compared.")
    return columns_to_frame(version.signature, {name: rows[name].tolist() for name in names})


def answers(workspace: Workspace, version: ModelVersion, rows: Any) -> Any:
    """What a version says to the inputs of log rows (n,)."""
    return load(workspace, version).predict(typed(version, rows))


def advantage(metric: str, better: Better, truth: Any, serving: Any, other: Any, *, resamples: int = 200, seed: int = 0) -> Advantage:
    """Compare two versions' answers (n,) to the same rows.

    >>> found = advantage("mae", "lower", [1.0] * 50, [3.0] * 50, [2.0] * 50)
    >>> found.percent, found.low, found.certain(10)
    (50.0, 1.0, True)
    """
    mine, theirs = measured(metric, truth, serving), measured(metric, truth, other)
    gain = mine - theirs if better == "lower" else theirs - mine
    percent = 100 * gain / abs(mine) if mine else (0.0 if gain <= 0 else float("inf"))
    losses = row_losses(metric, truth, serving)
    if losses is not None:
        low, high = paired_interval(losses, row_losses(metric, truth, other), seed=seed)
    else:
        low, high = _resampled(metric, better, np.asarray(truth), np.asarray(serving), np.asarray(other), resamples, seed)
    return Advantage(serving=mine, other=theirs, percent=float(percent), low=low, high=high)


def _resampled(metric: str, better: Better, truth: Any, serving: Any, other: Any, resamples: int, seed: int) -> tuple[float, float]:
    """The percentile interval of the metric's own difference, rows resampled together (Efron and Tibshirani 1993, ch. 13)."""
    random = np.random.default_rng(seed)
    gains = []
    for _ in range(resamples):
        at = random.integers(0, len(truth), len(truth))
        gap = measured(metric, truth[at], serving[at]) - measured(metric, truth[at], other[at])
        gains.append(gap if better == "lower" else -gap)
    low, high = np.nanquantile(gains, [0.025, 0.975])
    return float(low), float(high)
