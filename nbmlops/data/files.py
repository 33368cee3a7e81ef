"""Files of rows, as people have them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbmlops.errors import Invalid, NotFound, there_is

_READERS = {".parquet": "read_parquet", ".csv": "read_csv", ".feather": "read_feather", ".json": "read_json", ".xlsx": "read_excel"}


def rows_in(path: Path) -> Any:
    """The frame in a file; what its ending says is how it is read. NotFound, or Invalid where it is no table or cannot be read."""
    import pandas as pd

    if not path.is_file():
        near = [found.name for found in path.parent.iterdir() if found.suffix.lower() in _READERS] if path.parent.is_dir() else []
        raise NotFound(f"There is no file {str(path)!r}.", hint=f"In {path.parent}: {there_is(near)}.")
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise Invalid(f"{path.name} is no table that can be read.", hint=f"There is: {there_is(_READERS)}.")
    try:
        return getattr(pd, reader)(path)
    except Exception as error:  # what a reader raises for a broken file is of any type
        raise Invalid(f"{path.name} cannot be read: {str(error)[:200]}", hint="Write it again.") from error


def has(frame: Any, name: str, where: str) -> None:
    """Invalid where a frame, called `where`, has no such column."""
    if name not in frame.columns:
        raise Invalid(f"{where} has no column {name[:80]!r}.", hint=f"It has: {there_is(map(str, frame.columns))}.")
