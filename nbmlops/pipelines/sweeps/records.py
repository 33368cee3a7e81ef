"""The noun of sweeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from nbmlops.runs.records import Status, Trial

Direction = Literal["minimize", "maximize"]
By = Literal["grid", "random", "optuna"]


@dataclass(frozen=True, kw_only=True)
class Study:
    """A sweep: what was varied, what came of each trial, the best first; `register` is the line that registers the best's model.

    `over` has what was varied as it is written on a command line, `params` what all trials have alike. `importance`: the share of
    the metric's variance that each parameter accounts for.
    """

    name: str
    run: str
    status: Status
    metric: str
    direction: Direction
    best: float | None
    best_params: dict[str, Any]
    best_trial: int | None
    best_run: str | None
    register: str | None
    by: By
    seed: int
    prune: bool
    asked: int
    complete: int
    pruned: int
    failed: int
    over: dict[str, str]
    params: dict[str, Any]
    notebook: str
    started_at: datetime
    duration_s: float | None
    error: str | None
    importance: dict[str, float] = field(default_factory=dict)
    trials: list[Trial] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether it came to its end, with a best."""
        return self.status == "finished"
