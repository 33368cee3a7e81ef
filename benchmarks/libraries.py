"""Libraries: what importing each costs in a fresh process, above Python's own start; the choices of docs/decisions 1 to 3."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from benchmarks.timing import mlflow_python, printed

TIMED = "import time; t = time.perf_counter(); {}; print(time.perf_counter() - t)"
STATEMENTS = (
    "import nbmlops",
    "from dataclasses import dataclass",
    "import msgspec",
    "import attrs",
    "from pydantic import BaseModel",
    "import sqlite3",
    "import sqlalchemy",
    "import sqlalchemy, alembic.command",
    "import argparse",
    "import click",
    "import orjson",
    "from starlette.applications import Starlette",
    "from fastapi import FastAPI",
)
ROUNDS = 9


def measure() -> list[dict[str, Any]]:
    """Medians, in turn; a library that neither this interpreter nor MLflow's has is left out."""
    pythons = [python for python in (sys.executable, mlflow_python()) if python]
    found = {code: python for code in STATEMENTS if (python := next((python for python in pythons if _runs(python, code)), None))}
    taken: dict[str, list[float]] = {code: [] for code in found}
    for _ in range(ROUNDS):
        for code, python in found.items():
            taken[code].append(printed(TIMED.format(code), python))
    return [{"what": code, "seconds": sorted(times)[ROUNDS // 2], "base": code == "import nbmlops"} for code, times in taken.items()]


def _runs(python: str, code: str) -> bool:
    return subprocess.run([python, "-c", code], capture_output=True).returncode == 0
