"""Sweeping: 16 short notebooks over one parameter, and how busy the cores are, beside papermill in a loop and with joblib."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

TRIALS, ROUNDS = 16, 3
CELLS = (
    "import numpy as np, pandas as pd\nfrom sklearn.linear_model import Ridge\nfrom sklearn.metrics import mean_squared_error",
    "rng = np.random.default_rng(1)\nx = pd.DataFrame(rng.normal(size=(20_000, 20)))\ny = x @ np.arange(20) + rng.normal(size=20_000)",
    "model = Ridge(alpha=alpha).fit(x.to_numpy()[:15_000], y[:15_000])",
    "mse = mean_squared_error(y[15_000:], model.predict(x.to_numpy()[15_000:]))",
)
_VALUES = f"[0.1 * (n + 1) for n in range({TRIALS})]"
_BEGIN = "import json, os, resource, sys, time\nbegan = time.perf_counter()\nif __name__ == '__main__':\n"
_END = """
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(json.dumps({"wall": time.perf_counter() - began, "cpu": used.ru_utime + used.ru_stime}))
"""
_ONE = "papermill.execute_notebook('in.ipynb', f'out-{n}.ipynb', parameters={'alpha': a}, progress_bar=False)"
WAYS = {
    "papermill in a loop": f"    import papermill\n    for n, a in enumerate({_VALUES}): {_ONE}",
    "papermill with joblib": "    from joblib import Parallel, delayed\n    from joblib.externals.loky import get_reusable_executor\n"
    f"    Parallel(JOBS)(delayed(one)(n, a) for n, a in enumerate({_VALUES}))\n"
    "    get_reusable_executor().shutdown(wait=True)",
    "pipeline sweep": "    from nbmlops import pipeline\n"
    f"    done = pipeline.sweep('in.ipynb', over={{'alpha': {_VALUES}}}, metric='mse', jobs=JOBS)\n"
    f"    assert done.complete == {TRIALS} and done.best_run, done",
}


def measure() -> list[dict[str, Any]]:
    """Each way in turn; seconds are the whole, the note says which share of the cores' time the executions took."""
    cores = os.cpu_count() or 1
    taken: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    for _ in range(ROUNDS):
        for way in WAYS:
            taken[way].append(_told(way, cores))
    rows = []
    for way, times in taken.items():
        busy = statistics.median(one["cpu"] / one["wall"] / cores for one in times)
        note = f"{busy:.0%} of {cores} cores, {statistics.median(one['cpu'] for one in times) / TRIALS:.2f} s of them a notebook"
        seconds = statistics.median(one["wall"] for one in times)
        rows.append({"what": way, "seconds": seconds, "base": way == "papermill in a loop", "note": note})
    return rows


def _told(way: str, cores: int) -> dict[str, float]:
    import nbformat

    with tempfile.TemporaryDirectory() as folder:
        notebook = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "", "language": "python"}})
        notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in ("alpha = 1.0", *CELLS)]
        notebook.cells[0].metadata["tags"] = ["parameters"]
        nbformat.write(notebook, Path(folder, "in.ipynb"))
        one = f"def one(n, a):\n    import papermill\n    {_ONE}\n" if "one)" in WAYS[way] else ""
        Path(folder, "way.py").write_text(one + _BEGIN + WAYS[way].replace("JOBS", str(cores)) + _END)
        env = {name: value for name, value in os.environ.items() if name not in ("NBMLOPS_WORKSPACE", "VIRTUAL_ENV")}
        # What a numerical library would do with all cores says nothing of who keeps them busy.
        env |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        began = time.perf_counter()
        done = subprocess.run([sys.executable, "way.py"], cwd=folder, env=env, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{way}: {done.stderr[-2000:]}")
        told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
        return {**told, "whole": time.perf_counter() - began}
