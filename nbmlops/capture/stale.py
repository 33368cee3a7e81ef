"""What in a session is not any more as it looks: cells whose inputs have changed since, names whose definition is gone.

A cell is stale if another execution has made anew, or changed, what it used; what it changes itself is its output. Executing it
again would change what it makes, and the cells that used that would be stale in turn.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from types import ModuleType

from nbmlops.capture.records import CellState, SessionState
from nbmlops.capture.session import Session
from nbmlops.capture.showing.where import notebook_of
from nbmlops.capture.slicing.hidden import Execution, hidden_state
from nbmlops.capture.slicing.names import analyse
from nbmlops.runs.records import HiddenState


def state_of_session(session: Session) -> SessionState:
    """The session as it is now: each cell as it was executed last, in the order of that."""
    executed = session.executed.all
    last = sorted({one[1] or one[2]: one for one in executed}.values(), key=lambda one: one[0])
    counts = {cell.position: cell.execution_count for cell in session.memory.cells()}
    notebook, _ = notebook_of(session.shell, executed=session.executed.sources)
    cells = [_cell(session, one, last, counts) for one in last]
    return SessionState(notebook=notebook, executed=len(executed), cells=cells, hidden=_hidden(session, notebook))


def _cell(session: Session, one: Execution, last: Sequence[Execution], counts: dict[int, int | None]) -> CellState:
    position, cell_id, source, names = one
    held = session.shell.user_ns
    own = names.touches | set(names.flow.values)
    called = set().union(*(bodies for name, bodies in names.flow.functions.items() if name not in names.binds))
    since = {}
    for name in sorted((names.loads | called) - own):
        later = [at for at in session.slicer.makers(name) if at > position]
        if later and not isinstance(held.get(name), ModuleType):
            since[name] = later
    after = [other for other in last if other[0] > position and position in session.slicer.needed(other[0])]
    return CellState(
        position=position, cell_id=cell_id, execution_count=counts.get(position), source=_first_line(source), stale=bool(since),
        why="; ".join(f"{name} was made anew or changed by {_named(later, counts)}" for name, later in since.items()),
        makes=sorted(name for name in own if name in held and not isinstance(held[name], ModuleType)),
        used_by=[counts.get(other[0]) or other[0] for other in after],
    )  # fmt: skip


def _named(positions: Sequence[int], counts: dict[int, int | None]) -> str:
    return ", ".join(f"[{counts.get(at) or at}]" for at in positions)


def _first_line(source: str) -> str:
    lines = [line.strip() for line in source.split("\n")]
    return next((line for line in lines if line and not line.startswith("#")), lines[0])[:120]


def _hidden(session: Session, notebook: str | None) -> list[HiddenState]:
    """Names that are there, and that reading the notebook from top to bottom would not give so."""
    bound = sorted({name for one in session.executed.all for name in one[3].binds} & set(session.shell.user_ns))
    names = [name for name in bound if not isinstance(session.shell.user_ns[name], ModuleType)]
    cells, saved = session.as_saved(notebook)
    end = 1 + max((one[0] for one in session.executed.all), default=0)
    asks: Execution = (end, None, "\n".join(names), analyse(ast.parse("\n".join(names))))
    return hidden_state([*session.executed.all, asks], cells, [end], saved=saved)
