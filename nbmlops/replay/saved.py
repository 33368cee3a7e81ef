"""The notebook as it is saved now, held against the cells as they ran: which were edited, deleted, moved, added since."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nbmlops.capture.executed import own_command
from nbmlops.ledger.secrets import mask
from nbmlops.replay.records import Deviation
from nbmlops.replay.written import cells_in_order, notebook_of
from nbmlops.runs.records import Cell, MetricPoint, RunRecord

_INJECTED = "# Parameters"  # how papermill begins the cell that it puts in


@dataclass(frozen=True)
class Saved:
    """A notebook that is not any more what ran: what to execute, what was done to it, which of its cells is which of the run's.

    `places`: for each cell to execute, in order, the place its cell has among the run's, or None for one of no run.
    `again`: places of executions that a later one of the same cell followed.
    """

    notebook: Any
    changes: list[Deviation]
    places: list[int | None]
    again: frozenset[int] = frozenset()

    def of_record(self, record: RunRecord) -> RunRecord:
        """The record without executions that were followed by another of the same cell: a notebook has each cell once."""
        cells = [cell for at, cell in enumerate(cells_in_order(record)) if at not in self.again]
        return _only(record, cells) if self.again else record

    def of_execution(self, done: RunRecord, record: RunRecord) -> RunRecord:
        """The record of executing it, its cells at the positions that they have in the run's."""
        cells, ran = cells_in_order(done), cells_in_order(record)
        to = {cell.position: ran[place].position for cell, place in zip(cells, self.places, strict=False) if place is not None}
        found = _only(done, [cell for cell in cells if cell.position in to])
        if not self.again:
            found = replace(found, history=done.history)
        return replace(
            found,
            cells=[replace(cell, position=to[cell.position]) for cell in found.cells],
            files=[replace(use, position=to.get(_at(use.position), use.position)) for use in found.files],
            seeds=[replace(seed, position=to.get(_at(seed.position), seed.position)) for seed in found.seeds],
            predictions=[replace(one, position=to.get(_at(one.position), one.position)) for one in found.predictions],
            variables=[replace(one, position=to.get(_at(one.position), one.position)) for one in found.variables],
            fits=[replace(fit, position=to.get(_at(fit.position))) for fit in done.fits],
        )


def as_saved(record: RunRecord) -> Saved | None:
    """The run's notebook where it was changed since; None where it is the same, or not there to be read.

    Of a session's notebook, only the cells that belong to the run are taken: what else it holds is none of the run's business.
    """
    found = _code_cells(record.run.notebook)
    ran = cells_in_order(record)
    if not found or not ran:
        return None
    session = record.run.kind in ("live", "explicit")
    again = _followed(ran) if session else set()
    asked = [at for at in range(len(ran)) if at not in again]
    pairs = _matched([(at, ran[at]) for at in asked], found, in_order=not session)
    given = {at for at in asked if at not in pairs and not session and ran[at].source.startswith(_INJECTED)}
    if session:
        kept = sorted(pairs.values())
    else:
        whole = record.run.status == "finished"
        kept = list(range(len(found) if whole else max(pairs.values(), default=-1) + 1))
    changes = _changes(ran, found, [at for at in asked if at not in given], pairs, kept)
    changes += [Deviation(part="cell", name="executed again", cell=ran[at].position, before=None, after=None) for at in sorted(again)]
    if not changes:
        return None
    place_of = {saved: at for at, saved in pairs.items()}
    order: list[tuple[int | None, str]] = [(place_of.get(saved), found[saved][1]) for saved in kept]
    for at in sorted(given):  # where it stood: before the first cell that came after it
        after = next((number for number, (place, _) in enumerate(order) if place is not None and place > at), len(order))
        order.insert(after, (at, ran[at].source))
    places = [place for place, _ in order]
    raising = [place is not None and ran[place].error is not None and place + 1 < len(ran) for place in places]
    return Saved(notebook_of([source for _, source in order], raising), changes, places, frozenset(again))


def _code_cells(notebook: str | None) -> list[tuple[str | None, str]]:
    """Id and source of a notebook's code cells; those with nothing in them, or nothing but a question to nbmlops, left out."""
    try:
        content = json.loads(Path(notebook or "").read_text("utf-8"))
        cells = [(cell.get("id"), cell["source"]) for cell in content["cells"] if cell["cell_type"] == "code"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []
    joined = [(name, "".join(source) if isinstance(source, list) else str(source)) for name, source in cells]
    return [(name, source) for name, source in joined if source.strip() and not own_command(source)]


def _followed(ran: Sequence[Cell]) -> set[int]:
    last = {cell.cell_id or cell.source: at for at, cell in enumerate(ran)}
    return set(range(len(ran))) - set(last.values())


def _matched(ran: list[tuple[int, Cell]], found: list[tuple[str | None, str]], *, in_order: bool) -> dict[int, int]:
    """Which saved cell is which: by id, by source, and where whole notebooks are compared, by standing in the same place."""
    ids = {name: at for at, (name, _) in enumerate(found) if name is not None}
    pairs = {at: ids[cell.cell_id] for at, cell in ran if cell.cell_id in ids}
    for edited in (False, True)[: 1 + in_order]:
        left = [(at, cell) for at, cell in ran if at not in pairs and not cell.source.startswith(_INJECTED)]
        free = [at for at in range(len(found)) if at not in pairs.values()]
        sources = [_plain(cell.source) for _, cell in left], [_plain(mask(found[at][1])) for at in free]
        for how, a, b, c, d in difflib.SequenceMatcher(None, *sources, autojunk=False).get_opcodes():
            if how == "equal" or (edited and how == "replace" and b - a == d - c):
                pairs |= {left[a + n][0]: free[c + n] for n in range(b - a)}
        by_source = {_plain(mask(found[at][1])): at for at in reversed(free) if at not in pairs.values()}
        pairs |= {at: by_source.pop(text) for at, cell in left if at not in pairs and (text := _plain(cell.source)) in by_source}
    return pairs


def _changes(
    ran: Sequence[Cell], found: list[tuple[str | None, str]], asked: Iterable[int], pairs: dict[int, int], kept: list[int]
) -> list[Deviation]:  # fmt: skip
    changes = []
    for at in asked:
        cell = ran[at]
        if at not in pairs:
            changes.append(Deviation(part="cell", name="deleted", cell=cell.position, before=cell.source, after=None))
        elif _plain(cell.source) != (now := _plain(mask(found[pairs[at]][1]))):
            changes.append(Deviation(part="cell", name="edited", cell=cell.position, before=cell.source, after=now))
    order = [at for at in sorted(pairs)]
    by_file = sorted(order, key=lambda at: pairs[at])
    moved = next((one for one, other in zip(order, by_file, strict=True) if one != other), None)
    if moved is not None:
        changes.append(Deviation(part="cell", name="moved", cell=ran[moved].position, before=None, after=None))
    for saved in kept:
        if saved not in pairs.values():
            before = max((at for at, other in pairs.items() if other < saved), default=None)
            cell_before = ran[before].position if before is not None else None
            changes.append(Deviation(part="cell", name="added", cell=cell_before, before=None, after=found[saved][1]))
    return changes


def _only(record: RunRecord, cells: list[Cell]) -> RunRecord:
    """A record of some of its cells, with the last value of each metric."""
    kept = {cell.position for cell in cells}
    last: dict[str, MetricPoint] = {point.name: replace(point, step=0) for point in record.history}
    return replace(
        record,
        cells=cells,
        files=[use for use in record.files if use.position is None or use.position in kept],
        seeds=[seed for seed in record.seeds if seed.position is None or seed.position in kept],
        predictions=[one for one in record.predictions if one.position in kept],
        variables=[one for one in record.variables if one.position is None or one.position in kept],
        fits=[fit for fit in record.fits if fit.position is None or fit.position in kept],
        history=list(last.values()),
    )


def _at(position: int | None) -> int:
    return -1 if position is None else position


def _plain(source: str) -> str:
    return "\n".join(line.rstrip() for line in source.strip().splitlines())
