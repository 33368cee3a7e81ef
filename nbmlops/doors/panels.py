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
_LABEL = 32


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


def label(value: Any) -> str:
    """A name as it stands on an axis: short, on one line."""
    return visible(str(value), width=_LABEL)


def escaped(text: str, width: int = _LABEL) -> str:
    """A name for Plotly, which reads a little HTML in its labels."""
    return html.escape(visible(str(text), width=width))
