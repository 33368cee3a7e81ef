"""The nouns of serving."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """Answers in the order of the rows, with an id each, by which a label can be joined later."""

    endpoint: str
    version: int
    predictions: list[Any]
    ids: list[str]


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """How many labels found their prediction, and the ids that found none (at most 1,000)."""

    endpoint: str
    joined: int
    unknown: list[str]
