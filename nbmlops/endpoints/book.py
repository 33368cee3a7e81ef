"""Endpoints in the ledger, with what is found of their processes."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from nbmlops.endpoints.records import Endpoint
from nbmlops.errors import NotFound, there_is
from nbmlops.ledger.encode import moment
from nbmlops.ledger.owner import Owner, alive
from nbmlops.serving.log import counts
from nbmlops.workspace import Workspace


def endpoints(workspace: Workspace) -> list[Endpoint]:
    """All endpoints, by name."""
    return [_endpoint(workspace, row) for row in workspace.ledger.read("SELECT * FROM endpoint ORDER BY name")]


def row_of(workspace: Workspace, name: str) -> Any:
    """One endpoint's row; NotFound names those there are."""
    row = workspace.ledger.read_one("SELECT * FROM endpoint WHERE name = ?", name)
    if row is None:
        have = [found["name"] for found in workspace.ledger.read("SELECT name FROM endpoint")]
        raise NotFound(f"There is no endpoint {name[:100]!r}.", hint=f"Endpoints: {there_is(have)}. Start one: %mlops endpoint start MODEL")
    return row


def endpoint(workspace: Workspace, name: str) -> Endpoint:
    """One endpoint."""
    return _endpoint(workspace, row_of(workspace, name))


def status_of(row: Any) -> Literal["starting", "serving", "stopped", "died"]:
    """What the row says, unless its owner is gone: who starts it, until the server itself tells that it serves."""
    if row["status"] in ("starting", "serving") and row["owner"] and alive(Owner.from_text(row["owner"])) is False:
        return "died"
    return row["status"]  # type: ignore[no-any-return]


def _endpoint(workspace: Workspace, row: Any) -> Endpoint:
    status = status_of(row)
    predictions, labelled = counts(workspace, row["name"])
    return Endpoint(
        name=row["name"], model=row["model"], alias=row["alias"], target=row["target"], url=row["url"] if status == "serving" else None,
        status=status, serving_version=row["serving_version"], started_at=datetime.fromisoformat(row["started_at"]),
        stopped_at=moment(row["stopped_at"]), predictions=predictions, labelled=labelled, note=row["note"],
    )  # fmt: skip
