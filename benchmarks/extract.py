"""Extraction: of every session of `tests/replay/messy/` the smallest notebook, beside what ipyflow's `code()` gives of the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
HOW = "python -m venv flow-venv && flow-venv/bin/pip install ipyflow scikit-learn polars duckdb pyarrow statsmodels openpyxl matplotlib"


def measure() -> list[dict[str, Any]]:
    """One row a session: what came of it here and there, and whether it gives the same in a fresh process."""
    from tests.replay.test_extract import NAMES

    if other() is None:
        again = "NBMLOPS_BENCH_IPYFLOW_PYTHON=flow-venv/bin/python python -m benchmarks extract"
        print(f"ipyflow is missing: {HOW}\n  {again}", file=sys.stderr)
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(_row, NAMES))


def other() -> str | None:
    """An interpreter that has ipyflow; `NBMLOPS_BENCH_IPYFLOW_PYTHON` names one."""
    return os.environ.get("NBMLOPS_BENCH_IPYFLOW_PYTHON")


def _row(name: str) -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-m", "tests.replay.test_extract", name], cwd=ROOT, capture_output=True, text=True)
    try:
        ours = json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        ours = {"name": name, "sentence": done.stderr.strip()[-200:], "accepted": False, "same": None, "smaller": False}
    return {**ours, "ipyflow": _theirs(name) if other() is not None else None}


def _theirs(name: str) -> dict[str, Any]:
    from tests.notebooks.corpus_data import make
    from tests.replay.test_extract import session_of

    session = session_of(name)
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        for folder in (first, second):
            make(Path(folder))
        words = [str(other()), str(ROOT / "benchmarks" / "ipyflow_code.py")]
        given = _asked([*words, first], asdict(session))
        if given is None or not given["code"]:
            return {"lines": None, "same": None}
        code = str(given["code"])
        after = _asked([*words, second, "again"], {**asdict(session), "code": code})
        lines = sum(1 for line in code.split("\n") if line.strip() and not line.startswith("#"))
        return {"lines": lines, "same": after is not None and after["given"] == given["expected"]}


def _asked(words: list[str], what: dict[str, Any]) -> dict[str, Any] | None:
    done = subprocess.run(words, input=json.dumps(what), capture_output=True, text=True, timeout=300)
    told = [line for line in done.stdout.splitlines() if line.startswith("FLOW:")]
    return dict(json.loads(told[-1][5:])) if told else None


def shown(rows: list[dict[str, Any]]) -> str:
    """A row for each session, and under them how many came out the same, and smaller."""
    from tabulate import tabulate

    table = []
    for row in rows:
        flow = row["ipyflow"] or {"lines": None, "same": None}
        ours = {True: "the same", False: "ANOTHER RESULT", None: "none: " + row["sentence"][:60]}[row["same"]]
        theirs = {True: "the same", False: "another result", None: "none"}[flow["same"]]
        table.append([row["name"], row.get("of"), row.get("lines"), ours, row.get("took_s"), flow["lines"], theirs])
    accepted = sum(row["accepted"] for row in rows)
    same = sum(row["same"] is True for row in rows)
    smaller = sum(row["accepted"] and row["smaller"] for row in rows)
    flows = [row["ipyflow"] for row in rows if row["ipyflow"]]
    table.append([
        f"{len(rows)} sessions", "", f"{smaller} smaller", f"{same} the same of {accepted} given", "", "",
        f"{sum(one['same'] is True for one in flows)} the same of {sum(one['lines'] is not None for one in flows)} given",
    ])  # fmt: skip
    head = ["session", "lines", "nbmlops", "", "s", "ipyflow", ""]
    return str(tabulate(table, head, tablefmt="github", missingval=""))
