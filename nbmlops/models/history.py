"""What an alias pointed at over time: since when and until when, who moved it, on what, and who answered with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import zip_longest
from typing import Any

from nbmlops.errors import Invalid, NotFound, there_is
from nbmlops.ledger.encode import load, now_text
from nbmlops.ledger.encode import moment as moment_of
from nbmlops.ledger.owner import Owner, alive
from nbmlops.models.moments import moment
from nbmlops.models.records import AliasMove, AliasPeriod, Answering, ModelHistory
from nbmlops.models.registry import Registry
from nbmlops.runs.records import AuditEvent
from nbmlops.workspace import Workspace

_AUDITED = "SELECT * FROM audit WHERE subject = ? AND verb IN ('model.approve', 'model.refuse') ORDER BY seq"
_SERVED = "SELECT * FROM served WHERE endpoint IN (SELECT endpoint FROM served WHERE model = ?) ORDER BY endpoint, id"


def history(workspace: Workspace, model: str, *, alias: str | None = None, at: str | None = None) -> ModelHistory:
    """A model's aliases over time; with `at`, what they pointed at then. NotFound where that is nothing."""
    known = Registry(workspace).model(model)
    moved = [move for move in reversed(known.moves) if alias in (None, move.alias)]
    told = [_event(row) for row in workspace.ledger.read(_AUDITED, model)]
    found = [*_periods(moved), *_refusals(told, alias)]
    start, end = (None, None) if at is None else moment(at, workspace.clock())
    if end is not None:
        found = [period for period in found if period.way != "refuse" and period.start <= end and (period.end is None or end < period.end)]
        if not any(period.version for period in found):
            raise _nothing(model, alias, str(at), moved)
    answering = served(workspace, model)
    whole = [_with(period, told, answering, start, end) for period in found]
    # Of one moment, the later move is the newer.
    return ModelHistory(model=model, at=end, periods=sorted(whole, key=lambda period: period.start)[::-1])


def meant(registry: Registry, model: str, alias: str, to: str) -> int:
    """The version that a rollback is to go to: one that the alias was at, by its number or by when."""
    moved = [move for move in reversed(registry.model(model).moves) if move.alias == alias]
    if to.strip().isdecimal():
        been = sorted({move.version for move in moved if move.version is not None})
        if int(to) in been:
            return int(to)
        raise Invalid(
            f"{alias!r} of {model!r} was never at version {to.strip()[:20]}.",
            hint=f"It was at: {there_is(been)}. Promote another: %mlops model promote {model} VERSION --alias {alias}",
        )
    _, end = moment(to, registry.workspace.clock())
    then = [period for period in _periods(moved) if period.start <= end and (period.end is None or end < period.end)]
    if not then or then[-1].version is None:
        raise _nothing(model, alias, to, moved)
    return then[-1].version


def _nothing(model: str, alias: str | None, at: str, moved: Sequence[AliasMove]) -> NotFound:
    what = f"{alias!r} of {model!r} pointed" if alias else f"The aliases of {model!r} pointed"
    first = f"The first move was {now_text(moved[0].at)[:19]}Z." if moved else f"It never moved: %mlops model promote {model} VERSION"
    return NotFound(f"{what} nowhere at {at[:80]}.", hint=first)


def _periods(moved: Sequence[AliasMove]) -> list[AliasPeriod]:
    """Each move with the time until the alias's next one, in the order they were made."""
    found: list[AliasPeriod] = []
    last: dict[str, int] = {}
    for move in moved:
        if (before := last.get(move.alias)) is not None:
            found[before] = replace(found[before], end=max(move.at, found[before].start))
        last[move.alias] = len(found)
        found.append(
            AliasPeriod(
                model=move.model, alias=move.alias, version=move.version, start=move.at, end=None, way="force" if move.forced else move.way,
                actor=move.actor, reason=move.reason, gate=move.gate, gate_passed=None if move.gate is None else not move.forced,
                dataset=move.dataset, target=move.target, run=move.run, verdict=move.verdict,
            )
        )  # fmt: skip
    return found


def _refusals(told: Sequence[AuditEvent], alias: str | None) -> Iterator[AliasPeriod]:
    """What did not come to pass: it lasted no time. Before aliases were told with it, each was the champion's."""
    for event in told:
        said = event.evidence
        if event.verb == "model.refuse" and alias in (None, said.get("alias", "champion")):
            gate = said.get("gate") or {}
            yield AliasPeriod(
                model=event.subject, alias=said.get("alias", "champion"), version=said.get("version"), start=event.at, end=event.at,
                way="refuse", actor=event.actor, reason=said.get("reason") or _failed(gate), gate=gate.get("id"),
                gate_passed=False if gate else None, dataset=said.get("dataset"), target=said.get("target"), run=said.get("run"),
                verdict=said.get("verdict"),
            )  # fmt: skip


def _failed(gate: dict[str, Any]) -> str:
    return next((check.get("reason", "") for check in gate.get("checks", ()) if not check.get("passed")), "")


def _with(
    period: AliasPeriod, told: Sequence[AuditEvent], answering: dict[int, list[Answering]], start: datetime | None, end: datetime | None
) -> AliasPeriod:
    """A period with who had approved its version when it began, and who answered with it, in all of it or in the time asked for."""
    if period.version is None:
        return period
    approvals = [
        event for event in told
        if event.verb == "model.approve" and event.evidence.get("version") == period.version and event.at <= period.start
    ]  # fmt: skip
    since, until = max(period.start, start or period.start), period.end if end is None else end
    with_it = [
        one for one in answering.get(period.version, [])
        if (until is None or one.start <= until) and (one.end is None or one.end > since) and period.way != "refuse"
    ]  # fmt: skip
    return replace(period, approvals=approvals, endpoints=with_it)


def served(workspace: Workspace, model: str) -> dict[int, list[Answering]]:
    """By version, the endpoints that answered with it and when, as the servers told it."""
    rows = workspace.ledger.read(_SERVED, model)
    found: dict[int, list[Answering]] = {}
    for row, after in zip_longest(rows, rows[1:]):
        if row["model"] != model or row["version"] is None:
            continue
        end = datetime.fromisoformat(after["at"]) if after is not None and after["endpoint"] == row["endpoint"] else None
        if end is None:
            end = _ended(workspace, row)
        found.setdefault(row["version"], []).append(Answering(endpoint=row["endpoint"], start=datetime.fromisoformat(row["at"]), end=end))
    return found


def _ended(workspace: Workspace, last: Any) -> datetime | None:
    """When an endpoint ended that could not tell so itself: when it was stopped, or answered last. None: it answers."""
    row = workspace.ledger.read_one("SELECT * FROM endpoint WHERE name = ?", last["endpoint"])
    if row is None or row["status"] == "stopped":
        return moment_of(row["stopped_at"]) if row is not None else moment_of(last["at"])
    if row["owner"] and alive(Owner.from_text(row["owner"])) is False:
        return moment_of(last_answer(workspace, last["endpoint"], last["version"])) or moment_of(last["at"])
    return None


def last_answer(workspace: Workspace, endpoint: str, version: int) -> str | None:
    """When an endpoint last answered with a version; None where it never did."""
    asked = "SELECT max(answered_at) AS at FROM prediction WHERE endpoint = ? AND version = ?"
    found = workspace.prediction_ledger.read_one(asked, endpoint, version)
    return str(found["at"]) if found["at"] else None


def _event(row: Any) -> AuditEvent:
    return AuditEvent(
        seq=row["seq"], at=datetime.fromisoformat(row["at"]), actor=row["actor"], verb=row["verb"], subject=row["subject"],
        evidence=load(row["evidence"]), digest=row["digest"],
    )  # fmt: skip
