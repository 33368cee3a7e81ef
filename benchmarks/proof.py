"""Proof: what `run verify` says of notebooks as they are, and after one thing was changed; every case of `tests/replay/faulted/`."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def measure() -> list[dict[str, Any]]:
    """One row a notebook: its verdict as it is; of the changed one verdict, cause and first cell, expected and said."""
    names = sorted(path.stem for path in (ROOT / "tests" / "replay" / "faulted").glob("*.ipy"))
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(_told, names))


def _told(name: str) -> dict[str, Any]:
    words = [sys.executable, "-m", "tests.replay.test_faulted", name]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        return {"name": name, "holds": done.stderr.strip().splitlines()[-1][:200], "right": False, "expected": [], "said": []}
    return dict(json.loads(done.stdout.splitlines()[-1]))


def shown(rows: list[dict[str, Any]]) -> str:
    """A row for each case, and under them how many are right."""
    from tabulate import tabulate

    table = [[row["name"], row["holds"], _said(row["expected"]), _said(row["said"]), "" if row["right"] else "WRONG"] for row in rows]
    held = sum(row["holds"] == "VERIFIED" for row in rows)
    right = sum(row["said"] == row["expected"] for row in rows)
    table.append(["", f"{held} of {len(rows)}", "", f"{right} of {len(rows)}", ""])
    return str(tabulate(table, ["notebook", "as it is", "after the change, expected", "said", ""], tablefmt="github"))


def _said(told: list[Any]) -> str:
    if not told:
        return ""
    verdict, cause, cell = told
    return verdict if cause is None else f"{verdict}: {cause}, cell {cell}"
