"""Waiting for what is still being hashed, with a line that says how far it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from nbmlops.capture.reading.hashing import Job

PATIENCE_S = 1.0


def wait_for(jobs: list[Job], timeout_s: float, progress: Callable[[int, int, str], None] | None, out: Any) -> None:
    """Wait for `jobs`; after a second `progress` (or a line on `out`) tells the bytes done, the bytes in all, and the file.

    >>> wait_for([], 60, None, None)
    """
    began = time.monotonic()
    total = sum(job.state[2] for job in jobs)
    shown = ""
    for job in jobs:
        while not job.over.wait(0.2):
            waited_s = time.monotonic() - began
            if waited_s > timeout_s:
                _clear(out, shown)
                return
            if waited_s < PATIENCE_S:
                continue
            done = sum(other.state[2] if other.over.is_set() else other.bytes_done for other in jobs)
            if progress is not None:
                progress(done, total, job.path)
            elif out is not None:
                name = job.path.rstrip("/").rsplit("/", 1)[-1][:40].encode("ascii", "replace").decode()
                _clear(out, shown)
                shown = f"nbmlops: hashing {name}: {100 * done // max(total, 1)} % of {total / 1e9:.1f} GB"
                out.write("\r" + shown)
                out.flush()
    _clear(out, shown)


def _clear(out: Any, shown: str) -> None:
    if shown:
        out.write("\r" + " " * len(shown) + "\r")
        out.flush()
