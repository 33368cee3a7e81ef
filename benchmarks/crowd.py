"""Crowd: what recording adds to a cell while twenty kernels write to one workspace, beside the same crowd without nbmlops."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

SECONDS = 20


def measure() -> list[dict[str, Any]]:
    """The same cells in twenty processes at once, plain and recorded in turn, twice; small cells and those that log."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from tests.faults.test_crowd import crowd

    taken: dict[str, list[float]] = {"without nbmlops": [], "recorded in an open run": []}
    for way in (*taken, *reversed(taken)):
        with tempfile.TemporaryDirectory() as folder:
            kernels: list[subprocess.Popen[str]] = crowd(Path(folder), SECONDS, *(["plain"] if way == "without nbmlops" else []))
            for kernel in kernels:
                told = json.loads(kernel.communicate()[0].splitlines()[-1])
                assert not told["said"], told["said"]
                taken[way] += [seconds for seconds, kind in zip(told["taken"], told["kinds"], strict=True) if kind in ("small", "log")]
    plain = taken["without nbmlops"]
    rows = []
    for way, times in taken.items():
        note = f"99th percentile {_percentile(times) * 1e3:.2f} ms, longest {max(times):.2f} s of {len(times):,} cells"
        if times is not plain:
            more, most = statistics.median(times) - statistics.median(plain), _percentile(times) - _percentile(plain)
            note += f"; adds {more * 1e3:.2f} ms at the median, {most * 1e3:.2f} ms at the 99th percentile"
        rows.append({"what": way, "seconds": statistics.median(times), "base": times is plain, "note": note})
    return rows


def _percentile(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.99)]
