"""The nouns of data."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Kind = Literal["number", "category", "time", "flag", "other"]


@dataclass(frozen=True, kw_only=True)
class ColumnProfile:
    """One column's statistics: enough to measure drift from, without a single row.

    `quantiles` has 257 evenly spaced points (0 to 1) of a number column's finite values, empty otherwise. `counts` has
    the most frequent values of the other kinds (at most 200, as text) with their number of rows; `other_count` has the
    rest. `nulls` counts nulls and NaN together. `mean` and `deviation` (population) are of the finite values.
    """

    name: str
    kind: Kind
    type: str
    rows: int
    nulls: int
    mean: float | None
    deviation: float | None
    quantiles: list[float]
    counts: dict[str, int]
    other_count: int


@dataclass(frozen=True, kw_only=True)
class ColumnDigest:
    """One column's digest: its name, canonical type and every value; and in short those of its blocks (`data.blocks`)."""

    name: str
    type: str
    digest: str
    blocks: str = ""


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A dataset fingerprint: the digest of content and schema, with counts.

    `named` are the columns in which some objects are no data (models, files, functions): their class is in the digest,
    their state is not.
    """

    digest: str
    form: str
    rows: int
    columns: list[ColumnDigest]
    profile: list[ColumnProfile]
    named: list[str] = field(default_factory=list)
    first_seen_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class KeptFile:
    """A version of a file that is kept: where it was, and what it held then."""

    path: str
    digest: str
    size_bytes: int
    modified_at: datetime
    kept_at: datetime


@dataclass(frozen=True, kw_only=True)
class RowRange:
    """Rows from `start` up to, not including, `end`, counted from 0."""

    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class ColumnChange:
    """One column that is not the same in two datasets.

    `before` and `after` are its types, of changed values its digests, of a moved column its places. `rows` are those
    the changed values are among: as wide as the blocks that were hashed (16,384 rows or more), at the end of the
    shorter dataset perhaps for nothing but the end.
    """

    name: str
    change: Literal["added", "removed", "type", "values", "moved"]
    before: str | None
    after: str | None
    rows: list[RowRange] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class DataDiff:
    """What differs between two datasets; no changes and equal digests: the same data. `note` tells what cannot be seen here."""

    before: str
    after: str
    same: bool
    rows_before: int
    rows_after: int
    rows_added: int = 0
    rows_removed: int = 0
    changes: list[ColumnChange]
    note: str | None = None
