"""The nouns of endpoints."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


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
class Calling:
    """How to call an endpoint from outside: its address, the file that holds its token, and a line that works."""

    name: str
    url: str
    token_file: str
    example: str
