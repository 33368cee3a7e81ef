"""Secrets stay out: what looks like one is masked before anything is written."""

from __future__ import annotations

import os
import re
from typing import Any

MASK = "•••"
_NAME = re.compile(
    r"(?i)(^|[_\-.])(passw(or)?d|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential|auth)s?($|[_\-.])"
)
_FORMS = [
    re.compile(r"(?P<keep>[a-zA-Z][a-zA-Z0-9+.-]*://[^\s/:@'\"]*:)[^\s/@'\"]+(?=@)"),  # URL with a password
    re.compile(r"\b(ghp|gho|ghs|ghu|github_pat)_[A-Za-z0-9_]{20,}"),
    re.compile(r"\b(sk|pk|rk)-[A-Za-z0-9_-]{20,}"),
    re.compile(r"\bAKIA[0-9A-Z]{16}\b"),
    re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}"),
    re.compile(r"\bhf_[A-Za-z0-9]{30,}"),
    re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.S),
    re.compile(
        r"(?i)(?P<keep>\b(?:\w*_)?(?:password|passwd|secret|token|api_?key|access_?key)\w*[\"']?\s*[=:]\s*[\"'])[^\"'\n]{4,}(?=[\"'])"
    ),
]


def mask(text: str) -> str:
    """`text` without secrets: by their form, by the name they are assigned to, or by being a secret variable's value.

    >>> mask('url = "postgresql://ada:hunter2@db/x"')
    'url = "postgresql://ada:•••@db/x"'
    >>> mask('api_key = "0123456789"'), mask("mae = 3.2")
    ('api_key = "•••"', 'mae = 3.2')
    """
    for value in _environment_values():
        if value in text:
            text = text.replace(value, MASK)
    for form in _FORMS:
        text = form.sub(lambda found: (found.groupdict().get("keep") or "") + MASK, text)
    return text


def mask_params(params: dict[str, Any]) -> dict[str, Any]:
    """Parameters without secrets: by name, and by the form of their text.

    >>> mask_params({"db_password": "x", "lr": 0.1})
    {'db_password': '•••', 'lr': 0.1}
    """
    return {name: MASK if _NAME.search(name) and isinstance(value, str) else mask_value(value) for name, value in params.items()}


def mask_value(value: Any) -> Any:
    """Any plain value without secrets."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return mask_params(value)
    if isinstance(value, (list, tuple)):
        return [mask_value(item) for item in value]
    return value


def _environment_values() -> list[str]:
    return [value for name, value in os.environ.items() if len(value) >= 8 and _NAME.search(name)]
