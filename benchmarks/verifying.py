"""Verifying: a notebook of some ten seconds, and ten short ones, executed again and compared; beside plain papermill."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

LONG = (
    "import numpy as np\nfrom sklearn.ensemble import RandomForestRegressor",
    "rng = np.random.default_rng(0)\nX = rng.normal(size=(20_000, 20))\ny = X[:, 0] + rng.normal(size=20_000)",
    "forest = RandomForestRegressor(n_estimators=25, random_state=0, n_jobs=1).fit(X, y)",
    "print(round(forest.score(X, y), 6))",
)
SHORT = (
    "import numpy as np\nfrom sklearn.linear_model import Ridge",
    "X = np.random.default_rng({n}).normal(size=(1000, 4)); y = X[:, 0]",
    "ridge = Ridge(alpha=0.1).fit(X, y)\nprint(ridge.coef_.round(6))",
)
SHELL = "import sys; from nbmlops.doors.shell import main; sys.exit(main())"
ROUNDS, MANY = 3, 10


def measure() -> list[dict[str, Any]]:
    """Medians, in turn; each in a fresh process."""
    import nbformat

    python, env = sys.executable, {name: value for name, value in os.environ.items() if not name.startswith("NBMLOPS_")}
    nbmlops = [python, "-c", SHELL]
    with tempfile.TemporaryDirectory() as folder:

        def write(name: str, cells: tuple[str, ...]) -> None:
            made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
            made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
            nbformat.write(made, Path(folder, name))

        def ran(*words: str) -> None:
            subprocess.run(words, cwd=folder, env=env, check=True, capture_output=True)

        write("long.ipynb", LONG)
        ran(*nbmlops, "workspace", "init")
        ran(*nbmlops, "pipeline", "run", "long.ipynb", "--experiment", "long")
        for n in range(MANY):
            write(f"short{n}.ipynb", tuple(cell.replace("{n}", str(n)) for cell in SHORT))
            ran(*nbmlops, "pipeline", "run", f"short{n}.ipynb", "--experiment", "short")
        papermill = [[python, "-m", "papermill", f"{name}.ipynb", "out.ipynb"] for name in ("long", *(f"short{n}" for n in range(MANY)))]
        candidates = {
            "a long one: papermill": papermill[:1],
            "a long one: run verify": [[*nbmlops, "run", "verify", "--experiment", "long"]],
            "ten short ones: papermill": papermill[1:],
            "ten short ones: run verify --jobs 1": [[*nbmlops, "run", "verify", "--experiment", "short", "--jobs", "1"]],
            "ten short ones: run verify": [[*nbmlops, "run", "verify", "--experiment", "short"]],
        }
        taken: dict[str, list[float]] = {name: [] for name in candidates}
        for _ in range(ROUNDS):
            for name, lines in candidates.items():
                began = time.perf_counter()
                for words in lines:
                    ran(*words)
                taken[name].append(time.perf_counter() - began)
    found = {name: statistics.median(times) for name, times in taken.items()}
    base = {"long": found["a long one: papermill"], "short": found["ten short ones: papermill"]}
    rows = []
    for name, seconds in found.items():
        share = seconds / base["long" if "long" in name else "short"]
        note = "" if "papermill" in name else f"{share:.2f} of papermill's time"
        rows.append({"what": name, "seconds": seconds, "base": name == "a long one: papermill", "note": note})
    return rows
