"""A card as a file or as a part of a notebook: Markdown, and HTML that loads nothing and runs nothing."""

from __future__ import annotations

import html
from pathlib import Path

from nbmlops import document
from nbmlops import markdown as md
from nbmlops.atomic import write_whole
from nbmlops.cards.records import ModelCard
from nbmlops.cards.told import anchor, blocks
from nbmlops.errors import Conflict, Invalid, Unwritable

_SIGN = "<!-- nbmlops model card -->"
_MOST_LETTERS = 2_000_000
_FORMS = (".md", ".markdown", ".html", ".htm")
# Greys that are read on white and on black; the page around it says which it is.
_STYLE = """
.nbmlops-card{font:15px/1.55 system-ui,-apple-system,"Segoe UI",sans-serif;max-width:52rem;margin:0 auto;overflow-wrap:break-word}
.nbmlops-card h1{font-size:1.9em;line-height:1.2;margin:0 0 .4em;letter-spacing:-.01em}
.nbmlops-card h1+p{font-size:1.1em;opacity:.85;margin:0 0 1.4em}
.nbmlops-card h2{font-size:1.25em;margin:2em 0 .5em;padding-top:.6em;border-top:1px solid rgba(128,128,128,.35)}
.nbmlops-card h3{font-size:1em;margin:1.2em 0 .3em}
.nbmlops-card p{margin:.5em 0}.nbmlops-card ul{margin:.5em 0;padding-left:1.2em}.nbmlops-card li{margin:.25em 0}
.nbmlops-card dl{display:grid;grid-template-columns:max-content 1fr;gap:.25em 1.2em;margin:.8em 0}
.nbmlops-card dt{opacity:.7}.nbmlops-card dd{margin:0;min-width:0}
.nbmlops-card table{border-collapse:collapse;display:block;overflow-x:auto;margin:.5em 0 1em;font-size:.92em}
.nbmlops-card th,.nbmlops-card td{text-align:left;padding:.28em .9em .28em 0;vertical-align:top;background:none}
.nbmlops-card th,.nbmlops-card td{border:0;border-bottom:1px solid rgba(128,128,128,.22)}
.nbmlops-card th{font-weight:600;border-bottom-color:rgba(128,128,128,.6)}
.nbmlops-card td.n{text-align:right;font-variant-numeric:tabular-nums}
.nbmlops-card code{font:.92em ui-monospace,Menlo,Consolas,monospace;background:rgba(128,128,128,.13);padding:.08em .3em;border-radius:3px}
.nbmlops-card pre{background:rgba(128,128,128,.13);padding:.8em 1em;overflow-x:auto;border-radius:5px;max-height:18em}
.nbmlops-card pre code{background:none;padding:0}
.nbmlops-card figure{margin:.6em 0}.nbmlops-card svg{max-width:100%;height:auto}
.nbmlops-card nav{columns:3 12rem;font-size:.92em;margin:1em 0}.nbmlops-card nav a{display:block;color:inherit;opacity:.8}
"""
_PAGE = """
:root{color-scheme:light dark}body{margin:2.5rem 1.2rem;background:#fff;color:#1f2328}
@media (prefers-color-scheme:dark){body{background:#15181c;color:#e3e6ea}}
@media print{body{margin:0;background:#fff;color:#000}.nbmlops-card{font-size:10.5pt;max-width:none}.nbmlops-card nav{display:none}
.nbmlops-card h2,.nbmlops-card h3{break-after:avoid}.nbmlops-card figure,.nbmlops-card tr{break-inside:avoid}
.nbmlops-card table{display:table}.nbmlops-card pre{max-height:none;white-space:pre-wrap}}
"""


def markdown_of(card: ModelCard) -> str:
    """A card as Markdown: charts are bars of text."""
    return document.markdown(blocks(card, drawn=False), _MOST_LETTERS, whole="the card as .html")


def page_of(card: ModelCard) -> str:
    """A card as a page of HTML that is whole by itself, on white or black as its reader has it, and fit to print."""
    return document.whole_page(_main(card, nav=True), f"{card.model} {card.version}: model card", _STYLE + _PAGE)


def part(card: ModelCard) -> str:
    """A card as a part of a notebook, in the notebook's colours."""
    return f"<style>{_STYLE}</style>\n{_main(card, nav=False)}"


def writable(path: Path) -> None:
    """Whether a card may be written there: nothing is, or another card. Raises before any work is done."""
    if path.suffix.lower() not in _FORMS:
        raise Invalid(f"A card is not written as {path.suffix or path.name!r}.", hint="Name a file .md or .html: --output card.html")
    path = _place(path)
    try:
        there = path.read_text("utf-8", "replace") if path.exists() else _SIGN
    except OSError as error:
        raise Unwritable(f"{str(path)!r} cannot be written: {error.strerror}.", hint="Name a file: --output card.html") from error
    if _SIGN not in there:
        raise Conflict(f"{path.name!r} is there already, and no card.", hint="Name another file: --output card.html")


def write(card: ModelCard, path: Path) -> None:
    """Write a card, as Markdown or as HTML by the file's name."""
    writable(path)
    body = page_of(card) if path.suffix.lower().startswith(".htm") else markdown_of(card)
    try:
        _place(path).parent.mkdir(parents=True, exist_ok=True)
        write_whole(_place(path), f"{body}{_SIGN}\n".encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise Unwritable(f"{str(path)!r} cannot be written: {error.strerror}.", hint="Check the folder and the rights.") from error


def _place(path: Path) -> Path:
    return path.expanduser().absolute()


def _main(card: ModelCard, *, nav: bool) -> str:
    first, summary, *rest = blocks(card, drawn=True)
    links = (
        "".join(f'<a href="#{html.escape(anchor(one))}">{html.escape(md.one_line(one.title, 80))}</a>' for one in card.sections)
        if nav
        else ""
    )
    menu = f"<nav>{links}</nav>\n" if links else ""
    return f'<div class="nbmlops-card">\n{document.body([first, summary])}\n{menu}{document.body(rest)}\n</div>\n'
