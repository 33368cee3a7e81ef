"""Which values a trial gets: each combination in turn, any at all, or what Optuna makes of what was found before.

What the k-th trial gets depends on the seed, on k and (with Optuna) on the trials that have ended, and on nothing that a killed
process would take with it: a study that goes on draws what it would have drawn.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Mapping
from itertools import islice, product
from typing import Any, Protocol

from nbmlops.errors import Invalid
from nbmlops.pipelines.sweeps.judge import Judge
from nbmlops.pipelines.sweeps.spaces import Choices, Space, Span


class Sampler(Protocol):
    """Gives values for trials."""

    def draw(self, number: int) -> dict[str, Any]:
        """The values of trial `number`."""


class Grid:
    """Every combination in turn, the last parameter the fastest."""

    def __init__(self, spaces: Mapping[str, Space]) -> None:
        self.spaces = spaces
        if combinations(spaces) is None:
            name = next(name for name, space in spaces.items() if _values(space) is None)
            raise Invalid(f"{name} has no end of values: a grid needs lists.", hint=f"{name}=[…], or --by random")

    def draw(self, number: int) -> dict[str, Any]:
        """The values of trial `number`."""
        lists = [_values(space) or () for space in self.spaces.values()]
        return dict(zip(self.spaces, next(islice(product(*lists), number, None)), strict=True))


class Random:
    """Any values, each as likely as the others."""

    def __init__(self, spaces: Mapping[str, Space], seed: int) -> None:
        self.spaces, self.seed = spaces, seed

    def draw(self, number: int) -> dict[str, Any]:
        """The values of trial `number`."""
        chance = random.Random(f"{self.seed} {number}")  # noqa: S311 - no secret is made of it
        return {name: _drawn(space, chance) for name, space in self.spaces.items()}


class Optuna:
    """What Optuna's tree of Parzen estimators takes for promising."""

    def __init__(self, judge: Judge, seed: int) -> None:
        self.judge, self.seed = judge, seed

    def draw(self, number: int) -> dict[str, Any]:
        """The values of trial `number`."""
        return self.judge.suggested(number, self.seed + number)


def combinations(spaces: Mapping[str, Space]) -> int | None:
    """How many combinations there are; None where a range has no end of them."""
    counts = [len(values) if (values := _values(space)) is not None else None for space in spaces.values()]
    return None if None in counts else math.prod(count or 0 for count in counts)


def lists_alone(spaces: Iterable[Space]) -> bool:
    """Whether every parameter has a list."""
    return all(isinstance(space, Choices) for space in spaces)


def _values(space: Space) -> tuple[Any, ...] | range | None:
    if isinstance(space, Choices):
        return space.values
    return range(int(space.low), int(space.high) + 1) if space.whole and not space.log else None


def _drawn(space: Space, chance: random.Random) -> Any:
    if isinstance(space, Choices):
        return chance.choice(space.values)
    return _within(space, chance)


def _within(space: Span, chance: random.Random) -> float:
    low, high = (space.low - 0.5, space.high + 0.5) if space.whole else (space.low, space.high)
    found = math.exp(chance.uniform(math.log(low), math.log(high))) if space.log else chance.uniform(low, high)
    return min(max(round(found) if space.whole else found, space.low), space.high)
