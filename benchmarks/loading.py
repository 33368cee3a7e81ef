"""Loading: `import nbmlops` and `%load_ext nbmlops` in fresh processes, beside `import mlflow`."""

from __future__ import annotations

from typing import Any

from benchmarks.timing import mlflow_python, printed

IMPORT = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"
LOAD = (
    "import os, tempfile, time; os.chdir(tempfile.mkdtemp()); from IPython.core.interactiveshell import InteractiveShell\n"
    "shell = InteractiveShell.instance()\n"
    "t = time.perf_counter(); shell.run_line_magic('load_ext', 'nbmlops'); print(time.perf_counter() - t)"
)
ROUNDS = 7


def measure() -> list[dict[str, Any]]:
    """Medians over fresh interpreters, in turn."""
    candidates = {
        "import nbmlops": (IMPORT.format("nbmlops"), None),
        "%load_ext nbmlops": (LOAD, None),
        "import pandas": (IMPORT.format("pandas"), None),
    }
    mlflow = mlflow_python()
    if mlflow:
        candidates["import mlflow"] = (IMPORT.format("mlflow"), mlflow)
    taken: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(ROUNDS):
        for name, (code, python) in candidates.items():
            taken[name].append(printed(code, python) if python else printed(code))
    medians = {name: sorted(times)[len(times) // 2] for name, times in taken.items()}
    return [{"what": name, "seconds": seconds, "base": name == "%load_ext nbmlops"} for name, seconds in medians.items()]
