"""Promoting: eight processes promote and roll back one alias for a minute, and what they made is checked to be one history."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

PROCESSES, SECONDS = 8, 60


def measure() -> list[dict[str, Any]]:
    """One process alone, then eight at once; then the whole trail is verified."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from nbmlops.models import audit_verbs
    from nbmlops.workspace import Workspace
    from tests.models import promoting

    rows = []
    for processes, seconds in ((1, 10), (PROCESSES, SECONDS)):
        with tempfile.TemporaryDirectory() as folder:
            promoting.made(Path(folder))
            told = promoting.crowd(Path(folder), processes, seconds)
            moves = promoting.single_line(Path(folder), told)
            place = Workspace.at(folder)
            began = time.perf_counter()
            check = audit_verbs.verify(workspace=place)
            verified = time.perf_counter() - began
            place.close()
        taken = sorted(second for one in told for second in one["taken"])
        conflicts, by_each = sum(one["conflicts"] for one in told), [len(one["moves"]) for one in told]
        note = f"{moves:,} moves in {seconds} s, {conflicts:,} conflicts, {min(by_each):,} to {max(by_each):,} moves a process"
        note += f"; 99th percentile {taken[int(len(taken) * 0.99)] * 1e3:.0f} ms, longest {taken[-1]:.2f} s; one line, trail whole"
        what = f"a move, {processes} process{'es' if processes > 1 else ''} at once"
        rows.append({"what": what, "seconds": statistics.median(taken), "base": processes == 1, "note": note})
    rows.append({"what": f"verifying the trail of {check.events:,} events", "seconds": verified, "note": "against the registry, too"})
    return rows
