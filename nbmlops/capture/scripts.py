"""Scripts that a cell executes by `%run`, or reads and executes itself: code of the user's own, like the modules it imports."""

from __future__ import annotations

import os
import re
from contextlib import suppress

from nbmlops.ledger.blobs import digest_bytes
from nbmlops.runs.records import FileUse

_RUN = re.compile(r"^[ \t]*%run[ \t]+(?:-\S+[ \t]+)*(?:\"([^\"\n]+)\"|'([^'\n]+)'|(\S+))", re.MULTILINE)

_EXECUTES = re.compile(r"\b(?:exec|run_path|compile)\s*\(")
_TEXT = re.compile(r"[\"']([^\"'\n]+\.py)[\"']")


def executed(source: str, position: int) -> list[FileUse]:
    """The scripts that stand behind `%run`, as they are now.

    >>> executed("x = 1", 0)
    []
    """
    found = []
    names = ["".join(groups) for groups in _RUN.findall(source)] + (_TEXT.findall(source) if _EXECUTES.search(source) else [])
    for name in dict.fromkeys(names):
        path = next((path for path in (name, f"{name}.py") if os.path.isfile(path)), None)
        if path is None:
            continue
        with suppress(OSError), open(path, "rb") as file:  # what cannot be read was not executed
            content = file.read()
            use = FileUse(
                path=os.path.abspath(path), mode="import", digest=digest_bytes(content), size_bytes=len(content), modified_at=None,
                position=position, note=None,
            )  # fmt: skip
            found.append(use)
    return found
