"""Files that a program was started with: `!wc -l x.csv`, `subprocess.run(["python", "prepare.py", "raw.csv"])`.

What a program opens nobody here hears. A file that is there and stands among its words counts as read, with a note; if it
has changed by the cell's end, as written.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable
from typing import Any

MOST_WORDS = 1_000
NOTE = "named to a program"


def files_named(words: Any, folder: str | None = None) -> list[str]:
    """Absolute paths of the words that could be files, of an argument list or a shell's line.

    >>> files_named(["sh", "-c", "sort --output=/tmp/b.csv 'my file.csv' > c.csv"], "/data")
    ['/data/sort', '/tmp/b.csv', '/data/my file.csv', '/data/c.csv']
    >>> files_named("echo it's")
    []
    """
    given = [words] if isinstance(words, (str, bytes, os.PathLike)) else list(words)[:MOST_WORDS]
    texts = [os.fsdecode(word) for word in given if isinstance(word, (str, bytes, os.PathLike))]
    if len(texts) == 1:
        texts = _split(texts[0])
    elif len(texts) >= 3 and texts[1] in ("-c", "-lc", "-ic") and os.path.basename(texts[0]).endswith("sh"):
        texts = _split(texts[2]) + texts[4:]
    else:
        texts = texts[1:]
    return [os.path.abspath(os.path.join(folder or "", word)) for word in _names(texts)]


def _names(words: Iterable[str]) -> list[str]:
    values = (word.partition("=")[2] if word.startswith("-") else word for word in words)
    return [value for value in values if 0 < len(value) <= 4096 and "\0" not in value]


def _split(line: str) -> list[str]:
    try:
        found = list(shlex.shlex(line, posix=True, punctuation_chars=True))[:MOST_WORDS]
    except ValueError:
        return []  # no shell would take it either
    return [word for word in found if not set(word) <= set("();<>|&")]
