"""What a person can ask of the audit trail, held against the registry it tells of."""

from __future__ import annotations

from typing import Annotated

from nbmlops.models import audited
from nbmlops.runs import trail
from nbmlops.runs.records import AuditCheck
from nbmlops.verb import verb
from nbmlops.workspace import Workspace, use


@verb("GET /audit-verify")
def verify(
    *,
    head: Annotated[str | None, "what `audit head` showed before: its digest, or a file with its JSON"] = None,
    workspace: Workspace | None = None,
) -> AuditCheck:
    """Verify the audit trail, and the registry against it: what was edited, deleted, inserted or reordered, and at which event.

    Against a head that was kept elsewhere, a cut-off end shows too, and a trail that was written anew. Aliases, their moves,
    versions, signatures, gates, approvals, and the reports that versions were promoted or refused on must be what the events tell.
    """
    place = use(workspace)
    kept = trail.kept(head) if head is not None else None
    with place.ledger.view() as read:
        last, events = read(trail.LAST), read(trail.ALL)
        tables = {name: read(sql) for name, sql in audited.TABLES.items()}
    return trail.checked(events, last=last[0]["seq"] if last else None, head=kept, beside=audited.disagreeing(events, tables))
