"""Ids made by the writer, so that a retry is not a second record. They sort by time."""

from __future__ import annotations

import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford base 32: no i, l, o, u


def new_id(prefix: str) -> str:
    """`prefix`, 48 bits of milliseconds, 47 random bits.

    >>> new_id("run").startswith("run-"), len(new_id("run"))
    (True, 23)
    """
    number = ((time.time_ns() // 1_000_000) << 47) | secrets.randbits(47)
    text = "".join(_ALPHABET[(number >> shift) & 31] for shift in range(90, -5, -5))
    return f"{prefix}-{text}"
