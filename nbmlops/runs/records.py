"""The nouns of runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from nbmlops.data.records import DataDiff
from nbmlops.ledger.audit import Harm

Status = Literal["running", "finished", "failed", "killed"]
Verdict = Literal["VERIFIED", "DIFFERS", "CANNOT"]
TrialState = Literal["running", "complete", "pruned", "failed", "killed"]


@dataclass(frozen=True, kw_only=True)
class Run:
    """One attempt: captured live, executed by papermill or another program, or opened by somebody's word.

    `verdict` is what executing it again showed last. An open run is a context manager: `with run.start("tuning"):` ends it,
    as failed if the block raised.
    """

    id: str
    name: str
    experiment: str
    kind: Literal["live", "headless", "papermill", "explicit", "study", "imported"]
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
    verdict: Verdict | None = None

    def __enter__(self) -> Run:
        return self

    def __exit__(self, kind: Any, raised: BaseException | None, trace: Any) -> None:
        from nbmlops.runs import current

        current.end_by_id(self.id, raised)


@dataclass(frozen=True, kw_only=True)
class MetricPoint:
    """A number measured at a step; `fit` is the number of the fit whose model it is about, where that is known."""

    name: str
    step: int
    value: float
    at: datetime
    fit: int | None = None


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell as it ran. Positions count executions in the kernel, from 0; `outputs` is a digest of what it showed."""

    position: int
    cell_id: str | None
    execution_count: int | None
    source: str
    started_at: datetime
    duration_s: float
    error: str | None
    outputs: str | None = None


IN_PLACE = "was there, and changed in place"  # the note of a write that did not begin the file anew


@dataclass(frozen=True, kw_only=True)
class FileUse:
    """What was read or written: a digest of its whole content, or a note why there is none.

    A file by its path; a URL's answer as it was fetched; the result of an SQL statement, where `path` is the connection
    without secrets and `detail` the statement. `detail` of a file is the member that was read of an archive. A module of the
    user's own is imported: code, not data.
    """

    path: str
    mode: Literal["read", "write", "import"]
    digest: str | None
    size_bytes: int | None
    modified_at: datetime | None
    position: int | None
    note: str | None
    kind: Literal["file", "folder", "url", "sql"] = "file"
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Fit:
    """One call of fit: the estimator with its parameters, and the fingerprints of what went in.

    `depends` has the positions of the cells that what went in was made by. `state` is what the estimator was at the run's end, in
    brief (`data/values.py`), where that was kept.
    """

    number: int
    position: int | None
    estimator: str
    parameters: dict[str, Any]
    frame: str | None
    target: str | None
    duration_s: float | None
    artifact: str | None
    note: str | None
    depends: list[int] = field(default_factory=list)
    state: str | None = None


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One of many tries in one cell: a candidate of a search, a trial of a study, one round of a loop; or of a notebook, in a sweep.

    `part` numbers the searches, studies and loops of a run; `fit` is the fit that was tried, where it was seen. Each trial of a
    sweep has a run of its own. `note` says why one did not come to its end.
    """

    number: int
    source: Literal["search", "study", "loop", "sweep"]
    part: int
    position: int | None
    params: dict[str, Any]
    metrics: dict[str, float]
    state: TrialState
    fit: int | None
    duration_s: float | None
    own_run: str | None = None
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class Seed:
    """A seed that was set: which call, with what, in which cell."""

    call: str
    value: str
    position: int | None


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What a fitted estimator answered: the shape and dtype, and a `sample` of its numbers spread over the rows.

    Of answers that are text there is a `digest` of the sample alone. `number` counts the answers of a cell.
    """

    estimator: str
    method: str
    position: int
    number: int
    shape: list[int]
    dtype: str
    sample: list[float | str]
    digest: str | None


@dataclass(frozen=True, kw_only=True)
class Variable:
    """An environment variable that a cell named: the digest of what it held; none of one that is a secret, or was not `there`."""

    name: str
    digest: str | None
    there: bool
    position: int | None


@dataclass(frozen=True, kw_only=True)
class HiddenState:
    """A name that a cell used though reading the notebook from top to bottom would not give it that value."""

    name: str
    why: Literal["edited", "deleted", "out of order"]
    position: int
    cell_id: str | None


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
    trials: list[Trial] = field(default_factory=list)
    seeds: list[Seed] = field(default_factory=list)
    predictions: list[Prediction] = field(default_factory=list)
    variables: list[Variable] = field(default_factory=list)
    hidden: list[HiddenState] = field(default_factory=list)
    folder: str | None = None


@dataclass(kw_only=True)  # not frozen, which would double what it costs: one is made at every point of a curve
class Logged:
    """What was added to which run; a metric with the step it was given."""

    run: str
    metrics: dict[str, float]
    steps: dict[str, int]
    params: dict[str, Any]
    tags: dict[str, str]
    artifacts: list[str]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One thing of all compared runs, or versions; `values` in their order.

    `diffs`: how each run's code differs from the first's, as a unified diff. `better`: which way of a metric is, where its
    name tells.
    """

    part: Literal["metric", "gate", "parameter", "seed", "data", "signature", "estimator", "code", "environment", "status", "version"]
    name: str
    values: list[Any]
    diffs: list[str] = field(default_factory=list)
    better: Literal["lower", "higher"] | None = None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Runs side by side, what changed in front; `same` is what all of them have alike."""

    runs: list[Run]
    differences: list[Difference]
    same: list[Difference] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Lock:
    """A run's environment as requirements; `left_out` says what they cannot bring, or what to know of a line of them."""

    run: str
    python: str
    platform: str
    pinned: int
    left_out: list[str]
    text: str


@dataclass(frozen=True, kw_only=True)
class FileChange:
    """A file that two runs did not read alike: other bytes, or read by one of them alone.

    `moved`: the same bytes from another path, which the note names. `unknown`: the bytes of one of the two have no digest.
    `columns`: what differs inside, where both versions could still be read; the note says why not.
    """

    path: str
    change: Literal["changed", "added", "removed", "moved", "unknown"]
    digest_before: str | None
    digest_after: str | None
    size_before: int | None
    size_after: int | None
    modified_before: datetime | None
    modified_after: datetime | None
    columns: DataDiff | None
    note: str | None
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class FrameChange:
    """What went into a fit of each run, side by side; fits are paired by estimator, in their order.

    `fits` counts the pairs that had these same two frames; a number is None where the other run has no such fit.
    """

    part: Literal["frame", "target"]
    estimator: str
    fit_before: int | None
    fit_after: int | None
    fits: int
    diff: DataDiff | None
    note: str | None


@dataclass(frozen=True, kw_only=True)
class RunDataDiff:
    """What differs between the data of two runs, what changed in front."""

    before: str
    after: str
    same: bool
    files: list[FileChange]
    frames: list[FrameChange]
    same_files: int


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
class AuditHead:
    """The newest event of the audit trail; kept elsewhere, no other trail passes for this one. `count`: how many events there are."""

    seq: int
    digest: str
    at: datetime
    count: int


@dataclass(frozen=True, kw_only=True)
class AuditDamage:
    """What was done to the audit trail or to what it tells of: in which table, at which event, what kind of damage.

    No `seq`: no event tells of it. `rewritten`: it is another than the head that was kept.
    """

    table: str
    seq: int | None
    harm: Harm
    what: str


@dataclass(frozen=True, kw_only=True)
class AuditCheck:
    """Whether the audit trail is whole, and what was done to it; `first_broken` is the seq of the first event where it shows.

    `since`: how many events came after the head it was held against.
    """

    events: int
    whole: bool
    first_broken: int | None
    damage: list[AuditDamage] = field(default_factory=list)
    since: int | None = None

    @property
    def passed(self) -> bool:
        """A judgement, for a shell's exit code."""
        return self.whole
