"""What a step read, and with which parameters it ran, beside the baseline's."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nbmlops.data.records import DataDiff
from nbmlops.errors import NbmlopsError
from nbmlops.reports.records import Baseline, DataChange, ParameterChange, ReadFile
from nbmlops.runs.book import RunBook
from nbmlops.runs.data_diff import diff_of_runs
from nbmlops.runs.records import FileUse, RunRecord
from nbmlops.workspace import Workspace

_MOST_COLUMNS = 12


def files_of(record: RunRecord, folder: Path) -> list[ReadFile]:
    """What a run read, once each, by paths that are the same on another machine where they are in the pipeline's folder."""
    found: dict[tuple[str, str], FileUse] = {}
    for use in record.files:
        if use.mode == "read":
            found[use.path, use.detail] = use
    return [
        ReadFile(path=inside(path, folder), detail=detail, digest=use.digest, size_bytes=use.size_bytes)
        for (path, detail), use in sorted(found.items())
    ]


def inside(path: str, folder: Path | str) -> str:
    """A path from a folder if it is in it, or as it is.

    >>> inside("/a/b/c.csv", "/a"), inside("/x/c.csv", "/a"), inside("s3://a/b", "/a")
    ('b/c.csv', '/x/c.csv', 's3://a/b')
    """
    root = str(folder).rstrip(os.sep) + os.sep
    return path.removeprefix(root) if path.startswith(root) else path


def of_data(workspace: Workspace, step: str, record: RunRecord, other: Baseline, folder: Path) -> list[DataChange]:
    """What a step read otherwise than the baseline's: files by their bytes, with columns and rows where both can still be read."""
    before = other.runs.get(step)
    if before == record.run.id:
        return []
    if before is None:
        pairs = _unlike(other.files[step], files_of(record, folder)) if step in other.files else []
        return [_of_digests(step, *pair) for pair in pairs]
    try:
        was = RunBook(workspace).record(before)
    except NbmlopsError:
        return []
    if other.folder and other.folder != str(folder):  # the same files in another checkout
        files = [replace(use, path=str(folder / inside(use.path, other.folder))) for use in was.files]
        was = replace(was, files=files)
    found = diff_of_runs(workspace, was, record)
    changes = [
        _change(step, _named(inside(one.path, folder), one.detail), one.change, one.columns, one.note, one.size_before, one.size_after)
        for one in found.files
    ]
    for frame in found.frames:
        if frame.diff is not None and not frame.diff.same:
            name = f"{frame.part} of {frame.estimator.rpartition('.')[2]}"
            changes.append(_change(step, name, "changed", frame.diff, frame.note))
    return changes


def of_parameters(step: str, params: dict[str, Any], other: Baseline) -> list[ParameterChange]:
    """The parameters of a step that are not the baseline's."""
    if step not in other.params:
        return []
    before = other.params[step]
    names = [name for name in {**params, **before} if params.get(name) != before.get(name) or (name in params) != (name in before)]
    return [ParameterChange(step=step, name=name, before=before.get(name), after=params.get(name)) for name in names]


def _named(path: str, detail: str) -> str:
    return f"{path} {detail}".strip()


def _change(
    step: str, name: str, change: str, diff: DataDiff | None, note: str | None, before: int | None = None, after: int | None = None
) -> DataChange:  # fmt: skip
    columns = [f"{one.name} ({one.change})" for one in diff.changes] if diff is not None else []
    if len(columns) > _MOST_COLUMNS:
        columns = [*columns[:_MOST_COLUMNS], f"… and {len(columns) - _MOST_COLUMNS} more"]
    return DataChange(
        step=step, name=name, change=change, size_before=before, size_after=after, rows_before=diff.rows_before if diff else None,
        rows_after=diff.rows_after if diff else None, columns=columns, note=note,
    )  # fmt: skip


def _of_digests(step: str, change: str, before: ReadFile | None, after: ReadFile | None) -> DataChange:
    one = after or before
    assert one is not None
    sizes = (before.size_bytes if before else None, after.size_bytes if after else None)
    return _change(step, _named(one.path, one.detail), change, None, None, *sizes)


def _unlike(before: Sequence[ReadFile], after: Sequence[ReadFile]) -> list[tuple[str, ReadFile | None, ReadFile | None]]:
    """How files differ by their digests: (changed, added or removed, before, after)."""
    old, new = ({(one.path, one.detail): one for one in files} for files in (before, after))
    found: list[tuple[str, ReadFile | None, ReadFile | None]] = []
    for key in sorted(old.keys() | new.keys()):
        if key not in old or key not in new:
            found.append(("added" if key in new else "removed", old.get(key), new.get(key)))
        elif old[key].digest != new[key].digest or new[key].digest is None:
            found.append(("changed" if new[key].digest and old[key].digest else "unknown", old[key], new[key]))
    return found
