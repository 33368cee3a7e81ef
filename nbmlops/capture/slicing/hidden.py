"""Hidden state: values that reading the notebook from top to bottom would not give.

An accusation needs proof. The saved file lags behind the session by minutes: what it lacks counts as deleted, and what it says
otherwise as edited, only where it is known to have been saved after the defining execution. A statement that stands in another
cell now (cells were split, merged, cut and pasted) is still there. A cell that was edited and still binds the name is at work,
not hidden.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

from nbmlops.capture.slicing.names import CellNames, analyse
from nbmlops.capture.slicing.parsing import parsed
from nbmlops.runs.records import HiddenState

Execution = tuple[int, str | None, str, CellNames]  # position, cell id, source, names


def hidden_state(
    executions: Sequence[Execution], cells: Sequence[tuple[str, str]] | None, wanted: Sequence[int], *, saved: int | None = None
) -> list[HiddenState]:
    """Names that the `wanted` executions used, and that the notebook as it stands would not define so.

    `cells` is (id, source) of the saved file's code cells in order, or None. `saved`: the last position that had been executed
    when the file was saved; without it, the file is believed as far as it shows what was typed later.
    """
    notebook = _Notebook(executions, cells or [], saved)
    asked = set(wanted)
    found: dict[str, HiddenState] = {}
    defined: dict[str, Execution] = {}
    bodies: dict[str, frozenset[str]] = {}
    for execution in executions:
        names = execution[3]
        if execution[0] in asked:
            for name in sorted(_used(names, bodies)):
                definer = defined.get(name)
                if definer is None or definer[1] is None or name in found:
                    continue
                why = notebook.why(name, definer, execution)
                if why is not None:
                    found[name] = HiddenState(name=name, why=why, position=definer[0], cell_id=definer[1])
        for name in names.binds:
            defined[name] = execution
            bodies.pop(name, None)
        bodies.update(names.flow.functions)
    return list(found.values())


class _Notebook:
    """The notebook as it stands, by the file and by what was executed last of each cell."""

    def __init__(self, executions: Sequence[Execution], cells: Sequence[tuple[str, str]], saved: int | None) -> None:
        self.executions = executions
        self.last = {one[1]: one for one in executions if one[1]}
        self.place = {cell_id: at for at, (cell_id, _) in enumerate(cells) if cell_id}
        self.cells = cells
        self.sources = dict(cells)
        self.saved = _shown(executions, self.sources) if saved is None else saved

    def why(self, name: str, definer: Execution, user: Execution) -> Literal["edited", "deleted", "out of order"] | None:
        """Why this definition is hidden from who reads the notebook; None if it is not."""
        cell_id = definer[1] or ""
        if cell_id == user[1]:
            return "out of order" if _repeats(name, definer, user) else None
        now = self.last[cell_id]
        if now[0] > definer[0] and _no_longer(now[2], name) and not self._elsewhere(name, definer, user):
            return "edited"
        if self.place and definer[0] <= self.saved:
            if cell_id not in self.place:
                return None if self._elsewhere(name, definer, user) else "deleted"
            if now is definer and _no_longer(self.sources[cell_id], name) and not self._elsewhere(name, definer, user):
                return "edited"
        return "out of order" if self._out_of_order(name, definer, user) else None

    def _elsewhere(self, name: str, definer: Execution, user: Execution) -> bool:
        """Whether another cell above the using one defines the name by the same statement."""
        wanted = _bindings(definer[2], name)
        if not wanted:
            return True  # unreadable: no proof
        if self.place:
            end = self.place.get(user[1] or "", len(self.cells))
            sources = [source for _, source in self.cells[:end]]
        else:
            sources = [one[2] for one in self.last.values()]
        return any(set(wanted) <= set(_bindings(source, name) or ()) for source in sources)

    def _out_of_order(self, name: str, definer: Execution, user: Execution) -> bool:
        at, use = self.place.get(definer[1] or ""), self.place.get(user[1] or "")
        if at is None or use is None:
            return False
        if at > use:
            return not self._elsewhere(name, definer, user)
        # Another cell between the two binds the name too, and had been executed before the use: whose turn it is matters.
        wanted = _bindings(definer[2], name)
        for one in self.executions:
            if one[0] >= user[0]:
                break
            between = self.place.get(one[1] or "")
            if between is not None and at < between < use and name in one[3].sure and self.last[one[1] or ""][0] == one[0]:
                bound = _bindings(one[2], name)
                if bound and wanted and bound != wanted:
                    return True
        return False


def _used(names: CellNames, bodies: dict[str, frozenset[str]]) -> set[str]:
    """The names an execution loads, and those that the functions among them load when they are called."""
    found: set[str] = set()
    asked = set(names.loads)
    while asked:
        name = asked.pop()
        if name not in found:
            found.add(name)
            asked |= bodies.get(name, frozenset()) - names.binds
    return found


def _shown(executions: Sequence[Execution], sources: dict[str, str]) -> int:
    """The last position that the file is proved to be younger than.

    A cell whose source in the file was executed after another source of the same cell had been: it was typed in between.
    """
    proved = -1
    before: dict[str | None, Execution] = {}
    for one in executions:
        earlier = before.get(one[1])
        if one[1] and earlier is not None and earlier[2] != one[2] and sources.get(one[1]) == one[2]:
            proved = earlier[0]
        before[one[1]] = one
    return proved


def _repeats(name: str, definer: Execution, user: Execution) -> bool:
    """`n = n + 1`, executed again: once from top to bottom would give another value. `d = d.dropna()` would not."""
    if definer[0] == user[0] or definer[2] != user[2]:
        return False
    for node in _statements(user[2]) or ():
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name) and node.target.id == name:
            return True
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.BinOp)
            and any(isinstance(target, ast.Name) and target.id == name for target in node.targets)
            and any(isinstance(part, ast.Name) and part.id == name for part in ast.walk(node.value))
        ):
            return True
    return False


def _no_longer(source: str, name: str) -> bool:
    return _bindings(source, name) == ()


@lru_cache(maxsize=4096)
def _bindings(source: str, name: str) -> tuple[str, ...] | None:
    """The statements of a cell that bind a name; None if the cell cannot be read."""
    statements = _statements(source)
    if statements is None:
        return None
    found = []
    for node in statements:
        if name in analyse(ast.Module([node], [])).binds:
            found.append(ast.dump(node))
    return tuple(found)


@lru_cache(maxsize=512)
def _statements(source: str) -> tuple[ast.stmt, ...] | None:
    tree, _ = parsed(source)
    return None if tree is None else tuple(tree.body)
