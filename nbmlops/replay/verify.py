"""Whether a run holds: executed again in a fresh kernel, held against its record, and a difference blamed on its cause."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from nbmlops.data.records import Dataset
from nbmlops.errors import NbmlopsError
from nbmlops.ledger.ids import new_id
from nbmlops.replay.again import again
from nbmlops.replay.held import blamed, held_against
from nbmlops.replay.inputs import changed_data, inside, stand_ins
from nbmlops.replay.records import Cause, Compared, Deviation, Verification
from nbmlops.replay.saved import Saved, as_saved
from nbmlops.replay.written import missing
from nbmlops.runs.records import RunDataDiff, RunRecord, Verdict
from nbmlops.workspace import Workspace

# Every generator a notebook may draw from without a seed of its own, set alike; and the order of sets of texts.
_SEED_ALL = """import os as _o, random as _r, secrets as _s, sys as _y
_d = _r.Random(0)
_s.randbits, _o.urandom = _d.getrandbits, _d.randbytes
_r.seed(0)
try:
    import numpy as _n, numpy.random.bit_generator as _b
    _n.random.seed(0)
    _b.randbits = _d.getrandbits
    del _n, _b
except ImportError: pass
if 'torch' in _y.modules: _y.modules['torch'].manual_seed(0)
del _o, _r, _s, _y, _d
"""
_ALIKE: dict[str, Any] = {"first": _SEED_ALL, "environ": {"PYTHONHASHSEED": "0"}}
_CHANCE = "random numbers that no seed fixes, or by the order of a set of texts"
_CLOCK = re.compile(
    r"\b(?:now|utcnow|today|local_now|localtime|gmtime)\s*\(|to_datetime\(\s*[\"'](?:now|today)"
)
Execute = Callable[..., RunRecord]


def verify(
    place: Workspace, record: RunRecord, *, timeout_s: float | None = None, progress: Callable[[int, int], None] | None = None,
    recreate: Callable[[RunRecord], Path] | None = None,
) -> Verification:
    """Execute a run again and say whether it holds.

    The cells as they ran come first; if they hold, and the notebook as it is saved is another by now, that one too. Files that are
    gone or another are read as they were, where that version is kept. `recreate` gives the Python of the recorded environment,
    built anew.
    """
    began = time.monotonic()
    datasets: dict[str, Dataset] = {}

    def said(
        verdict: Verdict, sentence: str, *, cause: Cause | None = None, cell: int | None = None, compared: list[Compared] | None = None,
        deviations: list[Deviation] | None = None, absent: list[str] | None = None, data: RunDataDiff | None = None,
    ) -> Verification:  # fmt: skip
        return Verification(
            id=new_id("verification"), run=record.run.id, name=record.run.name, verdict=verdict, sentence=sentence, cause=cause,
            cell=cell, compared=compared or [], deviations=deviations or [], missing=absent or [],
            environment="recreated" if recreate else "here", data=data, at=place.clock(), duration_s=round(time.monotonic() - began, 3),
        )  # fmt: skip

    def cannot(found: RunRecord) -> Verification | None:
        if found.run.status == "killed" or (found.run.error or "").startswith("Timed out"):
            return said("CANNOT", f"Its execution did not come to an end: {found.run.error}", absent=[str(found.run.error)])
        return None

    kept, told = stand_ins(place, record)
    absent = missing(record, kept)
    if absent:
        return said("CANNOT", f"It cannot be executed again: {absent[0]}.", absent=absent)
    saved = as_saved(record)
    try:
        python = recreate(record) if recreate else None
        furnish = {path: partial(place.blobs.write_to, digest) for path, digest in kept.items()}
        execute = partial(again, record, timeout_s=timeout_s, progress=progress, python=python, furnish=furnish, datasets=datasets)
        done = execute()
        if no := cannot(done):
            return no
        compared, deviations = held_against(record, done)
        if not blamed(deviations) and saved is not None:
            return _of_saved(record, saved, execute, said, cannot)
        if not blamed(deviations):
            sentence = f"{_counted(compared)} came out the same.{told}{_harmless(deviations)}"
            return said("VERIFIED", sentence, compared=compared, deviations=deviations)
        cause, cell, why = _cause(record, done, deviations, execute)
        data = changed_data(place, record, done, datasets) if cause == "data" else None
    except NbmlopsError as error:
        return said("CANNOT", f"It cannot be executed again: {error.message}", absent=[error.message])
    where = f"{why}{inside(data)}, {_where(cell)}."
    return said("DIFFERS", where, cause=cause, cell=cell, compared=compared, deviations=deviations, data=data)


def _of_saved(
    record: RunRecord, saved: Saved, execute: Execute, said: Callable[..., Verification], cannot: Callable[[RunRecord], Verification | None]
) -> Verification:  # fmt: skip
    """The cells as they ran hold. Does the notebook that they are in now?"""

    def anew(**alike: Any) -> RunRecord:
        return saved.of_execution(execute(notebook=saved.notebook, **alike), record)

    changed = _changed(saved.changes)
    done = anew()
    if no := cannot(done):
        return no
    compared, deviations = held_against(saved.of_record(record), done, by_position=True)
    deviations = [*saved.changes, *deviations]
    if not blamed(deviations):
        sentence = f"{_counted(compared)} came out the same. Since it ran, {changed}, and it does not matter.{_harmless(deviations)}"
        return said("VERIFIED", sentence, compared=compared, deviations=deviations)
    cell = min((one.cell for one in saved.changes if one.cell is not None), default=_first(deviations))
    shows = _first(deviations)
    seen = f"; it shows first in cell {shows}" if shows is not None and shows != cell else ""
    hold = f"The cells as they ran hold. Since then {changed}, and"
    _, between = held_against(done, anew(), by_position=True)
    cause: Cause = "order or hidden state"
    why = f"The cells as they ran hold, the notebook as it is saved does not: {changed}"
    if blamed(between):
        _, still = held_against(anew(**_ALIKE), anew(**_ALIKE), by_position=True)
        if blamed(still):
            cause, why = "time or network", f"{hold} the notebook comes out otherwise every time: the clock, or the network"
        else:
            cause, why = "randomness", f"{hold} the notebook goes by {_CHANCE}"
    elif any(asks_the_clock(str(one.after)) and not asks_the_clock(str(one.before)) for one in saved.changes):
        cause, why = "time or network", f"{hold} it asks the clock"
    return said("DIFFERS", f"{why}{seen}.", cause=cause, cell=cell, compared=compared, deviations=deviations)


def _changed(changes: list[Deviation]) -> str:
    told = []
    for one in changes:
        if one.name == "added":
            told.append("a cell was added" if one.cell is None else f"a cell was added after cell {one.cell}")
        else:
            told.append(f"cell {one.cell} was {one.name}")
    return ", ".join(told[:3]) + (f" and {len(told) - 3} more" if len(told) > 3 else "")


def _first(deviations: list[Deviation]) -> int | None:
    return min((one.cell for one in blamed(deviations) if one.cell is not None), default=None)


def _where(cell: int | None) -> str:
    return f"first in cell {cell}" if cell is not None else "in no one cell"


def _harmless(deviations: list[Deviation]) -> str:
    changed = [one.name for one in deviations if one.part in ("environment", "variable")]
    return f" The environment is another ({', '.join(changed[:3])}), and it does not matter." if changed else ""


def _counted(compared: list[Compared]) -> str:
    told = [one for one in compared if one.things and one.part not in ("environment", "error")]
    return ", ".join(f"{one.things} {one.part}{'s' if one.things != 1 else ''}" for one in told) or "Nothing that can be compared"


def _cause(record: RunRecord, done: RunRecord, deviations: list[Deviation], execute: Execute) -> tuple[Cause, int | None, str]:
    """What the first difference is blamed on, and where it is: what went in comes before what came out."""
    cell = _first(deviations)
    for part, cause, what in (("file", "data", "The data changed"), ("module", "code", "A module of its own changed")):
        changed = [one for one in deviations if one.part == part and one.before is not None and one.after is not None]
        if changed and (changed[0].cell is None or cell is None or changed[0].cell <= cell):
            return cause, cell, f"{what}: {changed[0].name}"  # type: ignore[return-value]
    variables = [one for one in deviations if one.part == "variable"]
    if variables and (variables[0].cell is None or cell is None or variables[0].cell <= cell):
        first = variables[0]
        return "environment", first.cell, f"The environment variable {first.name} {_of_variable(first.before, first.after)}"
    _, between = held_against(done, execute())
    if blamed(between):
        _, still = held_against(execute(**_ALIKE), execute(**_ALIKE))
        if blamed(still):
            why = "It comes out otherwise every time, whatever random numbers are drawn: the clock, or the network"
            return "time or network", cell, why
        return "randomness", cell, f"It goes by {_CHANCE}: two executions differ, and with one seed they do not"
    changed = [one for one in deviations if one.part == "environment"]
    if changed:
        first = changed[0]
        what = f"{first.name} was {first.before or 'not there'}, is {first.after or 'not there'}"
        return "environment", cell, f"The environment changed: {what}"
    asking = next((one for one in record.cells if one.position <= (cell or 0) and asks_the_clock(one.source)), None)
    if asking is not None:
        return "time or network", cell, f"Cell {asking.position} asks the clock"
    if record.hidden:
        return "order or hidden state", cell, f"It used {record.hidden[0].name}, which was {record.hidden[0].why}"
    return "unknown", cell, "It comes out otherwise, and why is not known"


def asks_the_clock(source: str) -> bool:
    """Whether code asks what day or hour it is; seconds that are counted differ every time, and are found by executing twice.

    >>> [asks_the_clock(one) for one in ("x = pd.Timestamp.now()", "age = date.today() - born", "began = time.time()")]
    [True, True, False]
    """
    return _CLOCK.search(source) is not None


def _of_variable(before: Any, after: Any) -> str:
    was, now = [held not in (None, "not set") for held in (before, after)]
    if was != now:
        return f"was {'' if was else 'not '}set, and is {'' if now else 'not '}now"
    return "holds something else"
