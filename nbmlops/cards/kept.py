"""Cards as they were made: kept by digest, so that what was said when a version was promoted can be read again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec

from nbmlops.cards.records import KeptCard, ModelCard
from nbmlops.errors import Invalid, NotFound
from nbmlops.ledger.blobs import digest_bytes
from nbmlops.ledger.encode import dump, load, now_text, text
from nbmlops.models.moments import moment
from nbmlops.models.records import ModelVersion
from nbmlops.models.registry import Registry
from nbmlops.workspace import Workspace

_OF_ITS_MAKING = ("digest", "at", "by")


def keep(workspace: Workspace, card: ModelCard, aliases: list[str]) -> ModelCard:
    """Keep a card; one that says what the last one of its version says is the last one."""
    body = _body(card)
    digest = digest_bytes(body)
    last = _rows(workspace, card.model, card.version)[:1]
    if last and last[0]["digest"] == digest and load(last[0]["aliases"]) == aliases:
        return _card(workspace, last[0])
    workspace.blobs.put(body)
    with workspace.ledger.write() as tx:
        tx.insert(
            "model_card", model=card.model, version=card.version, digest=digest, aliases=dump(aliases), at=now_text(card.at), by=card.by
        )
        tx.changed("model", card.model)
    return replace(card, digest=digest)


def cards(workspace: Workspace, model: str, version: int | None = None) -> list[KeptCard]:
    """The kept cards of a model, or of one version, the newest first."""
    Registry(workspace).model(model)
    return [
        KeptCard(
            model=model, version=row["version"], digest=row["digest"], aliases=load(row["aliases"]), at=_at(row), by=row["by"],
        )
        for row in _rows(workspace, model, version)
    ]  # fmt: skip


def last(workspace: Workspace, version: ModelVersion) -> ModelCard | None:
    """The card of a version that was kept last, or None."""
    rows = _rows(workspace, version.model, version.version)
    return _card(workspace, rows[0]) if rows else None


def found(workspace: Workspace, version: ModelVersion, word: str) -> ModelCard:
    """A kept card: by its digest, by a time (the last one until then), or by an alias (when it was pointed at the version last)."""
    rows = _rows(workspace, version.model, version.version)
    asked = word if word.startswith("blake3:") else f"blake3:{word}"
    named = {row["digest"]: row for row in rows if row["digest"].startswith(asked) and len(word) >= 4}
    if len(named) > 1:
        raise Invalid(f"More than one card begins with {word[:80]!r}.", hint="Give more of its digits.")
    if named:
        return _card(workspace, next(iter(named.values())))
    until = _moment(workspace, version, word)
    before = next((row for row in rows if _at(row) <= until), None) if until is not None else None
    if before is None:
        when = f" until {until:%Y-%m-%d %H:%M} UTC" if until is not None else f" {word[:80]!r}"
        raise NotFound(
            f"Version {version.version} of {version.model!r} has no kept card{when}.",
            hint=f"The kept ones: %mlops model cards {version.model} --version {version.version}",
        )
    return _card(workspace, before)


def _moment(workspace: Workspace, version: ModelVersion, word: str) -> datetime | None:
    row = workspace.ledger.read_one(
        "SELECT at FROM alias_move WHERE model = ? AND version = ? AND alias = ? ORDER BY id DESC LIMIT 1",
        version.model, version.version, text(word),
    )  # fmt: skip
    if row:
        return datetime.fromisoformat(row["at"])
    try:
        return moment(word, workspace.clock())[1]
    except Invalid:
        return None


def _rows(workspace: Workspace, model: str, version: int | None) -> list[Any]:
    found = workspace.ledger.read("SELECT * FROM model_card WHERE model = ? ORDER BY id DESC", model)
    return [row for row in found if version in (None, row["version"])]


def _body(card: ModelCard) -> bytes:
    said = msgspec.to_builtins(card)
    return dump({name: value for name, value in said.items() if name not in _OF_ITS_MAKING}).encode()


def _card(workspace: Workspace, row: Any) -> ModelCard:
    said = load(workspace.blobs.get(row["digest"]).decode())
    return msgspec.convert({**said, "digest": row["digest"], "at": row["at"], "by": row["by"]}, ModelCard, strict=False)


def _at(row: Any) -> datetime:
    return datetime.fromisoformat(row["at"])
