"""Hidden state: values that reading the notebook from top to bottom would not give."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from nbmlops.capture.names import CellNames, analyse
from nbmlops.runs.records import HiddenState

Execution = tuple[int, str | None, str, CellNames]  # position, cell id, source, names


def hidden_state(executions: Sequence[Execution], cells: Sequence[tuple[str, str]] | None, wanted: Sequence[int]) -> list[HiddenState]:
    """Names that the `wanted` executions used, and that the notebook as it stands would not define so.

    `cells` is (id, source) of the saved file's code cells in order, or None. A file that does not have the newest executed
    cell is older than the session and accuses nobody of a deletion; a cell that still defines the name is not an edit.
    """
    asked = set(wanted)
    found: dict[str, HiddenState] = {}
    defined: dict[str, Execution] = {}
    by_id: dict[str, Execution] = {}
    last_of: dict[str, Execution] = {one[1]: one for one in executions if one[1]}
    place = {cell_id: at for at, (cell_id, _) in enumerate(cells or []) if cell_id}
    sources = dict(cells or [])
    saved = bool(cells) and any(one[1] in place for one in list(last_of.values())[-1:])
    for execution in executions:
        position, cell_id, _, names = execution
        if position in asked:
            for name in sorted(names.loads):
                definer = defined.get(name)
                if definer is None or definer[1] is None or definer[0] == position:
                    continue
                why = _why(name, definer, cell_id, last_of, place, sources, saved)
                if why is not None:
                    found.setdefault(name, HiddenState(name=name, why=why, position=definer[0], cell_id=definer[1]))
        for name in names.binds:
            defined[name] = execution
        if cell_id:
            by_id[cell_id] = execution
    return list(found.values())


def _why(name, definer, user, last_of, place, sources, saved):  # type: ignore[no-untyped-def]
    cell_id = definer[1]
    now = last_of[cell_id]
    if now is not definer and name not in now[3].binds:
        return "edited"
    if saved and cell_id not in place:
        return "deleted"
    if saved and now is definer and sources.get(cell_id) != definer[2] and name not in _binds(sources[cell_id]):
        return "edited"
    if saved and user in place and cell_id in place and place[cell_id] > place[user]:
        return "out of order"
    return None


def _binds(source: str) -> frozenset[str]:
    try:
        return analyse(ast.parse(source)).binds
    except (SyntaxError, ValueError, RecursionError):
        return frozenset()
