"""Files for the tests of reads, and what was heard of them."""

from __future__ import annotations

import os
from pathlib import Path

from nbmlops.capture.reading.reads import HASHING, reads


def taken(position=0):
    """By file name and mode, all hashed."""
    uses = reads.take(position)
    if any(use.note == HASHING for use in uses):
        reads.wait(60)
        later = {(use.path, use.mode, use.detail): use for use in reads.later()}
        uses = [later.get((use.path, use.mode, use.detail), use) for use in uses]
    return {(os.path.basename(use.path.rstrip("/")), use.mode): use for use in uses}


def old(path: Path, content: bytes) -> Path:
    """A file that was written a while ago."""
    path.write_bytes(content)
    os.utime(path, (1_700_000_000.5, 1_700_000_000.5))
    return path
