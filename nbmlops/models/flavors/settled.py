"""The same estimator, the same bytes: a skops file without the addresses and times of the process that wrote it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

THEN = (1980, 1, 1, 0, 0, 0)


def settled(data: bytes, change: Callable[[Any], None] = lambda schema: None) -> bytes:
    """A skops file whose ids are numbers in the order of their appearance, and whose members are named by them.

    `change` may change its schema before, while ids are still those of the objects.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(out, "w") as after:
        schema = json.loads(before.read("schema.json"))
        change(schema)
        files = _renamed(schema)
        for name, new in files.items():
            with before.open(name) as source:
                after.writestr(zipfile.ZipInfo(new, THEN), source.read())
        after.writestr(zipfile.ZipInfo("schema.json", THEN), json.dumps(schema, indent=1))
    return out.getvalue()


def _renamed(schema: Any) -> dict[str, str]:
    """Renumber in place; gives the members' old and new names."""
    ids: dict[int, int] = {}
    files: dict[str, str] = {}
    waiting = [schema]
    while waiting:
        found = waiting.pop()
        if isinstance(found, list):
            waiting += reversed(found)
        elif isinstance(found, dict):
            if "__loader__" in found:
                if isinstance(found.get("__id__"), int):
                    found["__id__"] = ids.setdefault(found["__id__"], len(ids) + 1)
                if isinstance(name := found.get("file"), str):
                    found["file"] = files.setdefault(name, f"{len(files)}.{name.rpartition('.')[2]}")
            waiting += reversed([part for part in found.values() if isinstance(part, (dict, list))])
    return files
