"""Which of another system's things is which of ours, and how both stood when they were exchanged last."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from nbmlops.ledger.blobs import digest_bytes
from nbmlops.ledger.encode import dump, now_text
from nbmlops.runs import spooled
from nbmlops.runs.spooled import Event
from nbmlops.workspace import Workspace

_INSERT = "INSERT OR REPLACE INTO exchanged (system, place, kind, here, there, said, at) VALUES (?, ?, ?, ?, ?, ?, ?)"


@dataclass(frozen=True)
class Known:
    """Something that was exchanged: its names on both sides, and what was said of each then."""

    here: str
    there: str
    said: dict[str, Any]


class ExchangeBook:
    """What one workspace has exchanged with one place of another system."""

    def __init__(self, workspace: Workspace, system: str, place: str) -> None:
        self.workspace, self.system, self.place = workspace, system, place

    def all(self, kind: str) -> list[Known]:
        """Everything of a kind: run, version, alias, file."""
        rows = self.workspace.ledger.read(
            "SELECT here, there, said FROM exchanged WHERE system = ? AND place = ? AND kind = ?", self.system, self.place, kind
        )
        return [Known(row["here"], row["there"], json.loads(row["said"])) for row in rows]

    def note(self, kind: str, here: str, there: str, **said: Any) -> None:
        """Remember that these two are the same, and how they stand."""
        with self.workspace.ledger.write() as tx:
            self.note_in(tx, kind, here, there, **said)

    def note_in(self, tx: Any, kind: str, here: str, there: str, **said: Any) -> None:
        """The same, in a transaction of the caller's."""
        tx.run(_INSERT, self.system, self.place, kind, here, there, dump(said), now_text(self.workspace.clock()))

    def take(self, event: Event, there: str, **said: Any) -> None:
        """Write what is said of a run that happened elsewhere, whole or not at all, and remember whose it is."""
        with self.workspace.ledger.write() as tx:
            spooled.write_whole(tx, event)
            self.note_in(tx, "run", event.run, there, **said)
            tx.changed("run", event.run)

    def told(self, way: str, counts: dict[str, Any]) -> None:
        """Enter an exchange in the audit trail."""
        with self.workspace.ledger.write() as tx:
            tx.audit(
                actor=self.workspace.actor, verb=f"{self.system}.{way}", subject=self.place, evidence=counts, at=self.workspace.clock()
            )


def digest_of(value: Any) -> str:
    """One digest of plain values, the same for the same values."""
    return digest_bytes(json.dumps(json.loads(dump(value)), sort_keys=True).encode())
