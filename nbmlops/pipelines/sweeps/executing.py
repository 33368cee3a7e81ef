"""One trial executed: of a notebook, or of a pipeline; and what came of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nbmlops.errors import NbmlopsError, there_is
from nbmlops.ledger.ids import new_id
from nbmlops.pipelines.executor import Stop
from nbmlops.pipelines.records import PipelineRun
from nbmlops.pipelines.runner import execute
from nbmlops.pipelines.sweeps.asked import Target
from nbmlops.runs.book import RunBook
from nbmlops.runs.facts import Facts
from nbmlops.runs.records import Run, Trial


@dataclass(frozen=True)
class Executing:
    """How the trials of one study are executed."""

    aim: Target
    study: str
    params: dict[str, Any]
    metric: str
    jobs: int
    timeout_s: float | None

    def coming(self) -> list[tuple[Path, Path]]:
        """Which notebooks the next trials execute, and where; a pipeline knows that itself."""
        return [] if self.aim.pipeline is not None else [(self.aim.path, self.aim.path.parent)] * self.jobs

    def begun(self, number: int, params: dict[str, Any]) -> Trial:
        """A trial that is about to be executed; its run is known before, so that it is found whatever happens."""
        return Trial(
            number=number, source="sweep", part=0, position=None, params=params, metrics={}, state="running", fit=None, duration_s=None,
            own_run=None if self.aim.pipeline else new_id("run"),
        )  # fmt: skip

    def __call__(self, trial: Trial, stop: Stop) -> Trial:
        """Execute a trial; gives what came of it, never an error of its notebook."""
        tags = {"study": self.study, "trial": str(trial.number)}
        try:
            if self.aim.pipeline is not None:
                return self._pipeline(trial, stop, tags)
            run = execute(
                self.aim.path, {**self.params, **trial.params}, experiment=self.study, tags=tags, timeout_s=self.timeout_s,
                workspace=self.aim.workspace, stop=stop, run_id=trial.own_run,
            )  # fmt: skip
        except NbmlopsError as error:
            return replace(trial, state="killed" if stop.asked else "failed", note=stop.why or error.message)
        return of_run(trial, run, self.metric, stop)

    def _pipeline(self, trial: Trial, stop: Stop, tags: dict[str, str]) -> Trial:
        from nbmlops.pipelines import flow

        assert self.aim.pipeline is not None
        done = flow.run(self.aim.pipeline, {**self.params, **trial.params}, workspace=self.aim.workspace, jobs=self.jobs, stop=stop)
        book = RunBook(self.aim.workspace)
        for step in done.steps:
            if step.status == "finished" and step.run:  # one that was skipped has the run of another trial
                book.add(step.run, Facts(tags=tags))
        return self._of_pipeline(trial, done, stop)

    def _of_pipeline(self, trial: Trial, done: PipelineRun, stop: Stop) -> Trial:
        ended = replace(trial, duration_s=done.duration_s)
        if done.status != "finished":
            return replace(ended, state="killed" if stop.asked else "failed", note=stop.why or done.error or f"it is {done.status}")
        told = next((step for step in reversed(done.steps) if self.metric in step.values), None)
        values = {} if told is None else told.values
        ended = replace(ended, own_run=told.run if told else None)
        return _valued(ended, values, self.metric, [name for step in done.steps for name in step.values])


def of_run(trial: Trial, run: Run, metric: str, stop: Stop) -> Trial:
    """A trial by what its run says."""
    ended = replace(trial, duration_s=run.duration_s)
    if run.status == "finished":
        return _valued(ended, run.metrics, metric, run.metrics)
    if stop.asked:
        return replace(ended, state="killed", note=stop.why)
    return replace(ended, state="failed", note=run.error or f"its run is {run.status}")


def _valued(trial: Trial, values: Any, metric: str, names: Any) -> Trial:
    value = values.get(metric)
    if value is None:
        logs = f"In the notebook: %mlops run log {metric}={{{metric}}}, or nbmlops.run.log({{{metric!r}: …}})"
        return replace(trial, state="failed", note=f"It has no value {metric!r}. It has: {there_is(names)}. {logs}")
    try:
        number = float(value)
    except (TypeError, ValueError):
        return replace(trial, state="failed", note=f"Its {metric} is {str(value)[:60]!r}, no number.")
    if not math.isfinite(number):
        return replace(trial, state="failed", note=f"Its {metric} is {number}.")
    return replace(trial, state="complete", metrics={metric: number}, note=None)
