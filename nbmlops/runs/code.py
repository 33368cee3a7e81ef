"""The code of several runs side by side: which cell is which, and how each differs from the first run's."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from nbmlops.runs.records import RunRecord

ALIKE = 0.6  # as alike as a cell with another line or another number in it
_MOST_PAIRS = 4_000  # of cells without an id that are held against each other

Sources = list[tuple[str | None, str]]


def sources(record: RunRecord) -> Sources:
    """The code that made a run's models: each cell up to the last fit as it last ran, with its id where it has one."""
    last = max((fit.position for fit in record.fits if fit.position is not None), default=None)
    found: dict[str, tuple[str | None, str]] = {}
    for cell in record.cells:
        if last is None or cell.position <= last:
            found[cell.cell_id or cell.source] = (cell.cell_id, cell.source)
    return list(found.values())


def aligned(runs: Sequence[Sources]) -> list[list[str | None]]:
    """One row a cell, one source a run; None where a run has no such cell. Cells are the same by id, by text, or by likeness.

    >>> aligned([[("a", "x = 1"), ("b", "fit(x)")], [("a", "x = 2"), (None, "fit(x)"), (None, "plot()")]])
    [['x = 1', 'x = 2'], ['fit(x)', 'fit(x)'], [None, 'plot()']]
    """
    rows: list[list[str | None]] = [[source] + [None] * (len(runs) - 1) for _, source in runs[0]]
    ids: list[str | None] = [cell_id for cell_id, _ in runs[0]]
    for number, cells in enumerate(runs[1:], start=1):
        places = _places(cells, ids, rows)
        after = -1
        for at, (cell_id, source) in enumerate(cells):
            if (place := places.get(at)) is None:
                after += 1
                rows.insert(after, [None] * len(runs))
                ids.insert(after, cell_id)
                places = {other: there + (there >= after) for other, there in places.items()}
                place = after
            rows[place][number] = source
            after = place
    return rows


def _places(cells: Sources, ids: list[str | None], rows: list[list[str | None]]) -> dict[int, int]:
    """For each cell of a run the row it belongs to, if there is one; no row twice."""
    known = [next(source for source in row if source is not None) for row in rows]
    found: dict[int, int] = {}
    free = set(range(len(rows)))

    def take(cell: int, row: int) -> None:
        found[cell] = row
        free.discard(row)

    for at, (cell_id, _) in enumerate(cells):
        if cell_id is not None and cell_id in ids and ids.index(cell_id) in free:
            take(at, ids.index(cell_id))
    for at, (_, source) in enumerate(cells):
        if at not in found:
            same = next((row for row in sorted(free) if known[row] == source), None)
            if same is not None:
                take(at, same)
    left = [at for at in range(len(cells)) if at not in found]
    if len(left) * len(free) <= _MOST_PAIRS:
        pairs = sorted(((_likeness(cells[at][1], known[row]), -abs(at - row), at, row) for at in left for row in free), reverse=True)
        for likeness, _, at, row in pairs:
            if likeness >= ALIKE and at not in found and row in free:
                take(at, row)
    return found


def _likeness(one: str, other: str) -> float:
    matcher = difflib.SequenceMatcher(None, one[:2000], other[:2000], autojunk=False)
    if matcher.real_quick_ratio() < ALIKE or matcher.quick_ratio() < ALIKE:
        return 0.0
    return matcher.ratio()


def changes(before: str | None, after: str | None) -> str:
    """A unified diff of two sources without its head: what went with -, what came with +, two lines around.

    >>> print(changes("a = 1\\nb = 2", "a = 1\\nb = 3"))
     a = 1
    -b = 2
    +b = 3
    """
    lines = difflib.unified_diff((before or "").splitlines(), (after or "").splitlines(), lineterm="", n=2)
    kept = list(lines)[2:]
    return "\n".join(kept[1:] if kept[:1] and kept[0].startswith("@@") else kept)
