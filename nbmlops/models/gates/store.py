"""Gates and their reports in the ledger: a model's rule, the document of each alias, and what came of every version."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec

from nbmlops.errors import Invalid, NotFound, there_is
from nbmlops.ledger.blobs import digest_bytes
from nbmlops.ledger.encode import dump, load, now_text
from nbmlops.ledger.secrets import mask
from nbmlops.models.gates.document import read
from nbmlops.models.quality import Direction
from nbmlops.models.records import GateDocument, GateReport, GateRows, GateRule
from nbmlops.workspace import Workspace


def set_rule(workspace: Workspace, model: str, rule: GateRule) -> GateRule:
    """Keep a model's gate."""
    with workspace.ledger.write() as tx:
        body = msgspec.to_builtins(rule)
        tx.insert("gate", or_replace=True, model=model, rule=dump(body))
        tx.changed("model", model)
        tx.audit(actor=workspace.actor, verb="model.gate", subject=model, evidence=body, at=workspace.clock())
    return rule


def rule_of(workspace: Workspace, model: str) -> GateRule | None:
    """A model's gate, if it has one."""
    row = workspace.ledger.read_one("SELECT rule FROM gate WHERE model = ?", model)
    return msgspec.convert(load(row["rule"]), GateRule) if row else None


def set_document(
    workspace: Workspace, model: str, alias: str, text: str, kinds: list[str], data: GateRows | None, code: dict[str, str],
    *, carried: bool = False,
) -> GateDocument:  # fmt: skip
    """Keep an alias's gates; their digest is of text, rows and code. `carried`: the rows are those of the gates before."""
    digest = digest_bytes(dump({"text": text, "data": data.digest if data else None, "code": code}).encode())
    made = GateDocument(
        model=model, alias=alias, digest=digest, text=text, kinds=kinds, data=data, code=code, at=workspace.clock(), by=workspace.actor,
        carried=carried,
    )  # fmt: skip
    body = msgspec.to_builtins(made)
    with workspace.ledger.write() as tx:
        tx.insert("gate_document", or_replace=True, model=model, alias=alias, digest=digest, document=dump(body))
        tx.changed("model", model)
        tx.audit(actor=made.by, verb="model.gates", subject=model, evidence=body, at=made.at)
    return made


def remove_document(workspace: Workspace, model: str, alias: str, reason: str) -> GateDocument:
    """An alias has no gates any more; the audit trail says who took them away, and why."""
    found = document(workspace, model, alias)
    with workspace.ledger.write() as tx:
        tx.run("DELETE FROM gate_document WHERE model = ? AND alias = ?", model, alias)
        tx.changed("model", model)
        evidence = {"alias": alias, "removed": found.digest, "reason": mask(reason)}
        tx.audit(actor=workspace.actor, verb="model.gates", subject=model, evidence=evidence, at=workspace.clock())
    return found


def document_of(workspace: Workspace, model: str, alias: str = "champion") -> GateDocument | None:
    """The gates of an alias, if it has any."""
    row = workspace.ledger.read_one("SELECT document FROM gate_document WHERE model = ? AND alias = ?", model, alias)
    return msgspec.convert(load(row["document"]), GateDocument, strict=False) if row else None


def document(workspace: Workspace, model: str, alias: str) -> GateDocument:
    """The gates of an alias. NotFound names those there are."""
    found = document_of(workspace, model, alias)
    if found is None:
        rows = workspace.ledger.read("SELECT model, alias FROM gate_document ORDER BY model, alias")
        have = there_is(f"{row['model']} {row['alias']}" for row in rows)
        raise NotFound(f"{alias!r} of {model!r} has no gates.", hint=f"There is: {have}. Set them: %mlops model gates {model} gates.yaml")
    return found


def has_gate(workspace: Workspace, model: str, alias: str = "champion") -> bool:
    """Whether a version must show anything before the alias may point at it."""
    return rule_of(workspace, model) is not None or document_of(workspace, model, alias) is not None


def keeps_rows(workspace: Workspace, model: str, alias: str = "champion") -> bool:
    """Whether the gates of an alias keep the rows that every version is held on."""
    found = document_of(workspace, model, alias)
    return found is not None and found.data is not None


def asks_verified(workspace: Workspace, model: str, alias: str = "champion") -> bool:
    """Whether a version's run must have been verified."""
    rule, found = rule_of(workspace, model), document_of(workspace, model, alias)
    return bool((rule and rule.verified) or (found and "reproducibility" in found.kinds))


def ways_of(workspace: Workspace, model: str, alias: str = "champion") -> dict[str, Direction]:
    """The metrics that a model's gates ask for, with the way that is better; the rule's first."""
    rule, found = rule_of(workspace, model), document_of(workspace, model, alias)
    asked = read(found.text, "gates").asked if found else []
    ways: dict[str, Direction] = {rule.metric: rule.better} if rule else {}
    for kind, one in asked:
        if kind == "performance":
            options: Any = one
            ways.setdefault(options.metric, options.way)
    return ways


def keep_report(workspace: Workspace, report: GateReport) -> GateReport:
    """Keep what came of a version, without the secrets of reasons, which a column or somebody's own gate may have said."""
    checks = [replace(check, reason=mask(check.reason)) for check in report.checks]
    report = replace(report, checks=checks, forced=None if report.forced is None else mask(report.forced))
    with workspace.ledger.write() as tx:
        tx.insert(
            "gate_report", id=report.id, model=report.model, version=report.version, passed=int(report.passed),
            report=dump(msgspec.to_builtins(report)), at=now_text(report.at),
        )  # fmt: skip
        tx.changed("model", report.model)
    return report


def latest_report(workspace: Workspace, model: str, version: int, alias: str = "champion") -> GateReport | None:
    """The newest report of a version before an alias's gates as they are now, on the rows that they keep; None where there is none."""
    found, rule = document_of(workspace, model, alias), rule_of(workspace, model)
    gates = found.digest if found is not None else None
    rows = workspace.ledger.read(
        "SELECT report FROM gate_report WHERE model = ? AND version = ? ORDER BY at DESC, rowid DESC", model, version
    )
    for one in map(_report, rows):
        if (one.alias, one.gates, one.rule) == (alias, gates, rule) and not one.elsewhere:
            return one
    return None


def reports(workspace: Workspace, model: str, version: int | None = None, limit: int = 50) -> list[GateReport]:
    """A model's reports, or a version's, the newest first."""
    if not 0 < limit <= 1000:
        raise Invalid(f"{limit:,} reports.", hint="From 1 to 1,000.")
    rows = workspace.ledger.read(
        "SELECT report FROM gate_report WHERE model = ? AND (? IS NULL OR version = ?) ORDER BY at DESC, rowid DESC LIMIT ?",
        model, version, version, limit,
    )  # fmt: skip
    return [_report(row) for row in rows]


def report(workspace: Workspace, model: str, id: str) -> GateReport:
    """One report of a model's by its id. NotFound."""
    row = workspace.ledger.read_one("SELECT report FROM gate_report WHERE id = ? AND model = ?", id, model)
    if row is None:
        raise NotFound(f"Model {model!r} has no gate report {id[:80]!r}.", hint=f"%mlops model judged {model}")
    return _report(row)


def _report(row: Any) -> GateReport:
    return msgspec.convert(load(row["report"]), GateReport, strict=False)
