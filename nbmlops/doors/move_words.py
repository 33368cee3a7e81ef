"""What a panel says of an alias that is to be moved: the question, the gate's refusal, what came of it."""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import Any

from nbmlops.doors.display import table_html
from nbmlops.doors.tables import shown, visible
from nbmlops.doors.version_tables import report_table

_WIDEST = 600


def said(lines: Iterable[str]) -> dict[str, Any]:
    """Sentences as a notebook shows them; whatever stands in them is text.

    >>> said(["<b>"])["text/html"]
    '<p>&lt;b&gt;</p>'
    """
    kept = [visible(line, width=_WIDEST) for line in lines if line]
    return {"text/html": "".join(f"<p>{html.escape(line)}</p>" for line in kept), "text/plain": "\n".join(kept)}


def question(way: str, model: Any, alias: str, version: int | None, folder: str) -> dict[str, Any]:
    """What would be moved, from where to where, in which workspace."""
    now = model.aliases.get(alias)
    rows = [
        ["move", f"{alias} of {model.name}"],
        ["now", f"version {now}" if now else "nowhere"],
        ["then", f"version {version}" if version else "nowhere before: this is refused"],
        ["workspace", folder],
    ]
    first = "Promote?" if way == "promote" else "Roll back?"
    text = "\n".join(f"{name}: {visible(value, width=_WIDEST)}" for name, value in rows)
    return {"text/html": table_html([first, ""], rows), "text/plain": f"{first}\n{text}"}


def checks(report: Any) -> list[dict[str, Any]]:
    """A gate's report, check by check, what failed in front."""
    table = report_table(report)
    rows = [[shown(value, width=60) for value in row] for row in table.rows]
    text = "\n".join([table.title, *(" | ".join(part for part in row if part) for row in rows)])
    return [said([table.title]), {"text/html": table_html(table.head, table.rows), "text/plain": text}]


def failed_checks(report: Any) -> list[dict[str, Any]]:
    """Every check that failed, with its whole reason."""
    failed = [f"✗ {check.name} ({check.kind}): {check.reason}" for check in report.checks if not check.passed]
    return [said(["The gate refuses it:", *failed])] if failed else []


def moved_meanwhile(model: Any, alias: str) -> list[str]:
    """Somebody else moved it after the question was asked."""
    now = model.aliases.get(alias)
    where = f"it points at version {now}" if now else "it points nowhere"
    return [f"{alias} of {model.name} was moved meanwhile: {where}.", "Nothing was done. Look again, then decide again."]


def pointed_at(alias: Any, *, forced: bool) -> list[str]:
    """Where the alias points now, and where it came from."""
    before = f" (before: {alias.previous})" if alias.previous else ""
    past = ", past the gate that refused it" if forced else ""
    return [f"{alias.alias} of {alias.model} points at version {alias.version}{before}{past}."]
