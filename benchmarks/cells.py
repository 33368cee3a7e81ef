"""Cells: what capture adds to a cell of a notebook that reads nothing new, in one process; blocks of each kind in turn."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from typing import Any

ROUNDS, CELLS = 12, 120
SMALL = "x = {n}\ny = [x, x + 1]\nz = sum(y)"
USUAL = """
def spread(values, scale=1.0):
    middle = sum(values) / len(values)
    return scale * sum((value - middle) ** 2 for value in values) / len(values)

values = [({n} * at + at) % 1009 for at in range(1, 51)]
table = {{at: value for at, value in enumerate(values) if value}}
found = spread(values), max(table), min(table.values())
for at, value in sorted(table.items())[:5]:
    found += (at * value,)
text = f"{{found[0]:.2f}} of {{len(table)}}"
"""


def measure() -> list[dict[str, Any]]:
    """Medians and 99th percentiles of a cell without nbmlops, with it, and with a run open that takes the cell in."""
    from IPython.core.interactiveshell import InteractiveShell

    from nbmlops import capture, run

    before = os.getcwd()  # noqa: PTH109
    taken: dict[tuple[str, str], list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        shell = InteractiveShell.instance()
        shell.history_manager.enabled = False
        # A session some way in: names that stay.
        shell.run_cell("\n".join(f"held_{n} = [{n}]" for n in range(200)))
        for _ in range(ROUNDS):
            for kind, source in (("three lines", SMALL), ("twelve lines with a function", USUAL)):
                taken.setdefault((kind, "a cell"), []).extend(_cells(shell, source))
                capture.attach(shell)
                taken.setdefault((kind, "observed, no run open"), []).extend(_cells(shell, source))
                run.start("bench")
                taken.setdefault((kind, "recorded in an open run"), []).extend(_cells(shell, source))
                run.end()
                capture.detach(shell)
        os.chdir(before)
    rows = []
    for (kind, name), times in taken.items():
        plain = taken[kind, "a cell"]
        added = [_percentile(times, at) - _percentile(plain, at) for at in (0.5, 0.99)]
        note = f"99th percentile {_percentile(times, 0.99) * 1e3:.2f} ms"
        if name != "a cell":
            note += f"; adds {added[0] * 1e3:.2f} ms at the median, {added[1] * 1e3:.2f} ms at the 99th percentile"
        rows.append({"what": f"{kind}: {name}", "seconds": statistics.median(times), "base": not rows, "note": note})
    return rows


def _percentile(times: list[float], at: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * at))]


def _cells(shell: Any, source: str) -> list[float]:
    taken = []
    for number in range(CELLS):
        began = time.perf_counter()
        shell.run_cell(source.format(n=number), store_history=True)
        taken.append(time.perf_counter() - began)
    return taken[20:]
