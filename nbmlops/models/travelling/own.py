"""Which objects of a model's are made of the user's own code: what `__main__` defines, and modules that no distribution brings."""

from __future__ import annotations

import sys
import sysconfig
from functools import cache, partial
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

_INSTALLED = ("site-packages", "dist-packages")
_PLAIN = (str, bytes, bytearray, int, float, complex, bool, type(None), np.generic)


def is_own(module: str) -> bool:
    """Whether a module is the user's own: the notebook, or a file beside it.

    >>> is_own("__main__"), is_own("numpy.linalg"), is_own("json"), is_own("nbmlops.run")
    (True, False, False, False)
    """
    if module == "__main__":
        return True
    top = module.partition(".")[0]
    if top in ("nbmlops", "builtins") or top in sys.stdlib_module_names:
        return False
    found = sys.modules.get(module)
    where = getattr(found, "__file__", None) if isinstance(found, ModuleType) else None
    return bool(where) and _is_local(str(where))


@cache
def _is_local(where: str) -> bool:
    path = Path(where).resolve()
    installed = any(part in _INSTALLED for part in path.parts)
    return not installed and not path.is_relative_to(sysconfig.get_paths()["stdlib"]) and path.suffix == ".py"


def code_of(value: Any) -> Any:
    """The class or function that an object is, or is made by."""
    return value if isinstance(value, (type, FunctionType, BuiltinFunctionType)) else type(value)


def parts(root: Any) -> dict[int, Any]:
    """Every object a model is made of that is the user's own, by its id: classes, functions, and instances of such classes."""
    found: dict[int, Any] = {}
    seen: dict[int, Any] = {}  # held, so that no id is given twice
    waiting = [root]
    while waiting:
        value = waiting.pop()
        if isinstance(value, _PLAIN) or id(value) in seen or isinstance(value, ModuleType):
            continue
        seen[id(value)] = value
        if is_own(str(getattr(code_of(value), "__module__", ""))):
            found[id(value)] = value
        waiting += _inside(value)
    return found


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    if isinstance(value, (list, tuple, set, frozenset)):
        return list(value)
    if isinstance(value, np.ndarray):
        return list(value.flat) if value.dtype == object else []
    if isinstance(value, MethodType):
        return [value.__self__, value.__func__]
    if isinstance(value, partial):
        return [value.func, value.args, value.keywords]
    if isinstance(value, (type, FunctionType, BuiltinFunctionType)):
        return []
    try:
        state = value.__getstate__()
    except Exception:  # an object's own code raises whatever it likes; what cannot be kept is said when it is kept
        state = getattr(value, "__dict__", None)
    return [state] if state is not None else []
