"""A metric of one model's answers: of all rows, of some, of rows drawn again; of classes, numbers and probabilities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nbmlops.errors import Invalid, there_is
from nbmlops.models.quality import Direction, canonical, coded, direction, known_metrics, metric_value, row_losses

# Metrics of probabilities, with their direction.
SCORED: dict[str, Direction] = {"roc_auc": "higher", "average_precision": "higher", "log_loss": "lower", "brier": "lower"}
_FEWEST_PROBABILITY = 1e-15


@dataclass(frozen=True)
class Measured:
    """A metric over n rows. `losses` (n,) where it is a function of their mean; else `statistic` takes rows' places."""

    metric: str
    losses: Any
    statistic: Callable[[Any], float]
    count: int

    @property
    def value(self) -> float:
        """Of all rows."""
        return self.of(np.arange(self.count))

    def of(self, at: Any) -> float:
        """Of the rows at these places, one of which may stand there twice."""
        return self.statistic(at) if self.losses is None else float(self.finished(self.losses[at].mean()))

    def finished(self, mean: Any) -> Any:
        """The metric, from the mean of losses."""
        return 1 - mean if self.metric == "accuracy" else mean**0.5 if self.metric == "rmse" else mean


def way(metric: str) -> Direction:
    """Which way is better."""
    return SCORED.get(metric) or direction(metric)


def measured(metric: str, truth: Any, answers: Any, scores: Any = None, classes: Any = None) -> Measured:
    """A metric of answers (n,), or of probabilities (n, classes) where it is one of these. Invalid where it cannot be had.

    >>> measured("mae", [1, 2, 3], [1, 2, 5]).value
    0.6666666666666666
    """
    if metric in SCORED:
        return _of_scores(metric, np.asarray(truth), scores, classes)
    known = canonical(metric)
    if known is None:
        there = [*known_metrics(), *SCORED]
        raise Invalid(f"{metric[:80]!r} cannot be computed from rows.", hint=f"There is {there_is(dict.fromkeys(there))}.")
    metric_value(known, truth, answers)  # raises for what is no number, or of another shape
    truth, answers = _flat(truth), _flat(answers)
    losses = row_losses(known, truth, answers)
    return Measured(known, losses, _statistic(known, truth, answers) if losses is None else _none, len(truth))


def _of_scores(metric: str, truth: Any, scores: Any, classes: Any) -> Measured:
    if scores is None or classes is None:
        what = "gives no probabilities" if scores is None else "does not say which class a probability is of"
        raise Invalid(f"{metric} needs probabilities, and the model {what}.", hint="Ask for accuracy, f1 … or let it have predict_proba.")
    hits = np.asarray(truth)[:, None] == np.asarray(classes)[None, :]
    if metric == "log_loss":
        held = np.where(hits.any(axis=1), (scores * hits).sum(axis=1), 0.0)
        return Measured(metric, -np.log(np.clip(held, _FEWEST_PROBABILITY, 1.0)), _none, len(truth))
    if metric == "brier":
        unseen = (~hits.any(axis=1)).astype(float)
        return Measured(metric, (((scores - hits) ** 2).sum(axis=1) + unseen) / 2, _none, len(truth))
    if len(classes) != 2:
        raise Invalid(f"{metric} is of two classes, and the model has {len(classes)}.", hint="Ask for log_loss, brier, f1 or accuracy.")
    from sklearn import metrics

    found = metrics.roc_auc_score if metric == "roc_auc" else metrics.average_precision_score
    target, given = hits[:, 1], scores[:, 1]
    return Measured(
        metric, None, lambda at: float(found(target[at], given[at])) if 0 < target[at].sum() < len(at) else float("nan"), len(truth)
    )


def _statistic(known: str, truth: Any, answers: Any) -> Callable[[Any], float]:
    """As scikit-learn has it, and many times as fast: it is computed for a thousand draws of the rows."""
    if known in ("r2", "medae"):
        truth, answers = truth.astype(float), answers.astype(float)
        return lambda at: _of_numbers(known, truth[at], answers[at])
    classes, true, said = coded(truth, answers)
    kinds, mine = len(classes), true * len(classes) + said
    return lambda at: _of_classes(known, np.bincount(mine[at], minlength=kinds * kinds).reshape(kinds, kinds))


def _of_numbers(known: str, truth: Any, answers: Any) -> float:
    if len(truth) < 2 or not (np.isfinite(truth).all() and np.isfinite(answers).all()):
        return float("nan")
    if known == "medae":
        return float(np.median(np.abs(truth - answers)))
    spread = ((truth - truth.mean()) ** 2).sum()
    left = ((truth - answers) ** 2).sum()
    return float(1 - left / spread) if spread else (1.0 if left == 0 else 0.0)


def _of_classes(known: str, table: Any) -> float:
    """From counts (truth, answer): unweighted means over the classes that are there, 0 where nothing can be divided."""
    hits, there, said = np.diag(table).astype(float), table.sum(axis=1), table.sum(axis=0)
    if known == "balanced_accuracy":
        return float((hits[there > 0] / there[there > 0]).mean())
    upper, lower = {"f1": (2 * hits, there + said), "precision": (hits, said), "recall": (hits, there)}[known]
    each = np.divide(upper, lower, out=np.zeros(len(hits)), where=lower > 0)
    return float(each[(there + said) > 0].mean())


def _flat(values: Any) -> Any:
    found = np.asarray(values)
    return found[:, 0] if found.ndim == 2 and found.shape[1] == 1 else found


def _none(at: Any) -> float:
    raise AssertionError("a metric with losses is computed from them")
