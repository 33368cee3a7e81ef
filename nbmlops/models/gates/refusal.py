"""What is said of a version that did not pass, the worst first, and what the audit trail keeps of a report."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from nbmlops.ledger.blobs import digest_bytes
from nbmlops.ledger.encode import dump, plain
from nbmlops.models.records import GateCheck, GateReport

_LONGEST = 300


def failed(report: GateReport) -> list[GateCheck]:
    """The checks that did not pass, the worst first: those that are a plain no, then by how far beyond the limit."""
    return sorted((check for check in report.checks if not check.passed), key=beyond, reverse=True)


def beyond(check: GateCheck) -> float:
    """How far a value is from its limit, as a share of the limit; infinite for what has no number."""
    if check.value is None or check.limit is None or not (math.isfinite(check.value) and math.isfinite(check.limit)):
        return math.inf
    return abs(check.value - check.limit) / max(abs(check.limit), 1e-9)


def refusal(report: GateReport) -> str:
    """Every check that failed, in one sentence each."""
    reasons = [check.reason if len(check.reason) <= _LONGEST else f"{check.reason[: _LONGEST - 1]}…" for check in failed(report)]
    said = f"Version {report.version} of {report.model!r} did not pass its gate: "
    return said + (reasons[0] if len(reasons) == 1 else " ".join(f"({at}) {reason}" for at, reason in enumerate(reasons, 1)))


def evidence(report: GateReport) -> dict[str, Any]:
    """What goes into the audit trail: the report's id and digest, and its checks without what is for plots."""
    body = msgspec.to_builtins(report)
    short = {**body, "checks": [{key: value for key, value in check.items() if key != "details"} for check in body["checks"]]}
    found = plain(short)
    return {"gate": found, "report": {"id": report.id, "digest": digest_bytes(dump(body).encode())}, "forced": report.forced is not None}
