"""What a function does, whoever watches its calls: by its source where there is one, by its code where there is none."""

from __future__ import annotations

import ast
import functools
import linecache
import types
from typing import Any


def code_of(code: types.CodeType) -> tuple[Any, ...]:
    """What a function does, without where it stands: by its source where there is one, since its code may have been watched."""
    written = _written(code.co_filename).get((code.co_firstlineno, code.co_name))
    if written:
        return ("source", written, code.co_varnames[: code.co_argcount])
    consts = [code_of(one) if isinstance(one, types.CodeType) else one for one in code.co_consts]
    return ("code", code.co_code, code.co_names, code.co_varnames, code.co_freevars, consts, code.co_argcount, code.co_flags)


def _written(filename: str) -> dict[tuple[int, str], list[str]]:
    """The functions of a source by their first line and name, several where several lambdas begin in a line."""
    text = "".join(linecache.getlines(filename))
    return _functions(text) if len(text) < 1_000_000 else {}


@functools.lru_cache(maxsize=64)
def _functions(text: str) -> dict[tuple[int, str], list[str]]:
    found: dict[tuple[int, str], list[str]] = {}
    try:
        tree = compile(text, "<source>", "exec", flags=ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return found
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            line = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            found.setdefault((line, node.name), []).append(ast.dump(node))
        elif isinstance(node, ast.Lambda):
            found.setdefault((node.lineno, "<lambda>"), []).append(ast.dump(node))
    return found
