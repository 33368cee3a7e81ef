"""Names people give. They become neither paths nor HTML; they are limited, not rewritten."""

from __future__ import annotations

import re
import unicodedata

from nbmlops.errors import Invalid, TooLarge

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def plain_name(name: str, what: str) -> str:
    """A name that stands in addresses and commands: model, alias, endpoint. At most 100 of letters, digits, . _ -

    >>> plain_name("air-time", "model")
    'air-time'
    >>> plain_name("../x", "model")
    Traceback (most recent call last):
    nbmlops.errors.Invalid: '../x' cannot be the name of a model. Use letters, digits, '.', '_' and '-', beginning with a letter or digit.
    """
    _short(name, what, 100)
    if not _PLAIN.fullmatch(name):
        raise Invalid(
            f"{name!r} cannot be the name of a {what}.",
            hint="Use letters, digits, '.', '_' and '-', beginning with a letter or digit.",
        )
    return name


def free_name(name: str, what: str) -> str:
    """A name only shown and searched: run, experiment, parameter, metric, tag. Any text of at most 250 characters on one line.

    >>> free_name("first try 🚀", "run")
    'first try 🚀'
    """
    _short(name, what, 250)
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in name):
        raise Invalid(f"The name of a {what} has a control character.", hint="Use one line of printable text.")
    return name


def _short(name: str, what: str, limit: int) -> None:
    if not isinstance(name, str) or not name.strip():
        raise Invalid(f"A {what} needs a name.", hint="Give it one line of text.")
    if len(name) > limit:
        raise TooLarge(f"The name of a {what} has {len(name):,} characters.", hint=f"At most {limit}.")
