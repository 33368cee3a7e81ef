"""The nouns of exchange."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """What came of one push or pull: how many things are new on the other side, or were brought up to date, or were there already.

    `left_out` will come by itself another time, or is gone there; `refused` never comes as it is; a conflict is an alias that both
    sides moved. `passed`: nothing was refused, and there is no conflict.
    """

    system: Literal["mlflow", "wandb"]
    way: Literal["push", "pull"]
    place: str
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
    passed: bool = True
