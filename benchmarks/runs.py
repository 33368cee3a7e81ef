"""Runs: 10 parameters, 100 metric points logged one by one and a 1 KiB artifact, durable at the end, beside MLflow on SQLite."""

from __future__ import annotations

from typing import Any

from benchmarks.timing import mlflow_python, printed

ROUNDS = 7
OURS = """
import os, tempfile, time; folder = tempfile.mkdtemp(); os.chdir(folder); open("a.bin", "wb").write(os.urandom(1024))
from nbmlops import run; run.start("warm"); run.end(); t = time.perf_counter()
run.start("r", params={f"p{n}": n for n in range(10)})
for n in range(100): run.log({"loss": 1 / (n + 1)})
run.log(artifact=["a.bin"]); run.end(); print(time.perf_counter() - t)
"""
THEIRS = """
import os, tempfile, time, logging, warnings; warnings.filterwarnings("ignore"); logging.disable()
folder = tempfile.mkdtemp(); os.chdir(folder)
open("a.bin", "wb").write(os.urandom(1024)); import mlflow; mlflow.set_tracking_uri("sqlite:///m.db"); mlflow.set_experiment("e")
with mlflow.start_run(): pass
t = time.perf_counter()
with mlflow.start_run():
    mlflow.log_params({f"p{n}": n for n in range(10)})
    for n in range(100): mlflow.log_metric("loss", 1 / (n + 1), step=n)
    mlflow.log_artifact("a.bin")
print(time.perf_counter() - t)
"""


def measure() -> list[dict[str, Any]]:
    """Medians over fresh processes, in turn."""
    mlflow = mlflow_python()
    taken: dict[str, list[float]] = {"nbmlops": [], **({"MLflow on SQLite": []} if mlflow else {})}
    for _ in range(ROUNDS):
        taken["nbmlops"].append(printed(OURS))
        if mlflow:
            taken["MLflow on SQLite"].append(printed(THEIRS, mlflow))
    return [{"what": name, "seconds": sorted(times)[ROUNDS // 2], "base": name == "nbmlops"} for name, times in taken.items()]
