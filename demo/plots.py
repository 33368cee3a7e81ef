"""The report's pictures: SVG by matplotlib's object interface, text as text."""

from __future__ import annotations

import io
from collections import defaultdict
from datetime import date, timedelta
from typing import Any

import matplotlib
import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.dates import ConciseDateFormatter, MonthLocator, date2num
from matplotlib.figure import Figure

FROZEN, MANAGED, INK, QUIET = "#d08a5b", "#1f6f8b", "#2b2b2b", "#8a8f98"
EVENTS = {
    "promoted": ("^", "#2a9d5c", "retrained and promoted"),
    "refused": ("X", "#c0392b", "candidate refused by the gate"),
    "rolled_back": ("v", "#8e44ad", "rolled back"),
}


def by_week(days: dict[date, dict[str, Any]]) -> tuple[list[date], list[float], list[float]]:
    """Week's middle, frozen and managed MAE, weeks counted from the first day; a last week may be short."""
    first = min(days)
    weeks: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for day, found in days.items():
        weeks[(day - first).days // 7].append(found)
    middles = [first + timedelta(7 * week + 3) for week in weeks]
    means = [[sum(f[name] for f in found) / sum(f["flights"] for f in found) for found in weeks.values()] for name in ("frozen", "managed")]
    return middles, means[0], means[1]


def year_svg(days: dict[date, dict[str, Any]], decisions: list[Any]) -> str:
    """Error of both models by week, what was decided on the way, and which version served."""
    middles, frozen, managed = by_week(days)
    x = date2num(middles)
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "nbmlops", "font.family": "sans-serif", "font.size": 10}):
        figure = Figure(figsize=(10.4, 5.2), layout="constrained")
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[6, 1])
        above.fill_between(
            x, managed, frozen, where=np.array(frozen) >= np.array(managed), color=MANAGED, alpha=0.10, lw=0, interpolate=True
        )
        above.plot(x, frozen, color=FROZEN, lw=2, label="frozen: trained on January and February")
        above.plot(x, managed, color=MANAGED, lw=2.4, label="managed by the policy")
        for action, (marker, colour, words) in EVENTS.items():
            times = date2num([d.end - timedelta(days=3.5) for d in decisions if d.action == action])
            if len(times):
                above.scatter(
                    times,
                    np.interp(times, x, managed),
                    marker=marker,
                    s=64,
                    color=colour,
                    zorder=5,
                    label=words,
                    edgecolors="white",
                    linewidths=0.8,
                )
        above.set_ylabel("mean absolute error, minutes")
        above.set_ylim(0, 1.22 * max(*frozen, *managed))  # room for the legend
        above.grid(axis="y", color="#e6e8eb", lw=0.8)
        above.legend(loc="upper left", frameon=False, ncols=2)
        _versions(below, days)
        below.xaxis.set_major_locator(MonthLocator())
        below.xaxis.set_major_formatter(ConciseDateFormatter(MonthLocator(), show_offset=False))
        for axes in (above, below):
            axes.spines[["top", "right", "left"]].set_visible(False)
            axes.tick_params(length=0, colors=INK)
        return _svg(figure, "Error of the frozen and of the managed model by week, with the policy's decisions")


def _versions(axes: Any, days: dict[date, dict[str, Any]]) -> None:
    shades = ["#1f6f8b", "#5b9aa9", "#a7c7cf"]
    spans: list[list[Any]] = []
    for day, found in sorted(days.items()):
        if spans and spans[-1][2] == found["version"]:
            spans[-1][1] = day + timedelta(1)
        else:
            spans.append([day, day + timedelta(1), found["version"]])
    for begin, end, version in spans:
        left, right = date2num(begin), date2num(end)
        axes.barh(0, right - left, left=left, height=0.8, color=shades[version % 3], edgecolor="white", lw=1.2)
        if right - left > 6:
            axes.text((left + right) / 2, 0, f"v{version}", ha="center", va="center", color="white", fontsize=8.5, fontweight="bold")
    axes.set_yticks([0], ["served"])


def drift_svg(reports: dict[date, Any]) -> str:
    """Each column's main score over its threshold, by month: what moved away from January and February, and when."""
    months = sorted(reports)
    tests = {"number": "ks", "category": "jensen_shannon"}
    names = list(dict.fromkeys(score.column for month in months for score in reports[month].scores if score.test in tests.values()))
    grid = np.full((len(names), len(months)), np.nan)
    for at, month in enumerate(months):
        for score in reports[month].scores:
            if score.test in tests.values() and score.value is not None:
                grid[names.index(score.column), at] = score.value / score.threshold
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "nbmlops", "font.family": "sans-serif", "font.size": 10}):
        figure = Figure(figsize=(10.4, 0.42 * len(names) + 1.1), layout="constrained")
        axes = figure.subplots()
        image = axes.imshow(
            np.clip(grid, 0, 2),
            cmap=LinearSegmentedColormap.from_list("heat", ["#eef4f6", "#f6dfa6", "#e39a52", "#b8402f"]),
            vmin=0,
            vmax=2,
            aspect="auto",
        )
        for row in range(len(names)):
            for column in range(len(months)):
                if np.isfinite(grid[row, column]):
                    strong = grid[row, column] > 1
                    axes.text(
                        column,
                        row,
                        f"{grid[row, column]:.1f}",
                        ha="center",
                        va="center",
                        fontsize=8.5,
                        color=INK,
                        fontweight="bold" if strong else "normal",
                    )
        axes.set_xticks(range(len(months)), [month.strftime("%b") for month in months])
        axes.set_yticks(range(len(names)), names)
        axes.tick_params(length=0, colors=INK)
        axes.spines[:].set_visible(False)
        bar = figure.colorbar(image, ax=axes, fraction=0.025, pad=0.01, ticks=[0, 1, 2])
        bar.ax.set_yticklabels(["0", "threshold", "2×"])
        bar.outline.set_visible(False)
        return _svg(figure, "Drift score of each column over its threshold, by month")


def _svg(figure: Figure, words: str) -> str:
    out = io.StringIO()
    FigureCanvasSVG(figure).print_svg(out, metadata={"Date": None, "Title": words})
    text = out.getvalue()
    return text[text.index("<svg") :]
