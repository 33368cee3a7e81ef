"""What a chart is made of: series in panels, and the colours and words they share."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from typing import Any, Literal

from nbmlops.doors.tables import visible

# Okabe and Ito's colours: told apart by everyone, on white and on dark.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8c8c8c", "#b8a800")
CALM, ALARM, UNKNOWN = "#0072b2", "#d55e00", "#8c8c8c"
INK = "#7f7f7f"  # read on white and on black alike
# From calm to loud, told apart in grey too: low values dark blue, high ones orange.
SHADES = ("#0072b2", "#56b4e9", "#e69f00", "#d55e00")
MISSING = -0.14  # where a line passes under an axis that it has no value on
_LABEL = 32


@dataclass(frozen=True)
class Series:
    """One line or one set of bars. `colours`: one a bar, where they differ; `spans`: what is around each, empty where nothing is known."""

    name: str
    x: list[Any]
    y: list[float | None]
    colours: list[str] | None = None
    labels: list[str] | None = None
    dashed: bool = False
    spans: list[list[float]] | None = None


@dataclass(frozen=True)
class Axis:
    """One upright axis of a parallel panel: a place from 0 to 1 for each line, None where it has no value.

    `ticks` are places with their text: numbers, or the words that stand there.
    """

    name: str
    places: list[float | None]
    ticks: list[tuple[float, str]]


@dataclass(frozen=True)
class Panel:
    """One pair of axes. `marks` are upright lines with a word at an x, `levels` level ones at a y.

    A parallel panel has `axes` instead, one line a run across all of them; `shade` has each line's place on a colour scale.
    """

    title: str
    kind: Literal["lines", "bars", "sideways", "parallel"]
    series: list[Series]
    x_title: str = ""
    y_title: str = ""
    marks: list[tuple[Any, str]] = field(default_factory=list)
    levels: list[tuple[float, str]] = field(default_factory=list)
    log_y: bool = False
    axes: list[Axis] = field(default_factory=list)
    shade: list[float | None] = field(default_factory=list)
    shade_name: str = ""


def label(value: Any) -> str:
    """A name as it stands on an axis: short, on one line."""
    return visible(str(value), width=_LABEL)


def escaped(text: str, width: int = _LABEL) -> str:
    """A name for Plotly, which reads a little HTML in its labels."""
    return html.escape(visible(str(text), width=width))


def markers(series: Series) -> bool:
    """Whether each point is marked: of many they would be a band."""
    return len(series.x) <= 60
