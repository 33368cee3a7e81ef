"""Runs side by side: what is not the same in all of them, in the order people look."""

from __future__ import annotations

from typing import Any

from nbmlops.runs.records import Comparison, Difference, RunRecord


def compare(records: list[RunRecord]) -> Comparison:
    """Differences between runs: parameters, data, estimator, code, environment, then metrics."""
    found: list[Difference] = []

    def add(part: Any, name: str, values: list[Any]) -> None:
        if any(value != values[0] for value in values[1:]):
            found.append(Difference(part=part, name=name, values=values))

    runs = [record.run for record in records]
    for name in _names(run.params for run in runs):
        add("parameter", name, [run.params.get(name) for run in runs])
    add("data", "data hash", [run.data_hash for run in runs])
    for path in _names({f.path: 1 for f in record.files if f.mode == "read"} for record in records):
        add("data", path, [next((f.digest for f in record.files if f.path == path and f.mode == "read"), None) for record in records])
    add("estimator", "estimator", [run.estimator for run in runs])
    fitted = [record.fits[-1].parameters if record.fits else {} for record in records]
    for name in _names(fitted):
        add("estimator", name, [parameters.get(name) for parameters in fitted])
    add("code", "commit", [run.git_commit for run in runs])
    add("code", "notebook", [run.notebook for run in runs])
    sources = [_sources(record) for record in records]
    for at, key in enumerate(_names(sources)):
        add("code", f"cell {at}", [source.get(key) for source in sources])
    for key in ("python", "platform"):
        add("environment", key, [record.environment.get(key) for record in records])
    installed = [record.environment.get("distributions", {}) for record in records]
    for name in _names(installed):
        add("environment", name, [versions.get(name) for versions in installed])
    add("status", "status", [run.status for run in runs])
    for name in _names(run.metrics for run in runs):
        add("metric", name, [run.metrics.get(name) for run in runs])
    return Comparison(runs=runs, differences=found)


def _sources(record: RunRecord) -> dict[str, str]:
    """The code that made a run's models: each cell up to the last fit as it last ran, by its id where it has one."""
    last = max((fit.position for fit in record.fits if fit.position is not None), default=None)
    return {cell.cell_id or cell.source: cell.source for cell in record.cells if last is None or cell.position <= last}


def _names(mappings: Any) -> list[str]:
    return list(dict.fromkeys(name for mapping in mappings for name in mapping))
