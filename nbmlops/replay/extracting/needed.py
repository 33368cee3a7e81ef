"""Which of a session's statements a result needs: from the surest few to all of them."""

from __future__ import annotations

import ast
import os
import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from nbmlops.capture.slicing.names import CellNames
from nbmlops.capture.slicing.slices import Slicer
from nbmlops.capture.slicing.steps import Do
from nbmlops.replay.extracting.statements import Execution, Statement
from nbmlops.runs.records import IN_PLACE

_NAME = re.compile(r"[^\W\d]\w*")
_OPENS = re.compile(r"""["'](?:a|w|x|r\+)[bt]?\+?["']""")
_WRITEFILE = re.compile(r"\s*%%(?:writefile|file)[ \t]+(-a[ \t]+|--append[ \t]+)?(\S+)")
_DEEP = 4

# Statements that change how values are shown, and no value. For a figure they may matter: then the result is not the same.
_FOR_THE_EYE = re.compile(
    r"""^\s*(?:%(?:matplotlib|config)\b|(?:\w+\.)*(?:rcParams\b|options\.display\b|set_option\(\s*["']display|set_printoptions\(|style\.use\("""
    r"""|filterwarnings\(|simplefilter\(|set_theme\(|set_style\(|set_context\(|set_palette\(|despine\(|tight_layout\(|show\(\s*\)))"""
)


class Needs:
    """Knows where every name's value comes from, statement by statement.

    `trusting`: whether what nobody knows is taken to leave its arguments as they are. `texts`: whether words in texts are names too,
    as they are in formulas and in SQL over frames. `shell`: whether what magics and lines for the shell may have done counts.
    """

    def __init__(self, executions: Sequence[Execution], found: Sequence[Statement], *, trusting: bool, texts: bool, shell: bool) -> None:
        self._executions = {one.position: one for one in executions}
        self._found = found
        self._texts: dict[int, str] = {}
        self._touches: dict[tuple[int, str], set[str]] = {}
        self._sql_writes: dict[str, set[int]] = {}
        self._folders: dict[str, set[int]] = {}  # by whom each was made
        for execution in executions:
            for use in execution.files:
                if use.kind == "folder" and use.mode == "write":
                    self._folders.setdefault(use.path, set()).add(execution.position)
                if use.kind == "sql" and use.mode == "write":
                    self._sql_writes.setdefault(use.path, set()).add(execution.position)
        self._binders: dict[str, list[int]] = {}
        self._by_position: dict[int, list[Statement]] = {}
        self._slicer = Slicer(trusting=trusting)
        held: dict[str, str] = {}  # texts by the names that they are bound to
        for one in found:
            names = one.names if shell else one.without_shell
            self._slicer.note(one.number, _with_texts(one, names, held) if texts else names, {}, raised=one.raised)
            node = one.node
            for name in names.binds:
                held.pop(name, None)
                if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
                    held[name] = node.value.value

    def of(self, names: Iterable[str]) -> set[int]:
        """The numbers of the statements that names' values are made of, those among them that wrote files which others read."""
        needed = set(self._slicer.needed(0, names))
        asked = list(needed)
        while asked:  # those that wrote the files they read, and what these need in turn
            one = self._found[asked.pop()]
            for number in self._writers(one) | self._loaders(one) | self._changed_in_databases(one) | self._folder_makers(one):
                if number not in needed:
                    more = {number, *self._slicer.needed(number)} - needed
                    needed |= more
                    asked += more
        return needed

    def _writers(self, reader: Statement) -> set[int]:
        """The statements that wrote what a statement read: back to the last that began the file anew."""
        found: set[int] = set()
        for path in self._touched(reader, "read") | self._touched(reader, "import"):
            for writer in reversed(self._found[: reader.number]):
                cell = _WRITEFILE.match(writer.source)
                is_cell = cell is not None and os.path.basename(cell[2]) == os.path.basename(path)
                if not is_cell and path not in self._touched(writer, "write") and not self._opens(writer, path):
                    continue
                found.add(writer.number)
                found |= self._through(writer, reader)
                uses = self._executions[writer.position].files
                if is_cell and cell is not None:
                    anew = not cell[1]
                else:
                    anew = any(use.mode == "write" and use.path == path and use.note != IN_PLACE for use in uses)
                if anew:
                    break
        return found

    def _folder_makers(self, statement: Statement) -> set[int]:
        """The statements that made the folders which the files it reads and writes are in."""
        paths = self._touched(statement, "read") | self._touched(statement, "write")
        wanted = {folder for path in paths for folder in self._folders if path.startswith(folder + os.sep)}
        found = set()
        for folder in wanted:
            makers = [one for one in self._found[: statement.number] if one.position in self._folders[folder] and one.calls]
            naming = [one for one in makers if os.path.basename(folder) in self._text(one)]
            found |= {one.number for one in naming or makers}
        return found

    def _loaders(self, statement: Statement) -> set[int]:
        """The statements that loaded the modules it imports before: importing one again changes nothing."""
        if not isinstance(statement.node, (ast.Import, ast.ImportFrom)):
            return set()
        names = set(_NAME.findall(statement.source))
        before = self._found[: statement.number]
        return {one.number for one in before if any(names & _stems(path) for path in self._modules(one))}

    def _modules(self, statement: Statement) -> set[str]:
        """The files of the user's own that a statement loaded as modules."""
        return {path for path in self._touched(statement, "import") if any(stem in statement.source for stem in _stems(path))}

    def _changed_in_databases(self, statement: Statement) -> set[int]:
        """The statements that changed what is in the databases it asks or changes."""
        if not statement.calls:
            return set()
        asked = {use.path for use in self._executions[statement.position].files if use.kind == "sql"}
        changed = set().union(*(self._sql_writes.get(path, ()) for path in asked))
        return {one.number for one in self._found[: statement.number] if one.position in changed and one.calls} if changed else set()

    def _through(self, writer: Statement, reader: Statement) -> set[int]:
        """The statements in between that used what the writer opened: they may have written through it."""
        found = set()
        open_names = set(writer.names.binds)
        for one in self._found[writer.number + 1 : reader.number]:
            if open_names & (one.names.loads | set(one.names.flow.values)):
                found.add(one.number)
            open_names -= one.names.sure
        return found

    def _opens(self, statement: Statement, path: str) -> bool:
        """Whether it says itself that it opens a file to write to it: what is written may reach the file much later."""
        return _OPENS.search(statement.source) is not None and os.path.basename(path) in self._text(statement)

    def _touched(self, statement: Statement, mode: str) -> set[str]:
        """The files that a statement may have read or written: of what its cell did, what it names, and what no statement names."""
        if not (statement.calls or mode == "import"):
            return set()
        known = self._touches.get((statement.number, mode))
        if known is not None:
            return known
        found = self._touches[statement.number, mode] = set()
        for use in self._executions[statement.position].files:
            if use.kind == "file" and use.mode == mode and use.path not in found:
                name = os.path.basename(use.path.rstrip(os.sep))
                if name in self._text(statement) or not any(name in self._text(one) for one in self._of(statement.position)):
                    found.add(use.path)
        return found

    def _of(self, position: int) -> list[Statement]:
        if not self._by_position:
            for one in self._found:
                self._by_position.setdefault(one.position, []).append(one)
        return [one for one in self._by_position[position] if one.calls]

    def _text(self, statement: Statement) -> str:
        """A statement's source and that of what bound the names it uses: functions that it calls, texts that it is given."""
        known = self._texts.get(statement.number)
        if known is None:
            seen, asked = {statement.number}, [(statement, 0)]
            while asked:
                one, depth = asked.pop()
                for word in _NAME.findall(one.source) if depth < _DEEP else ():
                    binder = self._bound_before(word, one.number)
                    if binder is not None and binder not in seen:
                        seen.add(binder)
                        asked.append((self._found[binder], depth + 1))
            known = self._texts[statement.number] = "\n".join(self._found[number].source for number in sorted(seen))
        return known

    def _bound_before(self, name: str, number: int) -> int | None:
        if not self._binders:
            for one in self._found:
                for bound in one.names.binds:
                    self._binders.setdefault(bound, []).append(one.number)
        binders = self._binders.get(name, [])
        at = bisect_left(binders, number)
        return binders[at - 1] if at else None


def _with_texts(statement: Statement, names: CellNames, held: Mapping[str, str]) -> CellNames:
    """What a statement does to names, if the words of the texts it gives to calls are names that it loads."""
    calls = [part for part in ast.walk(statement.tree) if isinstance(part, ast.Call)]
    texts = [part.value for call in calls for part in ast.walk(call) if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    if calls:
        texts += [held[name] for name in names.loads if name in held]
    words = sorted({word for text in texts for word in _NAME.findall(text)})
    slots = names.steps.slots
    loads = [(Do.LOAD, slots + at, word, False) for at, word in enumerate(words)]
    return replace(names, steps=replace(names.steps, steps=[*loads, *names.steps.steps], slots=slots + len(words)))


def _stems(path: str) -> set[str]:
    """What a module's file may be called in an import: by its own name, or, of a package, by its folder's."""
    stem = os.path.splitext(os.path.basename(path))[0]
    return {os.path.basename(os.path.dirname(path))} if stem == "__init__" else {stem}


def for_the_eye(statement: Statement) -> bool:
    """Whether a statement is there for what is seen, not for what is made.

    >>> from nbmlops.replay.extracting.statements import Execution, statements
    >>> cell = "pd.options.display.max_rows = 9\\nplt.show()\\nshow(x)\\nx = pd.options.display.max_rows"
    >>> [for_the_eye(one) for one in statements([Execution(position=0, source=cell)])]
    [True, True, False, False]
    """
    lines = [line for line in statement.source.split("\n") if not line.lstrip().startswith("#")]
    return len(lines) == 1 and _FOR_THE_EYE.match(lines[0]) is not None and not statement.names.binds
