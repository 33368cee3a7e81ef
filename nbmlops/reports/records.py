"""The nouns of reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from nbmlops.models.records import GateCheck
from nbmlops.pipelines.records import Check, PipelineStatus, StepStatus

Better = Literal["lower", "higher"]
Judgement = Literal["better", "same", "within", "worse", "missing", "new", "shown"]
Against = Literal["baseline", "champion"]
FAILING = ("worse", "missing")
REPORT_SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class ReadFile:
    """A file that a step read: its path from the pipeline's folder where it is in it, and what it held."""

    path: str
    detail: str
    digest: str | None
    size_bytes: int | None


@dataclass(frozen=True, kw_only=True)
class StepReport:
    """One step: how it went, what it measured, where it failed. `executed`: its notebook as executed, a page beside the report."""

    step: str
    status: StepStatus
    why: str
    notebook: str
    run: str | None
    attempts: int
    duration_s: float | None
    params: dict[str, Any]
    metrics: dict[str, float]
    error: str | None
    failed_cell: int | None
    failed_source: str | None
    last_lines: list[str]
    executed: str | None
    files: list[ReadFile]

    @property
    def done(self) -> bool:
        """Whether there are results of it, of now or of before."""
        return self.status in ("finished", "skipped")


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """What is compared with: an execution of the same pipeline, or a model's champion. `steps` and `params`: metrics and
    parameters by step.

    `runs`: the runs of its steps, where they are known in this workspace; `files`: what they read, where they are not.
    """

    kind: Against
    name: str
    run: str | None
    commit: str | None
    at: datetime | None
    steps: dict[str, dict[str, float]]
    params: dict[str, dict[str, Any]] = field(default_factory=dict)
    runs: dict[str, str] = field(default_factory=dict)
    files: dict[str, list[ReadFile]] = field(default_factory=dict)
    folder: str | None = None


@dataclass(frozen=True, kw_only=True)
class MetricCheck:
    """One metric beside another's. `tolerance`: the share of the other value by which it may be worse; None: it is not judged."""

    against: Against
    step: str
    metric: str
    value: float | None
    other: float | None
    difference: float | None
    percent: float | None
    better: Better | None
    tolerance: float | None
    judgement: Judgement
    reason: str

    @property
    def passed(self) -> bool:
        """Whether it is not worse than it may be."""
        return self.judgement not in FAILING


@dataclass(frozen=True, kw_only=True)
class ParameterChange:
    """A parameter of a step that is another than the baseline's; None: it has none of the name."""

    step: str
    name: str
    before: Any
    after: Any


@dataclass(frozen=True, kw_only=True)
class DataChange:
    """A file or a frame that a step read otherwise than the baseline's step did. `columns`: which of them, and how."""

    step: str
    name: str
    change: str
    size_before: int | None
    size_after: int | None
    rows_before: int | None
    rows_after: int | None
    columns: list[str]
    note: str | None


@dataclass(frozen=True, kw_only=True)
class Report:
    """Everything that the report of an execution tells."""

    schema_version: int = REPORT_SCHEMA
    pipeline: str
    file: str
    run: str | None
    status: PipelineStatus
    error: str | None
    hint: str
    at: datetime
    duration_s: float
    commit: str | None
    branch: str | None
    dirty: bool | None
    params: dict[str, Any]
    steps: list[StepReport]
    baseline: Baseline | None
    baseline_note: str
    model: str | None
    champion: Baseline | None
    champion_note: str
    metrics: list[MetricCheck]
    gate: list[GateCheck]
    gate_note: str
    parameters: list[ParameterChange]
    data: list[DataChange]
    data_note: str
    notes: list[str]

    @property
    def checks(self) -> list[Check]:
        """What was asked of it besides that it comes to its end."""
        named = [
            Check(name=f"{check.step}.{check.metric} against the {check.against}", passed=check.passed, reason=check.reason)
            for check in self.metrics
            if check.judgement not in ("shown", "new")
        ]
        return named + [Check(name=f"gate of {self.model}: {one.name}", passed=one.passed, reason=one.reason) for one in self.gate]

    @property
    def passed(self) -> bool:
        """Whether all steps and all checks passed."""
        return self.status == "finished" and self.error is None and all(check.passed for check in self.checks)
