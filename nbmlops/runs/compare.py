"""Runs side by side: what is not the same in all of them in front, what is the same behind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from nbmlops.runs import code
from nbmlops.runs.compared_columns import against_first, changed_columns
from nbmlops.runs.directions import better
from nbmlops.runs.records import Comparison, Difference, FileUse, RunRecord
from nbmlops.workspace import Workspace


def compare(records: list[RunRecord], workspace: Workspace | None = None) -> Comparison:
    """Differences between runs: metrics, parameters, data, estimator, code, environment, status. `workspace` has their datasets."""
    found: list[Difference] = []
    same: list[Difference] = []
    runs = [record.run for record in records]

    def add(part: Any, name: str, values: list[Any], *, tell_same: bool = True, **more: Any) -> None:
        differs = any(value != values[0] and not (_nan(value) and _nan(values[0])) for value in values[1:])
        if differs:
            found.append(Difference(part=part, name=name, values=values, **more))
        elif tell_same and values[0] is not None:
            same.append(Difference(part=part, name=name, values=values))

    for name in _names(run.metrics for run in runs):
        add("metric", name, [run.metrics.get(name) for run in runs], better=better(name))
    for name in _names(run.params for run in runs):
        add("parameter", name, [run.params.get(name) for run in runs])
    seeds = [{seed.call: seed.value for seed in record.seeds} for record in records]
    for name in _names(seeds):
        add("seed", name, [held.get(name) for held in seeds])
    variables = [{variable.name: variable.digest or variable.there for variable in record.variables} for record in records]
    for name in _names(variables):
        add("environment", f"${name}", [held.get(name) for held in variables])
    add("data", "data hash", [run.data_hash for run in runs])
    reads = [_reads(record) for record in records]
    for path in _names(reads):
        add("data", path, [_read(held.get(path)) for held in reads])
    found += _columns(records, workspace)
    add("estimator", "estimator", [run.estimator for run in runs])
    fitted = [record.fits[-1].parameters if record.fits else {} for record in records]
    for name in _names(fitted):
        add("estimator", name, [parameters.get(name) for parameters in fitted], tell_same=False)
    for name in ("commit", "branch", "dirty"):
        add("code", f"git {name}", [record.git.get(name) for record in records])
    add("code", "git changes", [next((a.digest for a in r.artifacts if a.name == "git.diff"), None) for r in records], tell_same=False)
    add("code", "notebook", [run.notebook for run in runs])
    modules = [{use.path: use.digest for use in record.files if use.mode == "import"} for record in records]
    for path in _names(modules):
        add("code", f"module {path}", [held.get(path) for held in modules])
    for at, row in enumerate(code.aligned([code.sources(record) for record in records])):
        diffs = ["", *(code.changes(row[0], source) if source != row[0] else "" for source in row[1:])]
        add("code", f"cell {at}", list(row), tell_same=False, diffs=diffs)
    surroundings = [_flat(record.environment) for record in records]
    for name in _names(surroundings):
        add("environment", name, [held.get(name) for held in surroundings], tell_same=False)
    add("status", "status", [run.status for run in runs])
    add("status", "error", [run.error for run in runs], tell_same=False)
    add("status", "hidden state", [", ".join(f"{h.name} ({h.why})" for h in record.hidden) or None for record in records], tell_same=False)
    return Comparison(runs=runs, differences=found, same=same)


def _reads(record: RunRecord) -> dict[str, FileUse]:
    """What a run read, by path; of one read twice the last."""
    return {f"{use.path} {use.detail}".rstrip(): use for use in record.files if use.mode == "read"}


def _read(use: FileUse | None) -> str | None:
    return None if use is None else use.digest or use.note or "not hashed"


def _columns(records: list[RunRecord], workspace: Workspace | None) -> list[Difference]:
    """What differs in the columns that were fitted last, held against the first run's."""
    found: list[Difference] = []
    for part in ("frame", "target"):
        digests = [getattr(record.fits[-1], part) if record.fits else None for record in records]
        if workspace is None or len(set(digests)) == 1 or digests[0] is None:
            continue
        diffs = against_first(workspace, digests)
        known = [diff for diff in diffs if diff is not None]
        if len({diff.rows_after for diff in known} | {diff.rows_before for diff in known}) > 1:
            rows = [known[0].rows_before, *(diff and diff.rows_after for diff in diffs)]
            found.append(Difference(part="data", name=f"rows of the {part}", values=rows))
        found += [Difference(part="data", name=name, values=values) for name, values in changed_columns(diffs)]
    return found


def _flat(environment: Mapping[str, Any]) -> dict[str, Any]:
    """What stood around a run, one name each: groups of names (distributions, variables) are opened."""
    found: dict[str, Any] = {}
    for name, value in environment.items():
        if isinstance(value, dict):
            found |= {str(key): part for key, part in value.items()}
        else:
            found[name] = value
    return found


def _names(mappings: Iterable[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for mapping in mappings for name in mapping))


def _nan(value: Any) -> bool:
    return isinstance(value, float) and value != value
