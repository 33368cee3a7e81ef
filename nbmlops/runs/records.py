"""The nouns of runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Status = Literal["running", "finished", "failed", "killed"]


@dataclass(frozen=True, kw_only=True)
class Run:
    """One attempt, captured live or executed by papermill."""

    id: str
    name: str
    experiment: str
    kind: Literal["live", "papermill", "explicit"]
    status: Status
    started_at: datetime
    ended_at: datetime | None
    duration_s: float | None
    notebook: str | None
    notebook_known_from: str
    failed_cell: int | None
    error: str | None
    tags: dict[str, str]
    params: dict[str, Any]
    metrics: dict[str, float]
    data_hash: str | None
    estimator: str | None
    git_commit: str | None
    git_dirty: bool | None


@dataclass(frozen=True, kw_only=True)
class MetricPoint:
    """A number measured at a step."""

    name: str
    step: int
    value: float
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell as it ran. Positions count executions in the kernel, from 0."""

    position: int
    cell_id: str | None
    execution_count: int | None
    source: str
    started_at: datetime
    duration_s: float
    error: str | None


@dataclass(frozen=True, kw_only=True)
class FileUse:
    """A file that was read or written: a digest of its whole content, or a note why there is none."""

    path: str
    mode: Literal["read", "write"]
    digest: str | None
    size_bytes: int | None
    modified_at: datetime | None
    position: int | None
    note: str | None


@dataclass(frozen=True, kw_only=True)
class Fit:
    """One call of fit: the estimator with its parameters, and the fingerprints of what went in."""

    number: int
    position: int | None
    estimator: str
    parameters: dict[str, Any]
    frame: str | None
    target: str | None
    duration_s: float | None
    artifact: str | None
    note: str | None


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """Bytes a run produced, found by digest."""

    name: str
    digest: str
    media_type: str
    size_bytes: int
    position: int | None


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """Everything known of a run."""

    run: Run
    cells: list[Cell]
    history: list[MetricPoint]
    files: list[FileUse]
    fits: list[Fit]
    artifacts: list[Artifact]
    git: dict[str, Any]
    environment: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One thing that is not the same in all compared runs; `values` in the order of the runs."""

    part: Literal["parameter", "metric", "data", "estimator", "environment", "code", "status"]
    name: str
    values: list[Any]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Runs side by side, what changed in front."""

    runs: list[Run]
    differences: list[Difference]


@dataclass(frozen=True, kw_only=True)
class WorkspaceInfo:
    """Where the workspace is and what is in it."""

    root: str
    schema_version: int
    ledger: str
    blobs: str
    sqlite_version: str
    runs: int
    models: int
    endpoints: int
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What changed since a cursor: topics (run, model, endpoint, drift, policy, audit) with their subjects."""

    cursor: int
    topics: dict[str, list[str]]


@dataclass(frozen=True, kw_only=True)
class AuditEvent:
    """Who did what to what, when, on what evidence; `digest` covers all of it and the event before."""

    seq: int
    at: datetime
    actor: str
    verb: str
    subject: str
    evidence: dict[str, Any]
    digest: str


@dataclass(frozen=True, kw_only=True)
class AuditCheck:
    """Whether the audit chain is whole; `first_broken` is the seq of the first event that does not follow."""

    events: int
    whole: bool
    first_broken: int | None
