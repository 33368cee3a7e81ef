"""What a model does to groups of people: fairlearn's metrics, and whether a gap is more than chance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np

from nbmlops.errors import Invalid
from nbmlops.models.gates.groups import grouped
from nbmlops.models.gates.intervals import lowest
from nbmlops.models.gates.port import Asked, Test, confident, judged
from nbmlops.models.gates.standing import Standing
from nbmlops.models.quality import coded
from nbmlops.models.records import GateCheck
from nbmlops.plugins import needs

# name → the rates it compares, of which rows: all, those that are truly positive, those that are not
_CLASSES: dict[str, tuple[str, ...]] = {
    "demographic_parity_difference": ("selection_rate",),
    "demographic_parity_ratio": ("selection_rate",),
    "equalized_odds_difference": ("true_positive_rate", "false_positive_rate"),
    "false_positive_rate_difference": ("false_positive_rate",),
    "false_negative_rate_difference": ("false_negative_rate",),
    "true_positive_rate_difference": ("true_positive_rate",),
    "accuracy_difference": ("accuracy",),
}
_NUMBERS: dict[str, tuple[str, ...]] = {"mean_error_difference": ("mean_error",), "mae_difference": ("mae",)}
_NAMES = {**_CLASSES, **_NUMBERS}
_ALIASES = {"selection_rate_difference": "demographic_parity_difference"}


class FairnessAsked(Asked, frozen=True, kw_only=True):
    """`columns` are the sensitive ones; `metrics` name fairlearn's with their limits: at most for a difference, at least for a ratio.

    `positive` is the class that is selected (by default the last). Groups with fewer than `min_rows` are not judged.
    """

    columns: list[str]
    metrics: dict[str, float]
    positive: str | int | float | bool | None = None
    quantiles: int = 4
    min_rows: int = 30
    test: Test = "interval"
    confidence: float = 0.95

    def __post_init__(self) -> None:
        confident(self.confidence)
        if not self.columns or not self.metrics:
            raise ValueError("columns and metrics name at least one each")
        if self.quantiles < 2 or self.min_rows < 2:
            raise ValueError("quantiles and min_rows are at least 2")
        if odd := [name for name in self.metrics if name not in _NAMES and name not in _ALIASES]:
            raise ValueError(f"{odd[0][:60]!r} is no metric of fairness; there is {', '.join([*_NAMES, *_ALIASES])}")


@dataclass(frozen=True)
class Gap:
    """The two groups that are furthest apart in one rate, and the lower end of how far beyond the limit."""

    rate: str
    high: str
    low: str
    values: tuple[float, float]
    beyond: float
    shown: float


class Fairness:
    """Differences and ratios of rates between groups, by fairlearn."""

    kind = "fairness"
    asks = FairnessAsked
    needs_rows = True

    def check(self, asked: FairnessAsked, on: Standing) -> list[GateCheck]:
        """A check for each sensitive column and metric."""
        needs("fairlearn.metrics", extra="fairness", why="A gate of fairness")
        checks = []
        for column in asked.columns:
            found = grouped(on.table, column, asked.quantiles)
            places = {name: at for name, at in found.items() if len(at) >= asked.min_rows}
            few = [{"column": column, "group": name, "rows": len(at)} for name, at in found.items() if name not in places]
            for said, limit in asked.metrics.items():
                metric = _ALIASES.get(said, said)
                if len(places) < 2:
                    reason = f"{column} has {len(places)} groups of at least {asked.min_rows} rows, so {said} is not known."
                    checks.append(judged("fairness", f"{said} by {column}", False, reason, limit=limit, unjudged=few))
                else:
                    checks.append(_held(asked, said, metric, limit, column, places, few, on))
        return checks


def _held(
    asked: FairnessAsked, said: str, metric: str, limit: float, column: str, places: dict[str, Any], few: list[dict[str, Any]], on: Standing
) -> GateCheck:
    rows = np.sort(np.concatenate(list(places.values())))
    names = np.empty(len(on.table), dtype=object)
    for name, at in places.items():
        names[at] = name
    truth, answers = _compared(asked, metric, on)
    value = _by_fairlearn(metric, truth[rows], answers[rows], names[rows].astype(str))
    rates = {rate: _rate(rate, truth, answers) for rate in _NAMES[metric]}
    alpha = (1 - asked.confidence) / max(1, len(places) * (len(places) - 1) * len(rates))
    gaps = [gap for rate, (values, of) in rates.items() for gap in _gaps(rate, values, of, places, limit, metric.endswith("_ratio"), alpha)]
    worst = max(gaps, key=lambda gap: gap.beyond, default=None)
    ratio = metric.endswith("_ratio")
    over = not (value >= limit if ratio else value <= limit)
    shown = any(gap.shown > 0 for gap in gaps) if asked.test == "interval" else over
    passed = math.isfinite(value) and worst is not None and not (over and shown)
    side = "at least" if ratio else "at most"
    reason = f"By {column}, {said} is {value:.3g}, {side} {limit:g} is asked, {on.on}"
    if worst is not None:
        reason += f": {worst.rate.replace('_', ' ')} is {worst.values[0]:.3g} for {worst.high} and {worst.values[1]:.3g} for {worst.low}"
    if over and worst is not None and asked.test == "interval":
        reason += ", and not by chance" if shown else ", which may be chance"
    few_told = f" {len(few)} groups with fewer than {asked.min_rows} rows are not judged." if few else ""
    table = [
        {"column": column, "group": name, "rows": len(at), **{rate: _mean(values, of, at) for rate, (values, of) in rates.items()}}
        for name, at in places.items()
    ]
    details = {
        "metric": said, "column": column, "groups": table, "unjudged": few, "rates": list(rates), "confidence": asked.confidence,
        "test": asked.test,
    }  # fmt: skip
    return judged("fairness", f"{said} by {column}", passed, f"{reason}.{few_told}", value=value, limit=limit, **details)


def _compared(asked: FairnessAsked, metric: str, on: Standing) -> tuple[Any, Any]:
    """Labels and answers as fairlearn takes them: 1 where the class is the selected one; or numbers."""
    truth, answers = on.truth, np.asarray(on.answers)
    if metric in _NUMBERS:
        try:
            return truth.astype(float), answers.astype(float).reshape(len(truth))
        except (TypeError, ValueError) as error:
            raise Invalid(f"{metric} is of numbers, and the model answers classes.", hint=f"Of classes: {', '.join(_CLASSES)}.") from error
    on.of_classes(every=False)
    classes, true, said = coded(truth, answers)
    if metric == "accuracy_difference":
        return true, said
    if asked.positive is None and len(classes) > 2:
        raise Invalid(f"{metric} is of one class against the others, and there are {len(classes)}.", hint="Say which: positive: late")
    positive = classes[-1] if asked.positive is None else asked.positive
    if positive not in classes:
        raise Invalid(f"No row is, or is answered, {repr(positive)[:60]}.", hint=f"There are: {', '.join(map(repr, classes[:20]))}.")
    at = classes.index(positive)
    return (true == at).astype(int), (said == at).astype(int)


def _by_fairlearn(metric: str, truth: Any, answers: Any, groups: Any) -> float:
    from fairlearn import metrics

    functions = {
        "mean_error_difference": lambda true, said: float(np.mean(said - true)),
        "mae_difference": lambda true, said: float(np.mean(np.abs(said - true))),
        "accuracy_difference": lambda true, said: float(np.mean(true == said)),
    }
    if metric in functions:
        frame = metrics.MetricFrame(metrics=functions[metric], y_true=truth, y_pred=answers, sensitive_features=groups)
        return float(frame.difference(method="between_groups"))
    return float(getattr(metrics, metric)(truth, answers, sensitive_features=groups))


def _rate(rate: str, truth: Any, answers: Any) -> tuple[Any, Any]:
    """A rate as the mean of a value over some rows: (values, rows it is of)."""
    every = np.ones(len(truth), bool)
    if rate == "selection_rate":
        return answers.astype(float), every
    if rate == "accuracy":
        return (answers == truth).astype(float), every
    if rate == "true_positive_rate":
        return answers.astype(float), truth == 1
    if rate == "false_positive_rate":
        return answers.astype(float), truth == 0
    if rate == "false_negative_rate":
        return 1.0 - answers, truth == 1
    return (answers - truth if rate == "mean_error" else np.abs(answers - truth)), every


def _mean(values: Any, of: Any, at: Any) -> float | None:
    held = values[at[of[at]]]
    return float(held.mean()) if len(held) else None


def _gaps(rate: str, values: Any, of: Any, places: dict[str, Any], limit: float, ratio: bool, alpha: float) -> list[Gap]:
    """Each pair of groups, and whether their gap is shown to be beyond the limit: Welch's interval, one-sided, at level `alpha`."""
    held = {name: values[at[of[at]]] for name, at in places.items()}
    known = {name: (float(one.mean()), float(one.var(ddof=1)) / len(one), len(one)) for name, one in held.items() if len(one) > 1}
    found = []
    for high, low in permutations(known, 2):
        (top, top_variance, count), (bottom, bottom_variance, other) = known[high], known[low]
        beyond = limit * top - bottom if ratio else top - bottom - limit
        error = math.sqrt((limit**2 if ratio else 1.0) * top_variance + bottom_variance)
        # Of many groups there are many pairs: what is not beyond the limit is not shown to be.
        shown = lowest(beyond, error, min(count, other) - 1, alpha) if beyond > 0 else beyond
        found.append(Gap(rate, high, low, (top, bottom), beyond, shown))
    return found
