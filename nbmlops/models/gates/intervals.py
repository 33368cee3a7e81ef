"""How sure a difference is: paired bootstrap, McNemar's exact test, Tango's interval, and bounds of many groups at once.

Nothing here draws from a global generator: each has a seed of its own, and the same rows give the same interval.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nbmlops.models.gates.measuring import Measured
from nbmlops.models.quality import Direction

_AT_ONCE = 4_000_000  # draws that are held in memory
_MANY = 100_000  # rows from which on a mean is normal, and drawing would take minutes


def gain_interval(
    mine: Measured, theirs: Measured, better: Direction, percent: float, *, confidence: float = 0.95, resamples: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """The interval of a candidate's gain beyond what is asked: being better by `percent` of the champion's value.

    Rows are drawn with their two answers together, a thousand times; the interval has the middle `confidence` of the gains
    (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, ch. 13). Above 0: shown. From 100,000 rows on, where the
    metric is a mean, it is the normal interval.

    >>> from nbmlops.models.gates.measuring import measured
    >>> gain_interval(measured("mae", [0] * 50, [1] * 50), measured("mae", [0] * 50, [3] * 50), "lower", 0)
    (2.0, 2.0)
    """
    if mine.losses is None or theirs.losses is None:
        draws = min(resamples, max(200, 20_000_000 // mine.count))
        random = np.random.default_rng(seed)
        places = (random.integers(0, mine.count, mine.count) for _ in range(draws))
        return middle(np.array([_gain(mine.of(at), theirs.of(at), better, percent) for at in places]), confidence)
    if mine.count >= _MANY:
        return _normal(mine, theirs, better, percent, confidence)
    means = _drawn_means(np.stack([mine.losses, theirs.losses]), resamples, seed)
    return middle(_gain(mine.finished(means[0]), theirs.finished(means[1]), better, percent), confidence)


def value_interval(mine: Measured, *, confidence: float = 0.95, resamples: int = 1000, seed: int = 0) -> tuple[float, float]:
    """The interval of one model's metric, rows drawn again."""
    if mine.losses is None or mine.count >= _MANY:
        draws = min(resamples, max(100, 10_000_000 // mine.count))
        random = np.random.default_rng(seed)
        return middle(np.array([mine.of(random.integers(0, mine.count, mine.count)) for _ in range(draws)]), confidence)
    return middle(mine.finished(_drawn_means(mine.losses[None], resamples, seed)[0]), confidence)


def middle(values: Any, confidence: float) -> tuple[float, float]:
    """The percentiles that have `confidence` between them; NaN where any value is: what is not known is not shown."""
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def mcnemar(better: int, worse: int) -> float:
    """McNemar's exact two-sided p-value, of the rows that one model answers rightly and the other does not.

    McNemar, Psychometrika 12, 1947; exact: binomial with one half.

    >>> mcnemar(5, 5), round(mcnemar(10, 1), 4)
    (1.0, 0.0117)
    """
    from scipy.stats import binomtest

    return float(binomtest(better, better + worse, 0.5).pvalue) if better + worse else 1.0


def tango(better: int, worse: int, rows: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """The score interval of a difference of two paired shares, (better − worse) / rows.

    Tango, Statistics in Medicine 17, 1998. It has a width where no row differs, which a bootstrap has not.

    >>> tango(0, 0, 100)[0] < -0.03, [round(end, 3) for end in tango(12, 3, 100)]
    (True, [0.016, 0.174])
    """
    z = _normal_quantile((1 + confidence) / 2)
    share = (better - worse) / rows

    def beyond(delta: float) -> float:
        b = -better - worse + (2 * rows - better + worse) * delta
        root = math.sqrt(max(b * b + 8 * rows * worse * delta * (1 - delta), 0.0))
        spread = rows * (2 * (root - b) / (4 * rows) + delta * (1 - delta))
        gap = better - worse - rows * delta
        return gap / math.sqrt(spread) if spread > 0 else math.copysign(math.inf, gap) if gap else 0.0

    return _where(beyond, z, -1.0, share), _where(beyond, -z, share, 1.0)


def _where(beyond: Any, z: float, low: float, high: float) -> float:
    """Where a falling statistic is z, by halving."""
    for _ in range(60):
        half = (low + high) / 2
        low, high = (half, high) if beyond(half) > z else (low, half)
    return (low + high) / 2


def lowest(value: float, error: float, freedom: float, alpha: float) -> float:
    """The lower end of a one-sided t interval: above 0, a value is shown to be above 0 at level `alpha`."""
    from scipy.stats import t

    return value - float(t.ppf(1 - alpha, max(freedom, 1))) * error if error > 0 else value


def _gain(mine: Any, theirs: Any, better: Direction, percent: float) -> Any:
    asked = percent / 100 * np.abs(theirs)
    return theirs - asked - mine if better == "lower" else mine - theirs - asked


def _drawn_means(losses: Any, resamples: int, seed: int) -> Any:
    """Means (models, resamples) over rows that are drawn for all models alike."""
    random = np.random.default_rng(seed)
    models, rows = losses.shape
    means = np.empty((models, resamples))
    step = max(1, _AT_ONCE // rows)
    for start in range(0, resamples, step):
        count = min(step, resamples - start)
        at = random.integers(0, rows, (count, rows), dtype=np.int32)
        for model in range(models):
            means[model, start : start + count] = losses[model][at].mean(axis=1)
    return means


def _normal(mine: Measured, theirs: Measured, better: Direction, percent: float, confidence: float) -> tuple[float, float]:
    one, other = mine.losses.mean(), theirs.losses.mean()
    value = float(_gain(mine.finished(one), theirs.finished(other), better, percent))
    steep = [0.5 / max(mean, 1e-300) ** 0.5 if mine.metric == "rmse" else 1.0 for mean in (one, other)]
    flow = steep[0] * mine.losses - steep[1] * (1 - percent / 100 if better == "lower" else 1 + percent / 100) * theirs.losses
    wide = _normal_quantile((1 + confidence) / 2) * float(flow.std()) / math.sqrt(mine.count)
    return value - wide, value + wide


def _normal_quantile(share: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf(share)
