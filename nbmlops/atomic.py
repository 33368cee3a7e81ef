"""Files written whole: a reader sees the old content or the new, never half of one, whenever the power goes."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_whole(path: Path, data: bytes) -> None:
    """Write aside, sync, rename, sync the folder. The file is its owner's alone (0600). Raises OSError.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> write_whole(folder / "a", b"whole")
    >>> (folder / "a").read_bytes(), [path.name for path in folder.iterdir()]
    (b'whole', ['a'])
    """
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        os.replace(aside, path)
    except BaseException:
        os.unlink(aside)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
