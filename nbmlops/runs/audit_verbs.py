"""What a person can ask of the audit trail."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from nbmlops.ledger.encode import load
from nbmlops.runs import trail
from nbmlops.runs.records import AuditCheck, AuditEvent, AuditHead
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
    """Check that no event of the audit trail was changed or taken out; `audit verify` looks further."""
    ledger = use(workspace).ledger
    last = ledger.read_one(trail.LAST)  # before the events: what is added meanwhile must not look like a loss
    return trail.checked(ledger.read(trail.ALL), last=last["seq"] if last else None)


@verb("GET /audit-head")
def head(*, workspace: Workspace | None = None) -> AuditHead:
    """Show the newest event's number and digest: kept elsewhere, they show later that the trail's end is there and nothing was rewritten.

    In a shell: `nbmlops audit head --json > head.json`.
    """
    return trail.head(use(workspace))
