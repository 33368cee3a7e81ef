"""skops, loaded without the lists of all it trusts: they are made when something asks for one.

skops makes them when it is imported, and walks through all of scikit-learn, numpy and scipy for that: a second in every kernel that
keeps a model, and whatever scikit-learn can be used with (torch, dask) is loaded by the way. Writing a model asks for none of the lists;
who names every type himself asks for all but scikit-learn's estimators, which is the long one.

This file imports nothing of nbmlops when it is loaded: a copy travels in a model's folder, as `nbmlops_skops.py`.
"""

from __future__ import annotations

import ast
import importlib.util
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

_LISTS = "skops.io._trusted_types"
_ESTIMATORS = "SKLEARN_ESTIMATOR_TYPE_NAMES"
_lock = threading.RLock()
_named: ContextVar[bool] = ContextVar("nbmlops_skops_named", default=False)


def skops_io(why: str) -> ModuleType:
    """skops.io; Missing, with what it is needed for, where skops is not installed."""
    from nbmlops.plugins import needs

    stand_in()
    return needs("skops.io", extra="sklearn", why=why)


def stand_in() -> None:
    """Have the lists made later, where skops is not loaded yet."""
    if "skops.io" not in sys.modules and _LISTS not in sys.modules:
        spec = importlib.util.find_spec("skops")
        file = Path(spec.submodule_search_locations[0], "io", "_trusted_types.py") if spec and spec.submodule_search_locations else None
        if file is not None and file.is_file():
            sys.modules[_LISTS] = _Lists(file)


@contextmanager
def every_estimator_named() -> Iterator[None]:
    """Inside, skops trusts no estimator by itself: each must be named by who asks, and the list of them is not made."""
    token = _named.set(True)
    try:
        yield
    finally:
        _named.reset(token)


class _Lists(ModuleType):
    """Stands for the module of the lists until something looks into one."""

    def __init__(self, file: Path) -> None:
        super().__init__(_LISTS)
        self.__file__ = str(file)
        self.__package__ = "skops.io"
        self.__spec__ = ModuleSpec(_LISTS, None, origin=str(file))

    def __getattr__(self, name: str) -> Any:
        if name.endswith("_TYPE_NAMES"):
            return _Later(self, name)
        if not name.endswith("_TYPES"):  # skops looks into every module that there is for what has no module of its own
            raise AttributeError(name)
        self.made(name)
        return object.__getattribute__(self, name)

    def made(self, name: str) -> None:
        """The module's own code, executed once: the estimators' list by itself, all else together."""
        part = "_made_estimators" if name == _ESTIMATORS else "_made"
        with _lock:
            if part not in vars(self):
                if name == _ESTIMATORS:
                    self.made("")
                tree = ast.parse(Path(str(self.__file__)).read_bytes(), str(self.__file__))
                tree.body = [node for node in tree.body if _is_estimators(node) is (name == _ESTIMATORS)]
                exec(compile(tree, str(self.__file__), "exec", dont_inherit=True), vars(self))  # noqa: S102 - skops' own, as importing would
                vars(self)[part] = True


def _is_estimators(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and any(isinstance(target, ast.Name) and target.id == _ESTIMATORS for target in node.targets)


class _Later(Sequence[str]):
    """One of the lists, by its name."""

    def __init__(self, lists: _Lists, name: str) -> None:
        self._lists, self._name = lists, name

    def _list(self) -> list[str]:
        if self._name == _ESTIMATORS and _named.get():
            return []
        self._lists.made(self._name)
        made: list[str] = vars(self._lists)[self._name]
        return made

    def __getitem__(self, at: Any) -> Any:
        return self._list()[at]

    def __len__(self) -> int:
        return len(self._list())

    def __iter__(self) -> Iterator[str]:
        return iter(self._list())

    def __add__(self, other: Sequence[Any]) -> list[Any]:
        return [*self._list(), *other]

    def __radd__(self, other: Sequence[Any]) -> list[Any]:
        return [*other, *self._list()]
