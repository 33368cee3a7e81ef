"""A gate report as tables: what came of it, every check (what failed first), and the groups that were looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nbmlops.doors.tables import Table

_GROUPS = ("column", "group", "rows", "value", "bound", "champion", "judged", "passed")


def tables_of_report(report: Any) -> list[Table]:
    """The tables of a gate report."""
    verdict = "passed" if report.passed else "forced" if report.forced else "refused"
    rows = f"{report.rows:,}{', given for this check; the gates keep others' if report.elsewhere else ''}" if report.rows else None
    named = [
        ["model", f"{report.model} {report.version}"], ["verdict", verdict], ["forced", report.forced], ["alias", report.alias],
        ["champion", report.champion], ["rows", rows or "none: recorded metrics were compared"], ["data", report.data],
        ["gates", report.gates], ["at", report.at], ["id", report.id],
    ]  # fmt: skip
    found = [Table("GateReport", [], [row for row in named if row[1] not in (None, "")]), checks_table(report.checks)]
    for check in report.checks:
        if check.kind == "slices" and check.details.get("slices"):
            rows = check.details["slices"]
            heads = [name for name in _GROUPS if any(row.get(name) is not None for row in rows)]
            found.append(Table(f"{check.name}: {check.details.get('metric')}", heads, [[row.get(name) for name in heads] for row in rows]))
        elif check.kind == "fairness" and check.details.get("groups"):
            rows = check.details["groups"]
            heads = [name for name in rows[0] if name != "column"]
            found.append(Table(check.name, heads, [[row.get(name) for name in heads] for row in rows]))
    return found


def checks_table(checks: Sequence[Any]) -> Table:
    """One row a check; those that failed stand first."""
    rows = [
        [check.passed, check.kind, check.name, check.value, check.limit, check.reason]
        for check in sorted(checks, key=lambda one: one.passed)
    ]
    return Table("checks", ["passed", "kind", "name", "value", "limit", "reason"], rows)
