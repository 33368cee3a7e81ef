"""Which model an endpoint serves: what monitoring has to know of it, whether its server runs or not."""

from __future__ import annotations

from dataclasses import dataclass

from nbmlops.errors import Invalid, NotFound, there_is
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
