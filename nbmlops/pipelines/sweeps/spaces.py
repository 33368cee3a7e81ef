"""What a sweep varies: a list of values, or a range of numbers, for each parameter.

    alpha=[0.1, 1, 10]      one of these: JSON, so that a list is what it is everywhere; plain words need no quotes: [ridge, lasso]
    depth=2..10             any number from 2 to 10, both included; whole where the parameter, or both ends, are
    rate=1e-4..0.1,log      the same, drawn so that each power of ten is as likely as the next

The dots are there because every other sign is taken: brackets are JSON's, a colon is YAML's, a dash is a minus, and a shell
reads parentheses. From Python it is the same as plain values: `{"alpha": [0.1, 1, 10], "rate": {"low": 1e-4, "high": 0.1, "log": True}}`.
"""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from nbmlops.errors import Invalid, TooLarge
from nbmlops.ledger.secrets import mask_params
from nbmlops.pipelines.checks import fits

MOST_CHOICES, MOST_SPACES = 1_000, 50
_NUMBER = r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?"
_RANGE = re.compile(rf"\s*({_NUMBER})\s*\.\.\s*({_NUMBER})\s*(?:[\s,]\s*(log))?\s*")
_HINT = "A list: alpha=[0.1, 1, 10]. A range: depth=2..10, or rate=1e-4..0.1,log"


@dataclass(frozen=True)
class Choices:
    """One of these values."""

    values: tuple[Any, ...]

    def as_plain(self) -> Any:
        """As it is given from Python, and kept."""
        return list(self.values)

    def __str__(self) -> str:
        return json.dumps(list(self.values), ensure_ascii=False)


@dataclass(frozen=True)
class Span:
    """Any number from `low` to `high`, both included; `whole` ones alone, or all. `log`: by its exponent."""

    low: float
    high: float
    whole: bool
    log: bool = False

    def as_plain(self) -> Any:
        """As it is given from Python, and kept."""
        return {"low": self.low, "high": self.high, "log": self.log}

    def __str__(self) -> str:
        return f"{self.low!r}..{self.high!r}{',log' if self.log else ''}"


Space = Choices | Span


def spaces(given: Mapping[str, Any], declared: Mapping[str, tuple[type, ...]], where: str) -> dict[str, Space]:
    """What is to be varied, held against the parameters that are declared `where`. Raises Invalid, which names the parameter.

    >>> found = spaces({"depth": "2..10", "rate": {"low": 1e-4, "high": 1, "log": True}, "kind": "[a, b]"}, {"rate": (int, float)}, "x")
    >>> [str(space) for space in found.values()]
    ['2..10', '0.0001..1.0,log', '["a", "b"]']
    """
    if not given:
        raise Invalid("Nothing is varied.", hint=f"--over NAME=VALUES. {_HINT}")
    if len(given) > MOST_SPACES:
        raise TooLarge(f"{len(given)} parameters are varied.", hint=f"At most {MOST_SPACES}.")
    found = {}
    for name, value in given.items():
        kinds = declared.get(name, ())
        space = _space(name, value, kinds)
        for one in space.values if isinstance(space, Choices) else (space.low, space.high):
            fits(name, one, kinds, where)
        if mask_params({name: space.as_plain()}) != {name: space.as_plain()}:
            what = f"{name} looks like a secret, and what is varied is kept."
            raise Invalid(what, hint="Vary the name of an environment variable that holds it.")
        found[name] = space
    return found


def _space(name: str, value: Any, kinds: tuple[type, ...]) -> Space:
    if isinstance(value, str):
        value = _read(name, value)
    if isinstance(value, Mapping):
        return _span(name, value, kinds)
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return _choices(name, list(value))
    raise Invalid(f"{name} is given one value, {_short(value)}: nothing is varied.", hint=f"{_HINT}. A fixed one: --params {name}=…")


def _read(name: str, text: str) -> Any:
    """What a text of the command line says: a range, a list as Python spells it, or one of plain words."""
    if (found := _RANGE.fullmatch(text)) is not None:
        low, high = (json.loads(end) if re.fullmatch(r"-?(0|[1-9]\d*)", end) else float(end) for end in found.groups()[:2])
        return {"low": low, "high": high, "log": found[3] is not None}
    inside = text.strip()
    if inside[:1] == "[":
        with suppress(ValueError, SyntaxError, RecursionError, MemoryError):
            return ast.literal_eval(inside)
    if inside[:1] == "[" and inside[-1:] == "]" and not re.search(r"[\[\]{}\"'\\]", inside[1:-1]):
        return [_word(word.strip()) for word in inside[1:-1].split(",") if word.strip()]
    raise Invalid(f"{name}: {_short(text)} is neither a list nor a range.", hint=_HINT)


def _word(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _choices(name: str, values: list[Any]) -> Choices:
    if not values:
        raise Invalid(f"{name} has an empty list.", hint=_HINT)
    if len(values) > MOST_CHOICES:
        raise TooLarge(f"{name} has a list of {len(values):,}.", hint=f"At most {MOST_CHOICES:,}; a range has no such limit.")
    try:
        spelled = [json.dumps(value, sort_keys=True, allow_nan=False) for value in values]
    except (TypeError, ValueError) as error:
        raise Invalid(f"{name} has a value that is no plain one: {error}.", hint="Numbers, text, lists, true, false, null.") from error
    if len(set(spelled)) < len(spelled):
        raise Invalid(f"{name} has one value twice.", hint="Keep one.")
    return Choices(tuple(values))


def _span(name: str, value: Mapping[str, Any], kinds: tuple[type, ...]) -> Span:
    if unknown := value.keys() - {"low", "high", "log"}:
        raise Invalid(f"{name}: {_short(min(unknown, key=str))} is not understood.", hint="A range has low, high and log.")
    low, high, log = value.get("low"), value.get("high"), value.get("log", False)
    for end in (low, high):
        if isinstance(end, bool) or not isinstance(end, (int, float)) or not math.isfinite(end) or abs(end) >= 2**53:
            raise Invalid(f"{name}: a range cannot end at {_short(end)}.", hint=_HINT)
    assert low is not None and high is not None
    if not isinstance(log, bool):
        raise Invalid(f"{name}: log is {_short(log)}.", hint="True or False.")
    whole = isinstance(low, int) and isinstance(high, int) and float not in kinds
    if low >= high:
        raise Invalid(f"{name}: from {low!r} to {high!r} there is nothing between.", hint="The lower end first.")
    if log and low <= 0:
        raise Invalid(f"{name}: {low!r} has no logarithm.", hint="Begin a range of powers above 0.")
    return Span(low if whole else float(low), high if whole else float(high), whole, log)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
