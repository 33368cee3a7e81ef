"""What the ledger knows beside a version: its run and fit, its data's size, its gate's reports."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import msgspec

from nbmlops.data import book
from nbmlops.errors import NotFound
from nbmlops.ledger.encode import load
from nbmlops.models.gates import latest_report
from nbmlops.models.records import GateReport, ModelVersion
from nbmlops.runs.book import RunBook
from nbmlops.runs.records import Fit, Run
from nbmlops.workspace import Workspace

MOST_REPORTS = 5


@dataclass(frozen=True)
class Beside:
    """A version with its surroundings; `rows` of the dataset it was trained on, `reports` newest first.

    `report` is the latest by the champion's gates as they are now.
    """

    version: ModelVersion
    run: Run | None
    fit: Fit | None
    rows: int | None
    reports: list[GateReport]
    report: GateReport | None


def beside(workspace: Workspace, version: ModelVersion) -> Beside:
    """What is known of a version; what a run or a dataset was, that is not here, is None."""
    run: Run | None = None
    rows: int | None = None
    runs = RunBook(workspace)
    with suppress(NotFound):  # a version that came from another workspace has its run and its data there
        run = runs.run(version.run) if version.run else None
    with suppress(NotFound):
        rows = book.dataset(workspace, version.dataset).rows if version.dataset else None
    fit = _fit(workspace, version, runs.fits(run.id)) if run else None
    return Beside(version, run, fit, rows, _reports(workspace, version), latest_report(workspace, version.model, version.version))


def _fit(workspace: Workspace, version: ModelVersion, fits: list[Fit]) -> Fit | None:
    """The fit that made it: as it was registered; else the one kept as its bytes, or the last on its dataset."""
    row = workspace.ledger.read_one("SELECT fit FROM model_version WHERE model = ? AND version = ?", version.model, version.version)
    number = row["fit"] if row else None
    sure = [fit for fit in fits if (fit.number == number if number is not None else fit.artifact == version.digest)]
    likely = [fit for fit in fits if fit.frame == version.dataset and fit.target == version.target and version.dataset]
    found = sure or likely
    return found[-1] if found else None


def _reports(workspace: Workspace, version: ModelVersion) -> list[GateReport]:
    sql = "SELECT report FROM gate_report WHERE model = ? AND version = ? ORDER BY at DESC, id DESC LIMIT ?"
    rows: list[Any] = workspace.ledger.read(sql, version.model, version.version, MOST_REPORTS)
    return [msgspec.convert(load(row["report"]), GateReport, strict=False) for row in rows]
