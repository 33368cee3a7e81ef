"""Which of a session's statements a result needs: from the surest few to all of them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence

from nbmlops.capture.slicing.slices import Slicer
from nbmlops.replay.extracting.statements import Execution, Statement
from nbmlops.runs.records import IN_PLACE

# Statements that change how values are shown, and no value. For a figure they may matter: then the result is not the same.
_FOR_THE_EYE = re.compile(
    r"""^\s*(?:%(?:matplotlib|config)\b|(?:\w+\.)*(?:rcParams\b|options\.display\b|set_option\(\s*["']display|set_printoptions\(|style\.use\("""
    r"""|filterwarnings\(|simplefilter\(|set_theme\(|set_style\(|set_context\(|set_palette\(|despine\(|tight_layout\(|show\(\s*\)))"""
)


class Needs:
    """Knows where every name's value comes from, statement by statement.

    `shell`: whether what magics and lines for the shell may have done counts.
    """

    def __init__(self, executions: Sequence[Execution], found: Sequence[Statement], *, shell: bool) -> None:
        self._executions = {one.position: one for one in executions}
        self._found = found
        self._slicer = Slicer()
        for one in found:
            self._slicer.note(one.number, one.names if shell else one.without_shell, {}, raised=one.raised)

    def of(self, names: Iterable[str]) -> set[int]:
        """The numbers of the statements that names' values are made of, those among them that wrote files which others read."""
        needed = set(self._slicer.needed(0, names))
        return self.with_writers(needed)

    def with_writers(self, needed: set[int]) -> set[int]:
        """Statements with those that wrote the files they read, and what these need in turn."""
        while True:
            more = {writer for number in needed for writer in self._writers(self._found[number])} - needed
            if not more:
                return needed
            needed = needed.union(more, *(self._slicer.needed(number) for number in more))

    def _writers(self, reader: Statement) -> set[int]:
        found: set[int] = set()
        for path in self._touched(reader, "read") | self._touched(reader, "import"):
            for position in sorted(self._executions, reverse=True):
                if position > reader.position or not self._wrote(position, path):
                    continue
                of_it = [one for one in self._found if one.position == position and one.number < reader.number]
                writing = [one for one in of_it if path in self._touched(one, "write")]
                found |= {one.number for one in writing}
                if any(use.note != IN_PLACE for use in self._executions[position].files if use.mode == "write" and use.path == path):
                    break  # it began the file anew: what was in it before does not matter
        return found

    def _wrote(self, position: int, path: str) -> bool:
        return any(use.mode == "write" and use.path == path for use in self._executions[position].files)

    def _touched(self, statement: Statement, mode: str) -> set[str]:
        """The files that a statement may have read or written: what its cell did and no other statement of it names."""
        if not (statement.calls or mode == "import"):
            return set()
        found = set()
        for use in self._executions[statement.position].files:
            if use.kind != "file" or use.mode != mode:
                continue
            name = os.path.basename(use.path.rstrip(os.sep))
            if name in statement.source or not any(
                name in one.source for one in self._found if one.position == statement.position and one.calls
            ):
                found.add(use.path)
        return found


def for_the_eye(statement: Statement) -> bool:
    """Whether a statement is there for what is seen, not for what is made.

    >>> from nbmlops.replay.extracting.statements import Execution, statements
    >>> cell = "pd.options.display.max_rows = 9\\nplt.show()\\nshow(x)\\nx = pd.options.display.max_rows"
    >>> [for_the_eye(one) for one in statements([Execution(position=0, cell="a", source=cell)])]
    [True, True, False, False]
    """
    lines = [line for line in statement.source.split("\n") if not line.lstrip().startswith("#")]
    return len(lines) == 1 and _FOR_THE_EYE.match(lines[0]) is not None and not statement.names.binds
