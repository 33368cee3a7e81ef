"""The nouns of watching."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True)
class DriftScore:
    """One test's value on one column, with its threshold and direction. `drifted` is None where it could not be measured."""

    column: str
    kind: Literal["data", "prediction"]
    test: str
    value: float | None
    threshold: float
    drifts_when: Literal["above", "below"]
    drifted: bool | None
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class QualityPoint:
    """A quality metric over one labelled part of a window, `[start, end)`."""

    start: datetime
    end: datetime
    metric: str
    value: float
    rows: int
    version: int | None


@dataclass(frozen=True, kw_only=True)
class DriftReport:
    """The current window `[start, end)` against the reference the model was trained on."""

    id: str
    model: str
    version: int
    endpoint: str | None
    start: datetime | None
    end: datetime | None
    rows: int
    labelled: int
    scores: list[DriftScore]
    drifted_columns: list[str]
    quality: list[QualityPoint]
    at: datetime


@dataclass(frozen=True, kw_only=True)
class PolicyRule:
    """What to do when a model decays or its data drifts.

    At the end of each window of `window_days`, `apply` reads the prediction log. It retrains when the error of the
    window is more than `decay_percent` above the serving version's recorded metric (or, without one, the error it showed
    on the rows its gate was measured on), or when at least `drift_columns` columns drifted (0: never by drift alone). Retraining
    re-executes `notebook` with `params`, in which `{train_start}`, `{train_end}`, `{window_start}`, `{window_end}` are
    filled in (ISO dates): it trains on the `train_days` before the window and keeps the window for the gate. It rolls
    back when the version before the serving one has an error lower by `rollback_percent` on the same labelled rows.
    With less than `min_rows` labelled rows it waits.
    """

    endpoint: str
    notebook: str
    params: dict[str, Any] = field(default_factory=dict)
    metric: str = "mae"
    better: Literal["lower", "higher"] = "lower"
    window_days: float = 7.0
    train_days: float = 28.0
    decay_percent: float = 15.0
    drift_columns: int = 0
    rollback_percent: float = 10.0
    min_rows: int = 200


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What a policy did at the end of a window, why, and on what evidence.

    `waited`: too few labels; `kept`: nothing to do; `promoted`: retrained and promoted; `refused`: retrained, held back
    by the gate; `rolled_back`; `failed`: the retraining notebook failed, the champion stays.
    """

    id: str
    endpoint: str
    action: Literal["waited", "kept", "promoted", "refused", "rolled_back", "failed"]
    reason: str
    start: datetime
    end: datetime
    version_before: int | None
    version_after: int | None
    candidate: int | None
    run: str | None
    evidence: dict[str, Any]
    at: datetime
