"""The sections of a card that people write, beside what the record itself knows to warn of."""

from __future__ import annotations

from nbmlops.cards.figures import counted, listed
from nbmlops.cards.known import Known
from nbmlops.cards.records import CardSection

_TITLES = {
    "intended use": "Intended use", "out of scope": "Out of scope", "limitations": "Limitations",
    "ethical considerations": "Ethical considerations", "contact": "Contact", "notes": "Notes",
}  # fmt: skip
_FEW = 100


def optional(known: Known, name: str) -> list[CardSection]:
    """A written section that is left out where nobody wrote it."""
    found = section(known, name)
    return [found] if found.text is not None else []


def section(known: Known, name: str) -> CardSection:
    """One of the written sections: the text that holds, whose it is, and where it was taken over from."""
    found, version = known.texts.get(name), known.version
    said = _warnings(known) if name == "limitations" else []
    if found is None or not found.text:
        ask = f"Nobody has written this yet: %mlops model card {version.model} {version.version} --section '{name}' --text '…'"
        return CardSection(name=name, title=_TITLES[name], sentences=said, text_note=ask)
    note = f"Written by {found.by} on {found.at:%Y-%m-%d}, revision {found.revision}."
    if found.version != version.version:
        wrote = f"{found.by} wrote it on {found.at:%Y-%m-%d}"
        note = f"Taken over from version {found.version}, where {wrote}: nobody has said that it holds here."
    return CardSection(name=name, title=_TITLES[name], sentences=said, text=found.text, text_note=note)


def _warnings(known: Known) -> list[str]:
    """What the record shows by itself."""
    version, frame, said = known.version, known.frame, []
    if frame is not None and frame.rows < _FEW:
        said.append(f"It was trained on {counted(frame.rows, 'row')} only.")
    numbers = [column.name for column in version.signature.inputs if column.least is not None]
    if numbers:
        said.append(f"Of numbers outside of the ranges in “Training data” ({listed(numbers, 4)}) it has seen none: there it guesses.")
    words = [column.name for column in version.signature.inputs if column.categories]
    if words:
        said.append(f"Other words in {listed(words, 4)} than those it was trained on tell it nothing.")
    whole = [column.name for column in version.signature.inputs if not column.nullable]
    if whole and len(whole) < len(version.signature.inputs):
        said.append(f"An endpoint refuses rows in which one of these is missing: {listed(whole)}.")
    elif whole:
        said.append("An endpoint refuses rows in which a value is missing: it was trained on none.")
    if version.metrics and known.measured is None:
        said.append("Its metrics are as they were told; on which rows, the record does not know.")
    if known.run is not None and known.run.run.git_dirty:
        said.append("The code that made it had changes that were not committed.")
    return said
