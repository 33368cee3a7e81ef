"""Environment variables that a cell names: with the digest of what each held, never the value."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterable, Iterator
from typing import Any

from nbmlops.capture.slicing.parsing import parsed
from nbmlops.ledger.blobs import digest_bytes
from nbmlops.ledger.secrets import says
from nbmlops.runs.records import Variable

_NAMED = re.compile(r"environ|getenv")
_ASK = ("get", "pop", "setdefault", "__getitem__")


def named(tree: ast.AST) -> list[str]:
    """The environment variables that a cell reads by name.

    >>> named(ast.parse("import os; a = os.environ['HOME'], os.getenv('TZ', 'UTC'); os.environ['X'] = '1'"))
    ['HOME', 'TZ']
    """
    return list(dict.fromkeys(name for node in ast.walk(tree) for name in _in(node)))


def _in(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load) and _environ(node.value):
        yield from _text(node.slice)
    elif isinstance(node, ast.Call) and node.args:
        asked = node.func
        name = asked.attr if isinstance(asked, ast.Attribute) else asked.id if isinstance(asked, ast.Name) else ""
        if name in ("getenv", "getenvb") or (isinstance(asked, ast.Attribute) and name in _ASK and _environ(asked.value)):
            yield from _text(node.args[0])
    elif isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.In, ast.NotIn)) and _environ(node.comparators[0]):
        yield from _text(node.left)


def _environ(node: ast.AST) -> bool:
    return (isinstance(node, ast.Attribute) and node.attr == "environ") or (isinstance(node, ast.Name) and node.id == "environ")


def _text(node: ast.AST) -> Iterator[str]:
    """The name, or what it begins with and a star where the rest is put in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr) and node.values:
        yield from (f"{name}*" for name in _text(node.values[0]))
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        yield from (f"{name}*" for name in _text(node.left) if not name.endswith("*"))


def _begin(prefix: str) -> list[str]:
    return [name for name in os.environ if name.startswith(prefix)]


def held_now(names: Iterable[str]) -> dict[str, list[Any]]:
    """What environment variables hold now: a digest, or none of one that is called a secret or is not there; whether it is there."""
    found = {}
    for name in names:
        value = os.environ.get(name)
        told = digest_bytes(value.encode("utf-8", "surrogateescape")) if value is not None and says(name) == "no" else None
        found[name] = [told, value is not None]
    return found


def read(source: str, position: int) -> list[Variable]:
    """What a cell's environment variables hold now, as digests; of one that is called a secret only whether it is set."""
    if not _NAMED.search(source):
        return []
    tree, _ = parsed(source)
    names = named(tree) if tree is not None else []
    every = [one for name in names for one in (sorted(_begin(name[:-1])) if name.endswith("*") else [name])]
    held = held_now(dict.fromkeys(every))
    return [Variable(name=name[:200], digest=digest, there=there, position=position) for name, (digest, there) in held.items()]
