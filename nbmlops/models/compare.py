"""Versions side by side: what is not the same in all of them in front, what is the same behind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from nbmlops.models import quality
from nbmlops.models.beside import Beside, beside
from nbmlops.models.records import GateCheck, GateReport, Model, ModelComparison, Signature, SignatureColumn
from nbmlops.runs.compared_columns import against_first, changed_columns
from nbmlops.runs.directions import better
from nbmlops.runs.records import Difference
from nbmlops.workspace import Workspace

CHAMPION = "champion"
MOST = 6
_SHOWN_CATEGORIES = 12
# What is told only where it differs: of many distributions, the others say nothing.
_QUIET = ("environment", "parameter", "gate")


def chosen(model: Model, *, most: int = MOST) -> list[int]:
    """The versions that are compared where none are named: the champion first, then the newest."""
    first = [model.aliases[CHAMPION]] if CHAMPION in model.aliases else []
    return [*first, *(version.version for version in model.versions if version.version not in first)][:most]


def compare(workspace: Workspace, model: Model, versions: Sequence[int]) -> ModelComparison:
    """Differences between versions: metrics, gates, data, signature, parameters, estimator, environment, and what they are."""
    known = {version.version: version for version in model.versions}
    sides = [beside(workspace, known[version]) for version in versions]
    found: list[Difference] = []
    same: list[Difference] = []
    for one in _things(workspace, sides):
        if any(value != one.values[0] and not (_nan(value) and _nan(one.values[0])) for value in one.values[1:]):
            found.append(one)
        elif one.values[0] is not None and one.part not in _QUIET:
            same.append(one)
    compared = [side.version for side in sides]
    return ModelComparison(model=model.name, versions=compared, champion=model.aliases.get(CHAMPION), differences=found, same=same)


def way(metric: str) -> Literal["lower", "higher"] | None:
    """Which way of a metric is better: as scikit-learn defines it, else by the words of its name; None where they do not say.

    >>> way("mean_absolute_error"), way("val_loss"), way("rows")
    ('lower', 'lower', None)
    """
    return quality.direction(metric) if quality.canonical(metric) else better(metric)


def _things(workspace: Workspace, sides: Sequence[Beside]) -> Iterator[Difference]:
    """Everything of all versions, whether it differs or not."""
    versions = [side.version for side in sides]
    for name in _names(version.metrics for version in versions):
        yield Difference(part="metric", name=name, values=[version.metrics.get(name) for version in versions], better=way(name))
    yield from _gates([side.report for side in sides])
    yield from _data(workspace, sides)
    yield from _signatures([version.signature for version in versions])
    for name in _names(side.run.params for side in sides if side.run):
        yield Difference(part="parameter", name=name, values=[side.run.params.get(name) if side.run else None for side in sides])
    yield Difference(part="estimator", name="estimator", values=[version.estimator for version in versions])
    fitted = [side.fit.parameters if side.fit else side.version.parameters for side in sides]
    for name in _names(fitted):
        yield Difference(part="estimator", name=name, values=[parameters.get(name) for parameters in fitted])
    yield Difference(part="environment", name="python", values=[version.python for version in versions])
    for name in sorted(_names(version.distributions for version in versions)):
        yield Difference(part="environment", name=name, values=[version.distributions.get(name) for version in versions])
    yield from _about(sides)


def _gates(reports: Sequence[GateReport | None]) -> Iterator[Difference]:
    """What each version's latest report says, check by check."""
    told = [None if report is None else "passed" if report.passed else "refused" for report in reports]
    yield Difference(part="gate", name="gate", values=list(told))
    checks = [{check.name: _check(check) for check in report.checks} if report else {} for report in reports]
    for name in _names(checks):
        yield Difference(part="gate", name=name, values=[held.get(name) for held in checks])


def _check(check: GateCheck) -> str:
    measured = "" if check.value is None else f", {check.value:.4g}" + ("" if check.limit is None else f" against {check.limit:.4g}")
    return ("passed" if check.passed else "failed") + measured


def _data(workspace: Workspace, sides: Sequence[Beside]) -> Iterator[Difference]:
    yield Difference(part="data", name="rows", values=[side.rows for side in sides])
    for name in ("dataset", "target"):
        digests = [getattr(side.version, name) for side in sides]
        yield Difference(part="data", name=name, values=digests)
        if len(set(digests)) > 1:
            for column, values in changed_columns(against_first(workspace, digests)):
                yield Difference(part="data", name=f"{column} of the target" if name == "target" else column, values=values)


def _signatures(signatures: Sequence[Signature]) -> Iterator[Difference]:
    """What is taken and given, column by column; the order where the columns are the same and only that differs."""
    for side, columns in (("takes", [s.inputs for s in signatures]), ("gives", [s.outputs for s in signatures])):
        held = [{column.name: column for column in some} for some in columns]
        for name in _names(held):
            found = [some.get(name) for some in held]
            yield Difference(part="signature", name=f"{side} {name}", values=[column and kind(column) for column in found])
            yield Difference(part="signature", name=f"range of {name}", values=[column and span(column) for column in found])
            yield Difference(part="signature", name=f"categories of {name}", values=[column and categories(column) for column in found])
        if len({frozenset(some) for some in held}) == 1:
            yield Difference(part="signature", name=f"{side}, in order", values=[", ".join(some) or None for some in held])


def kind(column: SignatureColumn) -> str:
    """A column's type, and whether it may be missing."""
    return column.type + (" or null" if column.nullable else "")


def span(column: SignatureColumn) -> str | None:
    """The least and the greatest number of the training data; None where they are not known."""
    return None if column.least is None or column.most is None else f"{column.least:.4g} … {column.most:.4g}"


def categories(column: SignatureColumn) -> str | None:
    """The texts of the training data, the first of many; None where they are not known."""
    if column.categories is None:
        return None
    more = len(column.categories) - _SHOWN_CATEGORIES
    return ", ".join(column.categories[:_SHOWN_CATEGORIES]) + (f" and {more} more" if more > 0 else "")


def _about(sides: Sequence[Beside]) -> Iterator[Difference]:
    """What each version is, whose, and where it is from."""
    versions = [side.version for side in sides]
    for name in ("verdict", "flavor", "code", "size_bytes", "digest", "description"):
        yield Difference(part="version", name=name, values=[getattr(version, name) or None for version in versions])
    yield Difference(part="version", name="aliases", values=[", ".join(version.aliases) or None for version in versions])
    yield Difference(part="version", name="notebook", values=[side.run and side.run.notebook for side in sides])
    for name in ("run", "registered_by", "registered_at"):
        yield Difference(part="version", name=name, values=[getattr(version, name) for version in versions])


def _names(mappings: Iterable[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for mapping in mappings for name in mapping))


def _nan(value: Any) -> bool:
    return isinstance(value, float) and value != value
