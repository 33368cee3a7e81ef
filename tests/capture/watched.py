"""What one cell read and wrote, as the session wrote it down."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbmlops.capture.attached import current_session
from nbmlops.capture.reading.reads import reads
from nbmlops.ledger.blobs import digest_bytes
from nbmlops.runs.records import FileUse

from .shell import Observed


@dataclass
class Watched:
    """A shell in a folder; `did` gives what a cell read and wrote."""

    book: Observed
    folder: Path

    def did(self, source: str, *, fails: bool = False) -> list[FileUse]:
        """Run a cell; wait until all of it is hashed."""
        session = current_session()
        position = session.position
        result = self.book.cell(source)
        if not fails:
            assert result.success, result.error_in_exec or result.error_before_exec
        uses = list(session.memory.of(position).files)
        if any(use.note == "hashing" for use in uses):
            reads.wait(60)
            for use in reads.later():
                session.memory.update(use)
            uses = list(session.memory.of(position).files)
        return uses

    def named(self, source: str) -> dict[tuple[str, str], FileUse]:
        """The same by file name and mode."""
        return {(Path(use.path).name, use.mode): use for use in self.did(source)}

    def digest(self, name: str) -> str:
        """Of the bytes that are there now."""
        return digest_bytes((self.folder / name).read_bytes())

    def value(self, name: str) -> Any:
        """What the user has under a name."""
        return self.book.shell.user_ns[name]
