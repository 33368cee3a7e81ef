"""What differs between two datasets, by column and by rows."""

from __future__ import annotations

from collections.abc import Iterator

from nbmlops.data.blocks import changed_rows
from nbmlops.data.records import ColumnChange, ColumnDigest, DataDiff, Dataset, RowRange
from nbmlops.data.rows import ORDER_FREE


def diff(before: Dataset, after: Dataset) -> DataDiff:
    """Columns added, removed, moved, of another type or with other values, in the order they stand.

    Columns are told by name; of several with one name the first is the first. Changed values come with the rows they
    are among, as finely as blocks of rows were kept. Digests of different forms cannot be compared: then columns that
    came, went or have another type are told, and `note` says that values are not.
    """
    old, new = dict(_named(before)), dict(_named(after))
    comparable = before.form == after.form
    changes = []
    for key, column in old.items():
        now = new.get(key)
        if now is None:
            changes.append(ColumnChange(name=column.name, change="removed", before=column.type, after=None))
        elif not comparable:
            if _family(now.type) != _family(column.type):
                changes.append(ColumnChange(name=column.name, change="type", before=column.type, after=now.type))
        elif now.type != column.type:
            changes.append(ColumnChange(name=column.name, change="type", before=column.type, after=now.type))
        elif now.digest != column.digest:
            rows = _rows(before, column, after, now)
            changes.append(ColumnChange(name=column.name, change="values", before=column.digest, after=now.digest, rows=rows))
    changes += [
        ColumnChange(name=column.name, change="added", before=None, after=column.type) for key, column in new.items() if key not in old
    ]
    places_before, places_after = ({key: at for at, key in enumerate(columns)} for columns in (old, new))
    stayed, places = [key for key in old if key in new], [key for key in new if key in old]
    changes += [
        ColumnChange(name=key[0], change="moved", before=str(places_before[key]), after=str(places_after[key]))
        for key, there in zip(stayed, places, strict=True)
        if key != there
    ]
    return DataDiff(
        before=before.digest,
        after=after.digest,
        same=before.digest == after.digest,
        rows_before=before.rows,
        rows_after=after.rows,
        rows_added=max(after.rows - before.rows, 0),
        rows_removed=max(before.rows - after.rows, 0),
        changes=changes,
        note=_note(before, after, changes),
    )


def _rows(before: Dataset, old: ColumnDigest, after: Dataset, new: ColumnDigest) -> list[RowRange]:
    if before.form == ORDER_FREE:
        return []
    return [RowRange(start=start, end=end) for start, end in changed_rows(old.blocks, before.rows, new.blocks, after.rows)]


def _named(dataset: Dataset) -> Iterator[tuple[tuple[str, int], ColumnDigest]]:
    seen: dict[str, int] = {}
    for column in dataset.columns:
        seen[column.name] = seen.get(column.name, 0) + 1
        yield (column.name, seen[column.name]), column


def _family(kind: str) -> str:
    """A type without what forms spell differently: parameters of times, categories, decimals and lists."""
    return kind.split("[")[0].split("<")[0].split("(")[0]


def _note(before: Dataset, after: Dataset, changes: list[ColumnChange]) -> str | None:
    if before.form != after.form:
        return f"The digests are of different forms ({before.form}, {after.form}): whether values changed cannot be told from them."
    if before.digest == after.digest or changes:
        return None
    if before.rows != after.rows:
        return "The number of rows differs; there are no columns that could."
    if before.form == ORDER_FREE:
        return "Each column has the same values as often; together in a row they stand otherwise."
    return "The columns' names are not the same labels: 1 and '1' look alike."
