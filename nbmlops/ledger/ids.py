"""Ids made by the writer, so that a retry is not a second record. They sort by time."""

from __future__ import annotations

import os
import secrets
import threading
import time

_BITS = 47
_last = 0
_counting = threading.Lock()
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford base 32: no i, l, o, u


def new_id(prefix: str) -> str:
    """`prefix`, 48 bits of milliseconds, 46 random bits. One process's ids are in the order they were made.

    >>> new_id("run").startswith("run-"), len(new_id("run"))
    (True, 23)
    """
    global _last
    now = time.time_ns() // 1_000_000
    with _counting:
        if now <= _last >> _BITS <= now + 1:
            number = _last + 1 + secrets.randbits(_BITS // 2)  # the same millisecond; a clock that was set back is believed
        else:
            number = (now << _BITS) | secrets.randbits(_BITS - 1)  # half of the millisecond's numbers are left to follow
        _last = number
    text = "".join(_ALPHABET[(number >> shift) & 31] for shift in range(90, -5, -5))
    return f"{prefix}-{text}"


def _forked() -> None:
    global _counting
    _counting = threading.Lock()  # another thread of the parent may have held it


os.register_at_fork(after_in_child=_forked)
