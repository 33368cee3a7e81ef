"""What a definition took of the notebook when it was executed, and its source would take anew: defaults, attributes, bases.

The notebook may have changed since. So the living values stand in the source instead of what gave them.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from types import FunctionType
from typing import Any

import numpy as np

from nbmlops.models.held import facts
from nbmlops.models.travelling.source import Definition

Edit = tuple[ast.expr, str, Any]  # the expression, what it is for, and what it gave


def living(source: str, node: Definition, value: type | FunctionType, space: dict[str, Any]) -> list[Edit]:
    """The expressions of a definition's source that may give something else now than they gave, with what they gave."""
    top = next(one for one in ast.walk(ast.parse(source)) if type(one) is type(node))
    assert isinstance(top, Definition)
    found = _of_function(top, value) if isinstance(value, FunctionType) else _of_class(top, node, value)
    return [edit for edit in found if _may_differ(edit[0], edit[2], space)]


def replaced(source: str, edits: list[tuple[ast.expr, str]]) -> str:
    """The source with other text in these places."""
    lines = source.encode().splitlines(keepends=True)
    starts = [sum(map(len, lines[:at])) for at in range(len(lines))]
    text = source.encode()
    for node, new in sorted(edits, key=lambda edit: (edit[0].lineno, edit[0].col_offset), reverse=True):
        first, last = starts[node.lineno - 1] + node.col_offset, starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)
        text = text[:first] + new.encode() + text[last:]
    return text.decode()


def set_since(node: Definition, value: type | FunctionType) -> list[tuple[str, Any]]:
    """The plain values that a class was given after it was defined (`M.extra = 5`), and its body does not name."""
    if not isinstance(node, ast.ClassDef) or not isinstance(value, type) or type(value) is not type or node.decorator_list:
        return []
    named = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)} | {
        one.name for one in node.body if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
    }
    return [(key, held) for key, held in vars(value).items() if key not in named and not key.startswith("_") and _is_data(held)]


def _of_function(top: ast.AST, value: FunctionType, of: str = "") -> Iterator[Edit]:
    assert isinstance(top, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
    positional = [*top.args.posonlyargs, *top.args.args]
    defaults = value.__defaults__ or ()
    if len(defaults) == len(top.args.defaults):
        for argument, node, held in zip(positional[len(positional) - len(defaults) :], top.args.defaults, defaults, strict=True):
            yield node, f"{of}{argument.arg}", held
    for argument, given in zip(top.args.kwonlyargs, top.args.kw_defaults, strict=True):
        if given is not None and argument.arg in (value.__kwdefaults__ or {}):
            yield given, f"{of}{argument.arg}", (value.__kwdefaults__ or {})[argument.arg]


def _of_class(top: ast.AST, node: ast.AST, value: type) -> Iterator[Edit]:
    """`node` is the definition where it was found, which has the lines that functions know; `top` the same in its own source."""
    assert isinstance(top, ast.ClassDef) and isinstance(node, ast.ClassDef)
    if len(top.bases) == len(value.__bases__):
        yield from ((base, "base", held) for base, held in zip(top.bases, value.__bases__, strict=True) if held.__module__ == "__main__")
    assigned: dict[str, ast.expr] = {}
    for one, there in zip(top.body, node.body, strict=True):
        if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef)):
            method = _method(value, there)
            if method is not None:
                yield from _of_function(one, method, f"{one.name}_")
        elif isinstance(one, ast.Assign) and len(one.targets) == 1 and isinstance(one.targets[0], ast.Name):
            assigned[one.targets[0].id] = one.value  # the last is what the class has
        elif isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name) and one.value is not None:
            assigned[one.target.id] = one.value
    yield from ((given, key, vars(value)[key]) for key, given in assigned.items() if _is_data(vars(value).get(key, _is_data)))


def _method(owner: type, node: ast.AST) -> FunctionType | None:
    """The function that a `def` in a class's body made, behind its decorators; None where the class has another there."""
    assert isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    held: Any = vars(owner).get(node.name)
    while not isinstance(held, FunctionType) or hasattr(held, "__wrapped__"):
        inner = [getattr(held, name, None) for name in ("__wrapped__", "__func__", "fget", "func")]
        held = next((one for one in inner if one is not None), None)
        if held is None:
            return None
    first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
    return held if (held.__code__.co_name, held.__code__.co_firstlineno) == (node.name, first) else None


def _may_differ(node: ast.expr, held: Any, space: dict[str, Any]) -> bool:
    """Whether an expression, evaluated anew, may give something else. What cannot be told of is left as it stands."""
    try:
        return facts("", ast.literal_eval(node)) != facts("", held)
    except ValueError:
        pass
    if isinstance(node, ast.Name) and not _is_data(held):
        return space.get(node.id, getattr(builtins, node.id, None)) is not held
    return _is_data(held) or (isinstance(held, (type, FunctionType)) and held.__module__ == "__main__" and not isinstance(node, ast.Lambda))


def _is_data(value: Any) -> bool:
    """Numbers, text, and what is made of them: arrays, frames, lists and such."""
    if isinstance(value, (list, tuple, set, frozenset)) and type(value) in (list, tuple, set, frozenset):
        return all(_is_data(one) for one in value)
    if type(value) is dict:
        return all(_is_data(one) for one in [*value, *value.values()])
    kind = type(value)
    if kind in (str, bytes, bytearray, int, float, complex, bool, type(None)) or isinstance(value, np.generic):
        return True
    return kind.__name__ in ("ndarray", "DataFrame", "Series") and kind.__module__.partition(".")[0] in ("numpy", "pandas")
