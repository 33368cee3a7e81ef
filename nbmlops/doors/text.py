"""Records as plain text for people: a terminal, or a notebook without HTML."""

from __future__ import annotations

import shutil
from typing import Any

from nbmlops.doors.tables import Table, shown, tables_of, visible, words

_MOST_ROWS = 60
_NARROWEST = 8


def text_of(value: Any, *, width: int | None = None) -> str:
    """All tables of a value, cut to `width` columns (the terminal's).

    >>> print(text_of([], width=40))
    Nothing yet.
    """
    width = width or shutil.get_terminal_size((120, 40)).columns
    found = [_table(table, width) for table in tables_of(value)]
    return "\n\n".join(part for part in found if part)


def _table(table: Table, width: int) -> str:
    from tabulate import tabulate

    if not table.rows:
        return "Nothing yet."
    rows = [[shown(value, width=400) for value in row] for row in table.rows[:_MOST_ROWS]]
    head = [visible(words(name), width=60) for name in table.head]
    if not head:
        rows = [[words(row[0]), *row[1:]] for row in rows]
    # tabulate keeps two more columns for a head than its letters need.
    wide = [max([len(row[at]) for row in rows] + [len(name) + 2 for name in head[at : at + 1]]) for at in range(len(rows[0]))]
    limits = _fit(wide, width)
    rows = [[_cut(text, limit) for text, limit in zip(row, limits, strict=True)] for row in rows]
    head = [_cut(text, limit - 2) for text, limit in zip(head, limits, strict=False)]
    right = [_all_numbers([row[at] for row in table.rows]) for at in range(len(rows[0]))]
    body = tabulate(
        rows, headers=head, tablefmt="simple" if head else "plain", disable_numparse=True,
        colalign=["right" if head and numbers else "left" for numbers in right],
    )  # fmt: skip
    more = len(table.rows) - len(rows)
    lines = [visible(table.title, width=width)] if table.title else []
    return "\n".join([*lines, body, *([f"… and {more} more rows: --json has all"] if more > 0 else [])])


def _fit(widths: list[int], total: int) -> list[int]:
    """Column widths that fit into `total` with two spaces between: the widest give way first.

    >>> _fit([4, 30, 20], 40)
    [4, 16, 16]
    """
    room = max(total - 2 * (len(widths) - 1), 1)
    limit = max(widths, default=1)
    while limit > _NARROWEST and sum(min(width, limit) for width in widths) > room:
        limit -= 1
    return [min(width, limit) for width in widths]


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _all_numbers(values: list[Any]) -> bool:
    return all(value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)) for value in values)
