"""The nouns of cards."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Better = Literal["lower", "higher"]


@dataclass(frozen=True, kw_only=True)
class ColumnImportance:
    """What it costs when a column is shuffled, or several that go together are: the mean over the repeats.

    In the metric's own units, more is worse, whichever way of the metric is better. `error` is the mean's standard error,
    `low` to `high` its 95 % interval: both are of the shuffling, not of the choice of rows.
    """

    columns: list[str]
    worse_by: float
    error: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Importance:
    """Permutation importance of a version's columns on rows somebody gave, the most important first.

    `together` are groups of columns whose ranks correlate by more than 0.8; such a group is shuffled as one besides. `labelled`:
    `worse_by` is what the metric loses; else how far the answers move. `value` is the metric before anything is shuffled.
    """

    model: str
    version: int
    metric: str
    better: Better | None
    labelled: bool
    value: float | None
    rows: int
    of_rows: int
    repeats: int
    seed: int
    columns: list[ColumnImportance]
    together: list[ColumnImportance] = field(default_factory=list)
    trained_on: bool = False
    at: datetime
    by: str


@dataclass(frozen=True, kw_only=True)
class MeasuredMetric:
    """A metric on labelled rows with its 95 % bootstrap interval. `constant`: what the best answer that never varies gets there."""

    name: str
    better: Better
    value: float
    low: float | None
    high: float | None
    constant: float | None


@dataclass(frozen=True, kw_only=True)
class MeasuredGroup:
    """A metric on the rows of one group, with its 95 % bootstrap interval."""

    column: str
    group: str
    rows: int
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """A version on labelled rows: metrics, and the first of them by group. `small`: how many groups had too few rows to tell.

    `trained_on`: they are the rows it was trained on, where any model looks good.
    """

    rows: int
    metrics: list[MeasuredMetric]
    groups: list[MeasuredGroup]
    small: int
    trained_on: bool
    at: datetime


@dataclass(frozen=True, kw_only=True)
class CardTable:
    """Rows of text under a head. `right`: the columns of numbers."""

    title: str
    head: list[str]
    rows: list[list[str]]
    right: list[int] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class CardBars:
    """A bar a name with the interval around it, where it has one; `level` is what all of them are held against.

    `rows` under `head` say the same in numbers, a row a bar.
    """

    title: str
    names: list[str]
    values: list[float]
    intervals: list[list[float]]
    unit: str
    level: float | None = None
    head: list[str]
    rows: list[list[str]]


@dataclass(frozen=True, kw_only=True)
class CardCurve:
    """A line through points."""

    title: str
    x_title: str
    y_title: str
    x: list[float]
    y: list[float]


@dataclass(frozen=True, kw_only=True)
class CardSection:
    """One section of a card: sentences, what a person wrote, facts, tables, charts, lines of code.

    `text` is a person's, `text_note` says whose and since when, or what to do where nobody wrote any.
    """

    name: str
    title: str
    sentences: list[str] = field(default_factory=list)
    text: str | None = None
    text_note: str = ""
    facts: dict[str, str] = field(default_factory=dict)
    tables: list[CardTable] = field(default_factory=list)
    bars: list[CardBars] = field(default_factory=list)
    curves: list[CardCurve] = field(default_factory=list)
    code: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """A version's card, as it was made at a time. `digest` names what it says: two cards that say the same have the same."""

    model: str
    version: int
    digest: str
    at: datetime
    by: str
    summary: list[str]
    sections: list[CardSection]
    measured: Measurement | None = None


@dataclass(frozen=True, kw_only=True)
class KeptCard:
    """A card that is kept: of which version, what the version was then, and since when. `digest` gets it back."""

    model: str
    version: int
    digest: str
    aliases: list[str]
    at: datetime
    by: str


@dataclass(frozen=True, kw_only=True)
class CardText:
    """A revision of what a person wrote in a version's card. An empty text takes back what was said before."""

    model: str
    version: int
    section: str
    revision: int
    text: str
    at: datetime
    by: str
