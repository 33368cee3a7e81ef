"""What a name is bound to right now, as far as reading a cell's source needs to know."""

from __future__ import annotations

import sys
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from nbmlops.capture.slicing.names import CellNames, Kind
from nbmlops.capture.slicing.purity import LIBRARIES

_VALUES = (int, float, complex, str, bytes, bool, tuple, frozenset, range, type(None))
_AGAIN = 100  # cells after which every name is looked at, whoever bound it
_CALLED = (FunctionType, BuiltinFunctionType, MethodType)


def kind_of(value: Any) -> Kind | None:
    """The kind of a living value; None where it may be anything.

    >>> import math
    >>> kind_of(math), kind_of(math.sqrt), kind_of("x"), kind_of([1])
    ('module', 'function', 'value', None)
    """
    if isinstance(value, ModuleType):
        return "module" if _known(value.__name__) else "own"
    if isinstance(value, (*_CALLED, type)):
        module = getattr(value, "__module__", None) or ""
        return "function" if _known(module) else None
    if isinstance(value, _VALUES):
        return "value" if not isinstance(value, tuple) or all(isinstance(one, _VALUES) for one in value[:20]) else None
    module = type(value).__module__
    top = module.partition(".")[0]
    if top in ("pandas", "polars", "pyarrow"):
        return "frame"
    if top == "numpy":
        return "array" if hasattr(value, "dtype") else None
    if top == "__main__":
        return "own"
    return "function" if callable(value) and _known(module) and type(value).__name__ in ("ufunc", "partial") else None


def _known(module: str) -> bool:
    top = module.partition(".")[0].lstrip("_")
    return top in LIBRARIES or (top in sys.stdlib_module_names and top != "main")


_FIXED = (*_VALUES, *_CALLED, type, ModuleType)


class Held:
    """What a session's names are bound to, followed from cell to cell: only what a cell may have bound is looked at again."""

    def __init__(self) -> None:
        self.identities: dict[str, int] = {}
        self._cells = 0
        self._by_functions: set[str] = set()  # names that functions bind when they are called, by whatever name

    def after(self, names: CellNames, space: dict[str, Any]) -> dict[str, Any]:
        """The names that may be bound anew, with their values; `identities` has of every name that can change which object it is."""
        self._cells += 1
        if names.opaque or self._cells % _AGAIN == 1:
            bound, self.identities = dict(space), identities(space)
            return bound
        self._by_functions |= names.steps.bound_by_functions
        touched = names.touches | self._by_functions
        bound = {name: space[name] for name in touched if name in space}
        now = dict(self.identities)  # another dictionary: who has the one of before keeps it
        for name in touched:
            now.pop(name, None)
        now.update(identities(bound))
        self.identities = now
        return bound


def identities(names: dict[str, Any]) -> dict[str, int]:
    """The identity of each named thing that can change."""
    return {
        name: id(value)
        for name, value in list(names.items())
        if not name.startswith("_") and (not isinstance(value, _FIXED) or isinstance(value, tuple))
    }
