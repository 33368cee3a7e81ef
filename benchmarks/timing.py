"""How times are taken: rounds of all candidates in turn, so that a busy moment hits them alike; the median of each."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]


def in_turn(candidates: dict[str, Callable[[], object]], *, rounds: int) -> dict[str, float]:
    """Median seconds of each candidate."""
    taken: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(rounds):
        for name, function in candidates.items():
            began = time.perf_counter()
            function()
            taken[name].append(time.perf_counter() - began)
    return {name: statistics.median(times) for name, times in taken.items()}


def printed(code: str, python: str = sys.executable) -> float:
    """The number a fresh interpreter prints for `code`."""
    env = {name: value for name, value in os.environ.items() if name != "NBMLOPS_WORKSPACE"}
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True, env=env)
    return float(done.stdout.split()[-1])


def mlflow_python() -> str | None:
    """An interpreter that has MLflow, or None; `NBMLOPS_BENCH_MLFLOW_PYTHON` names one."""
    for python in (os.environ.get("NBMLOPS_BENCH_MLFLOW_PYTHON"), sys.executable):
        if python and subprocess.run([python, "-c", "import mlflow"], capture_output=True).returncode == 0:
            return python
    print(
        "MLflow is not compared: it is not installed here. Give it an environment of its own and name it:\n"
        "  python -m venv mlflow-venv && mlflow-venv/bin/pip install 'mlflow>=3.1'\n"
        "  NBMLOPS_BENCH_MLFLOW_PYTHON=mlflow-venv/bin/python make bench"
    )
    return None
