"""Whether what a run read has other bytes than the models in use were trained on.

Runs stand below models and know no registry; who is champion is asked of the ledger's tables.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from nbmlops.ledger.encode import text
from nbmlops.runs.facts import Facts
from nbmlops.runs.records import FileUse
from nbmlops.runs.sizes import size_text
from nbmlops.workspace import Workspace

TAG = "data changed"
ALIAS = "champion"
FEW = 3  # files of one folder, and champions, that are named; more are counted
_AT_ONCE = 500
_LONGEST = 2_000

# One look at each champion's run, by the file table's own key: there are few champions, however many runs there are.
_TRAINED_ON = """
SELECT f.path, f.detail, f.digest, f.size_bytes, f.position, v.model, v.version, r.started_at,
  (SELECT t.depends FROM fit t WHERE t.run = v.run AND (t.number = v.fit OR (v.fit IS NULL AND t.frame = v.dataset))
   ORDER BY t.number DESC LIMIT 1) AS depends
FROM alias a CROSS JOIN model_version v CROSS JOIN run r CROSS JOIN file_use f
WHERE a.alias = ? AND v.model = a.model AND v.version = a.version AND v.run <> ? AND r.id = v.run
  AND f.run = v.run AND f.path IN ({}) AND f.mode = 'read' AND f.digest IS NOT NULL
ORDER BY v.model, f.position
"""


def changed_since(workspace: Workspace, run_id: str, files: Iterable[FileUse]) -> list[str]:
    """A sentence for each file read whose bytes are not those that a champion was trained on.

    A file is known by its path. Nothing is said of files without a digest, of those that no champion's run read, and of
    those its training did not depend on. One question for any number of files; the caller says a sentence once.
    """
    read = {_key(use.path, use.detail): use for use in files if use.mode == "read" and use.digest}
    paths = sorted({path for path, _ in read})
    known: dict[tuple[str, tuple[str, str]], list[Any]] = defaultdict(list)
    for at in range(0, len(paths), _AT_ONCE):
        part = paths[at : at + _AT_ONCE]
        for row in workspace.ledger.read(_TRAINED_ON.format(",".join("?" * len(part))), ALIAS, run_id, *part):
            depends = json.loads(row["depends"] or "[]")
            if (key := _key(row["path"], row["detail"])) in read and (not depends or row["position"] in depends):
                known[f"{row['model']}/{row['version']}", key].append(row)
    changed: dict[tuple[str, str], list[tuple[FileUse, Any]]] = defaultdict(list)
    for (champion, key), rows in known.items():
        use = read[key]
        if use.digest not in {row["digest"] for row in rows}:
            changed[champion, os.path.dirname(use.path)].append((use, rows[-1]))
    champions = list(dict.fromkeys(champion for champion, _ in changed))
    named = set(champions[:FEW])
    sentences = [said for (champion, folder), found in changed.items() if champion in named for said in _said(champion, folder, found)]
    if len(champions) > FEW:
        sentences.append(f"{len(champions) - FEW:,} more {ALIAS}s were trained on other bytes than these")
    return sentences


def facts_of(sentences: list[str]) -> Facts:
    """What a run keeps of it: a tag, which `run show` shows and `run find` finds."""
    return Facts(tags={TAG: "; ".join(sentences)[:_LONGEST]}) if sentences else Facts()


def _key(path: str, detail: str) -> tuple[str, str]:
    # Of a folder that is one row the detail is how many files there were.
    return text(path), "" if path.endswith(os.sep) else text(detail)


def _said(champion: str, folder: str, found: list[tuple[FileUse, Any]]) -> list[str]:
    if len(found) > FEW:
        at = datetime.fromisoformat(found[0][1]["started_at"])
        named = os.path.basename(folder) or folder
        return [f"{len(found):,} files of {named} differ from the bytes {champion} ({ALIAS}) was trained on ({at:%Y-%m-%d})"]
    sentences = []
    for use, row in found:
        name = os.path.basename(use.path.rstrip(os.sep)) if use.kind == "file" else use.path
        part = f" ({' '.join(use.detail.split())[:60]})" if use.detail else ""
        day = f"{datetime.fromisoformat(row['started_at']):%Y-%m-%d}"
        then, now = row["size_bytes"], use.size_bytes
        told = f" ({day})" if then is None or now is None else f": {size_text(then)} then ({day}), {size_text(now)} now"
        sentences.append(f"{name}{part} differs from the bytes {champion} ({ALIAS}) was trained on{told}")
    return sentences
