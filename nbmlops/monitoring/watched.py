"""Which model an endpoint serves: what monitoring has to know of it, whether its server runs or not."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nbmlops.errors import Invalid, NotFound, there_is
from nbmlops.models.records import ModelVersion
from nbmlops.serving import log
from nbmlops.workspace import Workspace


@dataclass(frozen=True)
class Watched:
    """An endpoint's name, and the model and alias it follows."""

    endpoint: str
    model: str
    alias: str


def watched(workspace: Workspace, endpoint: str) -> Watched:
    """The endpoint as it was started; before that, what `endpoint start` would take: the model of its name, and champion."""
    row = workspace.ledger.read_one("SELECT model, alias FROM endpoint WHERE name = ?", endpoint)
    return Watched(endpoint, row["model"], row["alias"]) if row else Watched(endpoint, endpoint, "champion")


def logged(workspace: Workspace, version: ModelVersion, endpoint: str, start: datetime, end: datetime) -> Any:
    """The log's rows of `[start, end)`, number columns as numbers.

    A column that is null in the whole window has no type in the log, and numbers that JSON cannot hold are spelled there
    (NaN, Infinity): the version's signature says that they are numbers. What another version was asked as text stays.
    """
    frame = log.window(workspace, endpoint, start, end)
    for column in version.signature.inputs:
        if column.type in ("float", "integer") and column.name in frame.columns and frame[column.name].dtype.kind not in "iuf":
            try:
                frame[column.name] = [math.nan if value is None else float(value) for value in frame[column.name]]
            except (ValueError, TypeError):
                continue
    return frame


def endpoint_of(workspace: Workspace, model: str) -> Watched:
    """The one endpoint that serves a model. Invalid where there are more; NotFound where there is none with a log."""
    rows = workspace.ledger.read("SELECT name FROM endpoint WHERE model = ? ORDER BY name", model)
    if len(rows) > 1:
        raise Invalid(f"More than one endpoint serves {model!r}.", hint=f"Name one: --endpoint {there_is(row['name'] for row in rows)}")
    if rows:
        return watched(workspace, rows[0]["name"])
    if log.bounds(workspace, model) is None:
        raise NotFound(f"No endpoint serves {model[:100]!r}, so there is no prediction log.", hint="Give rows instead: --current FRAME")
    return watched(workspace, model)
