"""What only a person can say of a model: the sections of a card that are written, each revision kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from nbmlops.cards.records import CardText
from nbmlops.errors import Invalid, TooLarge, there_is
from nbmlops.ledger.encode import now_text
from nbmlops.ledger.encode import text as kept_text
from nbmlops.ledger.secrets import mask
from nbmlops.models.registry import Registry
from nbmlops.workspace import Workspace

SECTIONS = ("intended use", "out of scope", "limitations", "ethical considerations", "contact", "notes")
_MOST = 20_000


def section_of(name: str) -> str:
    """A section by its name, as a command line may have it.

    >>> section_of("Intended-Use")
    'intended use'
    """
    found = " ".join(str(name).lower().replace("-", " ").replace("_", " ").split())
    if found not in SECTIONS:
        raise Invalid(f"Nobody writes a section {str(name)[:60]!r} of a card.", hint=f"There is {there_is(SECTIONS)}.")
    return found


def write(workspace: Workspace, model: str, version: int, section: str, text: str) -> CardText:
    """Write a section of a version's card: its next revision. The same text again is the revision there is; an empty one takes back."""
    section = section_of(section)
    if not isinstance(text, str):
        raise Invalid(f"A section is text, not a {type(text).__name__}.", hint="Say it: --text '…'")
    if len(text) > _MOST:
        raise TooLarge(f"The text has {len(text):,} characters.", hint=f"At most {_MOST:,}.")
    Registry(workspace).version(model, version)
    text, now = mask(kept_text(text.strip())), workspace.clock()
    with workspace.ledger.write() as tx:
        before = tx.read(
            "SELECT * FROM card_text WHERE model = ? AND version = ? AND section = ? ORDER BY revision DESC LIMIT 1",
            model,
            version,
            section,
        )
        if before and before[0]["text"] == text:
            return _text(before[0])
        revision = before[0]["revision"] + 1 if before else 1
        tx.insert(
            "card_text", model=model, version=version, section=section, revision=revision, text=text, at=now_text(now), by=workspace.actor
        )
        tx.changed("model", model)
        evidence = {"version": version, "section": section, "revision": revision, "text": text}
        tx.audit(actor=workspace.actor, verb="model.card", subject=model, evidence=evidence, at=now)
    return CardText(model=model, version=version, section=section, revision=revision, text=text, at=now, by=workspace.actor)


def valid(workspace: Workspace, model: str, version: int) -> dict[str, CardText]:
    """By section what holds for a version: its own last revision, or else that of the nearest version before it that has one."""
    rows = workspace.ledger.read(
        "SELECT * FROM card_text WHERE model = ? AND version <= ? ORDER BY version, revision", model, version
    )  # the last of a section stays
    return {row["section"]: _text(row) for row in rows}


def history(workspace: Workspace, model: str, version: int | None, section: str | None) -> list[CardText]:
    """Every revision, the newest first."""
    Registry(workspace).model(model)
    wanted = section_of(section) if section is not None else None
    rows = workspace.ledger.read("SELECT * FROM card_text WHERE model = ? ORDER BY at DESC, revision DESC", model)
    found = [_text(row) for row in rows]
    return [one for one in found if version in (None, one.version) and wanted in (None, one.section)]


def _text(row: Any) -> CardText:
    return CardText(
        model=row["model"], version=row["version"], section=row["section"], revision=row["revision"], text=row["text"],
        at=datetime.fromisoformat(row["at"]), by=row["by"],
    )  # fmt: skip
