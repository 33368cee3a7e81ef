"""What a writer can do inside one transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from nbmlops.ledger import audit
from nbmlops.ledger.encode import text

_KEPT_CHANGES = 20_000


class Transaction:
    """Rows in, the change cursor forward, the audit chain longer: together or not at all."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def run(self, sql: str, *values: Any) -> sqlite3.Cursor:
        """Execute one statement."""
        return self._connection.execute(sql, values)

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Execute one statement for each row."""
        self._connection.executemany(sql, rows)

    def read(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """Ask, seeing this transaction's own writes."""
        return self._connection.execute(sql, values).fetchall()

    def insert(self, table: str, /, *, or_replace: bool = False, **values: Any) -> None:
        """One row; column names come from code, never from a user."""
        columns = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join("?" * len(values))
        verb = "INSERT OR REPLACE" if or_replace else "INSERT"
        self._connection.execute(f'{verb} INTO "{table}" ({columns}) VALUES ({marks})', tuple(values.values()))

    def changed(self, topic: str, subject: str) -> None:
        """Advance the change cursor: panels that show `topic` will ask again."""
        cursor = self.run(
            "INSERT INTO change (topic, subject, at) VALUES (?, ?, ?)", topic, subject, datetime.now(UTC).isoformat()
        ).lastrowid
        self.run("DELETE FROM change WHERE cursor <= ?", (cursor or 0) - _KEPT_CHANGES)

    def audit(self, *, actor: str, verb: str, subject: str, evidence: Any, at: datetime | None = None) -> None:
        """Add one event to the audit chain: who did what to what, and why it was right."""
        last = self.read("SELECT digest FROM audit ORDER BY seq DESC LIMIT 1")
        previous = last[0]["digest"] if last else audit.GENESIS
        stamp = (at or datetime.now(UTC)).isoformat()
        body = text(json.dumps(evidence, sort_keys=True, default=str))
        digest = audit.digest(previous, stamp, actor, verb, subject, body)
        self.insert("audit", at=stamp, actor=actor, verb=verb, subject=subject, evidence=body, previous=previous, digest=digest)
        self.changed("audit", subject)
