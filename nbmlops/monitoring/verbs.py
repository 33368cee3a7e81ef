"""What a person can ask of drift."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from nbmlops.errors import Invalid
from nbmlops.monitoring.records import DriftReport
from nbmlops.verb import Rows, verb
from nbmlops.workspace import Workspace, use


@verb("POST /models/{model}/drift")
def check(
    model: Annotated[str, "its name"],
    *,
    current: Annotated[Any, Rows("a frame of rows as they come in now")] = None,
    endpoint: Annotated[str | None, "whose prediction log; the model's only one if not given"] = None,
    version: Annotated[int | None, "which version; the one that serves if not given"] = None,
    start: Annotated[datetime | None, "the window's first moment"] = None,
    end: Annotated[datetime | None, "the window's end, itself not in it"] = None,
    metric: Annotated[str | None, "of quality over time; the gate's, or mae or accuracy"] = None,
    every: Annotated[Literal["day", "week"], "the parts of quality over time"] = "day",
    thresholds: Annotated[dict[str, float] | None, "by test: ks=0.2 psi=0.3"] = None,
    workspace: Workspace | None = None,
) -> DriftReport:
    """Measure how far current rows are from what a version was trained on, column by column, and keep the report.

    Current is a frame, or a window `[start, end)` of the prediction log; there, quality over time is told where labels
    have arrived.
    """
    from nbmlops.models.quality import canonical, known_metrics
    from nbmlops.models.registry import Registry
    from nbmlops.monitoring import reports
    from nbmlops.monitoring.watched import endpoint_of, watched

    place = use(workspace)
    registry = Registry(place)
    known = registry.model(model)
    if metric is not None and canonical(metric) is None:
        raise Invalid(f"{metric[:80]!r} cannot be computed from labels.", hint=f"There are: {', '.join(known_metrics())}.")
    if current is not None:
        if endpoint is not None or start is not None or end is not None:
            raise Invalid("A frame has no endpoint and no window.", hint="Give --current, or --endpoint with --start and --end.")
        from nbmlops.data.frames import to_frame

        asked = version if version is not None else known.aliases.get("champion", known.versions[0].version)
        return reports.of_frame(place, registry.version(model, asked), to_frame(current), thresholds=thresholds)
    served = watched(place, endpoint) if endpoint is not None else endpoint_of(place, model)
    if served.model != model and endpoint is not None:
        raise Invalid(
            f"Endpoint {endpoint[:100]!r} serves {served.model!r}, not {model!r}.", hint=f"Ask: %mlops drift check {served.model}"
        )
    asked = version if version is not None else known.aliases.get(served.alias, known.versions[0].version)
    return reports.of_window(
        place, registry.version(model, asked), served.endpoint, start, end, thresholds=thresholds, metric=metric, every=every
    )


@verb("GET /drift")
def find(
    *,
    model: Annotated[str | None, "only of this model"] = None,
    limit: Annotated[int, "how many, newest first"] = 20,
    workspace: Workspace | None = None,
) -> list[DriftReport]:
    """List drift reports, newest first."""
    from nbmlops.monitoring import reports

    return reports.found(use(workspace), model=model, limit=max(0, min(limit, 1_000)))
