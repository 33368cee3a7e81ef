"""Values known to be secret: those of the environment, and those once seen under a secret's name; hidden wherever they show up."""

from __future__ import annotations

import base64
import html
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_plus

from nbmlops.ledger.secrets.names import says
from nbmlops.ledger.secrets.values import MASK, blank, common, strong

LEAST = 6  # characters; what is shorter stands in ordinary text by chance
KEPT = 2000
_WORDS = 12
# The runner tells the kernel what was given to it as a secret parameter under these names: somebody's word, however short.
_TOLD, _TOLD_LEAST = "NBMLOPS_PARAMETER_", 4
_URL_PASSWORD = re.compile(r"://[^\s/?#:@]*:([^\s/?#]+)@")


@dataclass(frozen=True)
class Needle:
    """One spelling of one value. A word or a number is looked for as a whole."""

    text: str
    whole: bool

    def hide(self, text: str) -> str:
        """`text` without it."""
        if self.text not in text:
            return text
        if not self.whole:
            return text.replace(self.text, MASK)
        return re.sub(rf"(?:(?<![^\W_])|(?<=\\[nrtbf])){re.escape(self.text)}(?![^\W_])", MASK, text)


_remembered: dict[str, list[Needle]] = {}
_environment: tuple[Any, list[Needle]] = (None, [])
_all: list[Needle] | None = None


def hide(text: str) -> str:
    """`text` without any known value, in whatever spelling."""
    for needle in _needles():
        text = needle.hide(text)
    return text


def count() -> int:
    """How many values are remembered."""
    return len(_remembered)


def remember_value(value: str, *, sure: bool = True, least: int = LEAST) -> None:
    """Hide this value from now on, unless any text may have it by chance. `sure`: by somebody's word, not by its form."""
    global _all
    if value in _remembered or not _telling(value, sure=sure, least=least):
        return
    _remembered[value] = _spellings(value)
    while len(_remembered) > KEPT:
        del _remembered[next(iter(_remembered))]
    _all = None


def remember(named: Mapping[str, Any]) -> None:
    """Hide from now on what stands under secrets' names here: a kernel's variables, say."""
    for name, value in list(named.items()):
        if isinstance(name, str) and isinstance(value, (str, bytes)) and (what := says(name)) != "no":
            for part in _parts(value if isinstance(value, str) else value.decode("utf-8", "replace")):
                remember_value(part, sure=what != "maybe")


def remembered() -> list[str]:
    """The values remembered, for a process that writes down what this one said; they go over a private channel, never to a disk."""
    return list(_remembered)


def remember_values(values: Iterable[str]) -> None:
    """Hide what another process remembered."""
    for value in values:
        remember_value(value)


def forget() -> None:
    """Remember nothing."""
    global _all
    _remembered.clear()
    _all = None


def _needles() -> list[Needle]:
    global _environment, _all
    # The dictionary under os.environ, in the system's own encoding: comparing it is a hundred times cheaper than reading it.
    held = getattr(os.environ, "_data", os.environ)
    if held != _environment[0]:
        seen = dict(held)
        named = ((os.fsdecode(name), os.fsdecode(value)) for name, value in seen.items())
        values = {part: None for name, value in named for part in _environment_parts(name, value)}
        _environment = (seen, [needle for value in values for needle in _spellings(value)])
        _all = None
    if _all is None:
        found = dict.fromkeys(_environment[1])
        for needles in _remembered.values():
            found.update(dict.fromkeys(needles))
        _all = sorted(found, key=lambda needle: -len(needle.text))  # a long one may hold a short one
    return _all


def _environment_parts(name: str, value: str) -> Iterator[str]:
    what = says(name)
    if what != "no":
        least = _TOLD_LEAST if name.startswith(_TOLD) else LEAST
        yield from (part for part in _parts(value) if _telling(part, sure=what != "maybe", least=least))
    elif "://" in value and (found := _URL_PASSWORD.search(value)) and _telling(found[1], sure=True, least=LEAST):
        yield found[1]


def _parts(value: str) -> Iterator[str]:
    """The value; its long lines, which may be printed apart; the leaves of a JSON document under secrets' names."""
    yield value
    yield from (line for line in value.splitlines() if len(line) >= 16 and " " not in line and "-----" not in line and line != value)
    if value[:1] == "{":
        try:
            document = json.loads(value)
        except ValueError:
            return
        for name, part in document.items() if isinstance(document, dict) else ():
            if isinstance(part, str) and says(name) != "no":
                yield from _parts(part)


def _telling(value: str, *, sure: bool, least: int) -> bool:
    if len(value) < least or len(value) > 65536 or blank(value) or common(value) or value.isspace():
        return False
    if "://" in value and "@" not in value:
        return False
    if len(value.split()) > _WORDS and "-----BEGIN" not in value:
        return False  # prose, whatever it is called
    return sure or strong(value)


def _spellings(value: str) -> list[Needle]:
    whole = len(value) < LEAST or (value.isalnum() and (value.isalpha() or value.isdigit()) and len(value) < 16)
    plain = {
        value, quote(value, "", "utf-8", "replace"), quote(value, "/", "utf-8", "replace"), quote_plus(value, "", "utf-8", "replace"),
        json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], json.dumps(json.dumps(value))[3:-3],
        repr(value)[1:-1], ascii(value)[1:-1], html.escape(value), value.replace("\n", "\\n"),
    }  # fmt: skip
    raw = value.encode("utf-8", "replace")
    coded = {core for at in range(3) for core in (_core(raw, at),) if len(core) >= 8}
    coded |= {core.replace("+", "-").replace("/", "_") for core in coded}
    return [Needle(text, whole) for text in plain if text] + [Needle(text, False) for text in coded]


def _core(raw: bytes, at: int) -> str:
    """Base64 of `raw` as it stands inside base64 of more, `at` bytes into a group of three: what depends on it alone."""
    coded = base64.b64encode(b"\0" * at + raw).decode().rstrip("=")
    end = len(coded) - (1 if (at + len(raw)) % 3 else 0)
    return coded[(0, 2, 3)[at] : end]
