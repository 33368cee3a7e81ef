"""A report as JUnit's XML: a case for each step, and one for each check.

A step that was skipped since nothing changed is done, and passes with a word of why: CI shows skipped tests as tests that nobody
ran. One that could not begin is skipped.
"""

from __future__ import annotations

from nbmlops.junit import Case, Suite, document
from nbmlops.reports.records import Report, StepReport


def junit(report: Report) -> str:
    """The XML."""
    checks = [
        Case(classname=f"{report.pipeline}.checks", name=one.name, told=one.reason)
        if one.passed
        else Case(classname=f"{report.pipeline}.checks", name=one.name, outcome="failure", kind="worse", message=one.reason)
        for one in report.checks
    ]
    for against, other, note in (
        ("baseline", report.baseline, report.baseline_note), ("champion", report.champion, report.champion_note),
    ):  # fmt: skip
        if other is None and note:
            name = f"metrics against the {against}"
            checks.append(Case(classname=f"{report.pipeline}.checks", name=name, outcome="skipped", message=note))
    steps = [_step(report.pipeline, step) for step in report.steps]
    if report.error is not None and not any(step.status in ("failed", "killed") for step in report.steps):
        about = {"classname": report.pipeline, "name": "execution", "kind": "error"}
        steps.insert(0, Case(**about, outcome="error", message=report.error, told=report.hint))  # type: ignore[arg-type]
    suites = [Suite(name=f"{report.pipeline} steps", cases=steps, seconds=report.duration_s)]
    return document(*suites, *([Suite(name=f"{report.pipeline} checks", cases=checks, seconds=0.0)] if checks else []))


def _step(pipeline: str, step: StepReport) -> Case:
    if step.done:
        return Case(classname=pipeline, name=step.step, seconds=step.duration_s or 0.0, told=f"{step.status}: {step.why}")
    if step.status not in ("failed", "killed"):
        return Case(classname=pipeline, name=step.step, outcome="skipped", message=step.why or step.status)
    at = f"code cell {step.failed_cell + 1}" if step.failed_cell is not None else "before any cell"
    told = [f"{at} of {step.notebook}", *([f"executed: {step.executed}"] if step.executed else [])]
    told += ["", step.failed_source] if step.failed_source else []
    told += ["", *step.last_lines]
    return Case(
        classname=pipeline, name=step.step, outcome="failure", kind=(step.error or step.status).partition(":")[0][:80],
        message=f"{at}: {step.error or step.status}", told="\n".join(told), seconds=step.duration_s or 0.0,
    )  # fmt: skip
