"""The nouns of data."""

from __future__ import annotations

from dataclasses import dataclass
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
    """One column's digest: its name, canonical type and every value."""

    name: str
    type: str
    digest: str


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A dataset fingerprint: the digest of content and schema, with counts."""

    digest: str
    form: str
    rows: int
    columns: list[ColumnDigest]
    profile: list[ColumnProfile]
    first_seen_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ColumnChange:
    """One column that is not the same in two datasets."""

    name: str
    change: Literal["added", "removed", "type", "values"]
    before: str | None
    after: str | None


@dataclass(frozen=True, kw_only=True)
class DataDiff:
    """What differs between two datasets; no changes and equal digests: the same data."""

    before: str
    after: str
    same: bool
    rows_before: int
    rows_after: int
    changes: list[ColumnChange]
