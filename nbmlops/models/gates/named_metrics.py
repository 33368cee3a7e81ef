"""Metrics that gates name: known, or recorded by a version of the model, so that no slip of the pen stands before an alias."""

from __future__ import annotations

import difflib

from nbmlops.errors import Invalid, NotFound, there_is
from nbmlops.models.gates.document import Written
from nbmlops.models.gates.measuring import SCORED
from nbmlops.models.gates.performance import PerformanceAsked
from nbmlops.models.gates.slices import SlicesAsked
from nbmlops.models.quality import canonical, known_metrics
from nbmlops.models.registry import Registry
from nbmlops.workspace import Workspace


def named(workspace: Workspace, model: str, found: Written) -> None:
    """Invalid where a metric is neither known nor, where no rows are needed for it, recorded by any version of the model."""
    for kind, one in found.asked:
        if not isinstance(one, PerformanceAsked | SlicesAsked) or canonical(one.metric) is not None or one.metric in SCORED:
            continue
        there = [*known_metrics(), *SCORED, *(_recorded(workspace, model) if isinstance(one, PerformanceAsked) else ())]
        if one.metric not in there:
            swapped = [name for name in there if sorted(name) == sorted(one.metric)]
            near = swapped or difflib.get_close_matches(one.metric, there, 1)
            said = f"There is {there_is(dict.fromkeys(there))}."
            raise Invalid(
                f"{kind}: {one.metric[:60]!r} is no metric that is known, nor one that a version of {model!r} has recorded.",
                hint=f"Did you mean {near[0]}? {said}" if near else said,
            )


def _recorded(workspace: Workspace, model: str) -> list[str]:
    try:
        versions = Registry(workspace).model(model).versions
    except NotFound:
        return []
    return [name for version in versions for name in version.metrics]
