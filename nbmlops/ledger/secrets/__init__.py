"""Secrets stay out: what looks like one is masked before anything is written.

A value is secret by the name it is given to (`assigned`), by its own form (`forms`), or by being known: the value of a
secret-looking environment variable, or one that was seen under a secret's name before (`known`): a password that stands in
one cell is masked when another prints it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from functools import lru_cache
from typing import Any

from nbmlops.ledger.secrets import assigned, forms, known
from nbmlops.ledger.secrets.known import forget, remember, remember_values, remembered
from nbmlops.ledger.secrets.names import HINTS, Says, says
from nbmlops.ledger.secrets.values import MASK, strong

__all__ = [
    "MASK",
    "forget",
    "hidden_among",
    "holds_secret",
    "mask",
    "mask_bytes",
    "mask_params",
    "mask_record",
    "mask_value",
    "remember",
    "remember_values",
    "remembered",
]

_DEPTH = 100
_PARSED_BYTES = 2 << 20  # longer JSON is masked as text: its strings are still told by name, by form and by being known
_LOOKED_INTO_BYTES = 64 << 20
_SHORTEST = 4


def mask(text: str) -> str:
    """`text` without secrets; code stays code and JSON stays JSON.

    >>> mask('url = "postgresql://ada:hunter2@db/x"')
    'url = "postgresql://ada:•••@db/x"'
    >>> mask('api_key = "0123456789"'), mask('api_key = os.environ["API_KEY"]'), mask("mae = 3.2")
    ('api_key = "•••"', 'api_key = os.environ["API_KEY"]', 'mae = 3.2')
    """
    if len(text) < _SHORTEST:
        return text
    lower = _lower(text)
    present = {hint for hint in HINTS if hint in lower}
    if present:
        # First, so that a value which also stands elsewhere in the text is known.
        text = assigned.hide(text, lower, present, _noted)
    text = forms.hide(text, lower, present)
    return known.hide(text)


def mask_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters without secrets at any depth: by name, and by the form of their text.

    >>> mask_params({"db_password": "x", "lr": 0.1, "store": {"password": 12345678, "n_tokens": 5}})
    {'db_password': '•••', 'lr': 0.1, 'store': {'password': '•••', 'n_tokens': 5}}
    """
    return _mask_dict(params, _DEPTH)


def mask_value(value: Any) -> Any:
    """Any plain value without secrets: text, lists and dictionaries of it at any depth, a notebook's JSON."""
    before = known.count()
    masked = _mask(value, _DEPTH)
    # What was learnt from a later part may stand in an earlier one: a notebook's outputs come before their source.
    return _mask(masked, _DEPTH) if known.count() != before else masked


def mask_bytes(data: bytes) -> bytes:
    """Bytes of text without secrets; JSON keeps its structure. What is not text comes back as it is but for known forms.

    >>> mask_bytes(b'{"password": "x\\\\"y", "n": 1.50}').decode()
    '{"password": "•••", "n": 1.5}'
    >>> mask_bytes(b'{"n": 1.50}')
    b'{"n": 1.50}'
    """
    import json

    text = data.decode("utf-8", "surrogateescape")
    if text.lstrip()[:1] in ("{", "[") and len(data) <= _PARSED_BYTES:
        try:
            value = json.loads(text)
            masked = mask_value(value)
        except (ValueError, RecursionError):
            pass  # it only begins like JSON
        else:
            if masked == value:
                return data  # not a byte is changed without need
            return (json.dumps(masked, ensure_ascii=False, indent=_indent(text)) + ("\n" if text.endswith("\n") else "")).encode(
                "utf-8", "surrogateescape" if _escaped(text) else "backslashreplace"
            )
    return mask(text).encode("utf-8", "surrogateescape")


@lru_cache(maxsize=512)
def _looked_at(kind: Any, leave: frozenset[str]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind) if field.name not in leave)


def mask_record(record: Any, *, leave: frozenset[str] = frozenset()) -> Any:
    """A dataclass, or a list of some, without secrets in any field but those to leave; the same object if there were none.

    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Note:
    ...     text: str
    ...     tags: dict[str, str]
    >>> mask_record(Note("postgresql://ada:hunter2@db/x", {"api_key": "k1"}))
    Note(text='postgresql://ada:•••@db/x', tags={'api_key': '•••'})
    """
    if isinstance(record, str):
        return mask(record)
    if isinstance(record, list):
        masked = [mask_record(item, leave=leave) for item in record]
        return record if all(new is old for new, old in zip(masked, record, strict=True)) else masked
    if isinstance(record, (dict, tuple)):
        changed = mask_value(record)
        return record if changed == (list(record) if isinstance(record, tuple) else record) else type(record)(changed)
    if not is_dataclass(record) or isinstance(record, type):
        return record
    fresh = {}
    for name in _looked_at(type(record), leave):
        value = getattr(record, name)
        if value and (new := mask_record(value, leave=leave)) is not value and new != value:
            fresh[name] = new
    return replace(record, **fresh) if fresh else record


def hidden_among(name: str, values: Sequence[str]) -> set[str]:
    """Which of the values that stand under a name, a column's say, are secrets.

    >>> hidden_among("password", ["a", "b"]) == {"a", "b"}, hidden_among("city", ["Oslo", "Rome"])
    (True, set())
    """
    what = says(name)
    if what in ("password", "secret"):
        return set(values)
    found = {value for value in values if strong(value)} if what == "maybe" else set()
    whole = "\n".join(values)  # in one go: there is hardly ever any
    return found if mask(whole) == whole else found | {value for value in values if mask(value) != value}


def holds_secret(data: bytes) -> bool:
    """Whether bytes that cannot be masked, a kept model's say, hold a secret told by its form or by being known."""
    import io
    import zipfile

    parts = [data]
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = [archive.read(member) for member in archive.infolist() if member.file_size <= _LOOKED_INTO_BYTES]
    texts = (part.decode("utf-8", "surrogateescape") for part in parts)
    return any(mask(text) != text for text in texts)


def _mask(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, bytes):
        return mask_bytes(value)
    if depth <= 0:
        return "…"
    if isinstance(value, Mapping):
        return _mask_dict(value, depth)
    if isinstance(value, (list, tuple)):
        return _mask_list(value, depth)
    return value


def _mask_dict(params: Mapping[str, Any], depth: int) -> dict[str, Any]:
    masked: dict[str, Any] = {}
    named = params.get("name", params.get("key"))
    for name, value in params.items():
        what = says(name) if isinstance(name, str) else "no"
        if name == "value" and isinstance(named, str) and what == "no":
            what = says(named)  # {"name": "DB_PASSWORD", "value": …}
        shown = mask(name) if isinstance(name, str) and len(name) >= 8 else name
        while shown != name and shown in masked:
            shown += "•"
        masked[shown] = _mask(value, depth - 1) if what == "no" else _mask_named(value, what, depth - 1)
    return masked


def _mask_named(value: Any, what: Says, depth: int) -> Any:
    """A value under a secret's name; everything in it too."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, str):
        if not value.strip(" *•…."):
            return value
        if what == "maybe" and not strong(value):
            return mask(value)
        _noted(value, what != "maybe")
        return MASK
    if isinstance(value, bool) or value is None or depth <= 0:
        return value
    if isinstance(value, (int, float)):
        return MASK if what == "password" and value >= 1000 else value  # `pin=13` is a pin of a board
    if isinstance(value, Mapping):
        return {name: _mask_named(part, what if says(str(name)) == "no" else says(str(name)), depth - 1) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_mask_named(part, what, depth - 1) for part in value]
    return value


def _mask_list(items: Any, depth: int) -> list[Any]:
    if len(items) > 1 and all(isinstance(item, str) for item in items):
        if all(item.endswith("\n") for item in items[:-1]):
            # Lines of one text, as notebooks are saved: what goes over several lines shows only in the whole.
            whole = "".join(items)
            masked = mask(whole)
            return list(items) if masked == whole else masked.splitlines(keepends=True)
        if len(items) == 2 and says(items[0]) != "no" and strong(items[1]):
            return [items[0], _mask_named(items[1], says(items[0]), depth)]
    masked_items = [_mask(item, depth - 1) for item in items]
    for at, item in enumerate(items[:-1]):
        # ["--password", "value"]
        if isinstance(item, str) and item.startswith("--") and says(item) in ("password", "secret") and isinstance(items[at + 1], str):
            masked_items[at + 1] = _mask_named(items[at + 1], says(item), depth)
    return masked_items


def _noted(value: str, sure: bool) -> None:
    if len(value) >= known.LEAST and (not sure or not value.isalpha() or len(value) >= 8):
        known.remember_value(value, sure=sure)


def _lower(text: str) -> str:
    lower = text.lower()
    # A few letters have a lower case of two; places must be the same in both.
    return lower if len(lower) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def _escaped(text: str) -> bool:
    return any("\udc80" <= c <= "\udcff" for c in text)


def _indent(text: str) -> int | None:
    second = text.find("\n")
    line = text[second + 1 : second + 12]
    return len(line) - len(line.lstrip(" ")) or None if 0 <= second <= 2 else None
