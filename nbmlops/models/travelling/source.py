"""The source of what a cell or a script defined, as it was when it was defined, and the global names it uses."""

from __future__ import annotations

import ast
import linecache
import symtable
import sys
import textwrap
from types import CodeType, FunctionType
from typing import Any

from nbmlops.errors import Invalid

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda


def source_of(value: type | FunctionType) -> tuple[str, Definition]:
    """The text of a definition, and its tree. Raises Invalid where nobody knows it any more."""
    code = value.__code__ if isinstance(value, FunctionType) else _code_of(value)
    lines = linecache.getlines(code.co_filename) if code is not None else []
    try:
        tree = ast.parse("".join(lines))
    except (SyntaxError, ValueError):
        lines, tree = [], ast.parse("")
    found: list[Any] = [node for node in ast.walk(tree) if code is not None and _is(node, value, code)]
    if not found:
        if isinstance(value, type) and issubclass(value, tuple) and hasattr(value, "_fields"):
            raise Invalid(
                f"{value.__qualname__!r} is a namedtuple that a call made, so it cannot travel with the model.",
                hint=f"Write it as a class: class {value.__name__}(typing.NamedTuple), or as a dataclass, and fit again.",
            )
        what = "class" if isinstance(value, type) else "function"
        raise Invalid(
            f"The source of the {what} {value.__qualname__!r} is not known, so it cannot travel with the model.",
            hint="Define it in a cell, or in a module beside the notebook, and fit again.",
        )
    node = min(found, key=lambda one: (one.end_lineno - one.lineno, one.end_col_offset - one.col_offset))  # the innermost
    # A function is what stands behind its decorators, which may have made another of it; a class is what they left.
    first = min([node.lineno, *(one.lineno for one in (node.decorator_list if isinstance(node, ast.ClassDef) else ()))])
    if isinstance(node, ast.Lambda):
        return ast.get_source_segment("".join(lines), node) or ast.unparse(node), node
    return textwrap.dedent("".join(lines[first - 1 : node.end_lineno])), node


def global_names(source: str) -> list[str]:
    """The names a piece of source takes from its module, in the order of the alphabet.

    >>> global_names("def f(x, k=K):\\n    y = np.log(x)\\n    return [g(z) for z in y]")
    ['K', 'g', 'np']
    """
    found: set[str] = set()
    top = symtable.symtable(source, "<model>", "exec")
    waiting = [top]
    while waiting:
        table = waiting.pop()
        waiting += table.get_children()
        for symbol in table.get_symbols():
            if table is top:
                if symbol.is_referenced() and not symbol.is_assigned():
                    found.add(symbol.get_name())
            elif symbol.is_global() and symbol.is_referenced():
                found.add(symbol.get_name())
    assigned = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_assigned()}
    return sorted(found - assigned)


def _code_of(owner: type) -> CodeType | None:
    """The code of one of a class's own methods, by which its cell is found; of one without any, the newest cell that defines it."""
    for value in vars(owner).values():
        inner = getattr(value, "__func__", None) or getattr(value, "fget", None) or getattr(value, "func", None) or value
        inner = getattr(inner, "__wrapped__", inner)
        code = getattr(inner, "__code__", None)
        if isinstance(code, CodeType) and owner.__qualname__ in code.co_qualname and linecache.getlines(code.co_filename):
            return code
    if getattr(sys.modules.get(owner.__module__), owner.__name__, None) is owner:
        script = getattr(sys.modules[owner.__module__], "__file__", None)  # no cell, and read by nobody yet
        for name in reversed([*([script] if script else []), *linecache.cache]):
            lines = linecache.getlines(name)
            if any(line.startswith(f"class {owner.__name__}") for line in lines):
                return _first(name, lines, owner.__name__)
    return None


def _first(name: str, lines: list[str], defined: str) -> CodeType | None:
    """The code of a class's body in a cell."""
    try:
        waiting = [compile("".join(lines), name, "exec")]
    except (SyntaxError, ValueError):
        return None
    while waiting:
        code = waiting.pop()
        if code.co_name == defined:
            return code
        waiting += [part for part in code.co_consts if isinstance(part, CodeType)]
    return None


def _is(node: ast.AST, value: type | FunctionType, code: CodeType) -> bool:
    if isinstance(value, type):
        if not isinstance(node, ast.ClassDef) or node.name != value.__name__:
            return False
        first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
        return first <= code.co_firstlineno <= (node.end_lineno or 0)
    if isinstance(node, ast.Lambda) and code.co_name == "<lambda>":
        at = {(line, column) for line, _, column, _ in code.co_positions() if line is not None and column is not None}
        body = node.body
        within = (body.lineno, body.col_offset), (body.end_lineno or 0, body.end_col_offset or 0)
        return node.lineno == code.co_firstlineno and all(within[0] <= one <= within[1] for one in at if one != (node.lineno, 0))
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == code.co_name:
        return min([node.lineno, *(one.lineno for one in node.decorator_list)]) == code.co_firstlineno
    return False
