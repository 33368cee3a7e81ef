"""What differs between two datasets, by column."""

from __future__ import annotations

from nbmlops.data.records import ColumnChange, DataDiff, Dataset


def diff(before: Dataset, after: Dataset) -> DataDiff:
    """Columns added, removed, of another type or with other values, in the order they stand."""
    old = {column.name: column for column in before.columns}
    new = {column.name: column for column in after.columns}
    changes = []
    for name, column in old.items():
        now = new.get(name)
        if now is None:
            changes.append(ColumnChange(name=name, change="removed", before=column.type, after=None))
        elif now.type != column.type:
            changes.append(ColumnChange(name=name, change="type", before=column.type, after=now.type))
        elif now.digest != column.digest:
            changes.append(ColumnChange(name=name, change="values", before=column.digest, after=now.digest))
    changes += [ColumnChange(name=name, change="added", before=None, after=new[name].type) for name in new if name not in old]
    return DataDiff(
        before=before.digest,
        after=after.digest,
        same=before.digest == after.digest,
        rows_before=before.rows,
        rows_after=after.rows,
        changes=changes,
    )
