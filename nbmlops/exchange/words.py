"""Names and values in the spelling that the other side takes, and back."""

from __future__ import annotations

import json
import math
import posixpath
import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from nbmlops.ledger.encode import dump

MOST = 250
_OTHER = re.compile(r"[^/\w.\- :]")


def one_line(text: str, otherwise: str = "unnamed") -> str:
    """A name as it may be shown here: one line of at most 250 characters.

    >>> one_line("a" + chr(10) + "b"), one_line("  ")
    ('a b', 'unnamed')
    """
    plain = "".join(" " if unicodedata.category(letter) in ("Cc", "Cs") else letter for letter in str(text)).strip()
    return plain[:MOST] or otherwise


def spelled(names: Iterable[str]) -> dict[str, str]:
    """Names → names that MLflow takes: letters, digits, / _ - . : and spaces, no two alike.

    >>> spelled(["val/mae", "gap (%)", "gap <%>", "a//b"])
    {'val/mae': 'val/mae', 'gap (%)': 'gap ___', 'gap <%>': 'gap ____2', 'a//b': 'a/b'}
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in sorted(names, key=lambda name: (_spelled(name) != name, name)):  # who may keep its name does
        wanted = given = _spelled(name)
        number = 1
        while given in taken:
            number += 1
            given = f"{wanted[: MOST - 8]}_{number}"
        taken.add(given)
        found[name] = given
    return {name: found[name] for name in names} if isinstance(names, list) else found


def _spelled(name: str) -> str:
    plain = posixpath.normpath(_OTHER.sub("_", name).strip("/ ") or "_")[:MOST].rstrip("/ ")
    return "_" if plain in (".", "..") or plain.startswith("../") else plain


def value_text(value: Any, most: int) -> str:
    """A parameter as text: JSON, but for text itself; cut where it is longer than the other side takes."""
    text = value if isinstance(value, str) else dump(value)
    return text if len(text) <= most else text[: most - 1] + "…"


def value_of(text: str) -> Any:
    """A parameter that came as text: the number, the flag or nothing that it spells, else the text.

    >>> value_of("0.1"), value_of("True"), value_of("None"), value_of("007"), value_of("nan"), value_of("[1]")
    (0.1, True, None, '007', 'nan', '[1]')
    """
    if text in ("True", "true", "False", "false"):
        return text in ("True", "true")
    if text in ("None", "null"):
        return None
    try:
        found = json.loads(text, parse_constant=lambda name: name)
    except (ValueError, RecursionError):
        return text
    whole = isinstance(found, int) and abs(found) < 2**63
    return found if not isinstance(found, bool) and (whole or (isinstance(found, float) and math.isfinite(found))) else text
