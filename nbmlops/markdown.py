"""Markdown of names and texts that anybody may have given: they break no table, mention nobody and become no HTML."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

_OF_MARKDOWN = re.compile(r"([\\\\`*_{}\[\]<>#|~])")
_REFERS = re.compile(r"@(?=\w)|#(?=\d)|(?<=\bGH)-(?=\d)|:(?=//)|(?<=\bwww)\.", re.I)
_NOT_SHOWN = "\u200b"


def one_line(text: str, most: int | None = None) -> str:
    """Text on one line, what cannot be seen spelled out, at most so many letters of it.

    >>> one_line("a\\n b" + chr(7) + chr(0x202E)), one_line("a long name", 6)
    ('a b\\\\x07\\\\u202e', 'a lon…')
    """
    found = " ".join(text[: None if most is None else 4 * most].split())
    found = "".join(letter if letter.isprintable() or letter == "\u200d" else ascii(letter)[1:-1] for letter in found)
    return found if most is None or len(found) <= most else f"{found[: most - 1]}…"


def escaped(text: str) -> str:
    """Text as it is: nothing in it is a mark, a mention, a link, or a reference to an issue.

    >>> escaped("<b> @ada #12 a|b").replace(chr(0x200B), "·")
    '\\\\<b\\\\> @·ada \\\\#·12 a\\\\|b'
    """
    return _OF_MARKDOWN.sub(r"\\\1", _REFERS.sub(lambda found: found[0] + _NOT_SHOWN, one_line(text)))


def code(text: str, most: int = 120) -> str:
    """Text as code within a line, or within a table's cell: nobody reads marks or mentions in it.

    >>> code("a|b`c"), code("")
    ('``a\\\\|b`c``', '–')
    """
    found = one_line(text, most)
    if not found.strip():
        return "–"
    # A table's cell ends at a `|` even in code, and a backslash before one would undo the backslash that says it is none.
    found = re.sub(r"\\+(?=\|)", lambda slashes: f"{slashes[0]} ", found).replace("|", r"\|")
    fence = "`" * (1 + max((len(run) for run in re.findall(r"`+", found)), default=0))
    around = " " if found[0] in "` " or found[-1] in "` " else ""
    return f"{fence}{around}{found}{around}{fence}"


def fenced(text: str) -> str:
    """Lines of code as a block that nothing in them ends."""
    lines = ["".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in line) for line in text.expandtabs(4).split("\n")]
    fence = "`" * max(3, 1 + max((len(run) for line in lines for run in re.findall(r"`+", line)), default=0))
    return "\n".join([f"{fence}text", *lines, fence])


def table(head: Sequence[str], rows: Sequence[Sequence[str]], right: Collection[int] = ()) -> str:
    """A table of cells that are Markdown already. `right`: the columns that are set to the right.

    >>> print(table(["a", "b"], [["x", "1"]], right={1}))
    | a | b |
    | --- | ---: |
    | x | 1 |
    """
    lines = [head, ["---:" if at in right else "---" for at in range(len(head))], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
