"""A run's record as a notebook again, and what stands in the way of executing it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nbmlops.capture.slicing.parsing import parsed
from nbmlops.ledger.secrets import MASK
from nbmlops.runs.records import IN_PLACE, Cell, FileUse, RunRecord

# What these did is done, here and elsewhere: it makes no value, and doing it once more would surprise.
_DONE = re.compile(r"^\s*[%!]+\s*(?:sudo\s+)?(?:pip3?|conda|mamba|uv|apt|apt-get|brew|npm|git|kill|pkill|docker|kubectl)\b")
_ANY_DONE = re.compile(_DONE.pattern, re.MULTILINE)


def is_done(line: str) -> bool:
    """Whether a line installs, publishes or stops something: that is not done once more, by whomever it is executed again.

    >>> [is_done(line) for line in ("%pip install shap", "  !git push", "head = !git rev-parse HEAD", "!ls")]
    [True, True, False, False]
    """
    return _DONE.match(line) is not None


def missing(record: RunRecord, stand_ins: Mapping[str, str] | None = None) -> list[str]:
    """What is not there any more, or was never recorded, without which the run cannot be executed again.

    `stand_ins`: files of which the version that the run read is kept.
    """
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
        known = use.path in written or use.path in (stand_ins or {})
        if use.mode != "write" and use.kind == "file" and not known and not os.path.exists(use.path):
            found.append(f"a file it read is gone: {use.path}")
    return list(dict.fromkeys(found))


def reads(record: RunRecord) -> list[str]:
    """The files that a run read, its modules among them, in order."""
    return list(dict.fromkeys(use.path for use in record.files if use.mode != "write" and use.kind == "file"))


def writes(files: Iterable[FileUse]) -> list[str]:
    """The files that were written, in order."""
    return list(dict.fromkeys(use.path for use in files if use.mode == "write" and use.kind == "file"))


def folders(files: Iterable[FileUse]) -> list[str]:
    """The folders that were made, the innermost first."""
    return sorted({use.path for use in files if use.kind == "folder" and use.mode == "write"}, key=len, reverse=True)


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


def without_done(source: str) -> str:
    """A cell in which what is done already is not done once more.

    >>> without_done("!pip install shap\\nif new:\\n    !git pull\\nx = 1")
    'pass  # !pip install shap\\nif new:\\n    pass  # !git pull\\nx = 1'
    """
    if source.lstrip().startswith("%%") or not _ANY_DONE.search(source) or parsed(source)[1] is source:
        return source  # in plain Python such a line stands in a text
    lines, goes_on = [], False
    for line in source.split("\n"):
        if goes_on:
            lines.append(f"# {line}")
        elif is_done(line):
            indent = line[: len(line) - len(line.lstrip())]
            lines.append(f"{indent}pass  # {line.lstrip()}")
        else:
            lines.append(line)
            continue
        goes_on = line.endswith("\\")
    return "\n".join(lines)


def notebook_of(sources: Sequence[str], raising: Sequence[bool]) -> Any:
    """A notebook of code cells; those that are `raising` may."""
    import nbformat

    found = nbformat.v4.new_notebook()
    for at, (source, may) in enumerate(zip(sources, raising, strict=True)):
        one = nbformat.v4.new_code_cell(without_done(source), id=f"cell-{at}")
        if may:
            one.metadata["tags"] = ["raises-exception"]
        found.cells.append(one)
    found.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return found
