"""What differs in the columns of several datasets, each held against the first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nbmlops.data.records import ColumnChange, DataDiff
from nbmlops.errors import NbmlopsError
from nbmlops.workspace import Workspace

_MOST_COLUMNS = 40


def against_first(workspace: Workspace, digests: Sequence[str | None]) -> list[DataDiff | None]:
    """How each dataset but the first differs from the first; None where one of the two is not known."""
    return [_diff(workspace, digests[0], digest) if digests[0] and digest else None for digest in digests[1:]]


def changed_columns(diffs: Sequence[DataDiff | None]) -> list[tuple[str, list[Any]]]:
    """One row a column: what it was in the first dataset, and what became of it in each other."""
    changed = [{change.name: change for change in diff.changes} if diff else {} for diff in diffs]
    names = list(dict.fromkeys(name for held in changed for name in held))
    found: list[tuple[str, list[Any]]] = []
    for name in names[:_MOST_COLUMNS]:
        kept = [held.get(name) for held in changed]
        first = next((change.before for change in kept if change and change.change in ("type", "removed")), None)
        found.append((f"column {name}", [first, *(_told(change) for change in kept)]))
    if len(names) > _MOST_COLUMNS:
        more = [len(held) - _MOST_COLUMNS if len(held) > _MOST_COLUMNS else None for held in changed]
        found.append(("more columns", [None, *more]))
    return found


def _diff(workspace: Workspace, before: str, after: str) -> DataDiff | None:
    # Here, since a list of runs is shown without what reads frames.
    from nbmlops.data import book
    from nbmlops.data.diff import diff

    try:
        return diff(book.dataset(workspace, before), book.dataset(workspace, after))
    except NbmlopsError:
        return None  # a fit whose data was not kept; its digest still tells that it differs


def _told(change: ColumnChange | None) -> str | None:
    """A column's change in a few words."""
    if change is None:
        return None
    return {"values": "other values", "removed": "removed", "added": f"added, {change.after}", "type": str(change.after)}.get(
        change.change, change.change
    )
