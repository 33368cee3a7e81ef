"""Which version an endpoint answers with, from when on: what a model's history knows its endpoints by."""

from __future__ import annotations

from datetime import datetime

from nbmlops.ledger.encode import now_text
from nbmlops.ledger.transaction import Transaction


def tell(tx: Transaction, endpoint: str, model: str, version: int | None, at: datetime) -> None:
    """From `at` on the endpoint answers with this version; None: with none. What was told last is not told again."""
    last = tx.read("SELECT model, version FROM served WHERE endpoint = ? ORDER BY id DESC LIMIT 1", endpoint)
    if (last[0]["model"], last[0]["version"]) != (model, version) if last else version is not None:
        tx.insert("served", endpoint=endpoint, model=model, version=version, at=now_text(at))
