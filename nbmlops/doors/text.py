"""Records as plain text for people: a terminal, or a notebook without HTML."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from typing import Any

from nbmlops.doors.tables import Lines, Table, shown, tables_of, visible, words

_MOST_ROWS = 60
_NARROWEST = 8
_READABLE = 12


def text_of(value: Any, *, width: int | None = None) -> str:
    """All tables of a value, cut to `width` columns (the terminal's).

    >>> print(text_of([], width=40))
    Nothing yet.
    """
    width = width or shutil.get_terminal_size((120, 40)).columns
    if type(value).__name__ == "Lock":
        return str(value.text).rstrip()
    if type(value).__name__ == "ModelCard":
        from nbmlops.cards.files import markdown_of

        return markdown_of(value).rstrip()
    if type(value).__name__ == "Lineage":
        from nbmlops.doors.lineage_text import tree

        return tree(value, width=width)
    found = [_lines(part, width) if isinstance(part, Lines) else _table(part, width) for part in tables_of(value)]
    return "\n\n".join(part for part in found if part)


def _lines(part: Lines, width: int) -> str:
    shown_lines = (visible(line.expandtabs(4), width=width) for line in part.lines)
    return "\n".join([visible(part.title, width=width), *shown_lines])


def _table(table: Table, width: int) -> str:
    from tabulate import tabulate

    if not table.rows:
        return table.empty
    rows = [[shown(value, width=400) for value in row] for row in table.rows[:_MOST_ROWS]]
    head = [visible(words(name), width=60) for name in table.head]
    if not head:
        rows = [[words(row[0]), *row[1:]] for row in rows]
    # tabulate keeps two more columns for a head than its letters need.
    wide = [max([len(row[at]) for row in rows] + [len(name) + 2 for name in head[at : at + 1]]) for at in range(len(rows[0]))]
    whole = {at for at, name in enumerate(table.head) if name == "id"}  # an id is there to be copied
    kept = _kept(wide, width, whole) if head else len(wide)
    left_out, head, wide = len(wide) - kept, head[:kept], wide[:kept]
    rows = [row[:kept] for row in rows]
    limits = _fit(wide, width, whole)
    rows = [[_cut(text, limit) for text, limit in zip(row, limits, strict=True)] for row in rows]
    head = [_cut(text, limit - 2) for text, limit in zip(head, limits, strict=False)]
    right = [_all_numbers([row[at] for row in table.rows]) for at in range(len(wide))]
    body = tabulate(
        rows, headers=head, tablefmt="simple" if head else "plain", disable_numparse=True,
        colalign=["right" if head and numbers else "left" for numbers in right],
    )  # fmt: skip
    more = len(table.rows) - len(rows)
    lines = [visible(table.title, width=width)] if table.title else []
    if more > 0:
        lines_after = [f"… and {more} more rows: --json has all"]
    else:
        lines_after = [f"… and {left_out} more columns: a wider terminal or --json has all"] if left_out else []
    return "\n".join([*lines, body, *lines_after])


def _kept(widths: list[int], total: int, whole: Collection[int]) -> int:
    """How many columns, from the left, fit into `total` without being cut beyond reading.

    >>> _kept([23, 30, 30, 30], 60, {0})
    3
    """
    count = len(widths)
    while count > 3 and sum(w if at in whole else min(w, _READABLE) for at, w in enumerate(widths[:count])) + 2 * (count - 1) > total:
        count -= 1
    return count


def _fit(widths: list[int], total: int, whole: Collection[int] = ()) -> list[int]:
    """Column widths that fit into `total` with two spaces between: the widest give way first, those of `whole` never.

    >>> _fit([4, 30, 20], 40), _fit([23, 30, 20], 60, {0})
    ([4, 16, 16], [23, 16, 16])
    """
    room = max(total - 2 * (len(widths) - 1), 1)
    limit = max(widths, default=1)
    while limit > _NARROWEST and sum(width if at in whole else min(width, limit) for at, width in enumerate(widths)) > room:
        limit -= 1
    return [width if at in whole else min(width, limit) for at, width in enumerate(widths)]


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _all_numbers(values: list[Any]) -> bool:
    return all(value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)) for value in values)
