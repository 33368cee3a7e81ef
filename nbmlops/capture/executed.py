"""What a session executed, as it was typed: which cell, its source, what it did to names, how far it came."""

from __future__ import annotations

from typing import Any

from nbmlops.capture.slicing.hidden import Execution
from nbmlops.capture.slicing.names import CellNames

MOST = 5_000


class Executed:
    """A session's executions in order; of a very long session the last ones."""

    def __init__(self) -> None:
        self.all: list[Execution] = []
        self.stopped: dict[int, int] = {}  # by position: the line at which it raised; 0 where nothing of it was executed

    def note(self, position: int, cell_id: str | None, source: str, names: CellNames, result: Any, namespace: Any) -> None:
        """An execution has ended."""
        self.all.append((position, cell_id, source, names))
        if result.error_before_exec is not None:
            self.stopped[position] = 0
        elif result.error_in_exec is not None:
            self.stopped[position] = stopped_at(result.error_in_exec, namespace)
        del self.all[:-MOST]

    @property
    def sources(self) -> list[str]:
        """What was typed, in order."""
        return [source for _, _, source, _ in self.all]


def stopped_at(problem: BaseException, namespace: Any) -> int:
    """The line of a cell at which it raised; 0 where it never began."""
    trace = problem.__traceback__
    while trace is not None:
        if trace.tb_frame.f_globals is namespace and trace.tb_frame.f_code.co_name == "<module>":
            return trace.tb_lineno or 0
        trace = trace.tb_next
    return 0


def own_command(source: str) -> bool:
    """Whether a cell only asks nbmlops something, which is not part of the experiment."""
    lines = [line for line in source.strip().splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return bool(lines) and all(line.lstrip().startswith(("%mlops", "%load_ext nbmlops", "%unload_ext nbmlops")) for line in lines)
