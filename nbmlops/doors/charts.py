"""Charts as data, drawn twice: Plotly's JSON for a live notebook, SVG for the saved file and the report.

    lines_chart("Error by month", months, {"frozen": [...], "managed": [...]}, y_title="MAE, minutes")

JupyterLab shows the Plotly form; nbconvert, a code host and a report show the SVG. Neither form needs plotly imported, and
matplotlib's object interface is used, so that no figure of the user's is touched.
"""

from __future__ import annotations

import html
import io
import math
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from nbmlops.doors.tables import shown, visible

# Okabe and Ito's colours: told apart by everyone, on white and on dark.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8c8c8c", "#b8a800")
_CALM, _ALARM, _UNKNOWN = "#0072b2", "#d55e00", "#8c8c8c"
_INK = "#7f7f7f"  # read on white and on black alike
_LABEL = 32
_MOST_BARS = 30


@dataclass(frozen=True)
class Series:
    """One line or one set of bars. `colours`: one a bar, where they differ."""

    name: str
    x: list[Any]
    y: list[float | None]
    colours: list[str] | None = None
    labels: list[str] | None = None
    dashed: bool = False


@dataclass(frozen=True)
class Panel:
    """One pair of axes. `marks` are upright lines with a word at an x, `levels` level ones at a y."""

    title: str
    kind: Literal["lines", "bars", "sideways"]
    series: list[Series]
    x_title: str = ""
    y_title: str = ""
    marks: list[tuple[Any, str]] = field(default_factory=list)
    levels: list[tuple[float, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Chart:
    """Panels beside each other, as Plotly JSON and as SVG."""

    title: str
    panels: list[Panel]
    width: int = 900
    height: int = 340

    def plotly(self) -> dict[str, Any]:
        """A Plotly figure as plain JSON values."""
        from nbmlops.doors.plotly_json import figure

        return figure(self)

    def svg(self) -> str:
        """The same as SVG text; equal charts give equal bytes."""
        return _svg(self)

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
    names = list(dict.fromkeys(name for run in runs for name in run.metrics))[:6]
    labels = [f"{visible(run.name, width=18)} {run.id[-4:]}" for run in runs]
    colours = [COLOURS[at % len(COLOURS)] for at in range(len(runs))]
    panels = [
        Panel(
            name,
            "bars",
            [
                Series(
                    name, labels, [_number(run.metrics.get(name)) for run in runs], colours, [shown(run.metrics.get(name)) for run in runs]
                )
            ],
        )
        for name in names
    ]
    return Chart("Metrics by run", panels, width=max(420, 300 * min(len(panels), 4)))


def curves_chart(records: Sequence[Any]) -> Chart:
    """Run records side by side: one panel a metric logged over steps, one line a run. At most six metrics, eight runs."""
    records = list(records)[: len(COLOURS)]
    panels: dict[str, list[Series]] = {}
    for record in records:
        for panel in history_chart(record.history).panels:
            line = panel.series[0]
            name = f"{visible(record.run.name, width=18)} {record.run.id[-4:]}"
            panels.setdefault(panel.title, []).append(Series(name, line.x, line.y))
    made = [Panel(name, "lines", lines, "step") for name, lines in panels.items()][:6]
    return Chart("Metrics by step", made, width=max(420, 320 * min(len(made), 4)))


def history_chart(history: Sequence[Any], *, title: str = "Metrics by step") -> Chart:
    """A run's metrics: a curve each where there are steps. One value is no curve and is left to the table."""
    found: dict[str, list[Any]] = {}
    for point in history:
        found.setdefault(point.name, []).append(point)
    panels = [
        Panel(name, "lines", [Series(name, [point.step for point in points], [_number(point.value) for point in points])], "step")
        for name, points in found.items()
        if len(points) > 1
    ][:6]
    return Chart(title, panels, width=max(420, 320 * min(len(panels), 4)))


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
            [_ALARM if score.drifted else _UNKNOWN if score.drifted is None else _CALM for score, _ in turned],
            [f"{score.test} {shown(score.value)}, threshold {shown(score.threshold)}" for score, _ in turned],
        )
        panels.append(Panel("Drift by column", "sideways", [bars], "score ÷ threshold, at most 10", levels=[(1.0, "threshold")]))
    if report.quality:
        panels.append(_quality_panel(report.quality))
    height = max(300, 90 + 22 * len(scored))
    return Chart(f"Drift of {report.model} {report.version}", panels, width=950 if len(panels) > 1 else 620, height=height)


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


def label(value: Any) -> str:
    """A name as it stands on an axis: short, on one line."""
    return visible(str(value), width=_LABEL)


# -- SVG


def _svg(chart: Chart) -> str:
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    # A name with two dollars is no formula; ids follow from the content; text stays text.
    settings: Any = {"svg.hashsalt": "nbmlops", "svg.fonttype": "none", "text.parse_math": False, "font.size": 9, "text.color": _INK}
    axes_settings: Any = {"axes.edgecolor": _INK, "axes.labelcolor": _INK, "xtick.color": _INK, "ytick.color": _INK}
    with warnings.catch_warnings(), mpl.rc_context({**settings, **axes_settings}):
        warnings.filterwarnings("ignore", message="Glyph .* missing", category=UserWarning)
        columns = min(len(chart.panels), 4) or 1
        rows = -(-len(chart.panels) // columns) or 1
        figure = Figure(figsize=(chart.width / 96, chart.height * rows / 96), dpi=96, layout="constrained")
        FigureCanvasSVG(figure)
        if chart.title:
            figure.suptitle(visible(chart.title, width=90), fontsize=11)
        for at, panel in enumerate(chart.panels):
            axes = figure.add_subplot(rows, columns, at + 1)
            axes.patch.set_alpha(0)
            _DRAW[panel.kind](axes, panel)
            _finish(axes, panel)
        out = io.StringIO()
        figure.savefig(
            out, format="svg", transparent=True, metadata={"Date": None, "Creator": None, "Title": visible(chart.title, width=200)}
        )
    text = out.getvalue()
    return text[text.index("<svg") :]


def _draw_lines(axes: Any, panel: Panel) -> None:
    for at, series in enumerate(panel.series):
        xs = [label(x) if isinstance(x, str) else x for x in series.x]
        ys = [math.nan if y is None else y for y in series.y]
        style = "--" if series.dashed else "-"
        axes.plot(xs, ys, style, marker="o", markersize=3.5, linewidth=1.8, color=COLOURS[at % len(COLOURS)], label=_legend(series))
    times = any(isinstance(x, datetime) for series in panel.series for x in series.x)
    if times:
        from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

        locator = AutoDateLocator(minticks=3, maxticks=9)
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    elif all(isinstance(x, int) for series in panel.series for x in series.x):
        from matplotlib.ticker import MaxNLocator

        axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _draw_bars(axes: Any, panel: Panel) -> None:
    groups = len(panel.series)
    for at, series in enumerate(panel.series):
        places = [place + (at - (groups - 1) / 2) * 0.8 / groups for place in range(len(series.x))]
        heights = [0.0 if y is None else y for y in series.y]
        axes.bar(places, heights, width=0.8 / groups, color=series.colours or COLOURS[at % len(COLOURS)], label=_legend(series))
        if series.labels and len(series.x) <= 8:
            for place, height, text in zip(places, heights, series.labels, strict=True):
                axes.annotate(visible(text, width=12), (place, height), ha="center", va="bottom", fontsize=8)
    names = panel.series[0].x if panel.series else []
    axes.set_xticks(
        range(len(names)), [label(name) for name in names], rotation=30 if len(names) > 3 else 0, ha="right" if len(names) > 3 else "center"
    )


def _draw_sideways(axes: Any, panel: Panel) -> None:
    series = panel.series[0]
    axes.barh(range(len(series.x)), [0.0 if y is None else y for y in series.y], color=series.colours or _CALM, height=0.7)
    axes.set_yticks(range(len(series.x)), [visible(name, width=48) for name in series.x])


_DRAW: dict[str, Callable[[Any, Panel], None]] = {"lines": _draw_lines, "bars": _draw_bars, "sideways": _draw_sideways}


def _finish(axes: Any, panel: Panel) -> None:
    for x, text in panel.marks:
        axes.axvline(x, color=_INK, linewidth=0.9, linestyle=":")
        axes.annotate(
            visible(text, width=40), (x, 1), xycoords=("data", "axes fraction"), rotation=90, ha="right", va="top", fontsize=8, color=_INK
        )
    for y, _ in panel.levels:
        (axes.axvline if panel.kind == "sideways" else axes.axhline)(y, color=_INK, linewidth=1, linestyle="--")
    if panel.title:
        axes.set_title(label(panel.title), fontsize=10)
    axes.set_xlabel(visible(panel.x_title, width=60))
    axes.set_ylabel(visible(panel.y_title, width=60))
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.grid(axis="x" if panel.kind == "sideways" else "y", color=_INK, alpha=0.25, linewidth=0.6)
    axes.set_axisbelow(True)
    if len(panel.series) > 1:
        axes.legend(frameon=False, labelcolor=_INK)


def _legend(series: Series) -> str:
    # matplotlib leaves out of a legend what begins with an underscore.
    return label(series.name).lstrip("_") or "–"


def escaped(text: str, width: int = _LABEL) -> str:
    """A name for Plotly, which reads a little HTML in its labels."""
    return html.escape(visible(str(text), width=width))
