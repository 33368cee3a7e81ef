"""A report's charts: metrics side by side and as they went; as SVG by the chart port, and as bars of text for a comment."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from nbmlops import plugins
from nbmlops.document import Picture
from nbmlops.errors import NbmlopsError
from nbmlops.reports.records import Report
from nbmlops.runs.book import RunBook
from nbmlops.runs.records import MetricPoint, RunRecord
from nbmlops.workspace import Workspace

_MOST_CURVES = 20
_MOST_CHARTS = 10
_BARS = 24
_CURVE = 3  # points; fewer are told as numbers


@dataclass(frozen=True)
class _Named:
    """What a chart asks of a run."""

    name: str
    id: str = ""
    metrics: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class _Went:
    """What a chart of curves asks of a run's record."""

    run: _Named
    history: list[MetricPoint]


def before(workspace: Workspace, report: Report) -> dict[str, RunRecord]:
    """By step: what the baseline's run of it recorded, where it is another than this one's."""
    other, own = report.baseline or report.champion, {one.run for one in report.steps}
    found: dict[str, RunRecord] = {}
    for step, run in (other.runs if other is not None else {}).items():
        if run not in own:
            with suppress(NbmlopsError):
                found[step] = RunBook(workspace).record(run)
    return found


def curves(
    records: Mapping[str, RunRecord], earlier: Mapping[str, RunRecord]
) -> dict[tuple[str, str], tuple[list[float], list[float]]]:
    """By step and metric: the values of this run and of the baseline's, thinned; of metrics that were measured again and again."""
    found = {}
    for step, record in records.items():
        before = earlier.get(step)
        here, there = (_by_name(one.history) if one is not None else {} for one in (record, before))
        for name, values in here.items():
            if len(values) >= _CURVE:
                found[step, name] = (_thinned(values), _thinned(there.get(name, [])))
    return dict(list(found.items())[:_MOST_CURVES])


def charts(report: Report, records: Mapping[str, RunRecord], earlier: Mapping[str, RunRecord]) -> list[Picture]:
    """For each step that measured something: its metrics beside those it is compared with, and its curves."""
    draw = plugins.adapter("chart", "svg")
    found: list[Picture] = []
    for step, record in records.items():
        others = [(one.name, one.steps[step]) for one in (report.baseline, report.champion) if one is not None and step in one.steps]
        bars = [_Named("here", metrics=_finite(record.run.metrics)), *(_Named(name, metrics=_finite(metrics)) for name, metrics in others)]
        if any(bar.metrics for bar in bars):
            found.append(Picture(replace(draw.runs_chart(bars), title=f"{step}: metrics").svg(), f"metrics of {step}"))
        before = earlier.get(step)
        curved = {name for name, values in _by_name(record.history).items() if len(values) >= _CURVE}
        went = [
            _Went(_Named(name), [point for point in one.history if point.name in curved])
            for name, one in (("here", record), ("there", before))
            if one is not None
        ]
        if curved:
            found.append(Picture(replace(draw.curves_chart(went), title=f"{step}: how they went").svg(), f"curves of {step}"))
    return found[:_MOST_CHARTS]


def _by_name(history: list[MetricPoint]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for point in history:
        if math.isfinite(point.value):
            found.setdefault(point.name, []).append(point.value)
    return found


def _finite(metrics: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in metrics.items() if math.isfinite(value)}


def _thinned(values: list[float]) -> list[float]:
    """At most so many as there is room for, the last among them."""
    if len(values) <= _BARS:
        return values
    return [values[at * (len(values) - 1) // (_BARS - 1)] for at in range(_BARS)]
