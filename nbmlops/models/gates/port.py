"""What every kind of gate has: the keys it takes, whether it must be given rows, and its checks."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal, Protocol

import msgspec

from nbmlops.ledger.encode import plain
from nbmlops.models.gates.measuring import SCORED, way
from nbmlops.models.gates.standing import Standing
from nbmlops.models.quality import canonical
from nbmlops.models.records import GateCheck

Test = Literal["interval", "difference"]


class Asked(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """The keys of one kind, with their defaults. A ValueError of `__post_init__` is told with the place in the file."""


class Gate(Protocol):
    """One kind of check: an adapter of the port `gate`."""

    kind: ClassVar[str]
    asks: ClassVar[type[Asked]]
    needs_rows: ClassVar[bool]  # labelled rows: without them its check fails, and says so

    def check(self, asked: Any, on: Standing) -> list[GateCheck]:
        """What holds of a version and what does not. A failure is a check that did not pass, never an empty list."""


def judged(
    kind: str, name: str, passed: Any, reason: str, *, value: float | None = None, limit: float | None = None, **details: Any
) -> GateCheck:
    """One check; its details as JSON has them."""
    number = None if value is None else float(value)
    told = {key: plain(item) for key, item in details.items()}
    return GateCheck(name=name, passed=bool(passed), value=number, limit=limit, reason=reason, kind=kind, details=told)


def agreeing(metric: str, better: str | None) -> None:
    """ValueError where the way that is better contradicts what is known of a metric."""
    if better is not None and (canonical(metric) is not None or metric in SCORED) and better != way(metric):
        raise ValueError(f"of {metric}, {way(metric)} is better, not {better}")


def share(value: float, what: str) -> None:
    """ValueError unless a number is a share, from 0 to 1."""
    if not 0 <= value <= 1:
        raise ValueError(f"{what} is a share from 0 to 1, not {value:g}")


def confident(value: float) -> None:
    """ValueError unless a number can be a confidence."""
    if not 0.5 <= value < 1:
        raise ValueError(f"confidence is a share from 0.5 up to 1, not {value:g}")


def positive(value: float | None, what: str) -> None:
    """ValueError unless a number, if there is one, is above 0."""
    if value is not None and not (math.isfinite(value) and value > 0):
        raise ValueError(f"{what} is a number above 0, not {value:g}")
