"""Whether a run holds: executed again in a fresh kernel, held against its record, and a difference blamed on its cause."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from nbmlops.data.records import Dataset
from nbmlops.errors import NbmlopsError
from nbmlops.ledger.ids import new_id
from nbmlops.pipelines.executor import one_ahead
from nbmlops.replay.again import again
from nbmlops.replay.held import blamed, held_against
from nbmlops.replay.inputs import changed_data, inside, others_now, stand_ins
from nbmlops.replay.records import Cause, Compared, Deviation, Verification
from nbmlops.replay.saved import Saved, as_saved
from nbmlops.replay.written import missing
from nbmlops.runs.records import RunDataDiff, RunRecord, Verdict
from nbmlops.workspace import Workspace

# Every generator a notebook may draw from without a seed of its own, set alike; and the order of sets of texts.
_SEED_ALL = """import os as _o, random as _r, secrets as _s, sys as _y
_d = _r.Random(0)
_s.randbits, _o.urandom, _r._urandom = _d.getrandbits, _d.randbytes, _d.randbytes
_r.seed(0)
try:
    import numpy as _n, numpy.random.bit_generator as _b
    _n.random.seed(0)
    _b.randbits = _d.getrandbits
    del _n, _b
except ImportError: pass
if 'torch' in _y.modules: _y.modules['torch'].manual_seed(0)
try:
    import polars as _p
    _p.set_random_seed(0)
    del _p
except ImportError: pass
del _o, _r, _s, _y, _d
"""
_ALIKE: dict[str, Any] = {"first": _SEED_ALL, "environ": {"PYTHONHASHSEED": "0"}}
_CHANCE = "random numbers without a seed, or on the order of a set of texts"
_CLOCK = re.compile(r"\b(?:now|utcnow|today|local_now|localtime|gmtime)\s*\(|to_datetime\(\s*[\"'](?:now|today)")
_DRAWS = re.compile(r"(?i)\b(?:sample|random\w*|rand\w*|shuffle|permut\w+|bootstrap|secrets|uuid[14]?|token_\w+|bernoulli|reservoir)\b")
Execute = Callable[..., RunRecord]


@one_ahead(of=0)  # what is executed once more to tell why it differs is executed by the same process
def verify(
    place: Workspace,
    record: RunRecord,
    *,
    timeout_s: float | None = None,
    progress: Callable[[int, int], None] | None = None,
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
    told += others_now(record)
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
        deviations = _without_stamps(record, deviations, done, execute)
        if not blamed(deviations) and saved is not None:
            return _of_saved(record, saved, execute, said, cannot, told)
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
    record: RunRecord, saved: Saved, execute: Execute, said: Callable[..., Verification],
    cannot: Callable[[RunRecord], Verification | None], told: str,
) -> Verification:  # fmt: skip
    """The cells as they ran hold. Does the notebook that they are in now?"""

    def anew(**alike: Any) -> RunRecord:
        return saved.of_execution(execute(notebook=saved.notebook, **alike), record)

    changed = _changed(saved.changes)
    done = anew()
    if no := cannot(done):
        return no
    compared, deviations = held_against(saved.of_record(record), done, by_position=True)
    deviations = [*saved.changes, *_without_stamps(record, deviations, done, anew)]
    if not blamed(deviations):
        same = f"{_counted(compared)} came out the same. Since it ran, {changed}, and nothing that is compared came out otherwise."
        sentence = f"{same}{told}{_harmless(deviations)}"
        return said("VERIFIED", sentence, compared=compared, deviations=deviations)
    cell = min((one.cell for one in saved.changes if one.cell is not None), default=_first(deviations))
    shows = _first(deviations)
    seen = f"; it shows first in cell {shows}" if shows is not None and shows != cell else ""
    hold = f"The cells as they ran hold. Since then {changed}, and"
    _, between = held_against(done, anew(), by_position=True)
    cause: Cause = "order or hidden state"
    why = f"The recorded cells give the same, the saved notebook does not: {changed}"
    if blamed(between):
        _, still = held_against(anew(**_ALIKE), anew(**_ALIKE), by_position=True)
        if blamed(still) and any(_DRAWS.search(str(one.after)) for one in saved.changes):
            cause, why = "randomness", f"{hold} the notebook draws random numbers from a generator that no seed reaches"
        elif blamed(still):
            cause, why = "time or network", f"{hold} the notebook comes out otherwise every time: probably the clock, or the network"
        else:
            cause, why = "randomness", f"{hold} the notebook depends on {_CHANCE}"
    elif any(asks_the_clock(str(one.after)) and not asks_the_clock(str(one.before)) for one in saved.changes):
        cause, why = "time or network", f"{hold} it asks the clock"
    return said("DIFFERS", f"{why}{seen}.", cause=cause, cell=cell, compared=compared, deviations=deviations)


# Formats that have in them when they were written.
_STAMPED = (
    ".xlsx", ".xlsm", ".docx", ".pptx", ".zip", ".gz", ".tgz", ".tar", ".h5", ".hdf5", ".hdf", ".nc", ".pdf", ".svg", ".html", ".ipynb",
    ".keras", ".cbm", ".duckdb",
)  # fmt: skip


def _without_stamps(record: RunRecord, deviations: list[Deviation], done: RunRecord, execute: Execute) -> list[Deviation]:
    """Deviations without files whose formats have the time in them, if nothing else differs and they differ every time."""
    wrote = [one for one in blamed(deviations) if one.part != "module"]
    if not wrote or any(one.part != "written" or not one.name.lower().endswith(_STAMPED) for one in wrote):
        return deviations
    _, between = held_against(done, execute())
    stamped = {one.name for one in between if one.part == "written"}
    return [one for one in deviations if one.part != "written" or one.name not in stamped]


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
    found = f" The environment is another ({', '.join(changed[:3])}), and nothing that is compared came out otherwise." if changed else ""
    modules = [os.path.basename(one.name) for one in deviations if one.part == "module" and one.before and one.after]
    return found + (f" {', '.join(modules[:3])} changed, and nothing that is compared came out otherwise." if modules else "")


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
        where = cell if first.cell is None else first.cell
        return "environment", where, f"The environment variable {first.name} {_of_variable(first.before, first.after)}"
    _, between = held_against(done, execute())
    if blamed(between):
        _, still = held_against(execute(**_ALIKE), execute(**_ALIKE))
        drawing = next((one for one in record.cells if one.position == cell and _DRAWS.search(one.source)), None)
        if blamed(still) and drawing is not None:
            return "randomness", cell, "It draws random numbers from a generator that no seed reaches: no two executions are alike"
        if blamed(still):
            why = "It comes out otherwise every time, with the same random numbers too: probably the clock, or the network"
            return "time or network", cell, why
        return "randomness", cell, f"It depends on {_CHANCE}: two executions differ, and with one seed they do not"
    for part, cause, what in (("file", "data", "read"), ("module", "code", "loaded")):
        new = [one for one in deviations if one.part == part and one.before is None]
        if new and (new[0].cell is None or cell is None or new[0].cell <= cell):
            return cause, new[0].cell, f"It {what} {new[0].name}, which it did not {what[:4]} then"  # type: ignore[return-value]
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
    raised = next((one for one in deviations if one.part == "error" and one.after is not None), None)
    said = f"It raises {raised.after}, and why is not known" if raised else "It comes out otherwise, and why is not known"
    return "unknown", cell, said


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
