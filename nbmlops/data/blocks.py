"""The digests of a column's blocks in little room, and the rows in which two columns differ by them.

Each block's digest is cut to 8 bytes. Of more than 256 blocks, pairs of neighbours are put together until 256 or fewer
are left, so that a stored digest stands for 16,384 · 2ᵏ rows, k following from the number of rows; two columns are
compared at the coarser of theirs. All of it is one base64 text; a column of one block has an empty one.
"""

from __future__ import annotations

from base64 import b64decode, b64encode

from blake3 import blake3

from nbmlops.data.columns import BLOCK

MOST = 256
_SHORT = 8


def short(digests: list[bytes]) -> str:
    """Digests of all blocks of a column, in their short form.

    >>> short([bytes(32)]), len(short([bytes(32)] * 2)), len(short([bytes(32)] * 1000)) <= 4 * MOST * _SHORT / 3 + 4
    ('', 24, True)
    """
    if len(digests) < 2:
        return ""
    found = [digest[:_SHORT] for digest in digests]
    while len(found) > MOST:
        found = _paired(found)
    return b64encode(b"".join(found)).decode()


def changed_rows(before: str, rows_before: int, after: str, rows_after: int) -> list[tuple[int, int]]:
    """Ranges [start, end) of rows in which two columns of other values differ, by the short digests of their blocks.

    As wide as the blocks are. A row that only one of them has is in no range; where one column has no digests kept, the
    range is all rows they share.
    """
    shared = min(rows_before, rows_after)
    old, new = (_read(blocks, rows) for blocks, rows in ((before, rows_before), (after, rows_after)))
    if not old or not new or not shared:
        return [(0, shared)] if shared else []
    size_old, size_new = _size(rows_before), _size(rows_after)
    size = max(size_old, size_new)
    for _ in range((size // size_old).bit_length() - 1):
        old = _paired(old)
    for _ in range((size // size_new).bit_length() - 1):
        new = _paired(new)
    found: list[tuple[int, int]] = []
    for at in range(-(-shared // size)):
        start, end = at * size, min((at + 1) * size, shared)
        if old[at] != new[at]:
            found = [*found[:-1], (found[-1][0], end)] if found and found[-1][1] == start else [*found, (start, end)]
    return found


def _size(rows: int) -> int:
    """How many rows a stored digest of a column stands for."""
    blocks, size = -(-rows // BLOCK), BLOCK
    while blocks > MOST:
        blocks, size = -(-blocks // 2), size * 2
    return size


def _read(blocks: str, rows: int) -> list[bytes]:
    raw = b64decode(blocks) if blocks else b""
    found = [raw[at : at + _SHORT] for at in range(0, len(raw), _SHORT)]
    return found if len(found) == -(-rows // _size(rows)) else []


def _paired(digests: list[bytes]) -> list[bytes]:
    # A last one without a neighbour goes through the hash too: so a pair of the longer column is never taken for it.
    return [blake3(b"".join(digests[at : at + 2])).digest(_SHORT) for at in range(0, len(digests), 2)]
