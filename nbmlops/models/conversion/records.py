"""The nouns of conversion."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Speed:
    """What one form of a model takes: median seconds of a call for one row and for a batch of rows, and its file's size."""

    version: int
    flavor: str
    row_s: float
    batch_s: float
    batch_rows: int
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """A version made of another: on how many rows both answered, how far apart, and what each takes.

    `beyond` counts the rows on which they differ by more than `tolerance`, `worst_difference` is the greatest difference of all: of
    numbers relative to the original's answer (or to the mean size of its answers, where that is more), of probabilities as it is.
    """

    model: str
    version: int
    converted_from: int
    to: str
    rows: int
    tolerance: float
    beyond: int
    worst_difference: float
    before: Speed
    after: Speed
