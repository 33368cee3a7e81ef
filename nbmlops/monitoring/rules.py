"""Policy rules and decisions in the ledger, and what a rule fills in for its notebook."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import msgspec
from blake3 import blake3

from nbmlops.errors import NotFound, there_is
from nbmlops.ledger.encode import dump, load, now_text
from nbmlops.ledger.lock import WriteLock
from nbmlops.monitoring.records import Decision, PolicyRule
from nbmlops.workspace import Workspace


def keep_rule(workspace: Workspace, rule: PolicyRule) -> PolicyRule:
    """Keep an endpoint's rule; a second one replaces the first."""
    body = msgspec.to_builtins(rule)
    with workspace.ledger.write() as tx:
        tx.insert("policy", or_replace=True, endpoint=rule.endpoint, rule=dump(body))
        tx.changed("policy", rule.endpoint)
        tx.audit(actor=workspace.actor, verb="policy.set", subject=rule.endpoint, evidence=body, at=workspace.clock())
    return rule


def rule_of(workspace: Workspace, endpoint: str) -> PolicyRule:
    """An endpoint's rule; NotFound names the endpoints that have one."""
    row = workspace.ledger.read_one("SELECT rule FROM policy WHERE endpoint = ?", endpoint)
    if row is None:
        have = [found["endpoint"] for found in workspace.ledger.read("SELECT endpoint FROM policy")]
        raise NotFound(
            f"Endpoint {endpoint[:100]!r} has no policy.", hint=f"Policies: {there_is(have)}. Set one: %mlops policy set ENDPOINT NOTEBOOK"
        )
    return msgspec.convert(load(row["rule"]), PolicyRule, strict=False)


def decision_id(endpoint: str, end: datetime) -> str:
    """The one id a decision of this endpoint for this window's end can have, so that a retry is not a second decision."""
    return "decision-" + blake3(f"{endpoint}\0{now_text(end)}".encode()).hexdigest()[:20]


def deciding(workspace: Workspace, endpoint: str) -> WriteLock:
    """The lock that only one decision about an endpoint holds; it does not wait for a retraining to end."""
    return WriteLock(workspace.folder / f"policy-{blake3(endpoint.encode()).hexdigest()[:20]}.lock", timeout_s=1.0)


def decision_of(workspace: Workspace, endpoint: str, end: datetime) -> Decision | None:
    """The decision taken for a window's end, if one was."""
    row = workspace.ledger.read_one("SELECT decision FROM decision WHERE id = ?", decision_id(endpoint, end))
    return _decision(row["decision"]) if row else None


def decisions(workspace: Workspace, *, endpoint: str | None = None, limit: int = 50) -> list[Decision]:
    """Decisions, newest first."""
    where, values = ("WHERE endpoint = ?", [endpoint]) if endpoint is not None else ("", [])
    # rowid tells decisions of one moment apart: the later written one is the newer
    sql = f"SELECT decision FROM decision {where} ORDER BY at DESC, rowid DESC LIMIT ?"  # noqa: S608 - fixed words
    return [_decision(row["decision"]) for row in workspace.ledger.read(sql, *values, limit)]


def keep_decision(workspace: Workspace, decision: Decision) -> Decision:
    """Keep a decision and tell the audit trail. One that only waited gives way to what is decided once labels are there."""
    with workspace.ledger.write() as tx:
        tx.insert(
            "decision", or_replace=True, id=decision.id, endpoint=decision.endpoint, action=decision.action,
            decision=dump(msgspec.to_builtins(decision)), at=now_text(decision.at),
        )  # fmt: skip
        tx.changed("policy", decision.endpoint)
        tx.audit(
            actor=workspace.actor, verb="policy.apply", subject=decision.endpoint, at=decision.at,
            evidence={
                "decision": decision.id, "action": decision.action, "reason": decision.reason, "start": now_text(decision.start),
                "end": now_text(decision.end), "version_before": decision.version_before, "version_after": decision.version_after,
                "candidate": decision.candidate, "run": decision.run, **decision.evidence,
            },
        )  # fmt: skip
    return decision


def filled(rule: PolicyRule, end: datetime) -> dict[str, Any]:
    """The notebook's parameters for the window that ends at `end`: dates where days begin at midnight UTC, else full times.

    >>> rule = PolicyRule(endpoint="a", notebook="a.ipynb", params={"to": "{train_end}", "rate": 0.1}, window_days=7)
    >>> filled(rule, datetime(2013, 3, 8, tzinfo=UTC))
    {'to': '2013-03-01', 'rate': 0.1}
    """
    start = end - timedelta(days=rule.window_days)
    moments = {
        "{train_start}": start - timedelta(days=rule.train_days), "{train_end}": start, "{window_start}": start, "{window_end}": end,
    }  # fmt: skip
    return {name: _filled(value, {mark: _iso(at) for mark, at in moments.items()}) for name, value in rule.params.items()}


def _filled(value: Any, words: dict[str, str]) -> Any:
    if isinstance(value, str):
        for mark, text in words.items():
            value = value.replace(mark, text)
        return value
    if isinstance(value, list):
        return [_filled(item, words) for item in value]
    if isinstance(value, dict):
        return {name: _filled(item, words) for name, item in value.items()}
    return value


def _iso(moment: datetime) -> str:
    moment = moment.astimezone(UTC)
    return moment.date().isoformat() if moment.time() == time() else moment.isoformat()


def notebook_path(workspace: Workspace, notebook: str) -> Path:
    """Where a rule's notebook is: absolute as given, else below the current folder or the workspace's, and inside the workspace.

    NotFound where there is none.
    """
    given = Path(notebook).expanduser()
    if given.is_absolute():
        places = [given]
    else:
        root = workspace.root.resolve()
        both = [(Path.cwd() / given).resolve(), (root / given).resolve()]
        places = [path for path in both if path.is_relative_to(root)]
    for path in places:
        if path.is_file():
            return path
    raise NotFound(
        f"There is no notebook {notebook[:200]!r}.", hint=f"Give a path inside {workspace.root}, or a whole one from / on."
    )


def _decision(text: str) -> Decision:
    return msgspec.convert(load(text), Decision, strict=False)
