"""Metrics with limits, and against the champion on the same rows: better, or not worse by more than a margin, and not by chance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from nbmlops.models.gates.intervals import gain_interval, mcnemar, tango, value_interval
from nbmlops.models.gates.measuring import Measured, measured, way
from nbmlops.models.gates.port import Asked, Test, agreeing, confident, judged
from nbmlops.models.gates.standing import Standing
from nbmlops.models.quality import Direction
from nbmlops.models.records import GateCheck


class PerformanceAsked(Asked, frozen=True, kw_only=True):
    """`better_percent`: shown to be better by this share of the champion's value; `margin_percent`: shown not to be worse by more.

    `test: difference` looks at the bare values. Fewer than `min_rows` rows show nothing.
    """

    metric: str
    better: Literal["lower", "higher"] | None = None
    limit: float | None = None
    better_percent: float | None = None
    margin_percent: float | None = None
    test: Test = "interval"
    confidence: float = 0.95
    resamples: int = 1000
    min_rows: int = 30

    def __post_init__(self) -> None:
        confident(self.confidence)
        agreeing(self.metric, self.better)
        if self.min_rows < 1:
            raise ValueError(f"min_rows is at least 1, not {self.min_rows:,}")
        if not 100 <= self.resamples <= 100_000:
            raise ValueError(f"resamples is from 100 to 100,000, not {self.resamples:,}")
        if self.better_percent is not None and self.better_percent < 0:
            raise ValueError("better_percent is at least 0; how much worse is allowed is margin_percent")
        if self.margin_percent is not None and self.margin_percent <= 0:
            raise ValueError("margin_percent is above 0; to be better is better_percent")

    @property
    def way(self) -> Direction:
        """Which way is better."""
        return self.better or way(self.metric)

    @property
    def percents(self) -> list[float]:
        """What is asked against the champion, as shares by which to be better."""
        found = [self.better_percent, None if self.margin_percent is None else -self.margin_percent]
        return [percent for percent in found if percent is not None]


class Performance:
    """A limit on a metric, and the comparison with the champion on the same rows."""

    kind = "performance"
    asks = PerformanceAsked
    needs_rows = False  # what was recorded when it was registered is compared where there are none

    def check(self, asked: PerformanceAsked, on: Standing) -> list[GateCheck]:
        """A check for the limit, and one for each comparison."""
        if on.rows is None:
            from nbmlops.models.gates.recorded import ON_RECORD, of_record

            name = f"Version {on.candidate.version}"
            percents: list[float | None] = [*asked.percents] or [None]
            found = [
                of_record(asked.metric, asked.way, asked.limit, p, on.candidate.metrics, name, ON_RECORD, on.champion) for p in percents
            ]
            return list({check.name + check.reason: check for checks in found for check in checks}.values())
        return compared(asked, asked.percents, on)


def compared(asked: PerformanceAsked, percents: list[float], on: Standing) -> list[GateCheck]:
    """The checks of one metric on rows. `percents`: by how much better than the champion, negative: so much worse is allowed."""
    truth = on.truth
    mine = measured(asked.metric, truth, *_said(on, asked, champion=False))
    value = mine.value
    checks = []
    if asked.limit is not None:
        checks.append(_limited(asked, mine, value, on.on))
    if percents and on.champion is None:
        checks.append(first(asked.metric, value))
    elif percents and on.champion is not None:
        theirs = measured(asked.metric, truth, *_said(on, asked, champion=True))
        checks += [_against(asked, percent, Pair(mine, theirs, value, theirs.value), on) for percent in percents]
    return checks or [finite(asked.metric, value, on.on)]


@dataclass(frozen=True)
class Pair:
    """The candidate and the champion on the same rows."""

    mine: Measured
    theirs: Measured
    value: float
    other: float


def _said(on: Standing, asked: PerformanceAsked, *, champion: bool) -> tuple[Any, Any, Any]:
    from nbmlops.models.gates.measuring import SCORED

    on.of_classes(every=asked.metric in SCORED, champion=champion)
    if asked.metric not in SCORED:
        return (on.others if champion else on.answers), None, None
    return (None, on.other_scores, on.other_classes) if champion else (None, on.scores, on.classes)


def _limited(asked: PerformanceAsked, mine: Measured, value: float, on: str) -> GateCheck:
    assert asked.limit is not None
    span = value_interval(mine, confidence=asked.confidence, resamples=min(asked.resamples, 500)) if math.isfinite(value) else None
    check = limited(asked.metric, asked.way, asked.limit, value, on)
    few = _few(asked, mine.count)
    reason = f"{check.reason.removesuffix('.')}: {few}." if few else check.reason
    details = {"metric": asked.metric, "candidate": value, "interval": None if span is None else list(span), "confidence": asked.confidence}
    return judged("performance", check.name, check.passed and not few, reason, value=value, limit=asked.limit, **details)


def _few(asked: PerformanceAsked, rows: int) -> str:
    """What is said of rows that are too few to show anything."""
    return f"{rows:,} rows show nothing, at least {asked.min_rows} are needed" if rows < asked.min_rows else ""


def _against(asked: PerformanceAsked, percent: float, pair: Pair, on: Standing) -> GateCheck:
    assert on.champion is not None
    better, rows = asked.way, pair.mine.count
    bare = against(asked.metric, better, percent, pair.value, pair.other, on.champion.version, "", sure=asked.test == "interval")
    if not (math.isfinite(pair.value) and math.isfinite(pair.other)):
        return judged("performance", bare.name, bare.passed, bare.reason + f" {on.on}.", value=pair.value, limit=bare.limit)
    low, high, by, p = _shown(asked, percent, pair)
    sure = f"{100 * asked.confidence:g} %, {by}"
    details = {
        "metric": asked.metric, "better": better, "candidate": pair.value, "champion": pair.other, "champion_version": on.champion.version,
        "percent": percent, "interval": [low, high], "confidence": asked.confidence, "by": by, "p_value": p, "rows": rows,
        "test": asked.test,
    }  # fmt: skip
    gain = f"the gain beyond that is {low:+.3g} to {high:+.3g} ({sure})"
    few = _few(asked, rows)
    if asked.test == "difference":
        reason = f"{bare.reason} {on.on}; {few or gain}."
        return judged("performance", bare.name, bare.passed and not few, reason, value=pair.value, limit=bare.limit, **details)
    passed = not few and (low > 0 if p is None else pair.value > pair.other and p <= 1 - asked.confidence)
    why = few or gain + ("" if p is None else f", p = {p:.2g}") + ("" if passed else ", so it may be chance" if high > 0 else "")
    return judged("performance", bare.name, passed, f"{bare.reason} {on.on}: {why}.", value=pair.value, limit=bare.limit, **details)


def _shown(asked: PerformanceAsked, percent: float, pair: Pair) -> tuple[float, float, str, float | None]:
    """The interval of the gain beyond what is asked, by which method, and a p-value where the method gives one."""
    mine, theirs = pair.mine, pair.theirs
    if mine.metric == "accuracy" and asked.way == "higher":
        right, wrong = int((mine.losses < theirs.losses).sum()), int((mine.losses > theirs.losses).sum())
        low, high = tango(right, wrong, mine.count, confidence=asked.confidence)
        bound = percent / 100 * abs(pair.other)
        p = mcnemar(right, wrong) if percent == 0 else None
        return low - bound, high - bound, "paired, McNemar's exact test" if p is not None else "paired, Tango's score interval", p
    low, high = gain_interval(mine, theirs, asked.way, percent, confidence=asked.confidence, resamples=asked.resamples)
    return low, high, "paired bootstrap", None


# -- what is said of bare values, measured or recorded


def limited(metric: str, better: Direction, limit: float, value: float, on: str) -> GateCheck:
    """A value against a limit."""
    passed = math.isfinite(value) and (value <= limit if better == "lower" else value >= limit)
    bound = "at most" if better == "lower" else "at least"
    return judged(
        "performance", f"{metric} {bound} {limit:g}", passed, f"{metric} is {value:.4g}, {bound} {limit:g} is asked, {on}.",
        value=value, limit=limit,
    )  # fmt: skip


def against(
    metric: str, better: Direction, percent: float, value: float, other: float, champion: int, on: str, *, sure: bool = False
) -> GateCheck:
    """A value against the champion's, by the bare difference; `sure`: what is asked is that it is shown."""
    share = percent / 100 * abs(other)
    bound = other - share if better == "lower" else other + share
    # A champion whose metric is no number is beaten by any candidate whose metric is one.
    passed = math.isfinite(value) and (not math.isfinite(other) or (value <= bound if better == "lower" else value >= bound))
    asked = f"{percent:g} % better" if percent > 0 else f"not {-percent:g} % worse" if percent < 0 else "better" if sure else "as good"
    reason = f"{metric} is {value:.4g}, the champion's (version {champion}) is {other:.4g}; {asked} is asked,"
    return judged("performance", "against the champion", passed, f"{reason} {on}." if on else reason, value=value, limit=bound)


def first(metric: str, value: float) -> GateCheck:
    """There is nothing to compare with."""
    reason = "There is no champion yet." if math.isfinite(value) else f"{metric} is {value:.4g}, which is no number."
    return judged("performance", "against the champion", math.isfinite(value), reason, value=value)


def finite(metric: str, value: float, on: str) -> GateCheck:
    """Nothing is asked of a metric but that it is a number."""
    return judged("performance", f"{metric} is a number", math.isfinite(value), f"{metric} is {value:.4g}, {on}.", value=value)
