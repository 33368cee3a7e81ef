"""Verdicts in the ledger."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import msgspec

from nbmlops.ledger.encode import dump, now_text
from nbmlops.replay.records import Compared, Deviation, Verification
from nbmlops.runs import spooled
from nbmlops.runs.records import RunDataDiff
from nbmlops.workspace import Workspace


def keep(workspace: Workspace, found: Verification) -> None:
    """Keep a verdict with its run, and in the audit trail."""
    spooled.flush(workspace)
    report = {
        "name": found.name, "sentence": found.sentence, "cause": found.cause, "cell": found.cell, "missing": found.missing,
        "data": msgspec.to_builtins(found.data), "duration_s": found.duration_s,
        "environment": found.environment, "compared": [vars(one) for one in found.compared],
        "deviations": [vars(one) for one in found.deviations[:200]],
    }  # fmt: skip
    with workspace.ledger.write() as tx:
        tx.insert("verification", id=found.id, run=found.run, verdict=found.verdict, report=dump(report), at=now_text(found.at))
        evidence = {"verdict": found.verdict, "sentence": found.sentence}
        tx.audit(actor=workspace.actor, verb="run.verify", subject=found.run, evidence=evidence, at=found.at)
        tx.changed("run", found.run)
        for row in tx.read("SELECT DISTINCT model FROM model_version WHERE run = ?", found.run):
            tx.changed("model", row["model"])


def of_run(workspace: Workspace, run_id: str) -> list[Verification]:
    """A run's verdicts, the newest first."""
    rows = workspace.ledger.read("SELECT * FROM verification WHERE run = ? ORDER BY at DESC, id DESC", run_id)
    return [_verification(row) for row in rows]


def _verification(row: Any) -> Verification:
    report = {"name": "", **json.loads(row["report"])}
    data = report.pop("data", None)
    return Verification(
        id=row["id"], run=row["run"], verdict=row["verdict"], at=datetime.fromisoformat(row["at"]),
        compared=[Compared(**one) for one in report.pop("compared")],
        deviations=[Deviation(**one) for one in report.pop("deviations")],
        data=msgspec.convert(data, RunDataDiff | None), **report,
    )  # fmt: skip
