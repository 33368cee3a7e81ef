"""A report, made of an execution that is over, or that could not begin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from nbmlops.errors import NbmlopsError
from nbmlops.models import gates
from nbmlops.models.records import ModelVersion
from nbmlops.pipelines.records import Pipeline, PipelineRun, StepRun
from nbmlops.pipelines.runner import EXECUTED
from nbmlops.reports import champions, changes
from nbmlops.reports.executed import failure
from nbmlops.reports.judging import Tolerances, judged
from nbmlops.reports.records import Baseline, Better, DataChange, MetricCheck, Report, StepReport
from nbmlops.reports.standing import Standing
from nbmlops.runs.book import RunBook
from nbmlops.runs.records import RunRecord
from nbmlops.workspace import Workspace


@dataclass(kw_only=True)
class Known:
    """What was known before the execution began, and what it is told to look at."""

    file: Path
    at: datetime
    standing: Standing
    model: str | None = None
    pipeline: Pipeline | None = None
    tolerances: Tolerances = field(default_factory=lambda: Tolerances({}))
    baseline: Baseline | None = None
    baseline_note: str = ""
    champions: Mapping[str, ModelVersion] = field(default_factory=dict)
    told_champion: Baseline | None = None  # by the report that is the baseline


Show = Callable[[str, bytes], str | None]  # a step's executed notebook → the name of its page


def made(
    workspace: Workspace, known: Known, done: PipelineRun | None, problem: BaseException | None, show: Show, duration_s: float
) -> tuple[Report, dict[str, RunRecord]]:  # fmt: skip
    """The report, and the records of the steps that came to their end. `problem`: what stopped it, if something did."""
    folder = known.file.parent
    book = RunBook(workspace)
    records: dict[str, RunRecord] = {}
    steps: list[StepReport] = []
    notebooks = {step.name: step.notebook for step in known.pipeline.steps} if known.pipeline else {}
    for one in done.steps if done is not None else ():
        record = _record(book, one.run)
        if record is not None and one.status in ("finished", "skipped"):
            records[one.step] = record
        steps.append(_step(workspace, one, record, notebooks.get(one.step, ""), folder, show))
    runs = [record.run.id for record in records.values()]
    registered = champions.registered(workspace, runs) if runs else []
    model = known.model or (known.pipeline.model if known.pipeline else None) or next((name for name, *_ in reversed(registered)), None)
    champion, champion_note, version = _champion(known, book, model, records)
    gate, gate_note = ([], "") if model is None or not records else champions.gate(workspace, model, records, version, registered)
    ways: dict[str, Better] = {} if model is None else dict(gates.ways_of(workspace, model))
    names = {step.name for step in known.pipeline.steps} if known.pipeline else set()
    metrics = [
        *_held(known.baseline, records, steps, known.tolerances, ways, gone=names),
        *_held(champion, records, steps, known.tolerances, ways, gone=None),
    ]
    other = known.baseline or champion
    data = [change for step, record in records.items() if other for change in changes.of_data(workspace, step, record, other, folder)]
    parameters = [
        change for step, record in records.items() if other for change in changes.of_parameters(step, record.run.params, other)
    ]
    notes = [f"--tolerance {name}: no metric that was compared is called so." for name in known.tolerances.unused if metrics]
    error = None if problem is None else problem.message if isinstance(problem, NbmlopsError) else _other(problem)
    report = Report(
        pipeline=known.pipeline.name if known.pipeline else known.file.name, file=str(known.file), run=done.id if done else None,
        status=done.status if done else "failed", error=error or (done.error if done and done.status != "finished" else None),
        hint=problem.hint.replace("%mlops ", "nbmlops ") if isinstance(problem, NbmlopsError) else "", at=known.at, duration_s=duration_s,
        commit=known.standing.commit, branch=known.standing.branch, dirty=known.standing.dirty, params=done.params if done else {},
        steps=steps, baseline=known.baseline, baseline_note=known.baseline_note, model=model, champion=champion,
        champion_note=champion_note, metrics=metrics, gate=gate, gate_note=gate_note, parameters=parameters, data=data,
        data_note=_data_note(other, records, data), notes=notes,
    )  # fmt: skip
    return report, records


def _step(workspace: Workspace, one: StepRun, record: RunRecord | None, notebook: str, folder: Path, show: Show) -> StepReport:
    source, last, executed, cell = None, list[str](), None, record.run.failed_cell if record else None
    kept = next((artifact for artifact in record.artifacts if artifact.name == EXECUTED), None) if record else None
    if kept is not None:
        try:
            data = workspace.blobs.get(kept.digest)
        except NbmlopsError:
            data = b""
        source, last = failure(data, cell) if one.status in ("failed", "killed") else (None, [])
        executed = show(one.step, data)
    return StepReport(
        step=one.step, status=one.status, why=one.why, notebook=notebook, run=one.run, attempts=one.attempts, duration_s=one.duration_s,
        params=record.run.params if record else {}, metrics=record.run.metrics if record else {}, error=one.error, failed_cell=cell,
        failed_source=source, last_lines=last, executed=executed, files=changes.files_of(record, folder) if record else [],
    )  # fmt: skip


def _champion(
    known: Known, book: RunBook, model: str | None, records: Mapping[str, RunRecord]
) -> tuple[Baseline | None, str, ModelVersion | None]:  # fmt: skip
    """The champion to compare with, or why there is none."""
    if model is None:
        note = "No model was registered by a step or named (model: in the pipeline's file, or --model), so no champion is compared with."
        return None, note if records else "", None
    version = known.champions.get(model)
    if version is None:
        if known.told_champion is not None:
            return known.told_champion, "", None
        return None, f"Model {model} has no champion here.", None
    if not records:
        return None, "", version
    found = champions.baseline(version, records, _record(book, version.run))
    return found, "" if found else f"The champion, {model} {version.version}, is of this very run.", version


def _held(
    other: Baseline | None, records: Mapping[str, RunRecord], steps: list[StepReport], tolerances: Tolerances, ways: dict[str, Better], *,
    gone: set[str] | None,
) -> list[MetricCheck]:  # fmt: skip
    """Every metric of the steps that are done beside the other's. `gone`: the steps there are, where none may be missing."""
    if other is None:
        return []
    found = []
    for step, metrics in other.steps.items():
        here = records[step].run.metrics if step in records else {}
        if step not in records and (gone is None or step in gone or not records):
            continue  # it was not asked for, or it failed: that is said already
        for name in dict.fromkeys([*here, *metrics]):
            value, was = here.get(name), metrics.get(name)
            found.append(judged(other.kind, step, name, value, was, tolerances, way=ways.get(name), must_be_there=gone is not None))
    for one in steps:
        if gone is not None and one.done and one.step not in other.steps:
            found += [judged(other.kind, one.step, name, value, None, tolerances) for name, value in one.metrics.items()]
    return found


def _other(problem: BaseException) -> str:
    return "Interrupted." if isinstance(problem, KeyboardInterrupt) else f"{type(problem).__name__}: {problem}"


def _record(book: RunBook, run: str | None) -> RunRecord | None:
    if run is None:
        return None
    try:
        return book.record(run)
    except NbmlopsError:
        return None


def _data_note(other: Baseline | None, records: Mapping[str, RunRecord], data: list[DataChange]) -> str:
    if other is None or not records:
        return ""
    compared = [step for step in records if step in other.runs or step in other.files]
    if not compared:
        return f"What {other.name} read is not known here."
    return f"Compared with what {other.name} read." if data else f"The steps read the same as those of {other.name}."
