"""The nouns of endpoints."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A served name: the model and alias it follows, where it answers, whether its process lives.

    `starting`, `serving` and `stopped` are what it reports; `died` is what is found when its process is gone.
    """

    name: str
    model: str
    alias: str
    target: str
    url: str | None
    status: Literal["starting", "serving", "stopped", "died"]
    serving_version: int | None
    started_at: datetime
    stopped_at: datetime | None
    predictions: int
    labelled: int
    note: str | None


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """Answers in the order of the rows, with an id each, by which a label can be joined later."""

    endpoint: str
    version: int
    predictions: list[Any]
    ids: list[str]


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """How many labels found their prediction, and the ids that found none."""

    endpoint: str
    joined: int
    unknown: list[str]
