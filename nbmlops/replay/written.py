"""A run's record as a notebook again, and what stands in the way of executing it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any

from nbmlops.ledger.secrets import MASK
from nbmlops.runs.records import IN_PLACE, Cell, FileUse, RunRecord


def missing(record: RunRecord) -> list[str]:
    """What is not there any more, or was never recorded, without which the run cannot be executed again."""
    found = []
    if record.run.status == "running":
        found.append("it is still running")
    if record.run.status == "killed":
        found.append("it was killed before it came to its end")
    if not record.cells:
        found.append("no cell of it was recorded")
    for cell in record.cells:
        if MASK in cell.source:
            found.append(f"cell {cell.position} holds a secret, which was not written down")
        elif cell.source == "# not recorded":
            found.append(f"cell {cell.position} was not to be recorded")
    if record.cells and record.folder is None:
        found.append("the folder it worked in was not recorded")
    elif record.folder is not None and not os.path.isdir(record.folder):
        found.append(f"the folder it worked in is gone: {record.folder}")
    written = set(writes(record.files))
    for use in record.files:
        if use.mode != "write" and use.kind == "file" and use.path not in written and not os.path.exists(use.path):
            found.append(f"a file it read is gone: {use.path}")
    return list(dict.fromkeys(found))


def reads(record: RunRecord) -> list[str]:
    """The files that a run read, its modules among them, in order."""
    return list(dict.fromkeys(use.path for use in record.files if use.mode != "write" and use.kind == "file"))


def writes(files: Iterable[FileUse]) -> list[str]:
    """The files that were written, in order."""
    return list(dict.fromkeys(use.path for use in files if use.mode == "write" and use.kind == "file"))


def made(files: Iterable[FileUse], *, surely: bool = True) -> list[str]:
    """The files that a run began anew before it read them, if it did: where they are there already, they are its own of before.

    Not `surely`: those too that one cell wrote and read, and read as it had written them.
    """
    uses: dict[str, list[FileUse]] = {}
    for use in files:
        if use.kind == "file" and use.mode in ("read", "write"):
            uses.setdefault(use.path, []).append(use)
    found = []
    for path, of_path in uses.items():
        at = min(-1 if use.position is None else use.position for use in of_path)
        first = [use for use in of_path if (-1 if use.position is None else use.position) == at]
        written = [use.digest for use in first if use.mode == "write"]
        read = [use.digest for use in first if use.mode == "read"]
        if not written or any(use.note == IN_PLACE for use in first):
            continue
        if not read or (not surely and all(digest in written for digest in read)):
            found.append(path)
    return found


def cells_in_order(record: RunRecord) -> list[Cell]:
    """The cells as they ran."""
    return sorted(record.cells, key=lambda cell: cell.position)


def as_ran(record: RunRecord) -> Any:
    """The cells as they ran, as a notebook. One that raised, and after which others ran, may raise again."""
    cells = cells_in_order(record)
    return notebook_of([cell.source for cell in cells], [cell.error is not None and at + 1 < len(cells) for at, cell in enumerate(cells)])


def notebook_of(sources: Sequence[str], raising: Sequence[bool]) -> Any:
    """A notebook of code cells; those that are `raising` may."""
    import nbformat

    found = nbformat.v4.new_notebook()
    for at, (source, may) in enumerate(zip(sources, raising, strict=True)):
        one = nbformat.v4.new_code_cell(source, id=f"cell-{at}")
        if may:
            one.metadata["tags"] = ["raises-exception"]
        found.cells.append(one)
    found.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return found
