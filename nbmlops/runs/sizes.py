"""Bytes as people read them."""

from __future__ import annotations

_UNITS = ("B", "kB", "MB", "GB", "TB")


def size_text(count: int | None) -> str:
    """A number of bytes in decimal units; nothing for an unknown one.

    >>> size_text(12_345_678), size_text(999), size_text(999_960), size_text(None)
    ('12.3 MB', '999 B', '1.0 MB', '')
    """
    if count is None:
        return ""
    amount, step = float(count), 0
    while round(amount, 1) >= 1000 and step < len(_UNITS) - 1:
        amount, step = amount / 1000, step + 1
    return f"{amount:.1f} {_UNITS[step]}" if step else f"{count} B"
