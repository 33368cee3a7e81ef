"""A card's charts: as SVG by the chart port for a page, as bars of text for Markdown."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Any

from nbmlops import plugins
from nbmlops.cards.records import CardBars, CardCurve
from nbmlops.document import Picture

_IDS = re.compile(r'(?<=\bid=")|(?<=url\(#)|(?<=href="#)')
_ABOUT = re.compile(r"<metadata>.*?</metadata>", re.S)
_WIDE = 24


def bars(found: CardBars, mark: str) -> Picture | None:
    """A chart of bars; None where there is nothing to draw. `mark` makes its ids its own on the page."""
    kept = [at for at, value in enumerate(found.values) if math.isfinite(value)]
    if not kept:
        return None
    spans = tuple(tuple(found.intervals[at]) if len(found.intervals[at]) == 2 else () for at in kept)
    names, values = tuple(found.names[at] for at in kept), tuple(found.values[at] for at in kept)
    return Picture(_own(_bars("", names, values, spans, found.unit, found.level), mark), found.title, inline=True)


def curve(found: CardCurve, mark: str) -> Picture:
    """A chart of a line, with the diagonal where both axes are shares."""
    return Picture(_own(_curve(found.title, tuple(found.x), tuple(found.y), found.x_title, found.y_title), mark), found.title, inline=True)


def as_text(value: float, most: float) -> str:
    """A bar of text.

    >>> as_text(1.0, 2.0), as_text(-1.0, 2.0), as_text(0.0, 0.0)
    ('████████████', '', '')
    """
    if not math.isfinite(value) or value <= 0 or most <= 0:
        return ""
    return "█" * round(_WIDE * min(value / most, 1.0))


@lru_cache(maxsize=64)
def _bars(title: str, names: Any, values: Any, spans: Any, unit: str, level: float | None) -> str:
    draw = plugins.adapter("chart", "svg")
    return str(draw.spans_chart(title, names, values, spans, x_title=unit, level=level).svg())


@lru_cache(maxsize=64)
def _curve(title: str, x: Any, y: Any, x_title: str, y_title: str) -> str:
    draw = plugins.adapter("chart", "svg")
    lines = {y_title: y} | ({"as it says": x} if all(0 <= value <= 1 for value in (*x, *y)) else {})
    return str(draw.lines_chart("", x, lines, x_title=x_title, y_title=y_title).svg())


def _own(svg: str, mark: str) -> str:
    """Several charts stand on one page: each has ids of its own, and says nothing of who drew it."""
    return _IDS.sub(f"{mark}-", _ABOUT.sub("", svg))
