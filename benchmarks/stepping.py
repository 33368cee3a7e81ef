"""Stepping: eight notebooks one after another, as a pipeline and by plain papermill; and twenty steps of which none has changed."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

SHORT = (
    "import numpy as np\nfrom sklearn.linear_model import Ridge",
    "X = np.random.default_rng({n}).normal(size=(1000, 4)); y = X[:, 0]",
    "ridge = Ridge(alpha=0.1).fit(X, y)\nprint(ridge.coef_.round(6))",
)
LONG = (*SHORT[:2], "import time\nbegan = time.process_time()\nwhile time.process_time() - began < 4: X @ X.T", SHORT[2])
SHELL = "import sys; from nbmlops.doors.shell import main; sys.exit(main())"
LOOP = "import papermill, sys\nfor name in sys.argv[1:]: papermill.execute_notebook(name, 'out.ipynb', progress_bar=False)"
ROUNDS, STEPS, MANY = 3, 8, 20


def measure() -> list[dict[str, Any]]:
    """Medians, in turn, each in a fresh process; of the pipelines every step is executed, but for the last."""
    import nbformat

    python, env = sys.executable, {name: value for name, value in os.environ.items() if not name.startswith("NBMLOPS_")}
    nbmlops = [python, "-c", SHELL, "pipeline", "run"]
    with tempfile.TemporaryDirectory() as folder:

        def write(name: str, cells: tuple[str, ...], n: int) -> str:
            made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell.replace("{n}", str(n))) for cell in cells])
            made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
            nbformat.write(made, Path(folder, name))
            return name

        short = [write(f"short{n}.ipynb", SHORT, n) for n in range(MANY)]
        long = [write(f"long{n}.ipynb", LONG, n) for n in range(STEPS // 2)]
        for file, names in (("short.yaml", short[:STEPS]), ("long.yaml", long), ("many.yaml", short)):
            steps = "\n".join(f"  s{n}: {{notebook: {name}{f', after: [s{n - 1}]' if n else ''}}}" for n, name in enumerate(names))
            Path(folder, file).write_text(f"steps:\n{steps}\n")
        subprocess.run([*nbmlops, "many.yaml"], cwd=folder, env=env, check=True, capture_output=True)
        candidates = {
            "8 short notebooks: papermill in a loop": [python, "-c", LOOP, *short[:STEPS]],
            "8 short notebooks: a pipeline": [*nbmlops, "short.yaml", "--force"],
            "4 of some five seconds: papermill in a loop": [python, "-c", LOOP, *long],
            "4 of some five seconds: a pipeline": [*nbmlops, "long.yaml", "--force"],
            "20 steps, none changed": [*nbmlops, "many.yaml"],
        }
        taken: dict[str, list[float]] = {name: [] for name in candidates}
        for _ in range(ROUNDS):
            for name, words in candidates.items():
                began = time.perf_counter()
                subprocess.run(words, cwd=folder, env=env, check=True, capture_output=True)
                taken[name].append(time.perf_counter() - began)
    found = {name: statistics.median(times) for name, times in taken.items()}
    rows, before = [], 0.0
    for name, seconds in found.items():
        each = STEPS if name.startswith("8") else STEPS // 2
        note = f"{(seconds - before) / each * 1000:+.0f} ms a step, {seconds / before - 1:+.0%}" if "a pipeline" in name else ""
        rows.append({"what": name, "seconds": seconds, "base": name.startswith("8") and "papermill" in name, "note": note})
        before = seconds
    return rows
