"""The audit trail's head, and what was done to the trail since somebody kept one."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

from nbmlops.errors import Invalid, NotFound
from nbmlops.ledger.audit import damage
from nbmlops.runs.records import AuditCheck, AuditDamage, AuditHead
from nbmlops.workspace import Workspace

Kept = tuple[int | None, str]
LAST = "SELECT seq FROM sqlite_sequence WHERE name = 'audit'"
ALL = "SELECT * FROM audit ORDER BY seq"
_DIGEST = re.compile(r"blake3:[0-9a-f]{64}")


def head(workspace: Workspace) -> AuditHead:
    """The newest event; NotFound where there is none."""
    row = workspace.ledger.read_one("SELECT *, (SELECT count(*) FROM audit) AS count FROM audit ORDER BY seq DESC LIMIT 1")
    if row is None:
        raise NotFound("The audit trail has no event yet.", hint="It begins with the first model: %mlops model register")
    return AuditHead(seq=row["seq"], digest=row["digest"], at=datetime.fromisoformat(row["at"]), count=row["count"])


def kept(said: str) -> Kept:
    """A head that was kept elsewhere: its digest, or the file with what `audit head --json` printed."""
    if _DIGEST.fullmatch(said.strip()):
        return None, said.strip()
    path = Path(said).expanduser()
    try:
        told = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise NotFound(f"There is no file {said[:200]!r}.", hint="Keep a head: nbmlops audit head --json > head.json") from None
    except (OSError, ValueError) as error:
        raise Invalid(f"{said[:200]!r} cannot be read: {error}.", hint="Keep a head: nbmlops audit head --json > head.json") from error
    number, digest = (told.get("seq"), told.get("digest")) if isinstance(told, dict) else (None, None)
    if not isinstance(number, int) or isinstance(number, bool) or not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise Invalid(f"{said[:200]!r} holds no head: it has no seq and digest.", hint="Keep one: nbmlops audit head --json > head.json")
    return number, digest


def checked(events: list[Any], *, last: int | None, head: Kept | None = None, beside: list[AuditDamage] | None = None) -> AuditCheck:
    """The judgement on a trail, with what else was found that does not agree with it."""
    found = [AuditDamage(table="audit", seq=one.seq, harm=one.harm, what=one.what) for one in damage(events, last=last, head=head)]
    found += beside or []
    first = min((one.seq for one in found if one.seq is not None), default=None)
    since = None if head is None else sum(event["seq"] > _number(events, head) for event in events)
    return AuditCheck(events=len(events), whole=not found, first_broken=first, damage=found, since=since)


def _number(events: list[Any], head: Kept) -> int:
    number, digest = head
    return number if number is not None else max((event["seq"] for event in events if event["digest"] == digest), default=0)
