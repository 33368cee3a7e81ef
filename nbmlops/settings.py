"""Where the workspace is, and which adapters it names.

`workspace.json` in the `.nbmlops` folder is the one file read before anything else is opened: it names the schema
version (so that an older nbmlops leaves a newer workspace untouched), the adapters and what the operator trusts.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from nbmlops.atomic import write_whole
from nbmlops.errors import Invalid, Unwritable

FOLDER = ".nbmlops"
FILE = "workspace.json"
SCHEMA_VERSION = 12  # the number of the ledger's last migration
ENVIRONMENT = "NBMLOPS_WORKSPACE"


@dataclass(frozen=True)
class Settings:
    """What `workspace.json` says."""

    schema_version: int = 0
    ledger: str = "sqlite"
    blobs: str = "folder"
    trusted_types: tuple[str, ...] = field(default=())
    trusted_code: tuple[str, ...] = field(default=())
    file_memory_bytes: int = 4 << 30  # what looking into a model's file may take
    required_signers: tuple[str, ...] = field(default=())

    @property
    def trusted(self) -> tuple[str, ...]:
        """What a model file may name or bring: types by name, code by digest."""
        return (*self.trusted_types, *self.trusted_code)


def find_root(start: Path) -> Path | None:
    """The nearest folder at or above `start` that holds a workspace, or None. The environment names one first."""
    named = os.environ.get(ENVIRONMENT)
    if named:
        return Path(named).expanduser().absolute()
    start = start.absolute()
    for folder in (start, *start.parents):
        if (folder / FOLDER / FILE).is_file():
            return folder
    return None


def read_settings(root: Path) -> Settings | None:
    """The settings of the workspace at `root`; None where there is none yet."""
    path = root / FOLDER / FILE
    try:
        raw = json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise Invalid(f"{path} cannot be read: {error}.", hint="Mend it, or move the .nbmlops folder aside.") from error
    if not isinstance(raw, dict) or not isinstance(raw.get("schema_version"), int):
        raise Invalid(f"{path} names no schema_version.", hint="Mend it, or move the .nbmlops folder aside.")
    known = {f.name for f in fields(Settings)}
    values = {key: value for key, value in raw.items() if key in known}
    for name in ("trusted_types", "trusted_code", "required_signers"):
        values[name] = tuple(values.get(name, ()))
    return Settings(**values)


def write_settings(root: Path, settings: Settings) -> None:
    """Write aside, sync, rename: a reader sees the old file or the new one, never half of one."""
    folder = root / FOLDER
    path = folder / FILE
    try:
        kept = json.loads(path.read_text("utf-8")) if path.is_file() else {}
        write_whole(path, (json.dumps({**kept, **asdict(settings)}, indent=2) + "\n").encode())
    except OSError as error:
        raise Unwritable(f"{path} cannot be written: {error.strerror}.", hint="Check the disk and the rights.") from error
