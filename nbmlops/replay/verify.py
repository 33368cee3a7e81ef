"""Whether a run holds: executed again in a fresh kernel, held against its record, and a difference blamed on its cause."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from functools import partial

from nbmlops.errors import NbmlopsError
from nbmlops.ledger.ids import new_id
from nbmlops.replay.again import again
from nbmlops.replay.held import held_against
from nbmlops.replay.records import Cause, Compared, Deviation, Verification
from nbmlops.replay.written import missing
from nbmlops.runs.records import RunRecord, Verdict

# Every generator a notebook may draw from without a seed of its own, set alike.
_SEED_ALL = """import random as _r, sys as _s
_r.seed(0)
try: import numpy as _n; _n.random.seed(0)
except ImportError: pass
if 'torch' in _s.modules: _s.modules['torch'].manual_seed(0)
del _r, _s
"""
_BLAMED = ("file", "module", "frame", "seed", "parameter", "metric", "error", "output")


def verify(
    record: RunRecord, *, at: datetime, timeout_s: float | None = None, progress: Callable[[int, int], None] | None = None
) -> Verification:
    """Execute a run again and say whether it holds."""
    began = time.monotonic()

    def said(
        verdict: Verdict, sentence: str, *, cause: Cause | None = None, cell: int | None = None, compared: list[Compared] | None = None,
        deviations: list[Deviation] | None = None, absent: list[str] | None = None,
    ) -> Verification:  # fmt: skip
        return Verification(
            id=new_id("verification"), run=record.run.id, verdict=verdict, sentence=sentence, cause=cause, cell=cell,
            compared=compared or [], deviations=deviations or [], missing=absent or [], environment="here", at=at,
            duration_s=round(time.monotonic() - began, 3),
        )  # fmt: skip

    absent = missing(record)
    if absent:
        return said("CANNOT", f"It cannot be executed again: {absent[0]}.", absent=absent)
    try:
        done = again(record, timeout_s=timeout_s, progress=progress)
    except NbmlopsError as error:
        return said("CANNOT", f"It cannot be executed again: {error.message}", absent=[error.message])
    if done.run.status == "killed" or (done.run.error or "").startswith("Timed out"):
        return said("CANNOT", f"Its execution did not come to an end: {done.run.error}", absent=[str(done.run.error)])
    compared, deviations = held_against(record, done)
    blamed = [one for one in deviations if one.part in _BLAMED]
    if not blamed:
        changed = [one.name for one in deviations]
        more = f" The environment is another ({', '.join(changed[:3])}), and it does not matter." if changed else ""
        return said("VERIFIED", f"{_counted(compared)} came out the same.{more}", compared=compared, deviations=deviations)
    cell = min((one.cell for one in blamed if one.cell is not None), default=None)
    cause, why = _cause(record, done, deviations, blamed, cell, partial(again, record, timeout_s=timeout_s, progress=progress))
    where = f"first in cell {cell}" if cell is not None else "in no one cell"
    return said("DIFFERS", f"{why}, {where}.", cause=cause, cell=cell, compared=compared, deviations=deviations)


def _counted(compared: list[Compared]) -> str:
    told = [one for one in compared if one.things and one.part not in ("environment", "error")]
    return ", ".join(f"{one.things} {one.part}{'s' if one.things != 1 else ''}" for one in told) or "Nothing that can be compared"


def _cause(
    record: RunRecord, done: RunRecord, deviations: list[Deviation], blamed: list[Deviation], cell: int | None,
    once_more: Callable[..., RunRecord],
) -> tuple[Cause, str]:  # fmt: skip
    """What the first difference is blamed on: what went in comes before what came out."""
    files = [one for one in blamed if one.part == "file" and one.before is not None and one.after is not None]
    if files and (files[0].cell is None or cell is None or files[0].cell <= cell):
        return "data", f"The data changed: {files[0].name}"
    modules = [one for one in blamed if one.part == "module" and one.before is not None and one.after is not None]
    if modules and (modules[0].cell is None or cell is None or modules[0].cell <= cell):
        return "code", f"A module of its own changed: {modules[0].name}"
    _, between = held_against(done, once_more())
    if any(one.part in _BLAMED for one in between):
        _, still = held_against(once_more(first=_SEED_ALL), once_more(first=_SEED_ALL))
        if any(one.part in _BLAMED for one in still):
            return "time or network", "It comes out otherwise every time, whatever random numbers are drawn: the clock, or the network"
        return "randomness", "It draws random numbers that no seed fixes: two executions differ, and with one seed they do not"
    changed = [one for one in deviations if one.part == "environment"]
    if changed:
        first = changed[0]
        return "environment", f"The environment changed: {first.name} was {first.before or 'not there'}, is {first.after or 'not there'}"
    if record.hidden:
        return "hidden state", f"It used {record.hidden[0].name}, which was {record.hidden[0].why}"
    return "unknown", "It comes out otherwise, and why is not known"
