"""Charts as data, drawn twice: Plotly's JSON for a live notebook, SVG for the saved file and the report.

    lines_chart("Error by month", months, {"frozen": [...], "managed": [...]}, y_title="MAE, minutes")

JupyterLab shows the Plotly form; nbconvert, a code host and a report show the SVG. Neither form needs plotly imported, and
matplotlib's object interface is used, so that no figure of the user's is touched.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nbmlops.doors import plotly_json, svg
from nbmlops.doors.curves import gone_through, spans_decades
from nbmlops.doors.gate_charts import panels_of
from nbmlops.doors.panels import ALARM, CALM, COLOURS, UNKNOWN, Panel, Series, label
from nbmlops.doors.parallel import parallel_panel
from nbmlops.doors.tables import shown, visible

_MOST_BARS = 30


@dataclass(frozen=True)
class Chart:
    """Panels beside each other, as Plotly JSON and as SVG."""

    title: str
    panels: list[Panel]
    width: int = 900
    height: int = 340

    def plotly(self) -> dict[str, Any]:
        """A Plotly figure as plain JSON values."""
        return plotly_json.figure(self.title, self.panels, self.width, self.height)

    def svg(self) -> str:
        """The same as SVG text; equal charts give equal bytes."""
        return svg.drawing(self.title, self.panels, self.width, self.height)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {
            "application/vnd.plotly.v1+json": self.plotly(),
            "image/svg+xml": self.svg(),
            "text/plain": f"Chart: {visible(self.title, width=80)}",
        }


def lines_chart(
    title: str,
    x: Sequence[Any],
    series: Mapping[str, Sequence[float | None]],
    *,
    x_title: str = "",
    y_title: str = "",
    marks: Iterable[tuple[Any, str]] = (),
    levels: Iterable[tuple[float, str]] = (),
) -> Chart:
    """Lines over one x (numbers, times or words). None and NaN are gaps."""
    lines = [Series(name, list(x), [_number(value) for value in values]) for name, values in series.items()]
    return Chart(title, [Panel("", "lines", lines, x_title, y_title, list(marks), list(levels))])


def bars_chart(
    title: str, x: Sequence[Any], series: Mapping[str, Sequence[float | None]], *, x_title: str = "", y_title: str = ""
) -> Chart:
    """Bars in groups, one group an x."""
    bars = [Series(name, [label(item) for item in x], [_number(value) for value in values]) for name, values in series.items()]
    return Chart(title, [Panel("", "bars", bars, x_title, y_title)])


def runs_chart(runs: Sequence[Any]) -> Chart:
    """Runs side by side: one panel a metric that at least one of them has, one bar a run. At most six metrics, thirty runs."""
    runs = list(runs)[:_MOST_BARS]
    return _bars_by_metric("Metrics by run", [(f"{visible(run.name, width=18)} {run.id[-4:]}", run.metrics) for run in runs])


def versions_chart(compared: Any) -> Chart:
    """Versions side by side: one panel a metric, one bar a version, the first of them in front."""
    return _bars_by_metric("Metrics by version", [(_version(version), version.metrics) for version in compared.versions])


def page_chart(page: Any) -> Chart:
    """Where a version stands among the others: a line a metric over all versions, with a mark at this one and at the champion."""
    number = page.version.version
    marks = [(number, "this one")] + ([(page.champion, "champion")] if page.champion not in (None, number) else [])
    panels = [
        Panel(name, "lines", [Series(name, [int(at) for at in held], [_number(value) for value in held.values()])], "version", marks=marks)
        for name, held in page.by_version.items()
        if len(held) > 1
    ][:4]
    return Chart(f"{page.version.model} version {number} among the others", panels, width=max(420, 320 * min(len(panels), 4)))


def _version(version: Any) -> str:
    return f"{version.version} {label(', '.join(version.aliases))}".strip()


def _bars_by_metric(title: str, rows: Sequence[tuple[str, Mapping[str, float]]]) -> Chart:
    names = list(dict.fromkeys(name for _, metrics in rows for name in metrics))[:6]
    labels = [said for said, _ in rows]
    colours = [COLOURS[at % len(COLOURS)] for at in range(len(rows))]
    panels = []
    for name in names:
        values = [metrics.get(name) for _, metrics in rows]
        bars = Series(name, labels, [_number(value) for value in values], colours, [shown(value) for value in values])
        panels.append(Panel(name, "bars", [bars]))
    return Chart(title, panels, width=max(420, 300 * min(len(panels), 4)))


def parallel_chart(runs: Sequence[Any], *, colour: str | None = None, of: str = "Runs") -> Chart:
    """Runs (or trials) as lines across axes of what varies: parameters, then metrics, the last of which (or `colour`) gives the colours."""
    panel = parallel_panel(runs, colour)
    if panel is None:
        return Chart(f"{of} in parallel", [])
    told = f"{of} by parameters and metrics; from blue to orange: {visible(panel.shade_name, width=30)} from low to high"
    return Chart(told, [panel], width=min(max(500, 130 * len(panel.axes)), 1200), height=380)


def curves_chart(records: Sequence[Any]) -> Chart:
    """Run records side by side: one panel a metric logged over steps, one line a run. At most six metrics, eight runs."""
    records = list(records)[: len(COLOURS)]
    panels: dict[str, list[Series]] = {}
    for record in records:
        name = f"{visible(record.run.name, width=18)} {record.run.id[-4:]}"
        for metric, (steps, values) in _curves(record.history).items():
            panels.setdefault(metric, []).append(Series(name, steps, values))
    made = [_curve_panel(name, lines) for name, lines in panels.items()][:6]
    return Chart("Metrics by step", made, width=max(420, 320 * min(len(made), 4)))


def history_chart(history: Sequence[Any], *, title: str = "Metrics by step") -> Chart:
    """A run's metrics: a curve each where there are steps. One value is no curve and is left to the table."""
    panels = [_curve_panel(name, [Series(name, steps, values)]) for name, (steps, values) in _curves(history).items()][:6]
    return Chart(title, panels, width=max(420, 320 * min(len(panels), 4)))


def _curves(history: Sequence[Any]) -> dict[str, tuple[list[int], list[float | None]]]:
    """Steps and values of each metric that has more than one, thinned where they are more than a picture shows."""
    found: dict[str, list[Any]] = {}
    for point in history:
        found.setdefault(point.name, []).append(point)
    return {
        name: gone_through([point.step for point in points], [_number(point.value) for point in points])
        for name, points in found.items()
        if len(points) > 1
    }


def _curve_panel(name: str, lines: list[Series]) -> Panel:
    return Panel(name, "lines", lines, "step", log_y=spans_decades([value for line in lines for value in line.y]))


def drift_chart(report: Any) -> Chart:
    """Each column's score as a share of its threshold (1: the line), and quality over time where labels are there.

    Where a test drifts below its threshold (a p-value) the share is turned over, so that longer is always more drift.
    """
    scored = [(score, _share(score)) for score in report.scores if score.value is not None]
    scored = sorted(scored, key=lambda pair: pair[1], reverse=True)[:_MOST_BARS]
    panels = []
    if scored:
        # The longest bar at the top: both libraries draw from the bottom.
        turned = scored[::-1]
        bars = Series(
            "score ÷ threshold",
            [f"{label(score.column)} · {score.test}" for score, _ in turned],
            [share for _, share in turned],
            [ALARM if score.drifted else UNKNOWN if score.drifted is None else CALM for score, _ in turned],
            [f"{score.test} {shown(score.value)}, threshold {shown(score.threshold)}" for score, _ in turned],
        )
        panels.append(Panel("Drift by column", "sideways", [bars], "score ÷ threshold, at most 10", levels=[(1.0, "threshold")]))
    if report.quality:
        panels.append(_quality_panel(report.quality))
    height = max(300, 90 + 22 * len(scored))
    return Chart(f"Drift of {report.model} {report.version}", panels, width=950 if len(panels) > 1 else 620, height=height)


def spans_chart(
    title: str,
    names: Sequence[str],
    values: Sequence[float],
    spans: Sequence[Sequence[float]],
    *,
    x_title: str = "",
    level: float | None = None,
) -> Chart:  # fmt: skip
    """A bar a name, the first at the top, each with what is around its value; `level` is a line across all. At most thirty."""
    kept = list(range(min(len(names), _MOST_BARS)))[::-1]  # both libraries draw from the bottom
    told = [f"{shown(values[at])}{f' ({shown(spans[at][0])} to {shown(spans[at][1])})' if len(spans[at]) == 2 else ''}" for at in kept]
    # Two names that are shown alike are two bars.
    labels = [label(names[at]) for at in kept]
    labels = [f"{name} ({at})" if labels.count(name) > 1 else name for at, name in enumerate(labels)]
    bars = Series(x_title, labels, [values[at] for at in kept], None, told, spans=[list(spans[at]) for at in kept])
    levels = [] if level is None else [(level, "all")]
    panels = [Panel("", "sideways", [bars], x_title, levels=levels)] if kept else []
    return Chart(title, panels, width=620, height=max(140, 100 + 22 * len(kept)))


def importance_chart(found: Any) -> Chart:
    """What shuffling each column costs, the most important at the top."""
    way = {"lower": " rises by", "higher": " falls by", None: ""}[found.better]
    return spans_chart(
        f"Importance of columns of {found.model} {found.version}", [one.columns[0] for one in found.columns],
        [one.worse_by for one in found.columns], [[one.low, one.high] for one in found.columns], x_title=f"{found.metric}{way}",
    )  # fmt: skip


def quality_chart(points: Sequence[Any], *, title: str = "Quality over time", marks: Iterable[tuple[Any, str]] = ()) -> Chart:
    """A metric by window, one line a metric, at the middle of each window; `marks` name moments."""
    return Chart(title, [_quality_panel(points, list(marks))] if points else [])


def model_chart(model: Any) -> Chart:
    """A model's metrics by version, with its aliases marked."""
    versions = sorted(model.versions, key=lambda version: version.version)
    names = list(dict.fromkeys(name for version in versions for name in version.metrics))[:4]
    at = [version.version for version in versions]
    marks: dict[int, list[str]] = {}
    for alias, version in model.aliases.items():
        marks.setdefault(version, []).append(label(alias))
    panels = [
        Panel(
            name,
            "lines",
            [Series(name, list(at), [_number(version.metrics.get(name)) for version in versions])],
            "version",
            marks=[(version, ", ".join(aliases)) for version, aliases in sorted(marks.items())],
        )
        for name in names
    ]
    return Chart(f"Versions of {model.name}", panels if len(versions) > 1 else [], width=max(420, 320 * min(len(panels), 4)))


def conversion_chart(conversion: Any) -> Chart:
    """What a version and the one made of it take: a call for one row, one for a batch, the file."""
    forms = [conversion.before, conversion.after]
    labels = [f"{form.version} {label(form.flavor)}" for form in forms]
    measured = {
        "one row, ms": [form.row_s * 1e3 for form in forms],
        f"{conversion.before.batch_rows:,} rows, ms": [form.batch_s * 1e3 for form in forms],
        "file, kB": [form.size_bytes / 1e3 for form in forms],
    }
    panels = [
        Panel(name, "bars", [Series(name, list(labels), list(values), list(COLOURS[:2]), [shown(value) for value in values])])
        for name, values in measured.items()
    ]
    return Chart(f"{visible(conversion.model, width=40)}: version {conversion.converted_from} and {conversion.version}", panels, height=260)


def aliases_chart(history: Any) -> Chart:
    """Which version each alias pointed at over time, with what was forced and what was refused marked; until the last move known."""
    periods = [period for period in sorted(history.periods, key=lambda period: period.start) if period.way != "refuse"]
    lines = []
    for alias in dict.fromkeys(period.alias for period in periods):
        of_it = [period for period in periods if period.alias == alias]
        steps = [(at, period.version) for period in of_it for at in (period.start, period.end or periods[-1].start)]
        lines.append(Series(label(alias), [at for at, _ in steps], [_number(version) for _, version in steps]))
    marks = [
        (period.start, f"{period.version} {'forced' if period.way == 'force' else 'refused'}")
        for period in history.periods if period.way in ("force", "refuse")
    ]  # fmt: skip
    panel = Panel(lines[0].name if len(lines) == 1 else "", "lines", lines, y_title="version", marks=marks)
    return Chart(f"Aliases of {history.model}", [panel] if len(periods) > 1 else [], width=700)


def gate_chart(report: Any) -> Chart:
    """A version before its gates: every check beside its limit, and what each kind has to show."""
    panels = panels_of(report)
    verdict = "passed" if report.passed else "forced" if report.forced else "refused"
    height = max(300, 90 + 22 * max((len(panel.series[0].x) for panel in panels if panel.kind == "sideways"), default=0))
    return Chart(f"{report.model} {report.version}: {verdict}", panels, width=max(520, 420 * min(len(panels), 4)), height=height)


def _quality_panel(points: Sequence[Any], marks: list[tuple[Any, str]] | None = None) -> Panel:
    found: dict[str, list[Any]] = {}
    for point in points:
        found.setdefault(point.metric, []).append(point)
    lines = [
        Series(name, [point.start + (point.end - point.start) / 2 for point in some], [_number(point.value) for point in some])
        for name, some in found.items()
    ]
    return Panel("Quality over time", "lines", lines, y_title=", ".join(found), marks=marks or [])


def _share(score: Any) -> float:
    # A p-value of 1e-300 would make every other bar invisible: past ten times the threshold all are as bad.
    over, under = (score.value, score.threshold) if score.drifts_when == "above" else (score.threshold, score.value)
    return min(over / under, 10.0) if under > 0 else (10.0 if over > 0 else 0.0)


def _number(value: Any) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None
