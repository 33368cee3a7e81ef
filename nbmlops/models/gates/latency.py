"""How long an answer takes, in this process, after warm-up."""

from __future__ import annotations

import json
import os
import platform
import time
from typing import Any

import numpy as np

from nbmlops.errors import Invalid
from nbmlops.models import portable
from nbmlops.models.gates.port import Asked, judged, positive
from nbmlops.models.gates.standing import Standing
from nbmlops.models.package import said_columns
from nbmlops.models.records import GateCheck

_WARM = 5


class LatencyAsked(Asked, frozen=True, kw_only=True):
    """Limits in milliseconds: of the middle and the 95th percentile of calls with one row, and of one call with `batch_rows`.

    Of `repeats` rounds of `calls` calls each the median round counts. It is this machine's time, without a server around it.
    """

    p50_ms: float | None = None
    p95_ms: float | None = None
    batch_ms: float | None = None
    batch_rows: int = 1000
    calls: int = 50
    repeats: int = 5

    def __post_init__(self) -> None:
        for name in ("p50_ms", "p95_ms", "batch_ms"):
            positive(getattr(self, name), name)
        if self.p50_ms is None and self.p95_ms is None and self.batch_ms is None:
            raise ValueError("give p50_ms, p95_ms or batch_ms")
        if not (1 <= self.calls <= 10_000 and 1 <= self.repeats <= 100 and 1 <= self.batch_rows <= 1_000_000):
            raise ValueError("calls is up to 10,000, repeats up to 100, batch_rows up to 1,000,000")


class Latency:
    """Times of calls with one row and with many."""

    kind = "latency"
    asks = LatencyAsked
    needs_rows = False  # the rows that every version keeps will do

    def check(self, asked: LatencyAsked, on: Standing) -> list[GateCheck]:
        """A check for each limit."""
        rows = _rows(on)
        where = {"machine": platform.machine(), "cores": os.cpu_count(), "python": platform.python_version()}
        checks = []
        if asked.p50_ms is not None or asked.p95_ms is not None:
            single = [rows.iloc[[at % len(rows)]] for at in range(asked.calls)]
            rounds = _timed(on, single, asked.repeats)
            for name, limit, share in (("p50", asked.p50_ms, 0.5), ("p95", asked.p95_ms, 0.95)):
                if limit is not None:
                    value = float(np.median(np.quantile(rounds, share, axis=1)))
                    reason = f"A call with one row takes {value:.3g} ms ({name} of {asked.calls} calls, median of {asked.repeats} rounds)"
                    checks.append(_held(f"{name} of one row", value, limit, reason, rounds, where))
        if asked.batch_ms is not None:
            batch = rows.iloc[np.arange(asked.batch_rows) % len(rows)].reset_index(drop=True)
            rounds = _timed(on, [batch], asked.repeats)
            value = float(np.median(rounds))
            reason = f"A call with {asked.batch_rows:,} rows takes {value:.3g} ms (median of {asked.repeats})"
            checks.append(_held("a batch", value, asked.batch_ms, reason, rounds, where))
        return checks


def _held(name: str, value: float, limit: float, reason: str, rounds: Any, where: dict[str, Any]) -> GateCheck:
    each = np.quantile(rounds, 0.95, axis=1).tolist()
    return judged(
        "latency", name, value <= limit, f"{reason}, at most {limit:g} ms are asked.", value=value, limit=limit, rounds=each, **where
    )


def _timed(on: Standing, calls: list[Any], repeats: int) -> Any:
    """Milliseconds (repeats, calls)."""
    for call in calls[:_WARM]:
        on.ask(call)
    times = np.empty((repeats, len(calls)))
    for again in range(repeats):
        for at, call in enumerate(calls):
            begun = time.perf_counter()
            on.raw(call)
            times[again, at] = 1000 * (time.perf_counter() - begun)
    return times


def _rows(on: Standing) -> Any:
    """Rows to ask with: those given, or those that the version is kept with."""
    if on.rows is not None:
        return on.table[on.inputs]
    if on.workspace is None or on.candidate.fixtures is None:
        raise Invalid("There are no rows to ask the model with.", hint="Give rows: --data X --labels y")
    kept = json.loads(on.workspace.blobs.get(on.candidate.fixtures))
    return portable.frame_of(kept["rows"], said_columns(on.candidate.signature))
