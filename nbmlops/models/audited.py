"""Whether the registry is what the audit trail tells of it: its events, played again, give versions, moves and aliases as they stand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from nbmlops.ledger.audit import Harm
from nbmlops.ledger.blobs import digest_bytes
from nbmlops.ledger.encode import dump, now_text
from nbmlops.models.facts import sealed
from nbmlops.models.moves import FACTS
from nbmlops.runs.records import AuditDamage

TABLES = {
    "model_version": "SELECT * FROM model_version ORDER BY model, version",
    "alias_move": "SELECT * FROM alias_move ORDER BY id",
    "alias": "SELECT * FROM alias ORDER BY model, alias",
    "model_signature": "SELECT * FROM model_signature ORDER BY model, version, signer",
    "gate": "SELECT * FROM gate ORDER BY model",
    "gate_document": "SELECT * FROM gate_document ORDER BY model, alias",
    "gate_approval": "SELECT * FROM gate_approval ORDER BY model, version, by",
    "gate_report": "SELECT * FROM gate_report ORDER BY at, id",
}
_MOVES = ("model.promote", "model.rollback", "model.unalias")
_AHEAD = 50  # how far one looks for where two lists go on together
_SIGNED = ("signature", "key", "files")


def disagreeing(events: Sequence[Any], tables: dict[str, Sequence[Any]]) -> list[AuditDamage]:
    """What stands in the registry's tables otherwise than the audit trail tells."""
    told = [_Told(event) for event in events]
    moves, registered, signed, rules, gates, approved = (
        [one for one in told if one.verb in verbs]
        for verbs in (_MOVES, ("model.register",), ("model.sign",), ("model.gate",), ("model.gates",), ("model.approve",))
    )
    last = {(one.model, one.says.get("alias")): one for one in gates}.values()
    standing = [one for one in last if "removed" not in one.says]
    return [
        *_by_name("model_version", registered, tables["model_version"], ("version",), _same_version),
        *_in_order(moves, tables["alias_move"]),
        *_aliases(moves, tables["alias"]),
        *_by_name("model_signature", signed, tables["model_signature"], ("version", "signer"), _same_signature),
        *_by_name("gate", rules, tables["gate"], (), _same_rule),
        *_by_name("gate_document", standing, tables["gate_document"], ("alias",), _same_gates),
        *_by_name("gate_approval", approved, tables["gate_approval"], ("version", "by"), _same_approval),
        *_reports(told, tables["gate_report"]),
    ]


class _Told:
    """An event with what it says taken apart; one whose evidence nobody can read says nothing."""

    def __init__(self, event: Any) -> None:
        self.seq, self.verb, self.model, self.actor = event["seq"], event["verb"], event["subject"], event["actor"]
        try:
            evidence = json.loads(event["evidence"])
            self.at = now_text(datetime.fromisoformat(event["at"]))
        except (TypeError, ValueError):
            evidence, self.at = {}, ""
        self.said: dict[str, Any] = evidence if isinstance(evidence, dict) else {}
        self.says = {"by": self.actor, **self.said}


def _by_name(
    table: str, told: Sequence[_Told], rows: Sequence[Any], names: tuple[str, ...], same: Callable[[_Told, Any], bool]
) -> Iterator[AuditDamage]:
    """Rows that are known by a name each; of several events about one, the last counts."""
    events = {(one.model, *(one.says.get(name) for name in names)): one for one in told}
    for row in rows:
        key = (row["model"], *(row[name] for name in names))
        event = events.pop(key, None)
        if event is None:
            yield _damage(table, None, "inserted", f"{_said(key)} is there, and no event tells of it")
        elif not same(event, row):
            yield _damage(table, event.seq, "edited", f"{_said(key)} is not as it was when it came")
    for key, event in events.items():
        yield _damage(table, event.seq, "deleted", f"{_said(key)} is gone")


def _same_version(event: _Told, row: Any) -> bool:
    says = event.says
    try:
        if "seal" in says:
            return bool(says["seal"] == sealed(row))
        # It was registered before all of it was sealed.
        kept = (row["digest"], row["run"], row["dataset"], json.loads(row["metrics"]))
        return kept == (says.get("digest"), says.get("run"), says.get("dataset"), json.loads(dump(says.get("metrics"))))
    except (TypeError, ValueError):
        return False


def _same_signature(event: _Told, row: Any) -> bool:
    return (row["signed_at"], row["signed_by"], *(row[name] for name in _SIGNED)) == (
        event.at, event.actor, *(event.says.get(name) for name in _SIGNED),
    )  # fmt: skip


def _same_rule(event: _Told, row: Any) -> bool:
    return _is(event.said, row["rule"])


def _same_gates(event: _Told, row: Any) -> bool:
    return bool(row["digest"] == event.says.get("digest")) and _is(event.said, row["document"])


def _same_approval(event: _Told, row: Any) -> bool:
    return (row["reason"], row["at"]) == (event.says.get("reason"), event.at)


def _reports(told: Sequence[_Told], rows: Sequence[Any]) -> Iterator[AuditDamage]:
    """The reports that a version was promoted or refused on are those that were made then."""
    kept = {row["id"]: row for row in rows}
    for event in told:
        said = event.says.get("report")
        if not isinstance(said, dict) or not isinstance(said.get("id"), str):
            continue
        row = kept.get(said["id"])
        if row is None:
            yield _damage("gate_report", event.seq, "deleted", f"{said['id']} of {event.model} is gone")
        elif digest_bytes(row["report"].encode()) != said.get("digest") or not _is(bool(row["passed"]), row["report"], "passed"):
            yield _damage("gate_report", event.seq, "edited", f"{said['id']} of {event.model} is not as it was when it was made")


def _is(said: Any, kept: str, part: str | None = None) -> bool:
    """Whether what is kept as JSON, or a part of it, is what was told."""
    try:
        found = json.loads(kept)
        return bool((found if part is None else found.get(part)) == said)
    except (TypeError, ValueError, AttributeError):
        return False


def _in_order(told: Sequence[_Told], rows: Sequence[Any]) -> Iterator[AuditDamage]:
    """Moves were written one by one, each with its event."""
    for at, row in enumerate(rows):
        before = rows[at - 1]["id"] if at else 0
        if row["id"] != before + 1:
            yield _damage("alias_move", None, "deleted", f"move {before + 1} does not stand before move {row['id']}")
    left, right = 0, 0
    while left < len(told) and right < len(rows):
        event, row = told[left], rows[right]
        if _same_move(event, row):
            left, right = left + 1, right + 1
        elif any(_same_move(later, row) for later in told[left + 1 : left + _AHEAD]):
            yield _damage("alias_move", event.seq, "deleted", f"the move of {_what(event)} is gone")
            left += 1
        elif any(_same_move(event, later) for later in rows[right + 1 : right + _AHEAD]):
            yield _damage("alias_move", None, "inserted", f"move {row['id']} is there, and no event tells of it")
            right += 1
        else:
            yield _damage("alias_move", event.seq, "edited", f"move {row['id']} is not that of {_what(event)}, as it was made")
            left, right = left + 1, right + 1
    for event in told[left:]:
        yield _damage("alias_move", event.seq, "deleted", f"the move of {_what(event)} is gone")
    for row in rows[right:]:
        yield _damage("alias_move", None, "inserted", f"move {row['id']} is there, and no event tells of it")


def _same_move(event: _Told, row: Any) -> bool:
    says, gate = event.says, event.says.get("gate")
    made = (event.verb, event.model, event.at, event.actor, gate.get("id") if isinstance(gate, dict) else None)
    if made != (f"model.{row['way']}", row["model"], row["at"], row["actor"], row["gate"]):
        return False
    # An event of before all of a move was told has some of it.
    names = FACTS if "dataset" in says else ("alias", "version")
    return all(says.get(name) == row[name] for name in names)


def _aliases(told: Sequence[_Told], rows: Sequence[Any]) -> Iterator[AuditDamage]:
    """Each alias is where its last move put it."""
    last = {(one.model, one.says.get("alias")): one for one in told}
    for row in rows:
        key = (row["model"], row["alias"])
        event = last.pop(key, None)
        if event is None or event.verb == "model.unalias":
            yield _damage(
                "alias", event.seq if event else None, "inserted", f"{_said(key)} points at {row['version']}, and no event tells of it"
            )
        elif (row["version"], row["moved_at"]) != (event.says.get("version"), event.at) or not _came_from(event, row):
            where = f"{_said(key)} points at {row['version']}, its last move was to {event.says.get('version')}"
            yield _damage("alias", event.seq, "edited", where)
    for key, event in last.items():
        if event.verb != "model.unalias":
            yield _damage("alias", event.seq, "deleted", f"{_said(key)} is gone")


def _came_from(event: _Told, row: Any) -> bool:
    return "dataset" not in event.says or row["previous"] == event.says.get("previous")


def _what(event: _Told) -> str:
    return f"{event.model}@{event.says.get('alias')} to {event.says.get('version')}"


def _said(key: tuple[Any, ...]) -> str:
    return "/".join(str(part) for part in key)


def _damage(table: str, seq: int | None, harm: Harm, what: str) -> AuditDamage:
    return AuditDamage(table=table, seq=seq, harm=harm, what=what)
