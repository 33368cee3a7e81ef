"""What a person can ask of the audit trail."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from nbmlops.ledger.audit import first_broken
from nbmlops.ledger.encode import load
from nbmlops.runs.records import AuditCheck, AuditEvent
from nbmlops.verb import verb
from nbmlops.workspace import Workspace, use


@verb("GET /audit")
def find(
    *,
    subject: Annotated[str | None, "a model, endpoint or other name"] = None,
    limit: Annotated[int, "how many, newest first"] = 50,
    workspace: Workspace | None = None,
) -> list[AuditEvent]:
    """List who did what to what, when, and on what evidence."""
    where, values = ("WHERE subject = ?", [subject]) if subject else ("", [])
    rows = use(workspace).ledger.read(f"SELECT * FROM audit {where} ORDER BY seq DESC LIMIT ?", *values, limit)  # noqa: S608
    return [
        AuditEvent(
            seq=row["seq"],
            at=datetime.fromisoformat(row["at"]),
            actor=row["actor"],
            verb=row["verb"],
            subject=row["subject"],
            evidence=load(row["evidence"]),
            digest=row["digest"],
        )
        for row in rows
    ]


@verb("GET /audit-check")
def check(*, workspace: Workspace | None = None) -> AuditCheck:
    """Check that no event of the audit trail was changed or taken out."""
    rows = use(workspace).ledger.read("SELECT * FROM audit ORDER BY seq")
    broken = first_broken(rows)
    return AuditCheck(events=len(rows), whole=broken is None, first_broken=broken)
