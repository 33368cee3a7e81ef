"""Cells: what capture adds to a cell of a notebook, in one process."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from typing import Any

CELLS = 400


def measure() -> list[dict[str, Any]]:
    """Median time of a cell without nbmlops, with it and no run open, and with a run open (a transaction at each end)."""
    from IPython.core.interactiveshell import InteractiveShell

    from nbmlops import capture, run

    before = os.getcwd()  # noqa: PTH109
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        shell = InteractiveShell.instance()
        shell.history_manager.enabled = False
        plain = _cells(shell)
        capture.attach(shell)
        watched = _cells(shell)
        run.start("bench")
        recorded = _cells(shell)
        run.end()
        capture.detach(shell)
        os.chdir(before)
    found = {"a cell": plain, "observed, no run open": watched, "recorded in an open run": recorded}
    return [
        {
            "what": name,
            "seconds": statistics.median(times),
            "base": name == "a cell",
            "note": f"99th percentile {sorted(times)[int(len(times) * 0.99)] * 1e3:.2f} ms",
        }
        for name, times in found.items()
    ]


def _cells(shell: Any) -> list[float]:
    taken = []
    for number in range(CELLS):
        began = time.perf_counter()
        shell.run_cell(f"x = {number}\ny = [x, x + 1]\nz = sum(y)", store_history=True)
        taken.append(time.perf_counter() - began)
    return taken[20:]
