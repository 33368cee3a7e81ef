"""Runs, or versions of a model, side by side as tables: numbers with how far they moved and whether that is better, code as diffs."""

from __future__ import annotations

import math
from typing import Any

from nbmlops.doors.tables import Lines, Table, shown, visible

_MOST_LINES = 200
_SAME = ("metric", "parameter", "data", "signature", "estimator")


def comparison_tables(value: Any) -> list[Table | Lines]:
    """What differs, each cell's diff, and what is the same in all."""
    names = _heads(value)
    rows = [[part.part, visible(part.name, width=60), *_values(part)] for part in value.differences]
    found: list[Table | Lines] = [Table("", ["part", "name", *names], rows, empty="No differences.")]
    for part in value.differences:
        for number, diff in enumerate(part.diffs):
            if diff:
                lines = diff.split("\n")
                more = [f"… and {len(lines) - _MOST_LINES} more lines"] if len(lines) > _MOST_LINES else []
                found.append(Lines(f"{part.name}: {names[0]} → {names[number]}", [*lines[:_MOST_LINES], *more]))
    same = [[part.part, visible(part.name, width=60), part.values[0]] for part in value.same if part.part in _SAME]
    return [*found, Table("the same in all", ["part", "name", "value"], same)] if same else found


def _heads(value: Any) -> list[str]:
    if type(value).__name__ == "ModelComparison":
        from nbmlops.doors.version_tables import version_name

        return [version_name(version, value.champion) for version in value.versions]
    return [run_name(run) for run in value.runs]


def run_name(run: Any) -> str:
    """A run among others: its name and the end of its id."""
    return f"{visible(run.name, width=28)} ({run.id[-6:]})"


def _values(part: Any) -> list[Any]:
    if part.part == "metric":
        return [part.values[0], *(moved(part.values[0], value, part.better) for value in part.values[1:])]
    if part.diffs:
        return [_lines(part.values[0]), *(_counted(diff, value) for diff, value in zip(part.diffs[1:], part.values[1:], strict=True))]
    return list(part.values)


def moved(before: Any, after: Any, better: str | None) -> str:
    """A number with its difference from another, in percent of it, and whether that is better where that is known.

    >>> moved(5.0, 4.6, "lower"), moved(0.0, 0.5, None), moved(None, 3.0, "lower")
    ('4.6 (−0.4, −8.0 %, better)', '0.5 (+0.5)', '3')
    """
    if not _finite(before) or not _finite(after) or before == after:
        return shown(after)
    difference = after - before
    said = [_signed(shown(difference))]
    if before:
        said.append(_signed(f"{100 * difference / abs(before):.1f}") + " %")
    if better:
        said.append("better" if (difference < 0) is (better == "lower") else "worse")
    return f"{shown(after)} ({', '.join(said)})"


def _finite(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _signed(text: str) -> str:
    return text.replace("-", "−") if text.startswith("-") else f"+{text}"


def _lines(source: str | None) -> str | None:
    if source is None:
        return None
    count = source.count("\n") + 1
    return f"{count} lines" if count > 1 else source


def _counted(diff: str, source: str | None) -> str | None:
    if source is None:
        return "removed"
    added, removed = (sum(line.startswith(sign) for line in diff.split("\n")) for sign in "+-")
    return f"+{added} −{removed} lines" if diff else "the same"
