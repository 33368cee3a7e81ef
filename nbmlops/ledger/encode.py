"""Values that SQLite or JSON would lose, and how they are kept.

SQLite stores NaN as NULL, so a diverged loss would vanish; a lone surrogate cannot be UTF-8. Both get a spelling.
"""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any

_encode = json.JSONEncoder(ensure_ascii=False).encode  # made once: making one costs more than most values
_SPECIAL = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def number(value: float) -> tuple[float | None, str | None]:
    """A float as (REAL column, special column).

    >>> number(1.5), number(float("nan")), number(float("-inf"))
    ((1.5, None), (None, 'NaN'), (None, '-Infinity'))
    """
    value = float(value)
    if math.isfinite(value):
        return value, None
    return None, "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")


def unnumber(value: float | None, special: str | None) -> float:
    """The float that `number` was given.

    >>> unnumber(None, "Infinity")
    inf
    """
    return _SPECIAL[special] if special else float(value or 0.0)


def text(value: str) -> str:
    """Text that every SQLite and UTF-8 can hold: lone surrogates and NUL become visible escapes.

    >>> text("a" + chr(0) + chr(0xD800))
    'a\\\\x00\\\\ud800'
    """
    if value.isascii() and "\0" not in value:
        return value
    return value.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode("utf-8")


def dump(value: Any) -> str:
    """JSON text of a plain value. Non-finite floats are spelled as strings, unknown objects by their repr.

    >>> dump({"a": float("nan"), "b": (1, 2)})
    '{"a": "NaN", "b": [1, 2]}'
    """
    return text(_encode(plain(value)))


def load(value: str | None) -> Any:
    """What `dump` wrote."""
    return None if value is None else json.loads(value)


def plain(value: Any, *, depth: int = 12) -> Any:
    """Only dict, list, str, int, float, bool and None; a repr without addresses where nothing else fits."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return int(value) if abs(value) < 2**63 else str(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else number(value)[1]
    if depth <= 0:
        return "…"
    if isinstance(value, dict):
        return {str(key): plain(item, depth=depth - 1) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        items = sorted(value, key=str) if isinstance(value, (set, frozenset)) else value
        return [plain(item, depth=depth - 1) for item in items]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, type):
        return named(value)
    if hasattr(value, "item") and getattr(value, "shape", None) == ():  # a numpy scalar
        return plain(value.item(), depth=depth - 1)
    size = getattr(value, "size", None)
    if hasattr(value, "tolist") and isinstance(size, int) and size < 100:
        return plain(value.tolist(), depth=depth - 1)
    return named(value)


def named(value: Any) -> str:
    """What an object is, never where it is: its repr unless that shows an address.

    >>> named(object())
    '<builtins.object>'
    """
    kind = type(value)
    if isinstance(value, type) or (callable(value) and hasattr(value, "__qualname__")):
        return f"<{value.__module__}.{value.__qualname__}>"
    shown = repr(value) if kind.__repr__ is not object.__repr__ else ""
    if not shown or " at 0x" in shown or len(shown) > 500:
        return f"<{kind.__module__}.{kind.__qualname__}>"
    return shown


def now_text(moment: datetime) -> str:
    """An aware time as sortable UTC text."""
    return (moment if moment.tzinfo is UTC else moment.astimezone(UTC)).isoformat(timespec="microseconds")


def moment(value: str | None) -> datetime | None:
    """The time that `now_text` wrote."""
    return None if value is None else datetime.fromisoformat(value)
