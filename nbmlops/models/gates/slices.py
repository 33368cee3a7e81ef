"""The metric group by group: the worst must hold, and a small group does not refuse by chance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from nbmlops.models.gates.groups import grouped
from nbmlops.models.gates.intervals import lowest
from nbmlops.models.gates.measuring import SCORED, Measured, measured, way
from nbmlops.models.gates.port import Asked, Test, agreeing, confident, judged
from nbmlops.models.gates.standing import Standing
from nbmlops.models.quality import Direction
from nbmlops.models.records import GateCheck

_RESAMPLES = 200  # for the standard error of a metric that is no mean


class SlicesAsked(Asked, frozen=True, kw_only=True):
    """Groups of each of `columns` (numbers cut in `quantiles`), and what each must hold of `metric`.

    `confidence` is of all groups together: that any of them refuses a model that holds has the probability 1 − confidence.
    """

    columns: list[str]
    metric: str
    better: Literal["lower", "higher"] | None = None
    limit: float | None = None
    worse_than_overall_percent: float | None = None
    worse_than_champion_percent: float | None = None
    quantiles: int = 4
    min_rows: int = 30
    test: Test = "interval"
    confidence: float = 0.95

    def __post_init__(self) -> None:
        confident(self.confidence)
        agreeing(self.metric, self.better)
        if not self.columns:
            raise ValueError("columns names at least one column")
        if self.limit is None and self.worse_than_overall_percent is None and self.worse_than_champion_percent is None:
            raise ValueError("give a limit, worse_than_overall_percent or worse_than_champion_percent")
        if self.quantiles < 2 or self.min_rows < 2:
            raise ValueError("quantiles and min_rows are at least 2")

    @property
    def way(self) -> Direction:
        """Which way is better."""
        return self.better or way(self.metric)


@dataclass(frozen=True)
class Excess:
    """By how much a group is worse than allowed (above 0: worse), with its standard error; `bound` is what was allowed."""

    value: float
    error: float
    freedom: float
    bound: float


class Slices:
    """The worst group of the rows holds a limit, and is not much worse than all rows, or than the champion's same group."""

    kind = "slices"
    asks = SlicesAsked
    needs_rows = True

    def check(self, asked: SlicesAsked, on: Standing) -> list[GateCheck]:
        """One check for each question; its details have every group."""
        truth = on.truth
        scored = asked.metric in SCORED
        on.of_classes(every=scored)
        mine = measured(asked.metric, truth, None if scored else on.answers, *((on.scores, on.classes) if scored else ()))
        theirs = None
        if on.champion is not None and asked.worse_than_champion_percent is not None:
            on.of_classes(every=scored, champion=True)
            theirs = measured(asked.metric, truth, None if scored else on.others, *((on.other_scores, on.other_classes) if scored else ()))
        places = [(column, name, at) for column in asked.columns for name, at in grouped(on.table, column, asked.quantiles).items()]
        questions = [
            (what, by)
            for what, by in (
                ("limit", asked.limit), ("overall", asked.worse_than_overall_percent), ("champion", asked.worse_than_champion_percent)
            )
            if by is not None
        ]  # fmt: skip
        judged_groups = sum(len(at) >= asked.min_rows for *_, at in places)
        alpha = (1 - asked.confidence) / max(1, judged_groups * len(questions))
        return [_question(asked, what, by, mine, theirs, places, alpha, on) for what, by in questions]


def _question(
    asked: SlicesAsked, what: str, by: float, mine: Measured, theirs: Measured | None, places: list[Any], alpha: float, on: Standing
) -> GateCheck:
    name = {"limit": "the worst group's limit", "overall": "groups against all rows", "champion": "groups against the champion's"}[what]
    if what == "champion" and theirs is None:
        return judged("slices", name, True, "There is no champion yet, so no group is held against its own.")
    rows, worst, refused = [], None, []
    for column, group, at in places:
        told: dict[str, Any] = {"column": column, "group": group, "rows": len(at), "judged": len(at) >= asked.min_rows, "passed": True}
        if told["judged"]:
            found = _excess(asked, what, by, mine, theirs, at)
            shown = lowest(found.value, found.error, found.freedom, alpha) if asked.test == "interval" else found.value
            wide = found.value - lowest(found.value, found.error, found.freedom, alpha)
            value = mine.of(at)
            told |= {"value": value, "bound": found.bound, "interval": [value - wide, value + wide], "passed": not shown > 0}
            told["passed"] = told["passed"] and math.isfinite(value)
            told["champion"] = theirs.of(at) if theirs is not None else None
            if worst is None or _rank(told, found, shown) > worst[0]:
                worst = (_rank(told, found, shown), told)
            if not told["passed"]:
                refused.append(f"{column} = {group}")
        rows.append(told)
    few = sum(not row["judged"] for row in rows)
    left = f" {few} groups with fewer than {asked.min_rows} rows are not judged." if few else ""
    details: dict[str, Any] = {
        "metric": asked.metric,
        "question": what,
        "slices": rows,
        "confidence": asked.confidence,
        "alpha": alpha,
        "test": asked.test,
    }
    if worst is None:
        return judged("slices", name, False, f"No group has {asked.min_rows} rows, so nothing is known of groups.{left}", **details)
    told = worst[1]
    chance = ", and not by chance" if asked.test == "interval" and not told["passed"] else ""
    others = f" So {'do' if len(refused) > 2 else 'does'}: {', '.join(refused[:6])}." if len(refused) > 1 else ""
    verdict = f"goes beyond that{chance}" if not told["passed"] else "is the worst, and holds"
    sure = f" ({100 * asked.confidence:g} % over {len(rows) - few} groups)" if asked.test == "interval" else ""
    reason = (
        f"Group {told['column']} = {told['group']} ({told['rows']:,} rows) has {asked.metric} {told['value']:.4g}; "
        f"{_allowed(asked, what, by, told['bound'])}; it {verdict}{sure}.{others}{left}"
    )
    return judged("slices", name, not refused, reason, value=told["value"], limit=told["bound"], **details)


def _rank(told: dict[str, Any], found: Excess, shown: float) -> tuple[bool, float]:
    """What is refused before what is not; then by how far beyond what is allowed."""
    return not told["passed"], found.value if math.isfinite(found.value) else math.inf


def _allowed(asked: SlicesAsked, what: str, by: float, bound: float) -> str:
    side = "at most" if asked.way == "lower" else "at least"
    if what == "limit":
        return f"{side} {bound:g} is asked"
    than = "all rows together" if what == "overall" else "the champion in the same group"
    return f"not {by:g} % worse than {than} is asked, {side} {bound:.4g}"


def _excess(asked: SlicesAsked, what: str, by: float, mine: Measured, theirs: Measured | None, at: Any) -> Excess:
    factor = 1 + by / 100 if asked.way == "lower" else 1 - by / 100
    reference = theirs if what == "champion" and theirs is not None else mine
    whole = reference.of(at) if what == "champion" else reference.value
    bound = by if what == "limit" else whole + (abs(whole) * by / 100 if asked.way == "lower" else -abs(whole) * by / 100)
    if mine.losses is None or (asked.way == "higher" and mine.metric != "accuracy"):
        return _drawn(asked, what, bound, by, mine, reference, at)
    # In the mean of losses: rmse is asked in squares, accuracy in the share that is right.
    sign = -1.0 if mine.metric == "accuracy" else 1.0
    each = (lambda losses: 1 - losses) if mine.metric == "accuracy" else (lambda losses: losses)
    power = 2 if mine.metric == "rmse" else 1
    group = each(mine.losses[at])
    if what == "limit":
        return Excess(sign * (group.mean() - bound**power), *_error(group), bound)
    if what == "champion":
        gaps = sign * (group - factor**power * each(reference.losses[at]))
        return Excess(float(gaps.mean()), *_error(gaps), bound)
    rest = np.delete(each(mine.losses), at)
    weight = len(at) / mine.count
    inner, outer = 1 - factor**power * weight, factor**power * (1 - weight)
    error, freedom = _error(group)
    aside = _error(rest)[0] if len(rest) > 1 else 0.0
    value = sign * (inner * group.mean() - outer * (rest.mean() if len(rest) else 0.0))
    return Excess(float(value), math.hypot(inner * error, outer * aside), freedom, bound)


def _error(values: Any) -> tuple[float, float]:
    return (float(values.std(ddof=1)) / math.sqrt(len(values)), len(values) - 1) if len(values) > 1 else (math.inf, 1)


def _drawn(asked: SlicesAsked, what: str, bound: float, by: float, mine: Measured, reference: Measured, at: Any) -> Excess:
    """The standard error by drawing the group's rows again, for metrics that are no mean."""
    random = np.random.default_rng(0)
    sign = 1.0 if asked.way == "lower" else -1.0

    def excess(places: Any) -> float:
        other = reference.of(places) if what == "champion" else 0.0
        allowed = other + sign * abs(other) * by / 100 if what == "champion" else bound
        return sign * (mine.of(places) - allowed)

    drawn = [excess(at[random.integers(0, len(at), len(at))]) for _ in range(_RESAMPLES)]
    return Excess(excess(at), float(np.nanstd(drawn)), len(at) - 1, bound)
