"""What a session executed, statement by statement, in the order it was executed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from nbmlops.capture.slicing.names import CellNames, Kind, analyse
from nbmlops.capture.slicing.parsing import parsed
from nbmlops.capture.slicing.steps import CellSteps, Do
from nbmlops.replay.written import is_done
from nbmlops.runs.records import FileUse

_WRAPPED = re.compile(r"\A(?:[ \t]*(?:#[^\n]*)?\n)*%%(?:(?:time|mlops|prun)\b[^\n]*|capture(?:[ \t]+--\S+)*[ \t]*)\n")
_ASKS_US = re.compile(r"^\s*(%mlops\b|%(re|un)?load_ext\s+nbmlops\b)")


@dataclass(frozen=True, kw_only=True)
class Execution:
    """One cell as it was executed once.

    `stopped`: the line at which it raised, 0 if nothing of it was executed; None if it came to its end. `kinds`: what the names it
    used were bound to, as far as it is known.
    """

    position: int
    source: str
    raised: bool = False
    stopped: int | None = None
    kinds: Mapping[str, Kind] | None = None
    files: Sequence[FileUse] = ()


@dataclass(frozen=True)
class Statement:
    """One statement as it was executed once; `number` counts all of the session's, in order."""

    number: int
    position: int
    source: str
    tree: ast.Module
    names: CellNames
    raised: bool = False

    @property
    def node(self) -> ast.stmt | None:
        """What it is, if it is Python and one thing."""
        return self.tree.body[0] if len(self.tree.body) == 1 else None

    @cached_property
    def of_the_shell(self) -> bool:
        """Whether it is a magic or a line for the shell."""
        node = self.node
        return isinstance(node, (ast.Expr, ast.Assign)) and "get_ipython()" in ast.unparse(node)

    @cached_property
    def without_shell(self) -> CellNames:
        """What it does to names, if what the shell does in it does not matter."""
        if not self.of_the_shell:
            return self.names
        steps = [step for step in self.names.steps.steps if step[0] not in (Do.OPAQUE, Do.WORDS)]
        kept = CellSteps(steps, self.names.steps.slots, self.names.steps.sure, self.names.steps.bound_by_functions)
        return replace(self.names, steps=kept, opaque=False)

    @property
    def calls(self) -> bool:
        """Whether it calls anything: what calls nothing reads and writes no file."""
        return any(isinstance(part, (ast.Call, ast.With)) for part in ast.walk(self.tree))


def statements(executions: Iterable[Execution]) -> list[Statement]:
    """Every statement that was executed, in order. What cannot be taken apart is one statement.

    >>> cell = "%pip install x\\n!git push\\n%load_ext nbmlops\\nhead = !git rev-parse HEAD"
    >>> [one.source for one in statements([Execution(position=0, source=cell)])]
    ['head = !git rev-parse HEAD']
    """
    found: list[Statement] = []
    for execution in executions:
        for source, tree, raised in _parts(execution):
            known = dict(execution.kinds or {})
            for earlier in reversed(found):
                if earlier.position != execution.position:
                    break
                for name in earlier.names.binds:
                    known.pop(name, None)
            names = analyse(tree, known.get) if tree.body else CellNames(opaque=True)
            found.append(Statement(len(found), execution.position, source, tree, names, raised))
    return found


def _parts(execution: Execution) -> list[tuple[str, ast.Module, bool]]:
    source = unwrapped(execution.source)
    dropped = execution.source.count("\n") - source.count("\n")
    stopped = None if execution.stopped is None else max(0, execution.stopped - dropped)
    if stopped == 0:
        return []
    tree, changed = parsed(source)
    if tree is None:
        return [(source, ast.Module([], []), execution.raised)]
    if execution.raised and stopped is None:
        return [(source, tree, True)]  # how far it came is not known
    found = []
    end = 0
    for node in tree.body:
        begin = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])
        if stopped is not None and begin > stopped:
            break
        raised = stopped is not None and begin <= stopped <= (node.end_lineno or begin)
        text = _text(source, changed, node, begin, end, tree)
        end = node.end_lineno or begin
        if not _ASKS_US.match(text) and not is_done(text):
            found.append((text, ast.Module([node], []), raised))
    return found


def unwrapped(source: str) -> str:
    """A cell without the magic that only times it, hides what it shows, or records it.

    >>> [unwrapped(cell) for cell in ("%%time\\nx = 1", "%%capture\\nf()", "%%capture out\\nf()", "%%bash\\nls")]
    ['x = 1', 'f()', '%%capture out\\nf()', '%%bash\\nls']
    """
    while (found := _WRAPPED.match(source)) is not None:
        source = source[found.end() :]
    return source


def _text(source: str, changed: str, node: ast.stmt, begin: int, end: int, tree: ast.Module) -> str:
    """A statement's text as it was written, with the comments right above it; as Python, where it shares a line with others."""
    if source.lstrip().startswith("%%"):
        return source
    last = node.end_lineno or begin
    lines = source.split("\n")
    alone = sum(one.lineno <= last and (one.end_lineno or one.lineno) >= begin for one in tree.body) == 1
    if not alone or len(changed.rstrip("\n").split("\n")) != len(source.rstrip("\n").split("\n")):
        return ast.get_source_segment(changed, node) or ast.unparse(node)
    above = begin - 1
    while above > end and lines[above - 1].lstrip().startswith("#") and not lines[above - 1].lstrip().startswith(("# %%", "#%%")):
        above -= 1
    return "\n".join(lines[above:last])
