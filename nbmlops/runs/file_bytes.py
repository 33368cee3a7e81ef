"""The rows of a file as a run read it, if its very bytes are still somewhere: where it was, where a copy was read, or kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbmlops.data.records import DataDiff
from nbmlops.errors import NbmlopsError
from nbmlops.runs.records import FileUse
from nbmlops.workspace import Workspace

MOST_BYTES = 500_000_000
_TEXT = (".csv", ".tsv", ".txt")
_PACKED = (".gz", ".bz2", ".xz", ".zst")
_PARQUET, _ARROW, _LINES = (".parquet", ".pq"), (".feather", ".arrow", ".ipc"), (".jsonl", ".ndjson")


class Readable:
    """Reads versions of files for comparison."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def diff(self, before: FileUse, after: FileUse) -> tuple[DataDiff | None, str | None]:
        """Columns and rows that changed between two versions, or why that cannot be told."""
        from nbmlops.data.diff import diff
        from nbmlops.data.fingerprint import fingerprint
        from nbmlops.runs.exact_rows import exactly

        if before.detail or after.detail or before.kind != "file" or after.kind != "file":
            return None, "only whole files are compared inside"
        try:
            tables = self._table(before), self._table(after)
        except _NotReadableError as error:
            return None, str(error)
        found = diff(*(fingerprint(table, profile=False) for table in tables))
        return exactly(found, *tables), None

    def _table(self, use: FileUse) -> Any:
        from nbmlops.data.frames import to_table

        form = _form(use.path)
        if (use.size_bytes or 0) > MOST_BYTES:
            raise _NotReadableError(f"larger than {MOST_BYTES:,} bytes")
        data = self._bytes(use)
        try:
            return to_table(_parsed(data, form, use.path))
        except (NbmlopsError, ValueError, TypeError, OSError, ImportError) as error:
            raise _NotReadableError(f"not readable as a table: {error}"[:300]) from error

    def _bytes(self, use: FileUse) -> bytes:
        """The bytes of this version; whatever stands at a path now is checked against the digest."""
        from nbmlops.ledger.blobs import digest_bytes

        digest = str(use.digest)
        if self.workspace.blobs.has(digest):
            return bytes(self.workspace.blobs.get(digest))
        copies = self.workspace.ledger.read(
            "SELECT DISTINCT path FROM file_use WHERE digest = ? AND mode IN ('read', 'write') AND detail = '' AND kind = 'file' LIMIT 20",
            digest,
        )
        for path in dict.fromkeys([use.path, *(row["path"] for row in copies)]):
            try:
                if use.size_bytes is None or Path(path).stat().st_size == use.size_bytes:
                    data = Path(path).read_bytes()
                    if digest_bytes(data) == digest:
                        return data
            except OSError:
                continue  # it is gone from there
        when = f" of {use.modified_at:%Y-%m-%d %H:%M}" if use.modified_at else ""
        raise _NotReadableError(f"the bytes{when} are gone: columns are unknown (%mlops data add keeps a version)")


class _NotReadableError(Exception):
    """Why a version cannot be compared."""


def _form(path: str) -> str:
    suffixes = [suffix.lower() for suffix in Path(path).suffixes]
    packed = suffixes[-1:] and suffixes[-1] in _PACKED
    form = (suffixes[-2:-1] if packed else suffixes[-1:]) or [""]
    if form[0] in (*_TEXT, *_LINES) or (form[0] in (*_PARQUET, *_ARROW) and not packed):
        return form[0]
    raise _NotReadableError(f"no table is read from {''.join(suffixes[-2:]) or 'such a file'}: CSV, Parquet, Feather and JSON lines are")


def _parsed(data: bytes, form: str, path: str) -> Any:
    import io

    suffix = Path(path).suffix.lower()
    packing: Any = {".gz": "gzip", ".bz2": "bz2", ".xz": "xz", ".zst": "zstd"}.get(suffix)
    if form in _PARQUET:
        import pyarrow.parquet as pq

        return pq.read_table(io.BytesIO(data))
    if form in _ARROW:
        import pyarrow.feather as feather

        return feather.read_table(io.BytesIO(data))
    import pandas as pd

    if form in _LINES:
        return pd.read_json(io.BytesIO(data), lines=True, compression=packing)
    separator = "\t" if form == ".tsv" else ","
    return pd.read_csv(io.BytesIO(data), sep=separator, low_memory=False, compression=packing)
