"""Whether a metric is worse than another's by more than it may be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from nbmlops.errors import Invalid
from nbmlops.reports.records import Against, Better, Judgement, MetricCheck
from nbmlops.runs.directions import better

TOLERANCE = 0.01
DEFAULT, OFF = "default", "off"
_NOISE = 1e-9  # of the tolerance itself: 1.01 is not more than 1 % above 1


class Tolerances:
    """By what share of the other value a metric may be worse: by `step.metric`, by metric, or by `default`."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.given = {name: _share(name, value) for name, value in given.items()}
        self.used: set[str] = {DEFAULT}

    def of(self, step: str, metric: str) -> float | None:
        """A share, or None where it is not to be judged."""
        for name in (f"{step}.{metric}", metric):
            if name in self.given:
                self.used.add(name)
                return self.given[name]
        return self.given.get(DEFAULT, TOLERANCE)

    @property
    def unused(self) -> list[str]:
        """The names that no metric has."""
        return sorted(self.given.keys() - self.used)


def judged(
    against: Against, step: str, metric: str, value: float | None, other: float | None, tolerances: Tolerances, *,
    way: Better | None = None, must_be_there: bool = True,
) -> MetricCheck:  # fmt: skip
    """Hold a metric against another's. `way`: which way it is better, where its name does not say.

    Worse: by more than the tolerance times the other value's size. What is no number is worse than any number. A metric that
    the other has and this has not any more is missing, if it `must_be_there`.

    >>> judged("baseline", "train", "mae", 3.3, 3.0, Tolerances({})).reason
    'mae is 3.3, was 3: 10 % worse, where at most 1 % is allowed (lower is better)'
    >>> [judged("baseline", "t", "r2", value, 0.5, Tolerances({})).judgement for value in (0.6, 0.5, 0.496, 0.49, None)]
    ['better', 'same', 'within', 'worse', 'missing']
    """
    way, tolerance = way or better(metric), tolerances.of(step, metric)
    judgement = _judgement(value, other, way, tolerance, must_be_there)
    difference = value - other if value is not None and other is not None else None
    percent = None
    if difference is not None and other and math.isfinite(difference) and math.isfinite(other):
        percent = 100 * difference / abs(other)
    reason = _reason(metric, value, other, percent, way, tolerance, judgement)
    return MetricCheck(
        against=against, step=step, metric=metric, value=value, other=other, difference=difference, percent=percent, better=way,
        tolerance=None if way is None else tolerance, judgement=judgement, reason=reason,
    )  # fmt: skip


def _judgement(value: float | None, other: float | None, way: Better | None, tolerance: float | None, must_be_there: bool) -> Judgement:
    if other is None:
        return "new"
    if way is None or tolerance is None:
        return "shown"
    if value is None:
        return "missing" if must_be_there else "shown"
    if value == other or (math.isnan(value) and math.isnan(other)):
        return "same"
    if math.isnan(value) or math.isnan(other):
        return "worse" if math.isnan(value) else "better"
    worse_by = (value - other) if way == "lower" else (other - value)
    if worse_by <= 0:
        return "better"
    if math.isinf(worse_by):
        return "worse"
    return "within" if worse_by <= tolerance * abs(other) * (1 + _NOISE) + _NOISE * _NOISE else "worse"


def number(value: float | None) -> str:
    """A metric as it is told.

    >>> number(0.123456789), number(1234567.0), number(3.0), number(None)
    ('0.123457', '1,234,567', '3', '–')
    """
    if value is None:
        return "–"
    if math.isfinite(value) and 1e5 <= abs(value) < 1e15:
        return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"
    return f"{value:.6g}"


def share(percent: float) -> str:
    """A percentage as it is told.

    >>> share(9.6774), share(3306.2), share(0.00004)
    ('9.68', '3,306', '4e-05')
    """
    return f"{percent:,.0f}" if 1000 <= abs(percent) < 1e15 else f"{percent:.3g}"


def _reason(
    metric: str, value: float | None, other: float | None, percent: float | None, way: Better | None, tolerance: float | None,
    judgement: Judgement,
) -> str:  # fmt: skip
    if other is None:
        return f"{metric} is {number(value)}; there is none to compare with"
    if value is None:
        return f"{metric} was {number(other)}, and is not told any more"
    told = f"{metric} is {_exact(value, other)}, was {_exact(other, value)}"
    if judgement == "shown":
        return f"{told}: {'which way is better is not known' if way is None else 'not judged, as asked'}"
    if judgement == "same":
        return f"{told}: the same"
    size = "" if percent is None else f"{share(abs(percent))} % "
    which = f"({way} is better)"
    if judgement == "better":
        return f"{told}: {size}better {which}"
    assert tolerance is not None
    allowed = f"at most {100 * tolerance:g} % is allowed" if other else f"{100 * tolerance:g} % of 0 is nothing"
    return f"{told}: {size}worse, {'and' if judgement == 'within' else 'where'} {allowed} {which}"


def _exact(value: float, other: float) -> str:
    """A number, in full where another one would look the same."""
    return number(value) if number(value) != number(other) or value == other else repr(value)


def _share(name: str, value: Any) -> float | None:
    if value == OFF:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value < 0:
        raise Invalid(f"{name[:80]}: {str(value)[:80]!r} is no tolerance.", hint=f"A share, 0.02 is 2 %: --tolerance rmse=0.02, or ={OFF}")
    return float(value)
