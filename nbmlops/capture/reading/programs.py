"""Files that a program was started with: `!wc -l x.csv`, `subprocess.run(["python", "prepare.py", "raw.csv"])`.

What a program opens nobody here hears. A file that is there and stands among its words counts as read, with a note; if it
has changed by the cell's end, as written.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable
from glob import iglob
from itertools import islice
from typing import Any

MOST_WORDS = 1_000
NOTE = "named to a program"
_LISTS = frozenset({"ls", "echo", "find", "du", "stat", "tree", "printf"})  # what they are given is named, and not opened
_PATTERN = re.compile(r"[*?\[]")


def named(words: Any, folder: str | None = None, *, follow: bool = True) -> tuple[list[str], list[str]]:
    """Absolute paths that an argument list or a shell's line names: the code that Python executes by it, and all that could be files.

    `follow`: read the code, for the modules and files that it names in turn.

    >>> named(["sh", "-c", "sort --output=/tmp/b.csv 'my file.csv' > c.csv"], "/data")
    ([], ['/data/sort', '/tmp/b.csv', '/data/my file.csv', '/data/c.csv'])
    >>> named("echo it's")
    ([], [])
    """
    texts, by_shell = _words(words)
    opens = by_shell and (not texts or texts[0] not in _LISTS)
    found = [os.path.abspath(os.path.join(folder or "", word)) for word in _names(texts if by_shell else texts[1:])]
    files = [path for word in found for path in (_matching(word) if opens and _PATTERN.search(word) else [word])]
    if not follow or not any("py" in word for word in texts):
        return [], files
    from nbmlops.capture.reading.children import executed

    code, data = executed(texts, folder or os.getcwd())
    return code, [*files, *data]


def _words(words: Any) -> tuple[list[str], bool]:
    """The words of an argument list or of a shell's line; whether a shell reads them."""
    given = [words] if isinstance(words, (str, bytes, os.PathLike)) else list(words)[:MOST_WORDS]
    texts = [os.fsdecode(word) for word in given if isinstance(word, (str, bytes, os.PathLike))]
    if len(texts) == 1:
        return _split(texts[0]), True
    if len(texts) >= 3 and texts[1] in ("-c", "-lc", "-ic") and os.path.basename(texts[0]).endswith("sh"):
        return _split(texts[2]) + texts[4:], True
    return texts, False


def _names(words: Iterable[str]) -> list[str]:
    values = (word.partition("=")[2] if word.startswith("-") else word for word in words)
    return [value for value in values if 0 < len(value) <= 4096 and "\0" not in value]


def _matching(pattern: str) -> list[str]:
    return sorted(islice(iglob(pattern), MOST_WORDS)) or [pattern]


def _split(line: str) -> list[str]:
    try:
        found = list(shlex.shlex(line, posix=True, punctuation_chars=True))[:MOST_WORDS]
    except ValueError:
        return []  # no shell would take it either
    return [word for word in found if not set(word) <= set("();<>|&")]
