"""`python -m tests.faults.crowd FOLDER SECONDS NAME [plain]`: one kernel's cells in a crowd, timed one by one.

Each cell computes a little and, every fifth time, logs a metric; a training cell now and then opens a run and ends the one
before. What is printed at the end as JSON: the seconds of each cell, what was logged, and all that was said.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import sys
import time
from typing import Any

from IPython.core.interactiveshell import InteractiveShell

PAUSE_S = 0.05
MODEL = "class Mean:\n    def fit(self, X, y):\n        return self\n    def predict(self, X):\n        return X\nn = 0"
TRAIN = "n += 1\nmodel = Mean().fit([n], [n])"
SMALL = "values = [value * value for value in range(200)]\ntotal = sum(values)"


def crowded(seconds: float, name: str, *, plain: bool) -> dict[str, Any]:
    """Cells until the time is over."""
    shell = InteractiveShell()
    shell.history_manager.enabled = False
    said, taken, kinds, logged = io.StringIO(), [], [], []
    if not plain:
        from nbmlops import capture

        capture.attach(shell)
        shell.run_cell("from nbmlops import run")

    def cell(source: str, kind: str) -> None:
        began = time.perf_counter()
        result = shell.run_cell(source, store_history=True, cell_id=kind)
        taken.append(time.perf_counter() - began)
        kinds.append(kind)
        result.raise_error()

    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        cell(MODEL, "first")
        cell(TRAIN, "train")
        print(name, "ready", file=sys.__stdout__, flush=True)
        sys.stdin.readline()
        end = time.monotonic() + seconds
        number, chance = 0, random.Random(name)
        while time.monotonic() < end:
            number += 1
            if number % 5:
                cell(SMALL, "small")
            elif number % 50:
                cell("total = float(n)" if plain else f"logged = run.log({{'m': {number}.0}})", "log")
                logged.append(number)
            else:
                cell(TRAIN, "train")
            time.sleep(chance.uniform(0, 2 * PAUSE_S))  # else all of them would take turns in step
        if not plain:
            capture.detach(shell)
    return {"name": name, "taken": taken, "kinds": kinds, "logged": logged, "said": said.getvalue()}


if __name__ == "__main__":
    os.chdir(sys.argv[1])
    told = crowded(float(sys.argv[2]), sys.argv[3], plain=sys.argv[4:] == ["plain"])
    print(json.dumps(told), file=sys.__stdout__, flush=True)
