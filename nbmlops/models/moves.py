"""An alias's moves: what is kept of each, and where it would go back to."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from nbmlops.ledger.encode import now_text, text
from nbmlops.ledger.secrets import mask
from nbmlops.ledger.transaction import Transaction
from nbmlops.models.records import AliasMove, ModelVersion, Way
from nbmlops.workspace import Workspace

FACTS = ("alias", "version", "previous", "reason", "forced", "dataset", "target", "run", "verdict")  # what stands in the audit event too


def replay(ways: list[int | None], version: int | None, *, back: bool) -> None:
    """Put a move on the way that an alias came: a promotion lengthens it, going back shortens it to where it passed that version.

    >>> ways = [1, 2, 3]
    >>> replay(ways, 1, back=True); ways
    [1]
    >>> replay(ways, None, back=False); replay(ways, 1, back=True); ways
    [1]
    """
    if ways and ways[-1] is None:
        ways.pop()  # it was taken away, and points again
    if ways and ways[-1] == version:
        return
    if back and version in ways[:-1]:
        while ways[-1] != version:
            ways.pop()
    else:
        ways.append(version)


def enter(tx: Transaction, move: AliasMove, evidence: dict[str, Any]) -> AliasMove:
    """Write a move down, with what it was made on, in the history and in the audit trail alike."""
    facts = {name: getattr(move, name) for name in FACTS}
    # What a policy measured may have a name that means the move's own.
    other = {name: value for name, value in evidence.items() if name in facts and value != facts[name]}
    told = {**evidence, **({"measured": other} if other else {}), **facts}
    row = {**facts, "forced": int(move.forced), "model": move.model, "way": move.way, "at": now_text(move.at), "actor": move.actor}
    tx.insert("alias_move", **row, gate=move.gate)
    tx.changed("model", move.model)
    tx.audit(actor=move.actor, verb=f"model.{move.way}", subject=move.model, at=move.at, evidence=told)
    return move


def made(
    place: Workspace, model: str, alias: str, version: ModelVersion | None, *, previous: int | None, way: Way, reason: str,
    evidence: dict[str, Any],
) -> AliasMove:  # fmt: skip
    """A move as it is made now, with what is known of the version."""
    gate = evidence.get("gate")
    return AliasMove(
        model=model, alias=alias, version=version.version if version else None, previous=previous, way=way, at=place.clock(),
        actor=place.actor, reason=text(mask(reason)), gate=gate.get("id") if isinstance(gate, dict) else None,
        forced=bool(evidence.get("forced")), dataset=version.dataset if version else None, target=version.target if version else None,
        run=version.run if version else None, verdict=version.verdict if version else None,
    )  # fmt: skip


def of_row(row: Any) -> AliasMove:
    """A move as it was entered."""
    return AliasMove(
        model=row["model"], alias=row["alias"], version=row["version"], previous=row["previous"], way=row["way"],
        at=datetime.fromisoformat(row["at"]), actor=row["actor"], reason=row["reason"], gate=row["gate"], forced=bool(row["forced"]),
        dataset=row["dataset"], target=row["target"], run=row["run"], verdict=row["verdict"],
    )  # fmt: skip
