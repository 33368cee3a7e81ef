"""Parallel coordinates: one line a run across axes of parameters and metrics, numbers, words and gaps alike."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from nbmlops.doors.panels import MISSING, Axis, Panel
from nbmlops.doors.tables import shown, visible

MOST_RUNS, _MOST_AXES, _MOST_WORDS, _TICKS = 200, 10, 12, 5


def parallel_panel(runs: Sequence[Any], colour: str | None = None) -> Panel | None:
    """Axes for the parameters that vary, then for the metrics; None where fewer than two runs or axes are there.

    `colour`: the metric that gives the lines' colours; the last axis's if not given.
    """
    runs = list(runs)[:MOST_RUNS]
    params = [axis for name in _names(run.params for run in runs) if (axis := _axis(name, [run.params.get(name) for run in runs]))]
    metrics = [axis for name in _names(run.metrics for run in runs) if (axis := _axis(name, [run.metrics.get(name) for run in runs]))]
    metrics = metrics[: max(_MOST_AXES - len(params), 3)]
    axes = [*params[: _MOST_AXES - len(metrics)], *metrics]
    if len(runs) < 2 or len(axes) < 2:
        return None
    shading = next((axis for axis in metrics if axis.name == colour), metrics[-1] if metrics else axes[-1])
    return Panel("", "parallel", [], axes=axes, shade=list(shading.places), shade_name=shading.name)


def _axis(name: str, values: list[Any]) -> Axis | None:
    """An axis, or None where all values are the same: a line through one point tells nothing."""
    there = [value for value in values if value is not None]
    if len({str(value) for value in there}) < 2:
        return None
    if all(_number(value) for value in there):
        return _numbers(name, values)
    words = sorted({_word(value) for value in there}, key=lambda word: (len(word) > 18, word))
    if len(words) > _MOST_WORDS:
        return None
    place = {word: at / (len(words) - 1) if len(words) > 1 else 0.5 for at, word in enumerate(words)}
    return _made(name, [None if value is None else place[_word(value)] for value in values], [(at, word) for word, at in place.items()])


def _made(name: str, places: list[float | None], ticks: list[tuple[float, str]]) -> Axis:
    return Axis(name, places, [(MISSING, "none"), *ticks] if None in places else ticks)


def _numbers(name: str, values: list[Any]) -> Axis | None:
    finite = [float(value) for value in values if value is not None and math.isfinite(value)]
    if len(set(finite)) < 2:
        return None
    low, high = min(finite), max(finite)
    # A learning rate from 1e-5 to 1 is read by its exponent.
    by_exponent = low > 0 and high / low >= 1000
    begin, end = (math.log10(low), math.log10(high)) if by_exponent else (low, high)
    span = end - begin
    if not math.isfinite(span) or span <= 0:
        return None

    def place(value: Any) -> float | None:
        if value is None or not math.isfinite(value):
            return None
        return ((math.log10(value) if by_exponent else float(value)) - begin) / span

    steps = [begin + span * at / (_TICKS - 1) for at in range(_TICKS)]
    ticks = [(at / (_TICKS - 1), shown(float(10**step if by_exponent else step))) for at, step in enumerate(steps)]
    return _made(name, [place(value) for value in values], ticks)


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _word(value: Any) -> str:
    return visible(shown(value), width=18)


def _names(mappings: Any) -> list[str]:
    return list(dict.fromkeys(name for mapping in mappings for name in mapping))
