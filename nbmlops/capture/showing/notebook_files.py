"""Notebook files, told by what stands in them: whether the cells that were executed are theirs."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Sequence
from typing import Any

MOST_FILES = 200
MOST_BYTES = 50 << 20
_INJECTED = "# Parameters\n"  # papermill's own cell: it stands in the executed copy, not in the notebook
_TRIVIAL = re.compile(r"\s*(#.*|import\s.*|from\s.*|[%!].*|[)\]}\s]*)")
_TELLING = 20  # characters of code that two notebooks do not share by chance


def in_folder(folder: str) -> list[str] | None:
    """The notebooks of a folder; None where there are too many to look through."""
    found, total = [], 0
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.endswith(".ipynb") and entry.is_file():
                    found.append(entry.path)
                    total += entry.stat().st_size
                    if len(found) > MOST_FILES or total > MOST_BYTES:
                        return None
    except OSError:
        return None
    return sorted(found)


def holding(paths: Iterable[str], executed: Sequence[str], cell_id: str | None = None) -> list[str]:
    """Those that hold the executed sources, in order, and the cell of this id if one is given; executed copies left out.

    A cell executed again is looked for once. Files beyond 50 MB are not looked into.
    """
    wanted = list(dict.fromkeys(source.strip() for source in executed if source.strip() and not source.startswith(_INJECTED)))
    found: dict[str, dict[str, Any]] = {}
    for path in dict.fromkeys(os.path.normpath(path) for path in paths):
        content = _content(path, wanted, cell_id)
        if content is None:
            continue
        cells = [cell for cell in content.get("cells") or [] if isinstance(cell, dict) and cell.get("cell_type") == "code"]
        if (cell_id is None or any(cell.get("id") == cell_id for cell in cells)) and _in_order(wanted, cells):
            found[path] = content
    originals = [path for path, content in found.items() if not _is_copy(path, content, found)]
    return originals


def telling(executed: Sequence[str]) -> bool:
    """Whether a source is code of its own: more than imports, magics and a word or two.

    >>> telling(["import pandas as pd", "x = 1"]), telling(["model = Ridge(alpha=0.1).fit(X, y)"])
    (False, True)
    """
    for source in executed:
        lines = [line.strip() for line in source.splitlines() if not _TRIVIAL.fullmatch(line)]
        if len("".join(lines)) >= _TELLING:
            return True
    return False


def _content(path: str, wanted: Sequence[str], cell_id: str | None) -> dict[str, Any] | None:
    try:
        if os.path.getsize(path) > MOST_BYTES:
            return None
        with open(path, "rb") as handle:
            raw = handle.read()
        # Most files are not it, and that is seen without parsing them.
        if cell_id is not None and json.dumps(cell_id).encode() not in raw:
            return None
        if any(not _stands_in(max(source.splitlines(), key=len), raw) for source in wanted):
            return None
        content = json.loads(raw)
    except (OSError, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def _stands_in(line: str, raw: bytes) -> bool:
    return any(json.dumps(line, ensure_ascii=ascii)[1:-1].encode("utf-8", "surrogatepass") in raw for ascii in (False, True))


def _in_order(wanted: Sequence[str], cells: Sequence[dict[str, Any]]) -> bool:
    rest = iter([_source(cell) for cell in cells])
    return all(any(source == have for have in rest) for source in wanted)


def _source(cell: dict[str, Any]) -> str:
    source = cell.get("source", "")
    return ("".join(map(str, source)) if isinstance(source, list) else str(source)).strip()


def _is_copy(path: str, content: dict[str, Any], found: dict[str, Any]) -> bool:
    """Whether papermill wrote it while it executed another of those found."""
    made = (content.get("metadata") or {}).get("papermill") or {}
    name = made.get("input_path") if isinstance(made, dict) else None
    if not isinstance(name, str):
        return False
    return any(other != path and os.path.basename(other) == os.path.basename(name) for other in found)
