"""Notebooks: three cells that fit a model, re-executed; each in a fresh process, as CI does it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

CELLS = (
    "# parameters\nalpha = 1.0",
    "import numpy as np\nfrom sklearn.linear_model import Ridge\nX = np.arange(4000.0).reshape(1000, 4); y = X[:, 0]",
    "ridge = Ridge(alpha=alpha).fit(X, y)",
)
INSIDE = "import nbformat, nbclient; nbclient.NotebookClient(nbformat.read('train.ipynb', 4)).execute()"
SHELL = "import sys; from nbmlops.doors.shell import main; sys.exit(main())"
ROUNDS = 5


def measure() -> list[dict[str, Any]]:
    """Medians, in turn."""
    import nbformat

    python = sys.executable
    candidates = {
        "papermill": [python, "-m", "papermill", "train.ipynb", "out.ipynb", "-p", "alpha", "2"],
        "papermill --engine nbmlops": [python, "-m", "papermill", "train.ipynb", "out.ipynb", "--engine", "nbmlops", "-p", "alpha", "2"],
        "nbmlops pipeline run": [python, "-c", SHELL, "pipeline", "run", "train.ipynb", "-p", "alpha=2"],
        "nbclient alone, without parameters": [python, "-c", INSIDE],
    }
    notes = {
        "papermill --engine nbmlops": "the run is recorded, and the fitted model kept",
        "nbmlops pipeline run": "the same, in a child process",
    }
    taken: dict[str, list[float]] = {name: [] for name in candidates}
    env = {name: value for name, value in os.environ.items() if not name.startswith("NBMLOPS_")}
    with tempfile.TemporaryDirectory() as folder:
        made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
        made.cells[0].metadata["tags"] = ["parameters"]
        made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(made, Path(folder, "train.ipynb"))
        for _ in range(ROUNDS):
            for name, words in candidates.items():
                began = time.perf_counter()
                subprocess.run(words, cwd=folder, env=env, check=True, capture_output=True)
                taken[name].append(time.perf_counter() - began)
    return [
        {"what": name, "seconds": sorted(times)[ROUNDS // 2], "base": name == "papermill", "note": notes.get(name, "")}
        for name, times in taken.items()
    ]
