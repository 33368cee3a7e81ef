"""What people read, as blocks: written as Markdown, and as a page of HTML with pictures that is whole by itself.

A text is ours, or it is marked as not ours: what others named is shown as `Code`, in which nothing is a mark, a mention or HTML, and
a sentence that names it is `Said`, with all of that undone.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from nbmlops import markdown as md

MOST_LETTERS = 60_000  # a comment on GitHub may have 65,536
_NUMBER = ' class="n"'
_BEGINS = re.compile(r"^(\d*)([-+=.)])")
_MOST_ROWS = 40
_MOST_ROWS_OF_PAGE = 2000
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#1f2328;background:#fff;max-width:72rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;margin:.6rem 0 1.2rem;display:block;overflow-x:auto}th,td{border:1px solid #d0d7de;padding:.3rem .6rem}
th{background:#f6f8fa;text-align:left}td.n{text-align:right;font-variant-numeric:tabular-nums}code{background:#eff1f3;padding:.1em .3em}
pre{background:#f6f8fa;padding:.8rem;overflow-x:auto}img{max-width:100%}summary{cursor:pointer}
"""


@dataclass(frozen=True)
class Code:
    """A text that is not ours, at most so many letters of it."""

    text: str
    most: int = 120


@dataclass(frozen=True)
class Said:
    """A sentence with names in it that are not ours."""

    text: str
    most: int = 400


@dataclass(frozen=True)
class Link:
    """A file beside the report: a link on the page, its name in a comment, which can show no file."""

    file: str


Word = str | Code | Said | Link
Inline = Word | tuple[Word, ...]


@dataclass(frozen=True)
class Heading:
    """A title."""

    text: Inline
    level: int = 3
    anchor: str = ""


@dataclass(frozen=True)
class Paragraph:
    """A few sentences."""

    text: Inline


@dataclass(frozen=True)
class Table:
    """Rows under a head; the first are those that matter most. `right`: columns of numbers."""

    head: list[str]
    rows: list[list[Inline]]
    right: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Details:
    """Lines of code that are unfolded by who wants them."""

    about: Code
    lines: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Items:
    """A list, in no order."""

    items: list[Inline]


@dataclass(frozen=True)
class Facts:
    """Short things by name."""

    facts: list[tuple[str, Inline]]


@dataclass(frozen=True)
class Listing:
    """Lines of code that are there to be read, or copied."""

    lines: list[str]


@dataclass(frozen=True)
class Picture:
    """A chart as SVG; Markdown shows none. `inline`: the page has it as a part of itself, in its own colours."""

    svg: str
    about: str
    inline: bool = False


Block = Heading | Paragraph | Table | Details | Items | Facts | Listing | Picture


def markdown(blocks: Sequence[Block], most: int = MOST_LETTERS, whole: str = "report.html") -> str:
    """Markdown of at most so many letters; where it would be more, the last blocks are left out, and it says which file has all."""
    parts = [part for block in blocks if (part := _markdown(block)) is not None]
    room = most - 200
    kept: list[str] = []
    for part in parts:
        room -= len(part) + 2
        if room < 0:
            kept.append(f"… and {len(parts) - len(kept)} more parts: {whole} has them all.")
            break
        kept.append(part)
    return "\n\n".join(kept) + "\n"


def _markdown(block: Block) -> str | None:
    match block:
        case Heading(text, level):
            return f"{'#' * level} {_md(text)}"
        case Paragraph(text):
            return _begun(text)
        case Table(head, rows, right):
            shown = md.table(head, [[_md(cell) for cell in row] for row in rows[:_MOST_ROWS]], right)
            return shown + (f"\n\n… and {len(rows) - _MOST_ROWS:,} more" if len(rows) > _MOST_ROWS else "")
        case Details(about, lines):
            body = md.fenced("\n".join(line[:400] for line in lines[:40]))
            return f"<details><summary>{_html(about)}</summary>\n\n{body}\n\n</details>"
        case Items(items):
            return "\n".join(f"- {_begun(item)}" for item in items)
        case Facts(facts):
            return md.table(["", ""], [[name, _md(value)] for name, value in facts])
        case Listing(lines):
            return md.fenced("\n".join(lines))
    return None


def _begun(text: Inline) -> str:
    """A block's text; one that is not ours and begins as a list, a line or a title does is none of them."""
    first = text[0] if isinstance(text, tuple) else text
    return _BEGINS.sub(r"\1\\\2", _md(text), count=1) if isinstance(first, Said) else _md(text)


def _md(text: Inline) -> str:
    match text:
        case str():
            return text
        case Code(said, most):
            return md.code(said, most)
        case Said(said, most):
            return md.escaped(md.one_line(said, most))
        case Link(file):
            return md.code(file)
    return "".join(_md(part) for part in text)


def page(blocks: Sequence[Block], title: str) -> str:
    """A page of HTML that is whole by itself: it loads nothing and runs nothing."""
    return whole_page(body(blocks), title, _STYLE)


def body(blocks: Sequence[Block]) -> str:
    """The blocks as HTML, for a page or a part of one."""
    return "\n".join(_block(block) for block in blocks)


def whole_page(body: str, title: str, style: str) -> str:
    """A page around HTML that `body` made: it loads nothing and runs nothing, which browsers are told to see to."""
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        f"<title>{html.escape(md.one_line(title, 200))}</title>\n<style>{style}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def _block(block: Block) -> str:
    match block:
        case Heading(text, level, anchor):
            named = f' id="{html.escape(anchor)}"' if anchor else ""
            return f"<h{level - 1}{named}>{_html(text)}</h{level - 1}>"
        case Paragraph(text):
            return f"<p>{_html(text)}</p>"
        case Table(head, rows, right):
            top = "".join(f"<th>{_plain(name)}</th>" for name in head)
            body = "\n".join(_row(row, right) for row in rows[:_MOST_ROWS_OF_PAGE])
            more = f"<p>… and {len(rows) - _MOST_ROWS_OF_PAGE:,} more</p>" if len(rows) > _MOST_ROWS_OF_PAGE else ""
            return f"<table><thead><tr>{top}</tr></thead><tbody>\n{body}\n</tbody></table>{more}"
        case Details(about, lines):
            told = html.escape("\n".join(md.one_line(line.replace(" ", "\u00a0")) for line in lines))
            return f"<details open><summary>{_html(about)}</summary><pre>{told}</pre></details>"
        case Items(items):
            return f"<ul>{''.join(f'<li>{_html(item)}</li>' for item in items)}</ul>"
        case Facts(facts):
            return f"<dl>{''.join(f'<dt>{_plain(name)}</dt><dd>{_html(value)}</dd>' for name, value in facts)}</dl>"
        case Listing(lines):
            return f"<pre><code>{html.escape(_code_text(lines))}</code></pre>"
        case Picture(svg, about, True):
            return f'<figure role="img" aria-label="{_plain(about)}">{svg}</figure>'
        case Picture(svg, about):
            data = base64.b64encode(svg.encode("utf-8", "replace")).decode()
            return f'<p><img alt="{_plain(about)}" src="data:image/svg+xml;base64,{data}"></p>'


def _plain(text: str) -> str:
    return html.escape(md.one_line(text, 200))


def _code_text(lines: Sequence[str]) -> str:
    return "\n".join("".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in line) for line in lines)


def _row(row: Sequence[Inline], right: frozenset[int]) -> str:
    cells = (f"<td{_NUMBER if at in right else ''}>{_html(cell)}</td>" for at, cell in enumerate(row))
    return f"<tr>{''.join(cells)}</tr>"


def _html(text: Inline) -> str:
    match text:
        case str():
            return html.escape(text).replace("**", "")
        case Code(said, most):
            return f"<code>{html.escape(md.one_line(said, most))}</code>" if said.strip() else "–"
        case Said(said, most):
            return html.escape(md.one_line(said, most))
        case Link(file):
            return f'<a href="{html.escape(file)}">{html.escape(file)}</a>'
    return "".join(_html(part) for part in text)
