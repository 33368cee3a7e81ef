"""Versions of a model as tables: several side by side, or one with all that is known of it."""

from __future__ import annotations

from typing import Any

from nbmlops.doors.tables import Lines, Table, list_table, shown, visible

_MOST_REPORTS = 3


def version_name(version: Any, champion: int | None) -> str:
    """A version among others: its number, and whether it answers.

    >>> from types import SimpleNamespace
    >>> version_name(SimpleNamespace(version=3, aliases=["champion", "canary"]), 3)
    'version 3 (champion, canary)'
    """
    names = ", ".join(version.aliases) or ("champion" if version.version == champion else "")
    return f"version {version.version}" + (f" ({visible(names, width=40)})" if names else "")


def page_tables(page: Any) -> list[Table | Lines]:
    """A version's page: what it is, its metrics, what it takes and gives, example rows, its gate, its environment, how to load it."""
    version = page.version
    found: list[Table | Lines] = [Table("", ["", f"{version.model} version {version.version}"], _about(page))]
    found.append(Table("metrics", ["metric", "value"], [[name, value] for name, value in version.metrics.items()], empty="No metrics."))
    for title, columns in (("takes", version.signature.inputs), ("gives", version.signature.outputs)):
        if columns:
            found.append(_columns(title, columns))
    if page.examples:
        found.append(_examples(page.examples))
    found += [report_table(report) for report in page.reports[:_MOST_REPORTS]]
    run_params = page.run.params if page.run else {}
    for title, values in (
        ("parameters of the run", run_params), ("parameters of the estimator", page.parameters),
        ("environment", {"python": version.python, **version.distributions} if version.python else {}),
    ):  # fmt: skip
        if values:
            found.append(Table(title, ["name", "value"], [[name, value] for name, value in values.items()]))
    if page.moves:
        found.append(list_table("moves of its aliases", page.moves))
    return [*found, Lines("load it", [line for line in page.load if line])]


def report_table(report: Any) -> Table:
    """A gate's report, check by check, what failed in front."""
    checks = sorted(report.checks, key=lambda check: check.passed)
    said = "passed" if report.passed else "refused"
    on = f", {report.rows:,} rows" if report.rows else ""
    rows = [["passed" if check.passed else "failed", check.kind, check.name, check.value, check.limit, check.reason] for check in checks]
    return Table(f"gate: {said} {shown(report.at)}{on}", ["", "kind", "check", "value", "limit", "reason"], rows, empty="No checks.")


def _about(page: Any) -> list[list[Any]]:
    version, run = page.version, page.run
    facts = {
        "aliases": version.aliases, "description": version.description, "verdict": version.verdict, "estimator": version.estimator,
        "flavor": version.flavor, "run": version.run, "notebook": run.notebook if run else None, "dataset": version.dataset,
        "rows": page.rows, "target": version.target, "digest": version.digest, "size_bytes": version.size_bytes,
        "code it brings": version.code, "registered": version.registered_at, "by": version.registered_by,
        "lineage": f"%mlops lineage show {page.subject}", "note": " ".join(page.notes),
    }  # fmt: skip
    return [[name, value] for name, value in facts.items() if value not in (None, "", [])]


def _columns(title: str, columns: list[Any]) -> Table:
    rows = [
        [column.name, column.type, "yes" if column.nullable else "no", column.least, column.most, column.categories, column.coded or None]
        for column in columns
    ]
    head = ["column", "type", "may be missing", "least", "most", "categories", "as categories"]
    kept = [at for at in range(len(head)) if at < 3 or any(row[at] is not None for row in rows)]
    return Table(title, [head[at] for at in kept], [[row[at] for at in kept] for row in rows])


def _examples(examples: list[Any]) -> Table:
    names = list(dict.fromkeys(name for example in examples for name in example.row))
    scored = any(example.scores is not None for example in examples)
    rows = [[*(example.row.get(name) for name in names), example.answer, *([example.scores] if scored else [])] for example in examples]
    return Table("example rows with its answers", [*names, "→ answer", *(["scores"] if scored else [])], rows)
