"""Statements as a clean notebook: what it is, imports, parameters, the work, what it must give."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from nbmlops.replay.extracting.literals import Parameter, gathered
from nbmlops.replay.extracting.statements import Statement

EXTRACTED = "extracted"  # under `nbmlops` in a notebook's metadata: what it is


@dataclass
class Laid:
    """A notebook's cells before it is one."""

    imports: list[str] = field(default_factory=list)
    parameters: list[Parameter] = field(default_factory=list)
    body: list[tuple[str, bool]] = field(default_factory=list)  # source, may raise
    result: str = ""
    about: str = ""

    @property
    def cells(self) -> int:
        """How many cells make the result."""
        return bool(self.imports) + bool(self.parameters) + len(self.body)

    @property
    def lines(self) -> int:
        """How many lines they have."""
        texts = ["\n".join(self.imports), *(one.line for one in self.parameters), *(source for source, _ in self.body)]
        return sum(1 for text in texts for line in text.split("\n") if line.strip())

    def notebook(self) -> Any:
        """The notebook, its parameters cell tagged as papermill reads it."""
        import nbformat

        found = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}})
        found.metadata["language_info"] = {"name": "python"}

        def code(source: str, name: str, *tags: str) -> None:
            cell = nbformat.v4.new_code_cell(source, id=name)
            if tags:
                cell.metadata["tags"] = list(tags)
            found.cells.append(cell)

        if self.about:
            found.cells.append(nbformat.v4.new_markdown_cell(self.about, id="about"))
        if self.imports:
            code("\n".join(self.imports), "imports")
        if self.parameters:
            code("\n".join(["# parameters", *(one.line for one in self.parameters)]), "parameters", "parameters")
        for at, (source, may_raise) in enumerate(self.body):
            code(source, f"cell-{at}", *(["raises-exception"] if may_raise else []))
        if self.result:
            code(self.result, "result")
        return found


def laid_out(needed: Sequence[Statement], *, tidy: bool, files: Iterable[str] = (), own: Iterable[str] = (), folder: str = "") -> Laid:
    """Statements in the order they were executed, one cell for what one cell executed.

    `tidy`: imports first, in one cell, without the names that nobody uses; then the parameters. `files` were read; `own` are the
    modules that stand beside the notebook and are imported where they were.
    """
    laid = Laid()
    left = list(needed)
    texts = {one.number: one.source for one in needed}
    if tidy:
        moved = _imports(needed, frozenset(own))
        laid.imports = list(dict.fromkeys(line for one in needed if one.number in moved for line in moved[one.number]))
        left = [one for one in needed if one.number not in moved]
        found = gathered(left, files=files, folder=folder)
        laid.parameters, texts = found.parameters, found.texts
    for position in dict.fromkeys(one.position for one in left):
        of_it = [one for one in left if one.position == position and one.number in texts]
        if of_it:
            laid.body.append((_joined([(texts[one.number], one) for one in of_it]), any(one.raised for one in of_it)))
    return laid


def _joined(parts: Sequence[tuple[str, Statement]]) -> str:
    """Texts of one cell; functions and classes stand apart, as they do in a module."""
    whole = ""
    after = False
    for text, one in parts:
        defines = isinstance(one.node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        if text.lstrip().startswith("%%"):
            return text  # a cell magic is a cell
        gap = "" if not whole else "\n\n\n" if (defines or after) else "\n"
        whole += gap + text.strip("\n")
        after = defines
    return whole


def _imports(needed: Sequence[Statement], own: frozenset[str]) -> dict[int, list[str]]:
    """The lines that import what statements import, by statement, where it does not matter when that is done."""
    bound: dict[str, set[str]] = {}
    for one in needed:
        for name in one.names.binds:
            bound.setdefault(name, set()).add(ast.dump(one.node) if isinstance(one.node, (ast.Import, ast.ImportFrom)) else "other")
    found: dict[int, list[str]] = {}
    for one in needed:
        node = one.node
        if not isinstance(node, (ast.Import, ast.ImportFrom)) or (isinstance(node, ast.ImportFrom) and node.level):
            continue
        module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
        modules = {module.partition(".")[0]} if module else {alias.name.partition(".")[0] for alias in node.names}
        if modules & own or any(alias.name == "*" for alias in node.names):
            continue
        if any(len(bound.get(name, ())) > 1 for name in one.names.binds):
            continue
        words = _words([other for other in needed if other is not one])
        kept = [alias for alias in node.names if (alias.asname or alias.name.partition(".")[0]) in words]
        found[one.number] = _lines(node, kept or list(node.names))
    return found


def _lines(node: ast.Import | ast.ImportFrom, names: list[ast.alias]) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [ast.unparse(ast.ImportFrom(module=node.module, names=names, level=0))]
    return [ast.unparse(ast.Import(names=[name])) for name in names]


def _words(statements: Iterable[Statement]) -> set[str]:
    return {word for one in statements for word in re.findall(r"[^\W\d]\w*", one.source)}
