"""Which model an execution is about, its champion as it was before, and what its gate says of what was trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nbmlops.models import gates
from nbmlops.models.records import GateCheck, ModelVersion
from nbmlops.models.registry import Registry
from nbmlops.reports.records import Baseline
from nbmlops.runs.records import RunRecord
from nbmlops.workspace import Workspace

ALIAS = "champion"


def standing_now(workspace: Workspace) -> dict[str, ModelVersion]:
    """The champion of each model: a notebook may promote what it trains, so that they are looked at before."""
    registry = Registry(workspace)
    pointed = {name: registry.alias(name, ALIAS) for name in registry.names()}
    return {name: registry.version(name, alias.version) for name, alias in pointed.items() if alias is not None}


def registered(workspace: Workspace, runs: Sequence[str]) -> list[tuple[str, int, str]]:
    """The versions that were made from runs: (model, version, run), the newest last."""
    marks = ",".join("?" * len(runs))
    sql = f"SELECT model, version, run FROM model_version WHERE run IN ({marks}) ORDER BY registered_at"  # noqa: S608
    return [(row["model"], row["version"], row["run"]) for row in workspace.ledger.read(sql, *runs)]


def baseline(champion: ModelVersion, records: Mapping[str, RunRecord], was: RunRecord | None) -> Baseline | None:
    """A champion as what to compare with: the step that its run was of, or those that train. None where it is this very run.

    `was`: its run, where that is known.
    """
    step = was.run.tags.get("step", "") if was is not None else ""
    steps = [step] if step in records else trained(records) or list(records)
    if champion.run is not None and any(records[name].run.id == champion.run for name in steps):
        return None
    metrics = {**(was.run.metrics if was is not None else {}), **champion.metrics}
    return Baseline(
        kind="champion", name=f"{champion.model} {champion.version}", run=champion.run, commit=was.run.git_commit if was else None,
        at=champion.registered_at, steps={name: metrics for name in steps},
        params={name: was.run.params for name in steps} if was else {}, runs={name: was.run.id for name in steps} if was else {},
    )  # fmt: skip


def trained(records: Mapping[str, RunRecord]) -> list[str]:
    """The steps whose runs kept a model."""
    return [step for step, record in records.items() if any(fit.artifact for fit in record.fits)]


def gate(
    workspace: Workspace, model: str, records: Mapping[str, RunRecord], champion: ModelVersion | None, made: Sequence[tuple[str, int, str]]
) -> tuple[list[GateCheck], str]:  # fmt: skip
    """What the model's gate says of what was trained last, and on what; no checks where there is nothing to hold against it.

    Where it was registered and measured on labelled rows against this champion, that evidence counts: nothing is better.
    """
    if not gates.has_gate(workspace, model):
        return [], f"{model} has no gate."
    run = next((run for name, _, run in reversed(made) if name == model), None)
    steps = [step for step, record in records.items() if record.run.id == run] or trained(records)
    if not steps:
        return [], f"No step's run kept a model, so the gate of {model} was not asked."
    record = records[steps[-1]]
    if champion is not None and champion.run == record.run.id:
        return [], f"The run of {steps[-1]} is the champion's own, version {champion.version}: the gate was not asked."
    version = next((version for name, version, run in reversed(made) if name == model and run == record.run.id), None)
    known = gates.latest_report(workspace, model, version) if version is not None else None
    if known is not None and known.rows and known.champion == (champion.version if champion else None):
        return known.checks, f"As version {version} was measured on {known.rows:,} labelled rows."
    checks = gates.on_run(workspace, model, record.run, champion)
    return checks or [], f"Of the run of {steps[-1]}, by the metrics that it measured itself; nothing was registered for it."
