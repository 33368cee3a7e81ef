"""A card as blocks. Whatever it says is marked as not ours: names of columns, words of people, reasons of checks are only text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nbmlops.cards import pictures
from nbmlops.cards.records import CardBars, CardCurve, CardSection, CardTable, ModelCard
from nbmlops.document import Block, Code, Facts, Heading, Inline, Items, Listing, Paragraph, Said, Table, Word

_MOST = 2_000  # letters of a sentence
_ITEM = re.compile(r"\s*[-*•]\s+")


def blocks(card: ModelCard, *, drawn: bool) -> list[Block]:
    """All of a card. `drawn`: charts are pictures, and not bars of text."""
    found: list[Block] = [Heading((Said(card.model), f" {card.version}: model card"), 2)]
    found.append(Paragraph(tuple(_spaced(card.summary))))
    for at, section in enumerate(card.sections):
        found += _section(section, drawn, f"c{at}")
    found.append(Paragraph((f"Made on {card.at:%Y-%m-%d %H:%M} UTC by ", Said(card.by), ". This card is ", Code(card.digest), ".")))
    return found


def _spaced(sentences: Sequence[str]) -> list[Word]:
    words: list[Word] = []
    for sentence in sentences:
        words += [" ", Said(sentence, _MOST)] if words else [Said(sentence, _MOST)]
    return words


def anchor(section: CardSection) -> str:
    """Where a section begins on its page.

    >>> anchor(CardSection(name="intended use", title="Intended use"))
    'card-intended-use'
    """
    return "card-" + re.sub(r"[^a-z0-9]+", "-", section.name.lower()).strip("-")


def _section(section: CardSection, drawn: bool, mark: str) -> list[Block]:
    found: list[Block] = [Heading(Said(section.title), 3, anchor(section))]
    if section.text is not None:
        found += written(section.text)
    if section.text_note:
        found.append(Paragraph(Said(section.text_note, _MOST)))
    if len(section.sentences) == 1:
        found.append(Paragraph(Said(section.sentences[0], _MOST)))
    elif section.sentences:
        found.append(Items([Said(sentence, _MOST) for sentence in section.sentences]))
    if section.facts:
        found.append(Facts([(_ours(name), Code(value, 400)) for name, value in section.facts.items()]))
    for at, bars in enumerate(section.bars):
        found += _bars(bars, drawn, f"{mark}b{at}")
    for at, curve in enumerate(section.curves):
        found += _curve(curve, drawn, f"{mark}l{at}")
    for table in section.tables:
        found += _table(table)
    return [*found, *(Listing(code.split("\n")) for code in section.code)]


def written(text: str) -> list[Block]:
    """What a person wrote: lines are paragraphs, those that begin with a dash are items, and nothing is a mark."""
    found: list[Block] = []
    for line in text.splitlines():
        mark = _ITEM.match(line)
        if mark is None and line.strip():
            found.append(Paragraph(Said(line, 20_000)))
        elif mark is not None:
            item = Said(line[mark.end() :], 20_000)
            if found and isinstance(found[-1], Items):
                found[-1].items.append(item)
            else:
                found.append(Items([item]))
    return found


def _ours(name: str) -> str:
    """A fact's name, which stands in a table's cell as it is."""
    return re.sub(r"[^\w .,()%-]", " ", name)


def _bars(bars: CardBars, drawn: bool, mark: str) -> list[Block]:
    title, head = Heading(Said(bars.title), 4), [_ours(name) for name in bars.head]
    rows: list[list[Inline]] = [[Code(row[0], 200), *(Said(cell) for cell in row[1:])] for row in bars.rows]
    right = frozenset(range(1, len(head)))
    if drawn:
        picture = pictures.bars(bars, mark)
        return [title, *([picture] if picture is not None else []), Table(head, rows, right)]
    most = max([value for value in bars.values if value == value], default=0.0)
    told = [[*row, pictures.as_text(value, most)] for row, value in zip(rows, bars.values, strict=True)]
    return [title, Table([*head, ""], told, right)] if rows else []


def _curve(curve: CardCurve, drawn: bool, mark: str) -> list[Block]:
    if drawn:
        return [Heading(Said(curve.title), 4), pictures.curve(curve, mark)]
    step = -(-len(curve.x) // 20) or 1
    rows: list[list[Inline]] = [[f"{x:.4g}", f"{y:.4g}"] for x, y in list(zip(curve.x, curve.y, strict=True))[::step]]
    return [Heading(Said(curve.title), 4), Table([_ours(curve.x_title), _ours(curve.y_title)], rows, frozenset({0, 1}))]


def _table(table: CardTable) -> list[Block]:
    right = frozenset(table.right)
    rows: list[list[Inline]] = [
        [Said(cell) if at in right or " " in cell else Code(cell, 200) for at, cell in enumerate(row)] for row in table.rows
    ]  # fmt: skip
    head = [_ours(name) for name in table.head]
    return [*([Heading(Said(table.title), 4)] if table.title else []), Table(head, rows, right)]
