"""Files the user's code opens, and a digest of their whole content.

Python's audit hook tells of every `open`, whatever library calls it; readers that open files outside Python (Arrow,
Polars, DuckDB) are told by the calls a cell makes. A digest is computed once for a path, inode, size and time of change.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nbmlops.runs.records import FileUse

_CODE = (".py", ".pyc", ".pyi", ".so", ".pth", ".ipynb", ".pyd", ".dll", ".dylib")
_DATA_IN_PACKAGES = (".csv", ".gz", ".zip", ".parquet", ".feather", ".npy", ".npz", ".pkl", ".xlsx", ".bz2", ".xz", ".zst", ".arrow")
_NOT_DATA = ("/proc/", "/sys/", "/dev/", "/etc/", "/usr/share/", "/usr/lib/", "/run/")
_OURS = os.path.dirname(os.path.dirname(os.path.realpath(__file__))) + os.sep
_WRITES = os.O_WRONLY | os.O_RDWR
CHUNK = 1 << 22


class Reads:
    """The files opened while `watching`; made once a process, since an audit hook cannot be taken out, only be deaf."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], None] = {}
        self._watching = False
        self._hooked = False
        self._lock = threading.Lock()
        self._digests: dict[tuple[str, int, int, int], str] = {}
        self._prefixes = tuple({os.path.realpath(p) + os.sep for p in (sys.prefix, sys.base_prefix, os.path.dirname(os.__file__))})

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Listen inside."""
        self.listen(True)
        try:
            yield
        finally:
            self.listen(False)

    def listen(self, wanted: bool) -> None:
        """Be all ears, or deaf."""
        if wanted and not self._hooked:
            sys.addaudithook(self._audited)
            self._hooked = True
        self._watching = wanted

    def note(self, path: Any, mode: str) -> None:
        """A file that a reader outside Python was given."""
        try:
            name = os.fspath(path)
        except TypeError:
            return
        if isinstance(name, bytes):
            name = os.fsdecode(name)
        if len(name) < 4096 and "\0" not in name and self._is_data(name) and Path(name).is_file():
            self._seen[(os.path.abspath(name), mode)] = None

    def take(self, position: int | None) -> list[FileUse]:
        """What was opened since the last taking, with digests."""
        with self._lock:
            seen, self._seen = self._seen, {}
        written = {path for path, mode in seen if mode == "write"}
        uses = []
        for path, mode in seen:
            use = self._use(path, mode, position)
            if use is not None and mode == "read" and path in written:
                use = replace(use, note="written in the same cell: the digest is of the cell's end")
            uses.append(use)
        return [use for use in uses if use is not None]

    def _use(self, path: str, mode: Any, position: int | None) -> FileUse | None:
        try:
            found = os.stat(path)
            if not os.path.isfile(path):
                return None
            digest = self.digest(path, found)
        except FileNotFoundError:
            return FileUse(
                path=path, mode=mode, digest=None, size_bytes=None, modified_at=None, position=position, note="gone at the cell's end"
            )
        except OSError as error:
            return FileUse(
                path=path, mode=mode, digest=None, size_bytes=None, modified_at=None, position=position, note=str(error.strerror)
            )
        changed = datetime.fromtimestamp(found.st_mtime, UTC)
        return FileUse(path=path, mode=mode, digest=digest, size_bytes=found.st_size, modified_at=changed, position=position, note=None)

    def digest(self, path: str, found: os.stat_result) -> str:
        """BLAKE3 of the whole file."""
        key = (path, found.st_ino, found.st_size, found.st_mtime_ns)
        known = self._digests.get(key)
        if known is None:
            from blake3 import blake3

            hasher = blake3(max_threads=blake3.AUTO if found.st_size > CHUNK else 1)
            with open(path, "rb", buffering=0) as file:
                while chunk := file.read(CHUNK):
                    hasher.update(chunk)
            known = self._digests[key] = f"blake3:{hasher.hexdigest()}"
        return known

    def _audited(self, event: str, args: tuple[Any, ...]) -> None:
        if event != "open" or not self._watching:
            return
        try:
            path, mode, flags = args
            if not isinstance(path, (str, bytes, os.PathLike)):
                return
            name = os.fsdecode(os.fspath(path))
            if self._is_data(name):
                writes = bool(flags & _WRITES) if isinstance(flags, int) and mode is None else bool(set(mode or "r") & set("wax+"))
                self._seen[(os.path.abspath(name), "write" if writes else "read")] = None
        except Exception:  # raising here would fail the user's own open()
            return

    def _is_data(self, name: str) -> bool:
        lower = name.lower()
        if lower.endswith(_CODE) or lower.startswith(_NOT_DATA) or f"{os.sep}." in name.replace(f"..{os.sep}", ""):
            return False
        full = os.path.realpath(name)
        if full.startswith(_OURS):
            return False
        if full.startswith(self._prefixes):
            return lower.endswith(_DATA_IN_PACKAGES)
        return not (lower.endswith((".json", ".html", ".js")) and "jupyter" in lower)


reads = Reads()
