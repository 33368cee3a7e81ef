"""What a process with limits is asked about a file, and what it tells."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What looking into a file may take. The memory is what is asked for, not only what is used."""

    memory_bytes: int = 4 << 30
    cpu_s: int = 120
    wall_s: float = 300.0
    file_bytes: int = 2 << 30


@dataclass(frozen=True, kw_only=True)
class Question:
    """A file or a model's folder. `trusted`: types by name, code by digest. `code`: sources that a skops file brings are trusted.

    `sample`: rows that the model is asked, pickled by who asks.
    """

    path: str
    trusted: tuple[str, ...] = ()
    code: bool = False
    sample: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a file is: its kind in words, the flavor that keeps such models, the digest of its bytes, the class.

    `file`: its name in a folder. `runs`: it is trusted whole, by `digest`, or not opened. `columns`, `named`: what the model takes,
    as a folder says or it says itself. `fixtures`: rows with answers, as they are kept. `peak_bytes`: the memory looking took.
    `said`: what else its folder says: `mlmodel`, MLflow's file; `mlflow`, the flavor there whose file it is; `nbmlops`, the flavor and the
    signature in nbmlops.json.
    """

    kind: str
    flavor: str
    digest: str
    runs: bool = False
    estimator: str = ""
    file: str | None = None
    columns: list[dict[str, Any]] | None = None
    named: bool = True
    fixtures: str | None = None
    said: dict[str, Any] = field(default_factory=dict)
    peak_bytes: int = 0
