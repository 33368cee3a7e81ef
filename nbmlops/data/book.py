"""Datasets in the ledger: known by digest, with schema and statistics; no row is kept."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from nbmlops.data.records import ColumnDigest, ColumnProfile, Dataset
from nbmlops.errors import Invalid, NotFound
from nbmlops.ledger.encode import moment, now_text
from nbmlops.workspace import Workspace, utc_now


def remember(tx: Any, dataset: Dataset) -> str:
    """Keep a dataset's fingerprint and profile, once. Gives its digest."""
    tx.run(
        "INSERT OR IGNORE INTO dataset (digest, rows, columns, profile, first_seen_at) VALUES (?, ?, ?, ?, ?)",
        dataset.digest,
        dataset.rows,
        _text(dataset.columns),
        _text(dataset.profile),
        now_text(utc_now()),
    )
    return dataset.digest


def dataset(workspace: Workspace, digest: str) -> Dataset:
    """A known dataset; a digest may be shortened as long as it is the only one that begins so."""
    wanted = digest if digest.startswith("blake3:") else f"blake3:{digest}"
    rows = workspace.ledger.read("SELECT * FROM dataset WHERE substr(digest, 1, ?) = ? LIMIT 2", len(wanted), wanted)
    if not rows:
        raise NotFound(f"No dataset {digest[:80]!r} was seen here.", hint="A run's data hash is in: %mlops run show RUN")
    if len(rows) > 1:
        raise Invalid(f"More than one dataset begins with {digest[:80]!r}.", hint="Give more of its digits.")
    row = rows[0]
    return Dataset(
        digest=row["digest"],
        form="nbmlops-data-1",
        rows=row["rows"],
        columns=msgspec.json.decode(row["columns"], type=list[ColumnDigest]),
        profile=msgspec.json.decode(row["profile"], type=list[ColumnProfile]),
        first_seen_at=moment(row["first_seen_at"]),
    )


def _text(records: Any) -> str:
    return json.dumps(msgspec.to_builtins(records), ensure_ascii=True)
