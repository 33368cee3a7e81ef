"""What a Python program that was started executes: its script, the modules of its own, and the files that these name.

`!python prepare.py raw.csv`, `subprocess.run([sys.executable, "-c", code])`: what happens in there nobody here hears, so its code
is read instead.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

MOST_FILES = 200
_LARGEST = 1_000_000
_PYTHON = re.compile(r"(?:python|pypy)[\d.]*(?:\.exe)?$")
_TAKES_ONE = ("-W", "-X", "--check-hash-based-pycs")


def executed(words: Sequence[str], folder: str) -> tuple[list[str], list[str]]:
    """Absolute paths of the code that Python is started with among some words, and of the files that this code names."""
    code: dict[str, None] = {}
    named: dict[str, None] = {}
    for kind, what in _started(words):
        script = os.path.join(folder, what) if kind == "file" else None
        beside = os.path.dirname(script) if script is not None else folder
        if kind == "-c":
            _follow(what, beside, folder, code, named)
        elif script is None:
            _import(what, beside, folder, code, named)
            _import(f"{what}.__main__", beside, folder, code, named)
        else:
            _read(os.path.abspath(script), beside, folder, code, named)
    return list(code), [path for path in named if path not in code]


def _started(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What Python is started with: ("-c", code), ("-m", module), ("file", script)."""
    for at, word in enumerate(words):
        if not _PYTHON.search(os.path.basename(word)):
            continue
        rest = iter(words[at + 1 :])
        for one in rest:
            if one in _TAKES_ONE:
                next(rest, None)
            elif one in ("-c", "-m"):
                if (what := next(rest, None)) is not None:
                    yield one, what
                break
            elif not one.startswith("-"):
                yield "file", one
                break


def _read(path: str, beside: str, folder: str, code: dict[str, None], named: dict[str, None]) -> None:
    if path in code or len(code) >= MOST_FILES:
        return
    try:
        if os.path.getsize(path) > _LARGEST:
            return
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError, ValueError):
        return
    code[path] = None
    _follow(text, beside, folder, code, named)


def _follow(text: str, beside: str, folder: str, code: dict[str, None], named: dict[str, None]) -> None:
    modules, texts = _says(text)
    for module in modules:
        _import(module, beside, folder, code, named)
    for said in texts:
        path = os.path.abspath(os.path.join(folder, said))
        if len(named) < MOST_FILES and os.path.isfile(path):
            named[path] = None


@lru_cache(256)  # a loop starts the same program a thousand times
def _says(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The modules that code imports, and the texts in it that could name files."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return (), ()
    modules: dict[str, None] = {}
    texts: dict[str, None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules.update(dict.fromkeys(alias.name for alias in node.names))
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            modules.update(dict.fromkeys([node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and 0 < len(node.value) < 1000 and "\0" not in node.value:
            texts[node.value] = None
    return tuple(modules), tuple(texts)


def _import(module: str, beside: str, folder: str, code: dict[str, None], named: dict[str, None]) -> None:
    stem = os.path.join(beside, *module.split("."))
    for path in (f"{stem}.py", os.path.join(stem, "__init__.py")):
        if os.path.isfile(path):
            _read(os.path.abspath(path), beside, folder, code, named)
