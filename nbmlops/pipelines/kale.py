"""A notebook with Kale's tags, taken apart: a notebook for each block, what one needs of another passed as files.

Understood are `imports`, `functions`, `pipeline-parameters`, `pipeline-metrics`, `block:NAME` and `step:NAME`, `prev:NAME` and `skip`;
a cell without one of them goes on with the block before it.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbmlops.capture.parameters import assigned
from nbmlops.capture.slicing.names import CellNames, analyse
from nbmlops.capture.slicing.parsing import parsed
from nbmlops.errors import Invalid, there_is
from nbmlops.ledger.names import plain_name

BETWEEN = "between"
_ALWAYS = ("imports", "functions", "pipeline-parameters", "pipeline-metrics", "skip")


@dataclass
class Block:
    """One step to be: its cells, the blocks before it, and what it does to names."""

    name: str
    sources: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    needs: set[str] = field(default_factory=set)
    changes: set[str] = field(default_factory=set)

    def add(self, source: str) -> None:
        """One more cell."""
        tree, _ = parsed(source)
        names = analyse(tree) if tree is not None else CellNames()
        self.needs |= names.loads - self.changes
        self.changes |= names.binds | (set(_changed(tree)) if tree is not None else set())
        self.sources.append(source)


def tagged(notebook: Path) -> bool:
    """Whether a notebook has blocks of Kale's."""
    return any(_named(tags, ("block:", "step:")) for tags, _ in _cells(notebook))


def taken_apart(notebook: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The notebooks by their file names, and the pipeline that they are. Raises Invalid where the tags make none."""
    always: dict[str, list[str]] = {name: [] for name in _ALWAYS}
    blocks: dict[str, Block] = {}
    where: str | None = None
    for tags, source in _cells(notebook):
        kind = next((tag for tag in tags if tag in _ALWAYS), None)
        name = _named(tags, ("block:", "step:"))
        if kind is not None:
            where = kind
        elif name is not None:
            where = plain_name(name, "step")
            block = blocks.setdefault(where, Block(where))
            block.before += [one for one in (_named([tag], ("prev:",)) for tag in tags) if one is not None and one not in block.before]
        if where is None:
            raise Invalid(f"{notebook.name}: the first cell has no tag.", hint="Tag it imports, skip or block:NAME.")
        if where in always:
            always[where].append(source)
        else:
            blocks[where].add(source)
    for block in blocks.values():
        for name in block.before:
            if name not in blocks:
                what = f"{notebook.name}: {block.name} comes after {name!r}, which is no block."
                raise Invalid(what, hint=f"There is: {there_is(blocks)}.")
    return _written(notebook, blocks, always)


def _written(notebook: Path, blocks: dict[str, Block], always: dict[str, list[str]]) -> tuple[dict[str, Any], dict[str, Any]]:
    params = {name: value for source in always["pipeline-parameters"] for name, value in assigned(source).items()}
    told = Block("")
    for source in always["pipeline-metrics"]:
        told.add(source)
    taken: dict[str, dict[str, str]] = {}  # block → name it needs → the block that it has it from
    for block in blocks.values():
        above = _above(block.name, blocks)
        taken[block.name] = {}
        for name in sorted(block.needs):
            makers = [one for one in above if name in blocks[one].changes]
            if makers:
                taken[block.name][name] = _nearest(makers, blocks, name, block.name)
    notebooks: dict[str, Any] = {}
    steps: dict[str, Any] = {}
    for block in blocks.values():
        kept = sorted({name for held in taken.values() for name, maker in held.items() if maker == block.name})
        metrics = sorted(told.needs & block.changes)
        file = f"{block.name}.ipynb"
        notebooks[file] = _notebook(block, always, taken[block.name], kept, metrics)
        step: dict[str, Any] = {"notebook": file}
        if params:
            step["params"] = {name: f"${{params.{name}}}" for name in params}
        inputs = [_file(maker, name) for name, maker in sorted(taken[block.name].items())]
        step.update({key: value for key, value in (("inputs", inputs), ("outputs", [_file(block.name, name) for name in kept])) if value})
        before = [one for one in block.before if one not in taken[block.name].values()]
        steps[block.name] = {**step, "after": before} if before else step
    if not steps:
        raise Invalid(f"{notebook.name} has no block.", hint="Tag cells block:NAME.")
    return notebooks, {**({"params": params} if params else {}), "steps": steps}


def _notebook(block: Block, always: dict[str, list[str]], taken: dict[str, str], kept: list[str], metrics: list[str]) -> Any:
    import nbformat

    code = nbformat.v4.new_code_cell
    cells = [code("\n".join(always["pipeline-parameters"]), metadata={"tags": ["parameters"]})] if always["pipeline-parameters"] else []
    cells += [code(source) for source in (*always["imports"], *always["functions"])]
    if taken:
        lines = [f"{name} = take({_file(maker, name)!r})" for name, maker in taken.items()]
        cells.append(code("\n".join(["from nbmlops.pipelines.between import take", "", *lines])))
    cells += [code(source) for source in block.sources]
    if kept:
        lines = [f"give({name}, {_file(block.name, name)!r})" for name in kept]
        cells.append(code("\n".join(["from nbmlops.pipelines.between import give", "", *lines])))
    if metrics:
        cells.append(code("\n".join(f"{name} = {name}" for name in metrics), metadata={"tags": ["pipeline-metrics"]}))
    for at, cell in enumerate(cells):
        cell["id"] = f"{block.name}-{at}"[:64]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


def _changed(tree: ast.AST) -> Iterator[str]:
    """The names whose objects code seems to change in place: stored into, or asked for nothing but that."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Subscript, ast.Attribute)) and isinstance(node.ctx, (ast.Store, ast.Del)):
            yield _root(node)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute):
            yield _root(node.value.func)  # rows.append(1): what it gives is not used
        elif isinstance(node, ast.Call) and any(word.arg == "inplace" for word in node.keywords):
            yield _root(node.func)


def _root(node: ast.AST) -> str:
    while isinstance(node, (ast.Subscript, ast.Attribute, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _above(name: str, blocks: dict[str, Block]) -> list[str]:
    found: list[str] = []
    waiting = list(blocks[name].before)
    while waiting:
        one = waiting.pop()
        if one == name:
            raise Invalid(f"{name!r} comes after itself.", hint="prev: names the block before.")
        if one not in found:
            found.append(one)
            waiting += blocks[one].before
    return found


def _nearest(makers: list[str], blocks: dict[str, Block], name: str, block: str) -> str:
    """The last of those that changed a name; where it cannot be told which is the last, that is said."""
    last = [one for one in makers if not any(one in _above(other, blocks) for other in makers if other != one)]
    if len(last) > 1:
        raise Invalid(f"Block {block!r} needs {name!r}, which {' and '.join(sorted(last))} change side by side.", hint="Give it two names.")
    return last[0]


def _file(block: str, name: str) -> str:
    return f"{BETWEEN}/{block}-{name}.pickle"


def _named(tags: list[str], prefixes: tuple[str, ...]) -> str | None:
    return next((tag.partition(":")[2].strip() for tag in tags if tag.startswith(prefixes)), None)


def _cells(notebook: Path) -> list[tuple[list[str], str]]:
    try:
        cells = json.loads(notebook.read_text("utf-8"))["cells"]
        code = [cell for cell in cells if cell.get("cell_type") == "code"]
        found = [([str(tag) for tag in (cell.get("metadata") or {}).get("tags") or []], "".join(cell.get("source") or "")) for cell in code]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []
    return [(tags, source) for tags, source in found if source.strip()]
