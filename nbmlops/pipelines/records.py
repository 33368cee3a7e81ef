"""The nouns of pipelines."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

StepStatus = Literal["waiting", "running", "finished", "failed", "killed", "skipped", "cancelled"]
PipelineStatus = Literal["running", "finished", "failed", "killed", "cancelled"]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One notebook of a pipeline: what it is given, what it reads and what it makes.

    Paths are relative to the pipeline's folder. A text among the parameters may refer: `${params.name}` to the pipeline's own,
    `${step.value}` to what another step declared, `${step.run}` to its run. `after`: the steps that must be done before, those
    it refers to and reads from among them. `variables`: environment variables that count as its input. `checkpoint_s`: what its
    kernel holds is kept after a cell when so many seconds of work have gone since the last time, so that it can go on from there; a
    minute if not given.
    """

    name: str
    notebook: str
    params: dict[str, Any] = field(default_factory=dict)
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    variables: list[str] = field(default_factory=list)
    timeout_s: float | None = None
    checkpoint_s: float | None = None
    retries: int = 0
    backoff_s: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """Notebooks in an order that follows from who needs whose outputs. `model`: the registered model that it is about."""

    name: str
    file: str
    params: dict[str, Any]
    steps: list[Step]
    model: str | None = None

    def needs(self, name: str) -> set[str]:
        """The steps that one needs, and those that these need."""
        after = {step.name: step.after for step in self.steps}
        found: set[str] = set()
        waiting = list(after[name])
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.add(one)
                waiting += after[one]
        return found


@dataclass(frozen=True, kw_only=True)
class StepRun:
    """What came of one step: its run, or the run whose results were taken, and why it was executed or not.

    `at`: while it is executed, the cell and what that printed last.
    """

    step: str
    status: StepStatus
    at: str
    why: str
    run: str | None
    attempts: int
    values: dict[str, Any]
    outputs: dict[str, str]
    error: str | None
    started_at: datetime | None
    duration_s: float | None


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that was asked of an execution besides coming to its end: a metric held against another's, a check of a gate."""

    name: str
    passed: bool
    reason: str


@dataclass(frozen=True, kw_only=True)
class PipelineRun:
    """One execution of a pipeline; `checks` are those of its report, where one was asked for (`--ci`)."""

    id: str
    name: str
    file: str
    status: PipelineStatus
    params: dict[str, Any]
    started_at: datetime
    duration_s: float | None
    error: str | None
    steps: list[StepRun]
    checks: list[Check] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether every step is done, and every check passed."""
        return self.status == "finished" and all(check.passed for check in self.checks)


@dataclass(frozen=True, kw_only=True)
class PipelineExport:
    """A pipeline written for another tool: the file, the steps in it, and how it is used, in one line."""

    pipeline: str
    target: str
    file: str
    replaced: bool
    schedule: str | None
    steps: list[str]
    use: str
