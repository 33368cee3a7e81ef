"""An exchange that is under way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from nbmlops.exchange.records import Exchange


@dataclass
class Tally:
    """What came of it so far."""

    runs: int = 0
    runs_changed: int = 0
    runs_known: int = 0
    artifacts: int = 0
    versions: list[str] = field(default_factory=list)
    versions_known: int = 0
    aliases: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)

    def over(self, system: Literal["mlflow", "wandb"], way: Literal["push", "pull"], place: str) -> Exchange:
        """The record of it, now that it is over."""
        return Exchange(system=system, way=way, place=place, **vars(self), passed=not self.refused and not self.conflicts)
