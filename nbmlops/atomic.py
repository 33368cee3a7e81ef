"""Files written whole: a reader sees the old content or the new, never half of one, whenever the power goes."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path


def write_whole(path: Path, data: bytes | Iterable[bytes]) -> None:
    """Write aside, sync, rename, sync the folder. The file is its owner's alone (0600). Raises OSError.

    What an iterable of pieces raises leaves nothing behind.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> write_whole(folder / "a", b"whole")
    >>> (folder / "a").read_bytes(), [path.name for path in folder.iterdir()]
    (b'whole', ['a'])
    """
    place = os.path.dirname(path) or "."
    handle, aside = tempfile.mkstemp(dir=place, prefix=".new-")
    try:
        with open(handle, "wb", buffering=0) as out:
            for piece in (data,) if isinstance(data, bytes) else data:
                _write(out, piece)
            os.fsync(handle)
        os.replace(aside, path)
    except BaseException:
        os.unlink(aside)
        raise
    folder = os.open(place, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _write(out: io.FileIO, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[out.write(left) or 0 :]
