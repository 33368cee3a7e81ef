"""What a run read: the versions of it that are kept, and where it is another by now."""

from __future__ import annotations

import os
from pathlib import Path

from nbmlops.data import book
from nbmlops.data.records import ColumnChange, Dataset
from nbmlops.errors import NbmlopsError
from nbmlops.ledger.blobs import digest_of_file
from nbmlops.replay.written import made
from nbmlops.runs.data_diff import diff_of_runs
from nbmlops.runs.records import RunDataDiff, RunRecord
from nbmlops.workspace import Workspace


def inputs(record: RunRecord) -> dict[str, str]:
    """The files that a run read and had not written before, modules of its own too, each with the digest it had when it was first read."""
    found: dict[str, str] = {}
    seen = set(made(record.files))
    for use in sorted(record.files, key=lambda use: -1 if use.position is None else use.position):
        if use.kind == "file" and use.path not in seen and not use.detail:
            seen.add(use.path)
            if use.mode != "write" and use.digest is not None:
                found[use.path] = use.digest
    return found


def stand_ins(place: Workspace, record: RunRecord) -> tuple[dict[str, str], str]:
    """The files that are gone or another than the run read, of which its version is kept, with their digests; and a sentence of it."""
    found, told = {}, []
    for path, digest in inputs(record).items():
        if not place.blobs.has(digest):
            continue
        gone = not os.path.exists(path)
        if gone or digest_of_file(Path(path)) != digest:
            found[path] = digest
            told.append(f"{os.path.basename(path)} is {'gone' if gone else 'another by now'}")
    names = ", ".join(told[:3]) + (f" and {len(told) - 3} more" if len(told) > 3 else "")
    return found, f" {names}: the version that was kept was read." if told else ""


def others_now(record: RunRecord) -> str:
    """A sentence of the files that a run made itself and that are others by now: it is executed without them, as it was then."""
    last: dict[str, str] = {}
    for use in sorted(record.files, key=lambda use: -1 if use.position is None else use.position):
        if use.mode == "write" and use.kind == "file" and use.digest and not use.detail:
            last[use.path] = use.digest
    again = set(made(record.files, surely=False)) & {use.path for use in record.files if use.mode == "read"}
    names = []
    for path in sorted(again & last.keys()):
        if os.path.isfile(path) and digest_of_file(Path(path)) != last[path]:
            names.append(os.path.basename(path))
    several = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return f" {several}, which it made, {'is another' if len(names) == 1 else 'are others'} by now: it was made anew." if names else ""


def changed_data(place: Workspace, record: RunRecord, done: RunRecord, datasets: dict[str, Dataset]) -> RunDataDiff | None:
    """What differs between the data of two executions, by file, column and row, as far as it can be told."""
    with place.ledger.write(durable=False) as tx:
        for one in datasets.values():
            book.remember(tx, one)
    try:
        return diff_of_runs(place, record, done)
    except NbmlopsError:
        return None  # it is an addition to a verdict that stands


def inside(data: RunDataDiff | None) -> str:
    """The columns and rows that changed: those of the first file that can be looked into, or of what went into a fit."""
    files = [file.columns for file in data.files if file.columns is not None and file.columns.changes] if data else []
    frames = [frame.diff for frame in data.frames if frame.diff is not None and frame.diff.changes] if data else []
    found = next(iter([*files, *frames]), None)
    if found is None:
        return ""
    told = [_changed_column(one, found.rows_after) for one in found.changes[:3]]
    more = [f"{len(found.changes) - 3} more columns"] if len(found.changes) > 3 else []
    rows = [f"{found.rows_before:,} rows, now {found.rows_after:,}"] if found.rows_before != found.rows_after else []
    return f" ({'; '.join([*rows, *told, *more])})"


def _changed_column(change: ColumnChange, rows: int) -> str:
    """Values that changed are among rows as finely as blocks of them were kept: of few rows, among all of them."""
    if change.change != "values":
        return f"column {change.name} {change.change if change.change != 'type' else f'is {change.after}, was {change.before}'}"
    among = [one for one in change.rows if one.end - one.start < rows]
    told = [f"{one.start:,}" if one.end - one.start == 1 else f"{one.start:,}–{one.end - 1:,}" for one in among[:3]]
    more = f" and {len(among) - 3} more places" if len(among) > 3 else ""
    return f"column {change.name}" + (f", in rows {', '.join(told)}{more}" if told else "")
