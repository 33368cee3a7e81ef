"""A conversion as two tables: how far both forms agree, and what each takes."""

from __future__ import annotations

from typing import Any

from nbmlops.doors.tables import Table


def conversion_tables(made: Any) -> list[Table]:
    """What was held against each other, then the original beside what was made of it."""
    said = [
        ["model", made.model],
        ["version", made.version],
        ["converted from version", made.converted_from],
        ["rows that both answered", f"{made.rows:,}"],
        [f"rows further apart than {made.tolerance:g}", f"{made.beyond:,}"],
        ["greatest difference", f"{made.worst_difference:.2g}"],
    ]
    one, other = made.before, made.after
    taken = [
        ["one row", _time(one.row_s), _time(other.row_s), _times(one.row_s, other.row_s)],
        [f"{one.batch_rows:,} rows", _time(one.batch_s), _time(other.batch_s), _times(one.batch_s, other.batch_s)],
        ["file", f"{one.size_bytes:,} bytes", f"{other.size_bytes:,} bytes", _times(one.size_bytes, other.size_bytes)],
    ]
    head = ["", f"{one.flavor}, version {one.version}", f"{other.flavor}, version {other.version}", "ratio"]
    return [Table("Conversion", [], said), Table("median of a call", head, taken)]


def _time(seconds: float) -> str:
    return f"{seconds * 1e6:,.0f} µs" if seconds < 1e-3 else f"{seconds * 1e3:,.1f} ms"


def _times(one: float, other: float) -> str:
    """How many times less it takes, or more.

    >>> _times(3.0, 1.0), _times(1.0, 2.0)
    ('3.0 × less', '2.0 × more')
    """
    return f"{one / max(other, 1e-12):.1f} × less" if one >= other else f"{other / max(one, 1e-12):.1f} × more"
