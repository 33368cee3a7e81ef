"""What differs between data as tables: files, then columns with the rows that changed."""

from __future__ import annotations

import os
from typing import Any

from nbmlops.doors.tables import Table
from nbmlops.runs.sizes import size_text

_MOST_RANGES = 4


def tables_of_diff(value: Any) -> list[Table]:
    """The tables of a DataDiff or a RunDataDiff."""
    if type(value).__name__ == "DataDiff":
        return [_columns(_rows_told(value), value)]
    empty = f"The two runs read and fitted the same data ({value.same_files:,} files alike)."
    if value.same:
        return [Table("", [], [], empty)]
    found = []
    if value.files:
        head = ["change", "file", "size before", "size after", "columns", "note", "modified before", "modified after", "folder"]
        rows = [_file(file) for file in value.files]
        kept = [at for at, _ in enumerate(head) if any(row[at] not in (None, "") for row in rows)]
        title = f"files ({value.same_files:,} alike)"
        found.append(Table(title, [head[at] for at in kept], [[row[at] for at in kept] for row in rows]))
    found += [_columns(f"{os.path.basename(file.path)}: {_rows_told(file.columns)}", file.columns) for file in value.files if file.columns]
    for frame in value.frames:
        name = f"{frame.estimator.rpartition('.')[2]} {frame.part}"
        times = f", {frame.fits:,} fits" if frame.fits > 1 else ""
        if frame.diff is None:
            found.append(Table(f"{name}{times}", [], [["note", frame.note]]))
        elif not frame.diff.same:
            found.append(_columns(f"{name}{times}: {_rows_told(frame.diff)}", frame.diff))
    alike = [f"{frame.estimator.rpartition('.')[2]} {frame.part}" for frame in value.frames if frame.diff is not None and frame.diff.same]
    if alike:
        found.append(Table("", [], [["alike", ", ".join(dict.fromkeys(alike))]]))
    return found


def _rows_told(diff: Any) -> str:
    if diff.rows_before == diff.rows_after:
        return f"{diff.rows_after:,} rows"
    return f"{diff.rows_before:,} → {diff.rows_after:,} rows"


def _file(file: Any) -> list[Any]:
    name = os.path.basename(file.path.rstrip(os.sep)) + (os.sep if file.path.endswith(os.sep) else "")
    sizes = [size_text(file.size_before), size_text(file.size_after)]
    folder = os.path.dirname(file.path.rstrip(os.sep))
    times = [file.modified_before, file.modified_after]
    return [file.change, f"{name} {file.detail}".strip(), *sizes, _summary(file.columns), file.note, *times, folder]


def _summary(diff: Any) -> str:
    if diff is None:
        return ""
    return ", ".join(f"{change.name} {change.change}" for change in diff.changes[:6]) or "as a table the same"


def _columns(title: str, diff: Any) -> Table:
    rows = [[change.name, change.change, change.before, change.after, ranges_text(change.rows)] for change in diff.changes]
    rows += [["", "", None, None, diff.note]] if diff.note else []
    kept = 5 if any(row[4] for row in rows) else 4
    head = ["column", "change", "before", "after", "rows"][:kept]
    return Table(title, head, [row[:kept] for row in rows], empty=f"The same data: {title}.")


def ranges_text(ranges: list[Any]) -> str:
    """Rows as people write them, counted from 0, the last included.

    >>> from nbmlops.data.records import RowRange
    >>> ranges_text([RowRange(start=7, end=8), RowRange(start=10, end=13)])
    '7, 10–12'
    """
    told = [f"{part.start:,}" if part.end - part.start == 1 else f"{part.start:,}–{part.end - 1:,}" for part in ranges[:_MOST_RANGES]]
    return ", ".join(told) + (f" and {len(ranges) - _MOST_RANGES} more places" if len(ranges) > _MOST_RANGES else "")
