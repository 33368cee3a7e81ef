"""Two records of the same cells, one held against the other, in the order of what a difference can be blamed on."""

from __future__ import annotations

import math
import re
import tempfile
from collections.abc import Callable, Iterable
from typing import Any

from nbmlops.capture.showing.outputs import digest_of_saved
from nbmlops.data.values import alike
from nbmlops.replay import answered
from nbmlops.replay.records import Compared, Deviation, Part
from nbmlops.replay.written import cells_in_order, made, without_done
from nbmlops.runs.records import FileUse, RunRecord

RELATIVE = 1e-9
_STAMP = re.compile(rf"\d{{6,}}|\d{{4}}-\d\d-\d\d|\d\d[-:_]\d\d[-:_]\d\d|(?<=^{re.escape(tempfile.gettempdir())}/)[^/]*[a-z0-9_]{{8}}(?=/)")
_BLAMED = ("frame", "seed", "parameter", "fitted", "metric", "prediction", "error", "output", "written")
_WROTE = "the same bytes; logs, and what was added to a file that was there, left out"
# Written by tools for people to look at while they wait, or with the clock in every line.
_LOGS = re.compile(
    r"\.(log|out|err|lock|tmp)$|-(wal|shm|journal)$|(^|/)(catboost_info|lightning_logs|wandb|mlruns|runs|logs?)/|events\.out\.|/nbmlops-aside-"
)
_EXACT = "the same, byte for byte"
_CLOSE = f"numbers within {RELATIVE:g} of each other, relatively: sums of many threads are added in any order"
_FITTED = f"the same attributes; sums of their floats within {RELATIVE:g} of their size; how long something took left out"
_SHOWN = "the same text, and pictures by their pixels; when, how long, addresses, progress and random names left out"


def held_against(record: RunRecord, other: RunRecord, *, by_position: bool = False) -> tuple[list[Compared], list[Deviation]]:
    """What was compared, and what came out otherwise. Cells are the same by their order, or by their positions."""
    places = {cell.position: at for at, cell in enumerate(cells_in_order(record))}
    others = places if by_position else {cell.position: at for at, cell in enumerate(cells_in_order(other))}
    positions = {at: position for position, at in places.items()}
    compared: list[Compared] = []
    found: list[Deviation] = []

    def hold(part: Part, tolerance: str, before: dict[Any, Any], after: dict[Any, Any], same: Callable[[Any, Any], bool]) -> None:
        names = [*before, *(name for name in after if name not in before)]
        differing = [name for name in names if not same(before.get(name), after.get(name))]
        compared.append(Compared(part=part, things=len(names), differ=len(differing), tolerance=tolerance))
        for name in differing:
            at = name[0] if isinstance(name[0], int) else None
            said = " ".join(str(one) for one in name[1:] if one not in (None, ""))
            cell = positions.get(at) if at is not None else None
            found.append(Deviation(part=part, name=said, cell=cell, before=before.get(name), after=after.get(name)))

    exactly: Callable[[Any, Any], bool] = lambda one, two: one == two  # noqa: E731 - said where it is used
    hold("environment", _EXACT, _environment(record), _environment(other), exactly)
    hold("variable", _EXACT, _variables(record, places), _variables(other, others), exactly)
    hold("file", "the same bytes, or values of a statement", _reads(record.files, places), _reads(other.files, others), exactly)
    hold("module", _EXACT, _reads(record.files, places, "import"), _reads(other.files, others, "import"), exactly)
    hold("frame", "the same values, types, names and order", _frames(record, places), _frames(other, others), exactly)
    hold("seed", _EXACT, _seeds(record, places), _seeds(other, others), exactly)
    hold("parameter", _EXACT, _parameters(record, places), _parameters(other, others), exactly)
    hold("fitted", _FITTED, *_both(_fitted(record, places), _fitted(other, others)), alike)
    hold("metric", _CLOSE, _metrics(record), _metrics(other), close)
    hold("prediction", answered.TOLERANCE, *answered.otherwise(answered.of(record, places), answered.of(other, others)), exactly)
    hold("error", "the same exception", _errors(record, places), _errors(other, others), exactly)
    hold("output", _SHOWN, _outputs(record, places), _outputs(other, others), _shows_the_same)
    hold("written", _WROTE, _written(record.files, places), _written(other.files, others), exactly)
    return compared, found


def blamed(deviations: Iterable[Deviation]) -> list[Deviation]:
    """Those for which a run does not hold.

    Another environment alone is none, nor is a module of another text. A file that is another is one; that a file was seen by one
    execution alone says something only where something else came out otherwise.
    """
    found = list(deviations)
    told = [one for one in found if one.part in _BLAMED or (one.part == "file" and one.before is not None and one.after is not None)]
    return [one for one in found if one.part in (*_BLAMED, "file", "module")] if told else []


def _shows_the_same(one: str | None, two: str | None) -> bool:
    return one in (None, two) or (two is None and one == digest_of_saved([]))


def close(one: Any, two: Any) -> bool:
    """Whether two numbers are the same as far as adding in another order can change them."""
    if one is None or two is None:
        return one is two
    if math.isnan(one) or math.isnan(two):
        return math.isnan(one) and math.isnan(two)
    return one == two or math.isclose(one, two, rel_tol=RELATIVE, abs_tol=1e-12)


def _environment(record: RunRecord) -> dict[Any, Any]:
    found = record.environment
    flat = {(None, name): version for name, version in (found.get("distributions") or {}).items()}
    return {**flat, **{(None, name): found.get(name) for name in ("python", "machine")}}


def _reads(files: Iterable[FileUse], places: dict[int, int], mode: str = "read") -> dict[Any, Any]:
    own = set(made(files, surely=False))  # what came of earlier cells is not what went in; many formats have the time in them
    return {
        (places.get(use.position if use.position is not None else -1), use.path, use.detail): use.digest
        for use in files
        if use.mode == mode and use.digest is not None and use.path not in own
    }


def _frames(record: RunRecord, places: dict[int, int]) -> dict[Any, Any]:
    found = {}
    for number, fit in enumerate(record.fits):
        at = places.get(fit.position if fit.position is not None else -1)
        for part in ("frame", "target"):
            found[at, f"{part} of fit {number} ({fit.estimator.rpartition('.')[2]})"] = getattr(fit, part)
    return found


def _variables(record: RunRecord, places: dict[int, int]) -> dict[Any, Any]:
    held = {True: "set", False: "not set"}
    around = {(None, name): value for name, value in (record.environment.get("variables") or {}).items()}  # that libraries go by
    at = [places.get(-1 if one.position is None else one.position) for one in record.variables]
    return around | {(place, one.name): one.digest or held[one.there] for place, one in zip(at, record.variables, strict=True)}


def _seeds(record: RunRecord, places: dict[int, int]) -> dict[Any, Any]:
    return {(places.get(seed.position if seed.position is not None else -1), seed.call): seed.value for seed in record.seeds}


def _parameters(record: RunRecord, places: dict[int, int]) -> dict[Any, Any]:
    return {
        (places.get(fit.position if fit.position is not None else -1), f"fit {number}", name): value
        for number, fit in enumerate(record.fits)
        for name, value in fit.parameters.items()
    }


def _fitted(record: RunRecord, places: dict[int, int]) -> dict[Any, Any]:
    return {
        (places.get(fit.position if fit.position is not None else -1), f"fit {number} ({fit.estimator.rpartition('.')[2]})"): fit.state
        for number, fit in enumerate(record.fits)
        if fit.state is not None
    }


def _both(before: dict[Any, Any], after: dict[Any, Any]) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """What was kept on both sides, in one form: a living session keeps no fitted estimator, and the last few are kept of many."""
    names = {name for name in before.keys() & after.keys() if before[name].partition(":")[0] == after[name].partition(":")[0]}
    return {name: held for name, held in before.items() if name in names}, {name: held for name, held in after.items() if name in names}


def _metrics(record: RunRecord) -> dict[Any, Any]:
    seen: dict[tuple[str, int], int] = {}
    found = {}
    for point in record.history:
        nth = seen[point.name, point.step] = seen.get((point.name, point.step), -1) + 1
        found[None, point.name, point.step, nth or ""] = point.value
    return found


def _errors(record: RunRecord, places: dict[int, int]) -> dict[Any, Any]:
    return {(places.get(cell.position), ""): cell.error for cell in record.cells}


def _outputs(record: RunRecord, places: dict[int, int]) -> dict[Any, Any]:
    return {(places.get(cell.position), ""): cell.outputs for cell in record.cells if not _says_what_was(cell.source)}


def _written(files: Iterable[FileUse], places: dict[int, int]) -> dict[Any, Any]:
    """What stood in the files that were begun anew, by the cell that wrote them; a name may have the time or something random in it."""
    found: dict[Any, set[str]] = {}
    for use in files:
        if use.mode == "write" and use.kind == "file" and use.digest and not use.detail and not use.note and not _LOGS.search(use.path):
            key = places.get(use.position if use.position is not None else -1), _STAMP.sub("…", use.path)
            found.setdefault(key, set()).add(use.digest)
    return {key: ", ".join(sorted(digests)) for key, digests in found.items()}


def _says_what_was(source: str) -> bool:
    """Whether what a cell shows depends on what was there before it: whether there was the file, the package."""
    return source.startswith(("%%writefile", "%%file")) or without_done(source) != source
