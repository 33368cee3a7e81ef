"""A cell's source as a tree: Python, or what IPython makes of it."""

from __future__ import annotations

import ast
from typing import Any

_AWAIT = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT


def parsed(source: str) -> tuple[ast.Module | None, str]:
    """The tree, and the Python it was made of; None where it is none.

    >>> tree, python = parsed("x = !ls")
    >>> ast.unparse(tree), parsed("x = = 1")[0]
    ("x = get_ipython().getoutput('ls')", None)
    """
    tree = _tree(source)
    if tree is not None:
        return tree, source
    from IPython.core.inputtransformer2 import TransformerManager

    try:
        python = TransformerManager().transform_cell(source)
    except (SyntaxError, ValueError, RecursionError):
        return None, source
    return _tree(python), python


def _tree(python: str) -> ast.Module | None:
    try:
        tree: Any = compile(python, "<cell>", "exec", flags=_AWAIT)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    found: ast.Module = tree
    return found
