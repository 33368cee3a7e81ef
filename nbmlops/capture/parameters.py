"""The parameters cell: its names and values."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

_COMMENT = re.compile(r"\s*#\s*parameters\b", re.IGNORECASE)


def assigned(source: str) -> dict[str, Any]:
    """Names a cell assigns literals to.

    >>> assigned("# parameters\\nmonths = [1, 2]\\nlr: float = 0.1\\nx = f()")
    {'months': [1, 2], 'lr': 0.1}
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return {}
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target, value = node.targets[0], node.value
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            target, value = node.target, node.value
        else:
            continue
        if isinstance(target, ast.Name):
            try:
                found[target.id] = ast.literal_eval(value)
            except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
                continue
    return found


def looks_like(source: str) -> bool:
    """Whether a cell says itself that it holds parameters: its first line is the comment `# parameters`.

    >>> looks_like("# Parameters of the run\\nx = 1"), looks_like("x = 1")
    (True, False)
    """
    return bool(_COMMENT.match(source))


def tagged_cells(notebook: Path) -> tuple[set[str], list[str]]:
    """Ids and sources of a notebook file's cells that are tagged `parameters` or `injected-parameters`."""
    ids, sources = set(), []
    for cell in _cells(notebook):
        tags = (cell.get("metadata") or {}).get("tags") or []
        if {"parameters", "injected-parameters"} & set(tags):
            sources.append(_source(cell))
            if cell.get("id"):
                ids.add(str(cell["id"]))
    return ids, sources


def declaring(notebook: Path) -> list[str]:
    """Sources of the cells that declare a notebook's parameters: the tagged ones, or else those whose first line says so."""
    return tagged_cells(notebook)[1] or [source for _, source in code_cells(notebook) or [] if looks_like(source)]


def code_cells(notebook: Path) -> list[tuple[str, str]] | None:
    """(id, source) of a notebook file's code cells in order; None where it cannot be read."""
    found = [(str(cell.get("id") or ""), _source(cell)) for cell in _cells(notebook) if cell.get("cell_type") == "code"]
    return found or None


def _cells(notebook: Path) -> list[dict[str, Any]]:
    try:
        cells = json.loads(notebook.read_text("utf-8")).get("cells", [])
    except (OSError, ValueError, AttributeError):
        return []
    return [cell for cell in cells if isinstance(cell, dict)]


def _source(cell: dict[str, Any]) -> str:
    source = cell.get("source", "")
    return "".join(source) if isinstance(source, list) else str(source)
