"""What a gate measured, as pictures: every check beside its limit, gains with their intervals, groups, calibration, perturbations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from nbmlops.doors.panels import ALARM, CALM, Panel, Series, label
from nbmlops.doors.tables import shown

_MOST_BARS = 20
_FURTHEST = 3.0  # limits away; beyond that all are as bad


def panels_of(report: Any) -> list[Panel]:
    """The panels of a gate report, those of one kind together; a kind without anything to draw has none."""
    draw = {"slices": _slices, "fairness": _fairness, "calibration": _calibration, "leakage": _alone}
    made = [_limits(report.checks), _gains(report.checks), _robustness([check for check in report.checks if check.kind == "robustness"])]
    made += [draw[check.kind](check) for check in report.checks if check.kind in draw]
    return [panel for panel in made if panel is not None][:8]


def _limits(checks: Sequence[Any]) -> Panel | None:
    """Each value as a share of its limit, turned over where it must be at least that: beyond 1 is beyond the limit."""
    found = [(check, part) for check in checks if (part := _part(check)) is not None]
    if not found:
        return None
    found = sorted(found, key=lambda pair: (not pair[0].passed, pair[1]))[-_MOST_BARS:]
    bars = Series(
        "value ÷ limit",
        [f"{label(check.kind)} · {label(check.name)}" for check, _ in found],
        [part for _, part in found],
        [CALM if check.passed else ALARM for check, _ in found],
        [f"{shown(check.value)}, limit {shown(check.limit)}" for check, _ in found],
    )
    return Panel("Checks", "sideways", [bars], f"value ÷ limit, at most {_FURTHEST:g}", levels=[(1.0, "limit")])


def _part(check: Any) -> float | None:
    value, limit = check.value, check.limit
    if value is None or limit is None or not (math.isfinite(value) and math.isfinite(limit)):
        return None
    at_most = check.passed == (value <= limit)
    over, under = (value, limit) if at_most else (limit, value)
    return min(over / under, _FURTHEST) if under > 0 and over >= 0 else (0.0 if over <= under else _FURTHEST)


def _gains(checks: Sequence[Any]) -> Panel | None:
    lines = []
    for check in checks:
        told = check.details
        if check.kind == "performance" and "champion" in told and (span := told.get("interval")) and all(map(_is_number, span)):
            name = f"{told.get('metric')} {told.get('percent', 0):+g} %"
            lines.append(Series(name, [label(name)] * 2, [float(one) for one in span]))
    return Panel("Gain over the champion", "lines", lines, y_title="beyond what is asked", levels=[(0.0, "no gain")]) if lines else None


def _slices(check: Any) -> Panel | None:
    rows = [row for row in check.details.get("slices", ()) if _is_number(row.get("value"))]
    if not rows:
        return None
    rows = sorted(rows, key=lambda row: (not row["passed"], row["value"]))[-_MOST_BARS:]
    bars = Series(
        str(check.details.get("metric")),
        [f"{row['column']} = {row['group']}" for row in rows],
        [row["value"] for row in rows],
        [CALM if row["passed"] else ALARM for row in rows],
        [f"{row['rows']:,} rows, {' to '.join(shown(end) for end in row['interval'])}" for row in rows],
    )
    levels = [(check.limit, "limit")] if check.details.get("question") == "limit" and check.limit is not None else []
    return Panel(f"Groups: {check.name}", "sideways", [bars], str(check.details.get("metric")), levels=levels)


def _fairness(check: Any) -> Panel | None:
    groups, rates = check.details.get("groups", ()), check.details.get("rates", ())
    if not groups:
        return None
    names = [label(group["group"]) for group in groups]
    series = [Series(rate.replace("_", " "), names, [group.get(rate) for group in groups]) for rate in rates]
    return Panel(check.name, "bars", series, str(check.details.get("column")))


def _calibration(check: Any) -> Panel | None:
    curve = check.details.get("curve", ())
    if not curve:
        return None
    said = [point["said"] for point in curve]
    lines = [Series("true", said, [point["true"] for point in curve]), Series("as said", said, said, dashed=True)]
    return Panel(check.name, "lines", lines, f"{check.details.get('of')} given", "true on average")


def _robustness(checks: Sequence[Any]) -> Panel | None:
    bars = [(check, bar) for check in checks for bar in check.details.get("bars", ()) if _is_number(bar["moved"])]
    if not bars:
        return None
    bars = sorted(bars, key=lambda pair: pair[1]["moved"])[-_MOST_BARS:]
    made = Series(
        "moved",
        [f"{check.name}: {label(bar['what'])}" for check, bar in bars],
        [min(bar["moved"], 10.0) for _, bar in bars],
        [CALM if check.passed else ALARM for check, _ in bars],
        [shown(bar["moved"]) for _, bar in bars],
    )
    unit = checks[0].details.get("unit", "")
    return Panel("How far answers move", "sideways", [made], f"{unit}, at most 10" if "deviations" in unit else unit)


def _alone(check: Any) -> Panel | None:
    bars = [bar for bar in check.details.get("bars", ()) if _is_number(bar["value"])][:_MOST_BARS][::-1]
    if not bars:
        return None
    colours = [CALM if check.limit is None or bar["value"] <= check.limit else ALARM for bar in bars]
    made = Series("alone", [label(bar["what"]) for bar in bars], [max(bar["value"], 0.0) for bar in bars], colours)
    return Panel("What one feature predicts", "sideways", [made], str(check.details.get("measure")), levels=[(check.limit or 1.0, "limit")])


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)
