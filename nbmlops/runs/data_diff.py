"""What differs between the data of two runs: files by their bytes, then columns and rows as far as they can be known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from nbmlops.data import book
from nbmlops.data.records import DataDiff
from nbmlops.errors import NbmlopsError
from nbmlops.runs.file_bytes import Readable
from nbmlops.runs.records import FileChange, FileUse, Fit, FrameChange, RunDataDiff, RunRecord
from nbmlops.workspace import Workspace

_NOTHING = FileUse(path="", mode="read", digest=None, size_bytes=None, modified_at=None, position=None, note=None)
MOST_OPENED = 12  # changed files whose inside is compared; of more, the first


def diff_of_runs(workspace: Workspace, before: RunRecord, after: RunRecord) -> RunDataDiff:
    """Compare what two runs read, by path, and what they fitted, fit by fit."""
    files, same = _files(workspace, _read(before.files), _read(after.files))
    frames = _frames(workspace, before.fits, after.fits)
    unlike = [frame for frame in frames if frame.diff is None or not frame.diff.same]
    return RunDataDiff(
        before=before.run.id, after=after.run.id, same=not files and not unlike, files=files, frames=frames, same_files=same
    )  # fmt: skip


# -- files


def _read(files: Iterable[FileUse]) -> dict[tuple[str, str], list[FileUse]]:
    found: dict[tuple[str, str], list[FileUse]] = defaultdict(list)
    for use in sorted(files, key=lambda use: -1 if use.position is None else use.position):
        if use.mode == "read":
            found[use.path, use.detail].append(use)
    return found


def _files(
    workspace: Workspace, before: dict[tuple[str, str], list[FileUse]], after: dict[tuple[str, str], list[FileUse]]
) -> tuple[list[FileChange], int]:
    changed, unknown, same = [], [], 0
    for key in before.keys() & after.keys():
        old, new = before[key], after[key]
        if old[-1].digest is None or new[-1].digest is None:
            note = "; ".join(dict.fromkeys(use.note for use in (old[-1], new[-1]) if use.note)) or "not hashed"
            unknown.append(_change(old[-1], new[-1], "unknown", note))
        elif {use.digest for use in old} == {use.digest for use in new}:
            same += 1
        else:
            changed.append((old[-1], new[-1]))
    removed = {key: before[key][-1] for key in before.keys() - after.keys()}
    added = {key: after[key][-1] for key in after.keys() - before.keys()}
    moved = []
    by_digest = {use.digest: key for key, use in removed.items() if use.digest}
    for key, use in sorted(added.items()):
        if use.digest in by_digest and (old_key := by_digest.pop(use.digest)) in removed:
            moved.append(_change(removed.pop(old_key), use, "moved", f"was {old_key[0]}"))
            del added[key]
    changed.sort(key=lambda pair: (pair[1].path, pair[1].detail))
    inside = Readable(workspace)
    found = [_opened(inside, old, new, number < MOST_OPENED) for number, (old, new) in enumerate(changed)]
    found += [_change(None, use, "added", use.note) for _, use in sorted(added.items())]
    found += [_change(use, None, "removed", use.note) for _, use in sorted(removed.items())]
    return [*found, *moved, *sorted(unknown, key=lambda change: change.path)], same


def _opened(inside: Readable, old: FileUse, new: FileUse, wanted: bool) -> FileChange:
    if not wanted:
        return _change(old, new, "changed", f"columns of the first {MOST_OPENED} files are compared")
    columns, note = inside.diff(old, new)
    return _change(old, new, "changed", note, columns)


def _change(old: FileUse | None, new: FileUse | None, change: Any, note: str | None, columns: DataDiff | None = None) -> FileChange:
    named = new or old
    assert named is not None
    then, now = old or _NOTHING, new or _NOTHING
    return FileChange(
        path=named.path, detail=named.detail, change=change, digest_before=then.digest, digest_after=now.digest,
        size_before=then.size_bytes, size_after=now.size_bytes, modified_before=then.modified_at, modified_after=now.modified_at,
        columns=columns, note=note,
    )  # fmt: skip


# -- frames


def _pairs(before: list[Fit], after: list[Fit]) -> list[tuple[Fit | None, Fit | None]]:
    """Fits side by side: the first of an estimator with the first of it, and so on; what is left over in order."""
    waiting: dict[str, list[Fit]] = defaultdict(list)
    for fit in reversed(before):
        waiting[fit.estimator].append(fit)
    found: list[tuple[Fit | None, Fit | None]] = []
    rest = []
    for fit in after:
        if waiting[fit.estimator]:
            found.append((waiting[fit.estimator].pop(), fit))
        else:
            rest.append(fit)
    left = sorted((fit for fits in waiting.values() for fit in fits), key=lambda fit: fit.number)
    known = {digest for pair in found for fit in pair if fit for digest in (fit.frame, fit.target)}
    # More tries on the same data are no change of the data.
    left = [fit for fit in left if fit.frame not in known] if found else left
    rest = [fit for fit in rest if fit.frame not in known] if found else rest
    for number in range(max(len(left), len(rest))):
        found.append((left[number] if number < len(left) else None, rest[number] if number < len(rest) else None))
    return found


def _frames(workspace: Workspace, before: list[Fit], after: list[Fit]) -> list[FrameChange]:
    pairs = _pairs(before, after)
    found: dict[tuple[str, str | None, str | None], list[tuple[Fit | None, Fit | None]]] = defaultdict(list)
    for old, new in pairs:
        for part in ("frame", "target"):
            digests = (getattr(old, part, None), getattr(new, part, None))
            if any(digests):
                found[part, digests[0], digests[1]].append((old, new))
    changes = [_frame(workspace, part, one, other, members) for (part, one, other), members in found.items()]
    return sorted(changes, key=lambda change: change.diff is not None and change.diff.same)


def _frame(
    workspace: Workspace, part: Any, one: str | None, other: str | None, members: list[tuple[Fit | None, Fit | None]]
) -> FrameChange:
    old, new = members[0]
    diff, note = None, None
    if one is None or other is None:
        fit = old if one is None else new
        note = f"no {part} of it is known: {fit.note or 'it was not seen'}" if fit else "the other run has no such fit"
    else:
        try:
            from nbmlops.data.diff import diff as between

            diff = between(book.dataset(workspace, one), book.dataset(workspace, other))
        except NbmlopsError as error:
            note = error.message
    fitted = new or old
    assert fitted is not None
    return FrameChange(
        part=part, estimator=fitted.estimator, fit_before=None if old is None else old.number,
        fit_after=None if new is None else new.number, fits=len(members), diff=diff,
        note=note,
    )  # fmt: skip
