"""Whether probabilities are what they say, and whether numbers are right on average wherever they lie."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nbmlops.errors import Invalid
from nbmlops.models.gates.intervals import lowest
from nbmlops.models.gates.measuring import measured
from nbmlops.models.gates.port import Asked, Test, confident, judged, positive, share
from nbmlops.models.gates.standing import Standing
from nbmlops.models.records import GateCheck

_DRAWS = 200  # of labels, to know what error a model has that is calibrated


class Coverage(Asked, frozen=True, kw_only=True):
    """A model that gives several numbers a row: which of them are the ends, and the share of labels that lie between."""

    low: int
    high: int
    level: float = 0.9
    margin: float = 0.03

    def __post_init__(self) -> None:
        share(self.level, "level")
        share(self.margin, "margin")


class CalibrationAsked(Asked, frozen=True, kw_only=True):
    """Of classes: limits of the expected calibration error (`error`, over `bins`) and of Brier's score (`brier`).

    Of numbers: of the mean error over all rows (`bias`) and over each of `bins` by the answer (`binned_bias`), in standard
    deviations of the labels; `coverage` of an interval.
    """

    error: float | None = 0.05
    brier: float | None = None
    bias: float | None = 0.1
    binned_bias: float | None = 0.25
    coverage: Coverage | None = None
    bins: int = 10
    test: Test = "interval"
    confidence: float = 0.95

    def __post_init__(self) -> None:
        confident(self.confidence)
        for name in ("error", "brier", "bias", "binned_bias"):
            positive(getattr(self, name), name)
        if self.bins < 2:
            raise ValueError("bins is at least 2")


class Calibration:
    """Expected calibration error and Brier of classes; bias and coverage of numbers."""

    kind = "calibration"
    asks = CalibrationAsked
    needs_rows = True

    def check(self, asked: CalibrationAsked, on: Standing) -> list[GateCheck]:
        """A check for each limit that fits what the model answers."""
        if on.task == "classification":
            if on.scores is None or on.classes is None:
                raise Invalid(
                    "Calibration is of probabilities, and the model gives none whose class is known.",
                    hint="Register a classifier that has predict_proba.",
                )
            on.of_classes(every=True)
            checks = [_error(asked, on)] if asked.error is not None else []
            return checks + ([_brier(asked, on)] if asked.brier is not None else [])
        if asked.coverage is not None:
            return [_coverage(asked, asked.coverage, on)]
        return _biases(asked, on)


def _error(asked: CalibrationAsked, on: Standing) -> GateCheck:
    """Expected calibration error, of the answer's probability (Guo et al. 2017); of two classes, of the second's."""
    assert asked.error is not None
    if len(on.classes) == 2:
        said, right = on.scores[:, 1], (on.truth == on.classes[1]).astype(float)
    else:
        said, right = on.scores.max(axis=1), (on.classes[on.scores.argmax(axis=1)] == on.truth).astype(float)
    value, curve = calibration_error(said, right, asked.bins)
    random = np.random.default_rng(0)
    # What a calibrated model would show on as many rows (Bröcker and Smith 2007): it is not 0.
    chance = [calibration_error(said, (random.random(len(said)) < said).astype(float), asked.bins)[0] for _ in range(_DRAWS)]
    bound = float(np.quantile(chance, asked.confidence))
    over = not value <= asked.error
    passed = not over or (asked.test == "interval" and value <= bound)
    why = "" if not over else f"; a calibrated model shows up to {bound:.3g} on as many rows"
    worst = max(curve, key=lambda one: abs(one["said"] - one["true"]) * one["rows"])
    reason = (
        f"The expected calibration error is {value:.3g}, at most {asked.error:g} is asked, {on.on}{why}; "
        f"where it says {worst['said']:.3g} on average, {worst['true']:.3g} is true."
    )
    details = {"curve": curve, "chance": bound, "confidence": asked.confidence, "of": "probability"}
    return judged("calibration", "calibration error", passed, reason, value=value, limit=asked.error, **details)


def calibration_error(said: Any, right: Any, bins: int) -> tuple[float, list[dict[str, Any]]]:
    """The mean gap between what is said and what is true, over bins of equal width; and the curve.

    >>> calibration_error(np.array([0.8] * 10), np.array([1.0] * 6 + [0.0] * 4), 10)[0]
    0.2
    """
    place = np.clip((said * bins).astype(int), 0, bins - 1)
    count = np.bincount(place, minlength=bins)
    sums, hits = np.bincount(place, said, minlength=bins), np.bincount(place, right, minlength=bins)
    some = count > 0
    value = float(np.abs(sums[some] - hits[some]).sum() / len(said))
    curve = [{"said": sums[at] / count[at], "true": hits[at] / count[at], "rows": int(count[at])} for at in np.flatnonzero(some)]
    return round(value, 12), curve


def _brier(asked: CalibrationAsked, on: Standing) -> GateCheck:
    assert asked.brier is not None
    value = measured("brier", on.truth, None, on.scores, on.classes).value
    reason = f"Brier's score is {value:.3g}, at most {asked.brier:g} is asked, {on.on}."
    return judged("calibration", "Brier's score", value <= asked.brier, reason, value=value, limit=asked.brier)


def _biases(asked: CalibrationAsked, on: Standing) -> list[GateCheck]:
    try:
        truth, answers = on.truth.astype(float), np.asarray(on.answers).astype(float).reshape(len(on.truth))
    except (TypeError, ValueError) as reason:
        raise Invalid(f"The bias of numbers cannot be had: {reason}.", hint="Of a model with several outputs: coverage.") from reason
    parts = [part for part in np.array_split(np.argsort(answers, kind="stable"), asked.bins) if len(part) > 1]
    whole = [np.arange(len(truth))]
    wanted = (("mean bias", asked.bias, whole), ("binned bias", asked.binned_bias, parts))
    return [_bias(asked, name, limit, groups, parts, truth, answers, on.on) for name, limit, groups in wanted if limit is not None]


def _bias(
    asked: CalibrationAsked, name: str, limit: float, groups: list[Any], parts: list[Any], truth: Any, answers: Any, on: str
) -> GateCheck:
    """The mean error of the worst group, in standard deviations of the labels."""
    gaps, spread = answers - truth, float(truth.std()) or 1.0
    if not groups or len(truth) < 2 or not np.isfinite(gaps).all():
        return judged("calibration", name, False, f"The {name} is not known: an answer or a label is no number.", limit=limit)
    alpha = (1 - asked.confidence) / len(groups)
    found = [(abs(gaps[at].mean()) / spread, gaps[at].std(ddof=1) / spread / math.sqrt(len(at)), at) for at in groups]
    value, _, at = max(found, key=lambda one: one[0])
    shown = any(lowest(size - limit, error, len(rows) - 1, alpha) > 0 for size, error, rows in found)
    passed = value <= limit or (asked.test == "interval" and not shown)
    where = "" if name == "mean bias" else f" among answers from {answers[at].min():.4g} to {answers[at].max():.4g}"
    chance = "" if value <= limit else ", which may be chance" if passed else ", and not by chance" if shown else ""
    reason = (
        f"The {name} is {value:.3g} of the labels' deviation{where} (on average {gaps[at].mean():+.3g}), "
        f"at most {limit:g} is asked, {on}{chance}."
    )
    curve = [{"said": answers[rows].mean(), "true": truth[rows].mean(), "rows": len(rows)} for rows in parts]
    return judged("calibration", name, passed, reason, value=value, limit=limit, curve=curve, of="answer")


def _coverage(asked: CalibrationAsked, said: Coverage, on: Standing) -> GateCheck:
    answers = np.asarray(on.answers)
    if answers.ndim != 2 or not max(said.low, said.high) < answers.shape[1]:
        count = answers.shape[1] if answers.ndim == 2 else 1
        raise Invalid(f"The model gives {count} numbers a row.", hint="low and high count them from 0.")
    inside = (answers[:, said.low] <= on.truth) & (on.truth <= answers[:, said.high])
    value = float(inside.mean())
    error = math.sqrt(max(said.level * (1 - said.level), 1e-12) / len(inside))
    gap = abs(value - said.level) - said.margin
    passed = gap <= 0 or (asked.test == "interval" and lowest(gap, error, len(inside) - 1, (1 - asked.confidence) / 2) <= 0)
    reason = f"{100 * value:.3g} % of the labels lie in the interval, {100 * said.level:g} ± {100 * said.margin:g} % are asked, {on.on}."
    return judged("calibration", "coverage", passed, reason, value=value, limit=said.level, margin=said.margin)
