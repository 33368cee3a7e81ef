"""An exchange that is under way."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any, Literal

from nbmlops.exchange.records import Exchange


@dataclass
class Tally:
    """What came of it so far, by the names that its record has: how many, and what is told of one by one."""

    counted: Counter[str] = field(default_factory=Counter)
    told: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def over(self, system: Literal["mlflow", "wandb"], way: Literal["push", "pull"], place: str) -> Exchange:
        """The record of it, now that it is over."""
        passed = not self.told["refused"] and not self.told["conflicts"]
        found: dict[str, Any] = {**self.counted, **self.told}
        return Exchange(system=system, way=way, place=place, passed=passed, **found)
