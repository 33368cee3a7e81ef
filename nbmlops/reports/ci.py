"""A pipeline executed in CI: as `pipeline run` does, and whatever comes of it is written down for people and for programs."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from nbmlops.atomic import write_whole
from nbmlops.document import markdown, page
from nbmlops.errors import Invalid, Unwritable
from nbmlops.ledger.encode import dump, plain
from nbmlops.ledger.names import plain_name
from nbmlops.ledger.secrets import mask_record
from nbmlops.pipelines import definition, flow
from nbmlops.pipelines.executor import Executor
from nbmlops.pipelines.journal import Journal
from nbmlops.pipelines.records import PipelineRun
from nbmlops.reports import baselines, champions, pictures, told
from nbmlops.reports.cases import junit
from nbmlops.reports.executed import page as notebook_page
from nbmlops.reports.judging import Tolerances
from nbmlops.reports.log import Log
from nbmlops.reports.made import Known, made
from nbmlops.reports.records import Report
from nbmlops.reports.standing import standing
from nbmlops.workspace import Workspace

NOTEBOOKS = "notebooks"


def run(
    file: Path, params: dict[str, Any], *, workspace: Workspace, folder: Path, jobs: int | None = None, force: bool = False,
    only: str | None = None, once: bool = False, alone: bool = False, model: str | None = None, against: str | None = None,
    baseline: str | None = None, tolerance: Mapping[str, Any] | None = None, works: Executor | None = None,
) -> PipelineRun:  # fmt: skip
    """Execute a pipeline and write its report into a folder; the execution has the report's checks.

    It is written also where a step fails, where it is interrupted, and where nothing could begin: then what was wrong is raised
    after it. Raises Unwritable, before anything is executed, for a folder that cannot be written.
    """
    folder = _ready(folder)
    began, log = time.monotonic(), Log()
    known = Known(file=file.absolute(), at=workspace.clock(), standing=standing(file.absolute().parent), model=model)
    try:
        if model is not None:
            plain_name(model, "model")
        known.tolerances = Tolerances(tolerance or {})
        known.pipeline = definition.read(file)
        known.champions = champions.standing_now(workspace)
        known.baseline, known.told_champion, known.baseline_note = baselines.found(
            workspace, known.pipeline, known.standing, against=against, file=baseline
        )
        log.line(f"{known.pipeline.name}: {len(known.pipeline.steps)} steps")
        done = flow.run(
            known.pipeline, params, workspace=workspace, jobs=jobs, force=force, only=only, once=once, alone=alone, say=log.say, works=works
        )
    except BaseException as problem:
        _written(workspace, known, _last(workspace, known), problem, folder, began, log)
        raise
    report = _written(workspace, known, done, None, folder, began, log)
    return replace(done, checks=report.checks)


def _written(
    workspace: Workspace, known: Known, done: PipelineRun | None, problem: BaseException | None, folder: Path, began: float, log: Log
) -> Report:  # fmt: skip
    notes: list[str] = []

    def show(step: str, data: bytes) -> str | None:
        name = f"{NOTEBOOKS}/{step}.html"
        try:
            content = notebook_page(data, step, str(known.file.parent))
        except Exception as error:  # what nbconvert raises for a notebook that it cannot show is of any type
            notes.append(f"The executed notebook of {step} cannot be shown: {type(error).__name__}: {str(error)[:200]}")
            return None
        _write(folder / name, content)
        return name

    report, records = made(workspace, known, done, problem, show, round(time.monotonic() - began, 3))
    for step in report.steps:
        if step.executed is None:  # a page of an execution before is not of this one
            with suppress(OSError):
                (folder / NOTEBOOKS / f"{step.step}.html").unlink()
    report = mask_record(replace(report, notes=[*report.notes, *notes]))
    earlier = pictures.before(workspace, report)
    blocks = told.blocks(report, pictures.curves(records, earlier), pictures.charts(report, records, earlier))
    comment = markdown(blocks)
    _write(folder / "report.html", page(blocks, f"{report.pipeline}: {'passed' if report.passed else 'did not pass'}"))
    _write(folder / "junit.xml", junit(report))
    _write(folder / "report.json", dump({**msgspec.to_builtins(report), "passed": report.passed, "checks": _plain(report.checks)}) + "\n")
    _write(folder / "report.md", comment)
    _summary(comment, log)
    if done is not None:
        _remember(workspace, report)
    log.over(report)
    log.line(f"report: {folder}")
    return report


def _plain(value: Any) -> Any:
    return plain(msgspec.to_builtins(value))


def _remember(workspace: Workspace, report: Report) -> None:
    """Where the code stood, and how it was judged: later executions are compared with this one by that."""
    failed = [check.name for check in report.checks if not check.passed]
    evidence = {
        "commit": report.commit, "branch": report.branch, "dirty": report.dirty, "status": report.status, "passed": report.passed,
        "checks": len(report.checks), "failed": failed[:50], "baseline": report.baseline.run if report.baseline else None,
    }  # fmt: skip
    with workspace.ledger.write() as tx:
        tx.audit(actor=workspace.actor, verb=baselines.JUDGED, subject=report.run, evidence=evidence, at=workspace.clock())


def _last(workspace: Workspace, known: Known) -> PipelineRun | None:
    """The execution that was begun before something stopped it, if it came so far."""
    with suppress(Exception):  # it is on its way with another error
        for one in Journal(workspace).find(20):
            if one.file == str(known.file) and one.started_at >= known.at and one.status in ("cancelled", "failed"):
                return one
    return None


def _summary(comment: str, log: Log) -> None:
    """GitHub shows what is appended to this file on the job's own page."""
    named = os.environ.get("GITHUB_STEP_SUMMARY")
    if not named:
        return
    try:
        with open(named, "a", encoding="utf-8") as file:
            file.write(f"{comment}\n")
    except OSError as error:
        log.line(f"GITHUB_STEP_SUMMARY cannot be written: {error.strerror}")


def _ready(folder: Path) -> Path:
    try:
        found = folder.expanduser().absolute()
        (found / NOTEBOOKS).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=found):
            pass
    except RuntimeError as error:  # ~, and no home
        raise Invalid(f"{str(folder)!r} is no folder: {error}", hint="For example: --ci report") from error
    except OSError as error:
        raise Unwritable(f"{str(folder)!r} cannot be written: {error.strerror}.", hint="Name another: --ci report") from error
    return found


def _write(path: Path, content: str) -> None:
    """Whole, and readable by whoever may read the folder: others take it from here."""
    try:
        write_whole(path, content.encode("utf-8", "backslashreplace"))
        path.chmod(path.parent.stat().st_mode & 0o666)
    except OSError as error:
        raise Unwritable(f"{path} cannot be written: {error.strerror}.", hint="Check the disk and the rights.") from error
