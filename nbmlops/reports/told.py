"""What a report tells, in the order in which somebody who reviews a change wants to know it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from nbmlops.document import Block, Code, Details, Heading, Inline, Link, Paragraph, Picture, Said, Table, Word
from nbmlops.reports.judging import number, share
from nbmlops.reports.records import FAILING, DataChange, MetricCheck, Report, StepReport
from nbmlops.runs.sizes import size_text

MARKS = {"better": "🟢", "same": "⚪", "within": "🟡", "worse": "❌", "missing": "❌", "new": "🆕", "shown": "⚪"}
_STEP = {"finished": "✅", "skipped": "⏭️", "failed": "❌", "killed": "❌", "cancelled": "⚪", "waiting": "⚪", "running": "⚪"}
_BARS = "▁▂▃▄▅▆▇█"
_MOST_FAILED = 5
_ORDER = ["worse", "missing", "within", "better", "new", "same", "shown"]


def blocks(report: Report, curves: dict[tuple[str, str], tuple[list[float], list[float]]], pictures: Sequence[Picture]) -> list[Block]:
    """All of it. `curves`: by step and metric, the values that went before the last, of this execution and of the baseline's."""
    found: list[Block] = [Heading((f"{'✅' if report.passed else '❌'} ", Code(report.pipeline), f": {_verdict(report)}"), 2)]
    found.append(Paragraph(_where(report)))
    if report.error is not None:
        found += [Paragraph(("**Error:** ", Code(report.error, 600)))]
        found += [Paragraph(("What to do: ", Said(report.hint)))] if report.hint else []
    bad = [check for check in report.checks if not check.passed]
    if bad:
        found += [Heading("What did not pass"), Table(["", "check", "why"], [["❌", Code(one.name), Code(one.reason, 300)] for one in bad])]
    failed = [step for step in report.steps if step.status in ("failed", "killed")]
    found += [block for step in failed[:_MOST_FAILED] for block in _failure(step)]
    if len(failed) > _MOST_FAILED:
        found.append(Paragraph(f"… and {len(failed) - _MOST_FAILED:,} more steps failed."))
    found += _metrics(report)
    found += _curves(curves)
    found += pictures
    if report.gate or report.gate_note:
        found += _gate(report)
    found += _data(report)
    if report.parameters:
        rows: list[list[Inline]] = [[Code(p.step), Code(p.name), _value(p.before), _value(p.after)] for p in report.parameters]
        found += [Heading("Parameters that changed"), Table(["step", "parameter", "before", "now"], rows)]
    if report.steps:
        found += [Heading("Steps"), _steps(report.steps)]
    found += [Paragraph(Said(note)) for note in report.notes]
    return found


def _verdict(report: Report) -> str:
    bad = [check for check in report.checks if not check.passed]
    worse = sum(one.judgement in FAILING for one in report.metrics)
    failed = sum(step.status in ("failed", "killed") for step in report.steps)
    if report.run is None:
        return "it could not start"
    told = [_count(failed, "step failed", "steps failed")] if failed else []
    told += [_count(worse, "metric is worse", "metrics are worse")] if worse else []
    gate = len(bad) - worse
    told += [_count(gate, "check of the gate refuses", "checks of the gate refuse")] if gate else []
    if not told:
        return "it passed" if report.passed else f"it is {report.status}"
    return ", ".join(told)


def _count(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def _where(report: Report) -> Inline:
    parts: list[Word] = []
    if report.commit:
        parts += ["Commit ", Code(report.commit[:12])]
        parts += [" of ", Code(report.branch)] if report.branch else []
        parts += [" with changes that are not committed"] if report.dirty else []
        parts += [", "]
    parts += [f"{report.at:%Y-%m-%d %H:%M} UTC, {report.duration_s:.1f} s."]
    if report.baseline is not None:
        parts += [" Compared with ", Code(report.baseline.name)]
        parts += [" (", Code(report.baseline.run), ")"] if report.baseline.run and report.baseline.run != report.baseline.name else []
        parts += [" ", Said(report.baseline_note)] if report.baseline_note else []
        parts += ["."]
    elif report.baseline_note:
        parts += [" ", Said(report.baseline_note)]
    if report.champion is not None:
        parts += [" The champion is ", Code(report.champion.name), "."]
    elif report.champion_note:
        parts += [" ", Said(report.champion_note)]
    return tuple(parts)


def _failure(step: StepReport) -> list[Block]:
    at = f" in code cell {step.failed_cell + 1}" if step.failed_cell is not None else ""
    said: list[Word] = ["Step ", Code(step.step), f" failed{at}: ", Code(step.error or step.status, 400)]
    said += [", see ", Link(step.executed)] if step.executed else []
    found: list[Block] = [Paragraph(tuple(said))]
    if step.failed_source:
        found.append(Details(Code(f"the cell of {step.step}"), step.failed_source.split("\n")[:30]))
    if step.last_lines:
        found.append(Details(Code(f"the last lines of {step.step}"), step.last_lines))
    return found


def _metrics(report: Report) -> list[Block]:
    found: list[Block] = []
    for against, other in (("baseline", report.baseline), ("champion", report.champion)):
        checks = [one for one in report.metrics if one.against == against]
        if other is None or not checks:
            continue
        checks.sort(key=lambda one: (_ORDER.index(one.judgement), one.step, one.metric))
        title = "Metrics against " if against == "baseline" else "Metrics against the champion "
        head = ["", "step", "metric", "here", "there", "difference", "may be worse by", ""]
        found += [Heading((title, Code(other.name))), Table(head, [_metric(one) for one in checks], frozenset({3, 4, 5, 6}))]
    if not found:
        rows: list[list[Inline]] = [
            [Code(step.step), Code(name), number(value)] for step in report.steps if step.done for name, value in step.metrics.items()
        ]
        if rows:
            found += [Heading("Metrics"), Table(["step", "metric", "value"], rows, frozenset({2}))]
    return found


def _metric(one: MetricCheck) -> list[Inline]:
    way = {"lower": "lower is better", "higher": "higher is better", None: "which way is better is not known"}[one.better]
    allowed = "not judged" if one.tolerance is None else f"{100 * one.tolerance:g} %"
    word = {
        "better": "better", "same": "the same", "within": "a little worse", "worse": "**worse**", "missing": "**not told any more**",
        "new": "new", "shown": "shown",
    }[one.judgement]  # fmt: skip
    return [
        MARKS[one.judgement], Code(one.step), Code(one.metric), number(one.value), number(one.other), _moved(one), allowed,
        f"{word}; {way}",
    ]  # fmt: skip


def _moved(one: MetricCheck) -> str:
    if one.difference is None:
        return "–"
    part = "" if one.percent is None else f" ({'+' if one.percent > 0 else ''}{share(one.percent)} %)"
    return f"{'+' if one.difference > 0 else ''}{number(one.difference)}{part}"


def _curves(curves: dict[tuple[str, str], tuple[list[float], list[float]]]) -> list[Block]:
    rows: list[list[Inline]] = [[Code(step), Code(name), _bars(here), _bars(there)] for (step, name), (here, there) in curves.items()]
    return [Heading("How they went"), Table(["step", "metric", "here", "there"], rows)] if rows else []


def _bars(values: list[float]) -> str:
    """A curve as bars, each of its own stretch between the least and the most.

    >>> _bars([0.0, 1.0, 2.0, 4.0]), _bars([1.0, 1.0]), _bars([])
    ('▁▂▄█', '▁▁', '–')
    """
    if not values:
        return "–"
    low, high = min(values), max(values)
    wide = (high - low) or 1.0
    return "".join(_BARS[min(7, int((value - low) / wide * 7.999))] for value in values)


def _gate(report: Report) -> list[Block]:
    found: list[Block] = [Heading(("Gate of ", Code(report.model or "")))]
    if report.gate:
        rows: list[list[Inline]] = [["✅" if one.passed else "❌", Code(one.name), Code(one.reason, 300)] for one in report.gate]
        found.append(Table(["", "check", "why"], rows))
    return [*found, Paragraph(Said(report.gate_note))] if report.gate_note else found


def _data(report: Report) -> list[Block]:
    if not report.data:
        return [Heading("Data"), Paragraph(Said(report.data_note))] if report.data_note else []
    head = ["step", "what it read", "change", "size before", "size now", "rows before", "rows now", "columns", "note"]
    rows = [_data_row(one) for one in report.data]
    kept = [at for at in range(len(head)) if at < 3 or any(row[at] != "" for row in rows)]
    right = frozenset(new for new, at in enumerate(kept) if at in (3, 4, 5, 6))
    table = Table([head[at] for at in kept], [[row[at] for at in kept] for row in rows], right)
    return [Heading("Data that changed"), Paragraph(Said(report.data_note)), table]


def _data_row(one: DataChange) -> list[Inline]:
    def counted(rows: int | None) -> str:
        return "" if rows is None else f"{rows:,}"

    return [
        Code(one.step), Code(one.name, 160), one.change, size_text(one.size_before) if one.size_before is not None else "",
        size_text(one.size_after) if one.size_after is not None else "", counted(one.rows_before), counted(one.rows_after),
        Code(", ".join(one.columns), 200) if one.columns else "", Code(one.note, 200) if one.note else "",
    ]  # fmt: skip


def _steps(steps: Sequence[StepReport]) -> Table:
    order = sorted(steps, key=lambda step: step.status not in ("failed", "killed"))
    rows: list[list[Inline]] = [
        [
            _STEP[step.status], Code(step.step), step.status, "–" if step.duration_s is None else f"{step.duration_s:.1f}",
            Code(step.error or step.why, 200), Link(step.executed) if step.executed else "–",
        ]
        for step in order
    ]  # fmt: skip
    return Table(["", "step", "status", "seconds", "why", "notebook"], rows, frozenset({3}))


def _value(value: Any) -> Inline:
    return "–" if value is None else Code(json.dumps(value, ensure_ascii=False, default=str), 80)
