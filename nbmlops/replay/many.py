"""Many runs verified side by side: as many at a time as there are cores, and none beside one whose files it shares."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Event

from nbmlops.pipelines.executor import one_ahead
from nbmlops.replay.aside import stop_all
from nbmlops.replay.records import Verification, Verifications
from nbmlops.replay.written import reads, writes
from nbmlops.runs.records import RunRecord


def verify_many(
    records: Sequence[RunRecord], one: Callable[[RunRecord], Verification], *, jobs: int | None = None,
    progress: Callable[[Verification], object] = lambda found: None,
) -> Verifications:  # fmt: skip
    """Verify runs with `one`, `jobs` of them at a time; `progress` is told of each as it is done, in this thread.

    An interrupt stops what is being executed, and nothing of it is left.
    """
    began, stopped = time.monotonic(), Event()
    told: SimpleQueue[Verification] = SimpleQueue()

    def in_turn(group: list[RunRecord]) -> None:
        for record in group:
            if not stopped.is_set():
                told.put(one(record))

    groups = sharing_none(records)
    found: dict[str, Verification] = {}
    at_once = min(jobs or os.cpu_count() or 1, max(len(groups), 1))
    with ThreadPoolExecutor(at_once, thread_name_prefix="nbmlops-verify") as pool, one_ahead(at_once, of=len(records)):
        try:
            left = {pool.submit(in_turn, group) for group in groups}
            while left or not told.empty():
                with suppress(Empty):
                    verification = told.get(timeout=0.1)
                    found[verification.run] = verification
                    progress(verification)
                over = {done for done in left if done.done()}
                left -= over
                for done in over:
                    done.result()
        except BaseException:
            stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
            stop_all()
            raise
    return Verifications.of([found[record.run.id] for record in records], time.monotonic() - began)


def sharing_none(records: Sequence[RunRecord]) -> list[list[RunRecord]]:
    """Groups of which no two touch a file that either writes; within one, runs take turns, in the order given."""
    groups: list[tuple[list[RunRecord], set[str], set[str]]] = []
    for record in records:
        group, read, written = [record], set(reads(record)), set(writes(record.files))
        apart = []
        for other in groups:
            if written & (other[1] | other[2]) or read & other[2]:
                group, read, written = other[0] + group, read | other[1], written | other[2]
            else:
                apart.append(other)
        groups = [*apart, (group, read, written)]
    return [group for group, *_ in groups]
