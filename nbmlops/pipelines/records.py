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
    `${step.value}` to what another step declared. `after`: the steps that must be done before, those it refers to and reads from
    among them. `variables`: environment variables that count as its input.
    """

    name: str
    notebook: str
    params: dict[str, Any] = field(default_factory=dict)
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    variables: list[str] = field(default_factory=list)
    timeout_s: float | None = None
    retries: int = 0
    backoff_s: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """Notebooks in an order that follows from who needs whose outputs."""

    name: str
    file: str
    params: dict[str, Any]
    steps: list[Step]


@dataclass(frozen=True, kw_only=True)
class StepRun:
    """What came of one step: its run, or the run whose results were taken, and why it was executed or not."""

    step: str
    status: StepStatus
    why: str
    run: str | None
    attempts: int
    values: dict[str, Any]
    outputs: dict[str, str]
    error: str | None
    started_at: datetime | None
    duration_s: float | None


@dataclass(frozen=True, kw_only=True)
class PipelineRun:
    """One execution of a pipeline."""

    id: str
    name: str
    file: str
    status: PipelineStatus
    params: dict[str, Any]
    started_at: datetime
    duration_s: float | None
    error: str | None
    steps: list[StepRun]

    @property
    def passed(self) -> bool:
        """Whether every step is done."""
        return self.status == "finished"
