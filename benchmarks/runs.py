"""Runs: 10 parameters, 100 metric points one by one, a 1 KiB artifact, durable at the end, beside MLflow on SQLite.

Run after run, without a pause, so that what is done beside a run is in the figure of the next; each has an artifact of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from benchmarks.timing import mlflow_python

ROUNDS, RUNS = 3, 40
OURS = """
import json, os, statistics, tempfile, time; folder = tempfile.mkdtemp(); os.chdir(folder)
from nbmlops import run; run.start("warm"); run.end(); taken = []
for _ in range(%d):
    open("a.bin", "wb").write(os.urandom(1024)); t = time.perf_counter()
    run.start("r", params={f"p{n}": n for n in range(10)})
    for n in range(100): run.log({"loss": 1 / (n + 1)})
    run.log(artifact=["a.bin"]); run.end(); taken.append(time.perf_counter() - t)
print(json.dumps(taken))
"""
THEIRS = """
import json, os, tempfile, time, logging, warnings; warnings.filterwarnings("ignore"); logging.disable()
folder = tempfile.mkdtemp(); os.chdir(folder); import mlflow; taken = []
mlflow.set_tracking_uri("sqlite:///m.db"); mlflow.set_experiment("e")
with mlflow.start_run(): pass
for _ in range(%d):
    open("a.bin", "wb").write(os.urandom(1024)); t = time.perf_counter()
    with mlflow.start_run():
        mlflow.log_params({f"p{n}": n for n in range(10)})
        for n in range(100): mlflow.log_metric("loss", 1 / (n + 1), step=n)
        mlflow.log_artifact("a.bin")
    taken.append(time.perf_counter() - t)
print(json.dumps(taken))
"""


def measure() -> list[dict[str, Any]]:
    """Medians over fresh processes in turn, of several runs each, after one run that opens what is opened once."""
    mlflow = mlflow_python()
    taken: dict[str, list[float]] = {"nbmlops": [], **({"MLflow on SQLite": []} if mlflow else {})}
    for _ in range(ROUNDS):
        taken["nbmlops"] += _printed(sys.executable, OURS)
        if mlflow:
            taken["MLflow on SQLite"] += _printed(mlflow, THEIRS)
    return [
        {
            "what": name,
            "seconds": sorted(times)[len(times) // 2],
            "base": name == "nbmlops",
            "note": f"fastest {min(times) * 1e3:.1f} ms, slowest {max(times) * 1e3:.1f} ms",
        }
        for name, times in taken.items()
    ]


def _printed(python: str, code: str) -> list[float]:
    done = subprocess.run([python, "-c", code % RUNS], capture_output=True, text=True, check=True)
    return list(json.loads(done.stdout.splitlines()[-1]))
