"""Drift reports: measured over a window, kept, found again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from nbmlops.errors import Invalid
from nbmlops.ledger.encode import dump, load, now_text
from nbmlops.ledger.ids import new_id
from nbmlops.models.quality import canonical
from nbmlops.models.records import ModelVersion
from nbmlops.monitoring import drift, quality
from nbmlops.monitoring.records import DriftReport
from nbmlops.monitoring.watched import logged
from nbmlops.monitoring.windows import Every, aware, just_after, step
from nbmlops.serving import log
from nbmlops.workspace import Workspace


def of_frame(workspace: Workspace, version: ModelVersion, frame: Any, *, thresholds: dict[str, float] | None = None) -> DriftReport:
    """The report of rows at hand; they have no labels and no times."""
    rows = len(frame)
    if not rows:
        raise Invalid("The current data has no rows.", hint="Give a frame with rows.")
    return _kept(workspace, version, drift.measure(workspace, version, frame, thresholds=thresholds), rows=rows)


def of_window(
    workspace: Workspace, version: ModelVersion, endpoint: str, start: datetime | None, end: datetime | None, *,
    thresholds: dict[str, float] | None = None, metric: str | None = None, every: Every = "day",
) -> DriftReport:  # fmt: skip
    """The report of `[start, end)` of an endpoint's prediction log; without bounds, of all of it, its last row included."""
    start, end = aware(start), aware(end)
    bounds = log.bounds(workspace, endpoint)
    if bounds is None:
        raise Invalid(f"Endpoint {endpoint!r} has answered nothing yet.", hint=f"Send rows: %mlops endpoint predict {endpoint} ROWS")
    low = start or bounds[0]
    high = end or just_after(max(bounds[1], low))
    if low >= high:
        raise Invalid(f"The window ends, {high}, before it starts, {low}.", hint="Windows are [start, end).")
    frame = logged(workspace, version, endpoint, low, high)
    if not len(frame):
        raise Invalid(
            f"Endpoint {endpoint!r} answered nothing from {low} to {high}.", hint=f"Its log goes from {bounds[0]} to {bounds[1]}."
        )
    return of_rows(workspace, version, endpoint, frame, low, high, thresholds=thresholds, metric=metric, every=every)


def of_rows(
    workspace: Workspace, version: ModelVersion, endpoint: str, frame: Any, start: datetime, end: datetime, *,
    thresholds: dict[str, float] | None = None, metric: str | None = None, every: Every = "day",
) -> DriftReport:  # fmt: skip
    """The report of a window of the log that was read already."""
    scores = drift.measure(workspace, version, frame, frame["prediction"].tolist(), thresholds=thresholds)
    chosen = metric or _gates_metric(workspace, version.model) or quality.default_metric(frame)
    # Parts count from the window's start, but only those with rows are looked at: a window of a century has few.
    long, first, last = step(every), frame["event_at"].min().to_pydatetime(), frame["event_at"].max().to_pydatetime()
    begin = start + (first - start) // long * long
    points = quality.over_time(frame, chosen, begin, min(end, begin + ((last - begin) // long + 1) * long), every=every)
    return _kept(
        workspace, version, scores, rows=len(frame), endpoint=endpoint, start=start, end=end,
        labelled=len(quality.labelled(frame)), points=points,
    )  # fmt: skip


def found(workspace: Workspace, *, model: str | None = None, limit: int = 20) -> list[DriftReport]:
    """Reports, newest first."""
    where, values = ("WHERE model = ?", [model]) if model is not None else ("", [])
    sql = f"SELECT report FROM drift_report {where} ORDER BY at DESC, id DESC LIMIT ?"  # noqa: S608 - fixed words
    return [msgspec.convert(load(row["report"]), DriftReport, strict=False) for row in workspace.ledger.read(sql, *values, limit)]


def _gates_metric(workspace: Workspace, model: str) -> str | None:
    from nbmlops.models.gates import ways_of

    return next((metric for metric in ways_of(workspace, model) if canonical(metric)), None)


def _kept(
    workspace: Workspace, version: ModelVersion, scores: Any, *, rows: int, endpoint: str | None = None, start: datetime | None = None,
    end: datetime | None = None, labelled: int = 0, points: Any = (),
) -> DriftReport:  # fmt: skip
    report = DriftReport(
        id=new_id("drift"), model=version.model, version=version.version, endpoint=endpoint, start=start, end=end, rows=rows,
        labelled=labelled, scores=scores, drifted_columns=drift.drifted_columns(scores), quality=list(points), at=workspace.clock(),
    )  # fmt: skip
    with workspace.ledger.write() as tx:
        tx.insert(
            "drift_report", id=report.id, model=report.model, version=report.version, endpoint=endpoint,
            report=dump(msgspec.to_builtins(report)), at=now_text(report.at),
        )  # fmt: skip
        tx.changed("drift", report.model)
    return report
