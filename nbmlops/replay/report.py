"""Verdicts for other programs: JUnit's XML for CI, Markdown for a summary."""

from __future__ import annotations

from dataclasses import replace

from nbmlops.junit import Case, Outcome, Suite, document
from nbmlops.markdown import escaped, table
from nbmlops.replay.records import Verification, Verifications

_MARKS = {"VERIFIED": "✅", "DIFFERS": "❌", "CANNOT": "⚠️"}


def junit(found: Verifications) -> str:
    """A test suite of one case for each run: DIFFERS is a failure, CANNOT an error."""
    return document(Suite(name="nbmlops run verify", cases=[_case(one) for one in found.verifications], seconds=found.duration_s))


def markdown(found: Verifications) -> str:
    """A table of the runs under a line that counts them."""
    counted = f"{found.verified} verified, {found.differs} differ, {found.cannot} cannot be executed again"
    rows = [
        [
            f"{_MARKS[one.verdict]} {one.verdict}", one.run, escaped(one.name or ""), "" if one.cell is None else str(one.cell),
            escaped(one.sentence), f"{one.duration_s:.1f}",
        ]
        for one in found.verifications
    ]  # fmt: skip
    told = table(["", "run", "name", "cell", "what", "seconds"], rows, right={3, 5})
    return f"### Runs verified: {counted}, {found.duration_s:.1f} s\n\n{told}\n"


def all_of(found: Verification | Verifications) -> Verifications:
    """One verdict as many: a suite of one."""
    if isinstance(found, Verifications):
        return found
    return Verifications.of([found], found.duration_s)


def _case(one: Verification) -> Case:
    case = Case(classname=one.name or "run", name=one.run, seconds=one.duration_s)
    if one.verdict == "VERIFIED":
        return case
    outcome: Outcome = "failure" if one.verdict == "DIFFERS" else "error"
    return replace(case, outcome=outcome, kind=one.cause or "missing", message=one.sentence, told=_told(one))


def _told(one: Verification) -> str:
    lines = [one.sentence, *one.missing]
    for deviation in one.deviations[:20]:
        at = "" if deviation.cell is None else f"cell {deviation.cell}: "
        lines.append(f"{at}{deviation.part} {deviation.name}: {str(deviation.before)[:200]} -> {str(deviation.after)[:200]}")
    return "\n".join(lines)
