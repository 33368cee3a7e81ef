"""Beside the kernel: when a checkpoint is taken, and how an execution goes on from one."""

from __future__ import annotations

import ast
import json
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any

from nbformat import from_dict

from nbmlops.capture.slicing.names import analyse
from nbmlops.capture.slicing.parsing import parsed
from nbmlops.errors import NbmlopsError
from nbmlops.pipelines.checkpoints.book import Checkpoint, Checkpoints, new_checkpoint
from nbmlops.runs.book import RunBook
from nbmlops.workspace import Workspace

AFTER_S = 60.0
TAKE, ALWAYS = "checkpoint", "always"  # tags: take one after this cell; execute this cell again in any case
Ask = Callable[..., Awaitable[dict[str, Any]]]
_MODULE = "__import__('importlib').import_module('nbmlops.pipelines.checkpoints.kernel')"
BEGIN = f"{_MODULE}.begin()"
_HISTORY = re.compile(r"In|Out|_[io]h|_{1,3}|_i{1,3}|_i?\d+")  # the names of what was entered, and of what it gave
_RECALLS = re.compile(r"^\s*%(?:history|hist|recall|rep|rerun|macro|save|notebook)\b", re.MULTILINE)
_PATIENCE_S = 1200.0


class Keeper:
    """Takes checkpoints of one execution, or brings one back before it begins."""

    def __init__(self, workspace: Workspace, run: str, notebook: Any, path: str, *, after_s: float, resume: bool) -> None:
        self.workspace, self.run, self.notebook, self.path, self.after_s = workspace, run, notebook, path, after_s
        self.book = Checkpoints(workspace)
        self.found: Checkpoint | None = None
        self.notes: dict[str, str] = {}  # tags of the run
        self._last = time.monotonic()
        self._wait_s = after_s
        if resume:
            self.found, why = self.book.find(path, self._sources(len(notebook.cells)))
            if why:
                self.notes["resumed"] = f"not from a checkpoint: {why}"

    def skips(self, index: int) -> bool:
        """Whether a cell was executed by then, and is not executed again."""
        return self.found is not None and index <= self.found.cell and ALWAYS not in _tags(self.notebook.cells[index])

    async def bring_back(self, ask: Ask) -> str:
        """Bring the kernel to where the execution that died was, and the record with it. Gives "", or why it cannot be."""
        assert self.found is not None
        try:
            return await self._brought_back(self.found, ask)
        except (NbmlopsError, OSError, ValueError) as error:
            return f"{type(error).__name__}: {error}"

    async def _brought_back(self, found: Checkpoint, ask: Ask) -> str:
        facts = self.book.facts(found)
        shown = json.loads(self.workspace.blobs.get(found.executed))["cells"]
        self.book.put_back(found)
        made_from = {digest for fit in facts.fits for digest in (fit.frame, fit.target) if digest}
        made_from |= {use.digest for use in facts.files if use.mode == "read" and use.digest}
        given = (str(self.book.file(found.id)), found.digest, self.run, len(facts.fits), len(facts.trials), sorted(made_from))
        if why := _told(await ask(_MODULE, tell=f"{_MODULE}.restore(*{given!r})", timeout_s=_PATIENCE_S)):
            return why
        for cell, before in zip(self.notebook.cells[: found.cell + 1], shown, strict=False):
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [from_dict(one) for one in before["outputs"]], before["execution_count"]
        RunBook(self.workspace).add(self.run, facts)
        return ""

    async def after(self, cell: Any, index: int, ask: Ask, masked: Callable[[Any], Any]) -> str | None:
        """Take one after a cell where it is worth it. Gives what to say of it, or None. One that cannot be taken breaks nothing."""
        try:
            return await self._taken(cell, index, ask, masked)
        except (NbmlopsError, OSError, ValueError) as error:
            return self._none(index, f"{type(error).__name__}: {error}")

    async def _taken(self, cell: Any, index: int, ask: Ask, masked: Callable[[Any], Any]) -> str | None:
        began = time.monotonic()
        rest = [one for one in self.notebook.cells[index + 1 :] if one.cell_type == "code" and one.source.strip()]
        wanted = TAKE in _tags(cell) or began - self._last >= self._wait_s
        if not wanted or not rest or self.skips(index):
            return None
        if any(_looks_back(one.source) for one in rest):
            return self._none(index, "a later cell uses IPython's history (_, Out)")
        checkpoint = new_checkpoint()
        part = self.book.part(checkpoint)
        sources = self._sources(index + 1)
        given = (str(part), self._bound_always(index), sources)
        held = json.loads(_told(await ask(_MODULE, tell=f"{_MODULE}.keep(*{given!r})", timeout_s=_PATIENCE_S)))
        why = held.get("why") or self._entered(checkpoint, held, index, sources, masked)
        self._last = time.monotonic()
        if self.after_s:
            self._wait_s = max(self.after_s, 10 * (self._last - began))  # taking them costs no more than a tenth
        if why:
            part.unlink(missing_ok=True)
            return self._none(index, why)
        return f"checkpoint after cell {self._number(index)}, {held['size_bytes']:,} bytes"

    def over(self) -> None:
        """The execution came to its end: there is nothing to go on from."""
        self.book.drop(self.run, *([self.found.run] if self.found else []))

    def _entered(self, checkpoint: str, held: dict[str, Any], index: int, sources: list[str], masked: Callable[[Any], Any]) -> str:
        executed = json.dumps(masked({"cells": self.notebook.cells[: index + 1]})).encode("utf-8", "backslashreplace")
        return self.book.add(self.run, self.path, index, held, checkpoint, sources, executed)

    def _none(self, index: int, why: str) -> str:
        self.notes["checkpoint"] = f"none after cell {self._number(index)}: {why}"
        return self.notes["checkpoint"]

    def _number(self, index: int) -> int:
        """As cells are counted in a run: code alone, from 0."""
        return len(self._sources(index))

    def _sources(self, cells: int) -> list[str]:
        return [cell.source for cell in self.notebook.cells[:cells] if cell.cell_type == "code"]

    def _bound_always(self, index: int) -> list[str]:
        """The names that cells bind which are executed again in any case."""
        found: set[str] = set()
        for cell in self.notebook.cells[: index + 1]:
            tree = parsed(cell.source)[0] if cell.cell_type == "code" and ALWAYS in _tags(cell) else None
            if isinstance(tree, ast.Module):
                found |= analyse(tree).binds
        return sorted(found)


def _tags(cell: Any) -> list[str]:
    return list(cell.metadata.get("tags", []))


def _looks_back(source: str) -> bool:
    """Whether a cell goes by IPython's history, which another kernel has not."""
    tree, _ = parsed(source)
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)] if tree is not None else []
    own = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    return bool(_RECALLS.search(source)) or any(_HISTORY.fullmatch(node.id) and node.id not in own for node in names)


def _told(reply: dict[str, Any]) -> str:
    """The text that a kernel answered to an expression. Raises ValueError, saying what went wrong, where it could not."""
    told = reply.get("user_expressions", {}).get("told", {})
    if told.get("status") == "error":
        raise ValueError(f"{told.get('ename')}: {told.get('evalue')}")
    text = told.get("data", {}).get("text/plain")
    if not text:
        raise ValueError("the kernel gave no answer")
    return str(ast.literal_eval(text))
