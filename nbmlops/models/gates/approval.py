"""Another person's yes: neither who registered the version nor who promotes it."""

from __future__ import annotations

from datetime import datetime

from nbmlops.errors import Conflict, Invalid
from nbmlops.ledger.encode import now_text, text
from nbmlops.ledger.secrets import mask
from nbmlops.models.gates.port import Asked, judged
from nbmlops.models.gates.standing import Standing
from nbmlops.models.records import Approval, GateCheck
from nbmlops.models.registry import Registry
from nbmlops.workspace import Workspace


class ApprovalAsked(Asked, frozen=True, kw_only=True):
    """How many people, and `by` whom (anybody where nobody is named)."""

    by: list[str] = []
    count: int = 1

    def __post_init__(self) -> None:
        if self.count < 1 or (self.by and self.count > len(set(self.by))):
            raise ValueError("count is at least 1, and at most as many as by names")


class Approved:
    """A version that others have approved."""

    kind = "approval"
    asks = ApprovalAsked
    needs_rows = False

    def check(self, asked: ApprovalAsked, on: Standing) -> list[GateCheck]:
        """One check."""
        assert on.workspace is not None
        version, promoter = on.candidate, on.workspace.actor
        found = approvals(on.workspace, version.model, version.version)
        counted = [one for one in found if one.by not in (version.registered_by, promoter) and (not asked.by or one.by in asked.by)]
        who = f"one of {', '.join(asked.by)}" if asked.by else "somebody else"
        if len(counted) >= asked.count:
            reason = f"Version {version.version} is approved by {', '.join(f'{one.by} ({one.reason})' for one in counted)}."
        else:
            own = f"{version.registered_by} registered it and {promoter} promotes it: theirs do not count"
            ask = f"Ask: %mlops model approve {version.model} {version.version} --reason …"
            reason = f"Version {version.version} has {len(counted)} of {asked.count} approvals by {who}; {own}. {ask}"
        value, told = float(len(counted)), [{"by": one.by, "reason": one.reason, "at": one.at.isoformat()} for one in found]
        return [judged("approval", "approved", len(counted) >= asked.count, reason, value=value, limit=float(asked.count), approvals=told)]


def approve(workspace: Workspace, model: str, version: int, reason: str) -> Approval:
    """Keep somebody's yes to a version, once. Conflict where it is their own; Invalid without a reason."""
    found = Registry(workspace).version(model, version)
    if not reason.strip():
        raise Invalid("An approval needs a reason.", hint="What did you look at? --reason …")
    if len(reason) > 4000:
        raise Invalid(f"The reason has {len(reason):,} characters.", hint="At most 4,000.")
    who = workspace.actor
    if who == found.registered_by:
        raise Conflict(f"{who} registered version {version} of {model!r} and cannot approve it.", hint="Ask somebody else to approve it.")
    made = Approval(model=model, version=version, by=who, reason=text(mask(reason)), at=workspace.clock())
    with workspace.ledger.write() as tx:
        if tx.read("SELECT 1 FROM gate_approval WHERE model = ? AND version = ? AND by = ?", model, version, who):
            raise Conflict(f"{who} has approved version {version} of {model!r} already.", hint=f"%mlops model promote {model} {version}")
        tx.insert("gate_approval", model=model, version=version, by=who, reason=made.reason, at=now_text(made.at))
        tx.changed("model", model)
        evidence = {"version": version, "digest": found.digest, "reason": made.reason}
        tx.audit(actor=who, verb="model.approve", subject=model, evidence=evidence, at=made.at)
    return made


def approvals(workspace: Workspace, model: str, version: int) -> list[Approval]:
    """Who has approved a version, the first first."""
    rows = workspace.ledger.read("SELECT * FROM gate_approval WHERE model = ? AND version = ? ORDER BY at, by", model, version)
    return [
        Approval(model=model, version=version, by=row["by"], reason=row["reason"], at=datetime.fromisoformat(row["at"])) for row in rows
    ]
