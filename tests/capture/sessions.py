"""Cells really executed, one after another, with a slicer that is told of each."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any

from nbmlops.capture.slicing.kinds import identities, kind_of
from nbmlops.capture.slicing.names import analyse
from nbmlops.capture.slicing.slices import Slicer


def execute(source: str, held: dict[str, Any]) -> bool:
    """Execute a cell; True if it raised."""
    try:
        exec(compile(source, "<cell>", "exec"), held)
    except Exception:
        return True
    return False


def run_session(cells: Iterable[str]) -> tuple[Slicer, dict[str, Any]]:
    """The slicer after these cells, and the names as they left them."""
    slicer, held = Slicer(), {}
    for position, source in enumerate(cells):
        names = analyse(ast.parse(source), lambda name: kind_of(held[name]) if name in held else None)
        raised = execute(source, held)
        ids = identities({name: value for name, value in held.items() if name != "__builtins__"})
        slicer.note(position, names, ids, raised=raised)
    return slicer, held
