"""Which version an endpoint answers with, from when on: what a model's history knows its endpoints by."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from nbmlops.ledger.encode import now_text
from nbmlops.ledger.transaction import Transaction
from nbmlops.models.history import last_answer
from nbmlops.workspace import Workspace


def begin(workspace: Workspace, tx: Transaction, endpoint: str, model: str, version: int) -> None:
    """A server begins to answer. One that was killed before it could not tell when it ended: at its last answer."""
    last = _last(tx, endpoint)
    if last is not None and last["version"] is not None:
        ended = last_answer(workspace, endpoint, last["version"]) or last["at"]
        tx.insert("served", endpoint=endpoint, model=last["model"], version=None, at=max(ended, last["at"]))
    tell(tx, endpoint, model, version, workspace.clock())


def tell(tx: Transaction, endpoint: str, model: str, version: int | None, at: datetime) -> None:
    """From `at` on the endpoint answers with this version; None: with none. What was told last is not told again."""
    last = _last(tx, endpoint)
    if (last["model"], last["version"]) != (model, version) if last is not None else version is not None:
        tx.insert("served", endpoint=endpoint, model=model, version=version, at=now_text(at))


def _last(tx: Transaction, endpoint: str) -> Any:
    return next(iter(tx.read("SELECT model, version, at FROM served WHERE endpoint = ? ORDER BY id DESC LIMIT 1", endpoint)), None)
