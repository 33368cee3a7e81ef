"""A chart as SVG, by matplotlib's object interface: no figure of the user's is touched."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from nbmlops.doors.panels import CALM, COLOURS, INK, MISSING, SHADES, Panel, Series, label, markers
from nbmlops.doors.tables import visible


def drawing(title: str, panels: Sequence[Panel], width: int, height: int) -> str:
    """The picture, from `<svg` on; panels stand beside each other, four a row."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    # A name with two dollars is no formula; ids follow from the content; text stays text.
    settings: Any = {"svg.hashsalt": "nbmlops", "svg.fonttype": "none", "text.parse_math": False, "font.size": 9, "text.color": INK}
    axes_settings: Any = {"axes.edgecolor": INK, "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK}
    with warnings.catch_warnings(), mpl.rc_context({**settings, **axes_settings}):
        warnings.filterwarnings("ignore", message="Glyph .* missing", category=UserWarning)
        columns = min(len(panels), 4) or 1
        rows = -(-len(panels) // columns) or 1
        figure = Figure(figsize=(width / 96, height * rows / 96), dpi=96, layout="constrained")
        FigureCanvasSVG(figure)
        if title:
            figure.suptitle(visible(title, width=90), fontsize=11)
        for at, panel in enumerate(panels):
            axes = figure.add_subplot(rows, columns, at + 1)
            axes.patch.set_alpha(0)
            _DRAW[panel.kind](axes, panel)
            _finish(axes, panel)
        out = io.StringIO()
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None, "Title": visible(title, width=200)})
    text = out.getvalue()
    return text[text.index("<svg") :]


def _draw_lines(axes: Any, panel: Panel) -> None:
    for at, series in enumerate(panel.series):
        xs = [label(x) if isinstance(x, str) else x for x in series.x]
        ys = [math.nan if y is None else y for y in series.y]
        style = "--" if series.dashed else "-"
        marker = "o" if markers(series) else None
        axes.plot(
            xs,
            ys,
            style,
            marker=marker,
            markersize=3.5,
            linewidth=1.8 if marker else 1.2,
            color=COLOURS[at % len(COLOURS)],
            label=_legend(series),
        )
    if panel.log_y:
        axes.set_yscale("log")
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
    axes.barh(range(len(series.x)), [0.0 if y is None else y for y in series.y], color=series.colours or CALM, height=0.7)
    for at, span in enumerate(series.spans or []):
        if span:
            axes.plot(span, [at, at], color=INK, linewidth=1.4, marker="|", markersize=5)
    axes.set_yticks(range(len(series.x)), [visible(name, width=48) for name in series.x])


def _draw_parallel(axes: Any, panel: Panel) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    colours = LinearSegmentedColormap.from_list("shades", SHADES)
    faint = 0.9 if len(panel.shade) <= 20 else 0.45
    for number, shade in enumerate(panel.shade):
        places = [axis.places[number] for axis in panel.axes]
        heights = [MISSING if place is None else place for place in places]
        axes.plot(range(len(heights)), heights, color=INK if shade is None else colours(shade), alpha=faint, linewidth=1.4)
    for at, axis in enumerate(panel.axes):
        axes.plot([at, at], [0, 1], color=INK, linewidth=1)
        for place, text in axis.ticks:
            axes.annotate(
                visible(text, width=14), (at, place), xytext=(3, 0), textcoords="offset points", va="center", fontsize=7, color=INK
            )
    axes.set_xticks(range(len(panel.axes)), [visible(axis.name, width=20) for axis in panel.axes])
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.spines["bottom"].set_visible(False)


_DRAW: dict[str, Callable[[Any, Panel], None]] = {
    "lines": _draw_lines, "bars": _draw_bars, "sideways": _draw_sideways, "parallel": _draw_parallel,
}  # fmt: skip


def _finish(axes: Any, panel: Panel) -> None:
    for x, text in panel.marks:
        axes.axvline(x, color=INK, linewidth=0.9, linestyle=":")
        axes.annotate(
            visible(text, width=40), (x, 1), xycoords=("data", "axes fraction"), rotation=90, ha="right", va="top", fontsize=8, color=INK
        )
    for y, _ in panel.levels:
        (axes.axvline if panel.kind == "sideways" else axes.axhline)(y, color=INK, linewidth=1, linestyle="--")
    if panel.title:
        axes.set_title(label(panel.title), fontsize=10)
    axes.set_xlabel(visible(panel.x_title, width=60))
    axes.set_ylabel(visible(panel.y_title, width=60))
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.grid(axis="x" if panel.kind == "sideways" else "y", color=INK, alpha=0.25, linewidth=0.6)
    axes.set_axisbelow(True)
    if len(panel.series) > 1:
        axes.legend(frameon=False, labelcolor=INK)


def _legend(series: Series) -> str:
    # matplotlib leaves out of a legend what begins with an underscore.
    return label(series.name).lstrip("_") or "–"
