"""Datasets in the ledger: known by digest, with schema and statistics; no row is kept, and no value that looks secret."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import msgspec

from nbmlops.data.records import ColumnDigest, ColumnProfile, Dataset
from nbmlops.errors import Invalid, NotFound
from nbmlops.ledger.encode import moment, now_text
from nbmlops.ledger.secrets import mask
from nbmlops.workspace import Workspace, utc_now


def remember(tx: Any, dataset: Dataset) -> str:
    """Keep a dataset's fingerprint and profile, once. Gives its digest."""
    tx.run(
        "INSERT OR IGNORE INTO dataset (digest, rows, columns, profile, first_seen_at) VALUES (?, ?, ?, ?, ?)",
        dataset.digest,
        dataset.rows,
        _text({"form": dataset.form, "named": dataset.named, "columns": dataset.columns}),
        _text([_masked(column) for column in dataset.profile]),
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
    kept = _kept(row["columns"])
    return Dataset(
        digest=row["digest"],
        form=kept.form,
        rows=row["rows"],
        columns=kept.columns,
        named=kept.named,
        profile=msgspec.json.decode(row["profile"], type=list[ColumnProfile]),
        first_seen_at=moment(row["first_seen_at"]),
    )


class _Kept(msgspec.Struct):
    """What the ledger's `columns` hold: an object with the form, or a bare list of the first form's columns."""

    columns: list[ColumnDigest]
    form: str = "nbmlops-data-1"
    named: list[str] = []


def _kept(text: str) -> _Kept:
    if text.startswith("["):
        return _Kept(msgspec.json.decode(text, type=list[ColumnDigest]))
    return msgspec.json.decode(text, type=_Kept)


def _masked(profile: ColumnProfile) -> ColumnProfile:
    """A profile as it may be kept: a value that is a secret by its form is counted with the rest."""
    shown = {value: count for value, count in profile.counts.items() if mask(value) == value}
    return replace(profile, counts=shown, other_count=profile.other_count + sum(profile.counts.values()) - sum(shown.values()))


def _text(records: Any) -> str:
    return json.dumps(msgspec.to_builtins(records), ensure_ascii=True)
