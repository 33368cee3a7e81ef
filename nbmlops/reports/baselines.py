"""What an execution is compared with, found before it begins: another execution of the same pipeline."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path

from nbmlops.errors import Invalid, NotFound
from nbmlops.pipelines.journal import Journal
from nbmlops.pipelines.records import Pipeline, PipelineRun
from nbmlops.reports import read_back
from nbmlops.reports.records import Baseline
from nbmlops.reports.standing import Standing, main_branch
from nbmlops.runs.book import RunBook
from nbmlops.runs.git import history
from nbmlops.workspace import Workspace

JUDGED = "pipeline.report"  # the audit's word for a report; its evidence says where the code stood
_ID = re.compile(r"(run|pipeline)-[0-9a-z]{6,}")
_MOST = 500
_AT_ONCE = 500


def found(
    workspace: Workspace, pipeline: Pipeline, now: Standing, *, against: str | None, file: str | None
) -> tuple[Baseline | None, Baseline | None, str]:  # fmt: skip
    """The baseline, the champion that a report has told of, and where it comes from or why there is none.

    Raises NotFound for a run or a file that is not there, Invalid for a file that is no report.
    """
    if against is not None and file is not None:
        raise Invalid("There is one baseline.", hint="Either --against, or --baseline")
    if file is not None:
        told = read_back.baseline(Path(file).expanduser().absolute())
        return *told, f"from {os.path.basename(file)}"
    if against is not None and _ID.fullmatch(against):
        return _named(workspace, pipeline, against), None, ""
    folder = Path(pipeline.file).parent
    branch = against or main_branch(folder)
    if branch is None:
        why = now.refused or ("There is no git repository here" if now.commit is None else "Which branch is the main one is not known")
        why = why.rstrip(".")
        return None, None, f"{why}, so there is nothing to compare with: give --against, or --baseline with the report.json of another run."
    execution = _newest(workspace, pipeline, branch, folder)
    if execution is None:
        note = (
            f"No execution of {branch} is known here: run it there and keep .nbmlops between runs, or give its report.json: --baseline."
        )
        return None, None, note
    return execution, None, ""


def _named(workspace: Workspace, pipeline: Pipeline, name: str) -> Baseline:
    if name.startswith("pipeline-"):
        return _of(workspace, Journal(workspace).show(name), f"{name[:22]}", None)
    record = RunBook(workspace).record(name)
    steps = [step.name for step in pipeline.steps]
    notebooks = {os.path.realpath(Path(pipeline.file).parent / step.notebook): step.name for step in pipeline.steps}
    step = record.run.tags.get("step") or notebooks.get(os.path.realpath(record.run.notebook or ""))
    if step not in steps:
        raise NotFound(f"Run {record.run.id} is of no step of {pipeline.name}.", hint=f"Its steps: {', '.join(steps[:12])}.")
    return Baseline(
        kind="baseline", name=record.run.id, run=record.run.id, commit=record.run.git_commit, at=record.run.started_at,
        steps={step: record.run.metrics}, params={step: record.run.params}, runs={step: record.run.id},
        folder=str(Path(record.run.notebook).parent) if record.run.notebook else None,
    )  # fmt: skip


def _newest(workspace: Workspace, pipeline: Pipeline, branch: str, folder: Path) -> Baseline | None:
    """The execution that is nearest to a branch's end: whole before parts, committed before changed, then the newest."""
    book = RunBook(workspace)
    book.settle()
    known = [one for one in Journal(workspace).find(_MOST) if one.name == pipeline.name and one.status == "finished"]
    commits = history(folder, branch)
    place = {commit: at for at, commit in enumerate(commits)}
    told = _told(workspace)
    runs = _standings(workspace, {step.run for one in known for step in one.steps if step.run})
    wanted = {step.name for step in pipeline.steps}
    ranked = []
    for at, one in enumerate(known):
        stood = [told[one.id]] if one.id in told else [runs[step.run] for step in one.steps if step.run in runs]
        if stood and all(each.commit in place for each in stood):
            nearest = min(place[str(each.commit)] for each in stood)
        elif stood and all(each.branch == branch for each in stood):
            nearest = len(place)
        else:
            continue
        dirty = any(each.dirty for each in stood)
        missing = len(wanted - {step.step for step in one.steps})
        ranked.append(((missing, dirty, nearest, at), one, stood[0].commit if nearest == len(place) else commits[nearest]))
    if not ranked:
        return None
    (_, dirty, nearest, _), one, commit = min(ranked, key=lambda entry: entry[0])
    behind = f", {nearest} commits before its end" if 0 < nearest < len(place) else ""
    return _of(workspace, one, f"{branch} at {str(commit)[:8]}{behind}{', with changes not committed' if dirty else ''}", commit)


def _of(workspace: Workspace, execution: PipelineRun, name: str, commit: str | None) -> Baseline:
    runs = {step.step: step.run for step in execution.steps if step.run and step.status in ("finished", "skipped")}
    known = {run.id: run for run in RunBook(workspace).runs(list(runs.values()))}
    return Baseline(
        kind="baseline", name=name, run=execution.id, commit=commit, at=execution.started_at,
        steps={step: known[run].metrics for step, run in runs.items() if run in known},
        params={step: known[run].params for step, run in runs.items() if run in known},
        runs={step: run for step, run in runs.items() if run in known}, folder=str(Path(execution.file).parent),
    )  # fmt: skip


def _told(workspace: Workspace) -> dict[str, Standing]:
    """Where the code stood, by execution: a step that was skipped has a run of another commit."""
    rows = workspace.ledger.read("SELECT subject, evidence FROM audit WHERE verb = ?", JUDGED)
    told = {row["subject"]: json.loads(row["evidence"]) for row in rows}
    return {run: Standing(one.get("commit"), one.get("branch"), one.get("dirty")) for run, one in told.items()}


def _standings(workspace: Workspace, runs: Iterable[str]) -> dict[str, Standing]:
    found: dict[str, Standing] = {}
    ids = sorted(runs)
    for at in range(0, len(ids), _AT_ONCE):
        part = ids[at : at + _AT_ONCE]
        for row in workspace.ledger.read(f"SELECT id, git FROM run WHERE id IN ({','.join('?' * len(part))})", *part):  # noqa: S608
            git = json.loads(row["git"] or "{}")
            found[row["id"]] = Standing(git.get("commit"), git.get("branch"), git.get("dirty"))
    return found
