"""skops, loaded without the lists of all it trusts: they are made when something asks for one.

skops makes them when it is imported, and walks through all of scikit-learn, numpy and scipy for that: 0.7 s in every kernel that
keeps a model, though writing one asks for none of them.
"""

from __future__ import annotations

import importlib.util
import sys
import threading
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from nbmlops.plugins import needs

_LISTS = "skops.io._trusted_types"
_lock = threading.RLock()


def skops_io(why: str) -> ModuleType:
    """skops.io; Missing, with what it is needed for, where skops is not installed."""
    if "skops.io" not in sys.modules and _LISTS not in sys.modules:
        spec = importlib.util.find_spec("skops")
        file = Path(spec.submodule_search_locations[0], "io", "_trusted_types.py") if spec and spec.submodule_search_locations else None
        if file is not None and file.is_file():
            sys.modules[_LISTS] = _Lists(file)
    return needs("skops.io", extra="sklearn", why=why)


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
        self.made()
        return object.__getattribute__(self, name)

    def made(self) -> None:
        """The module's own code, executed once."""
        with _lock:
            if "_made" not in vars(self):
                code = compile(Path(str(self.__file__)).read_bytes(), str(self.__file__), "exec", dont_inherit=True)
                exec(code, vars(self))  # noqa: S102 - skops' own module, as importing it would
                vars(self)["_made"] = True


class _Later(Sequence[str]):
    """One of the lists, by its name."""

    def __init__(self, lists: _Lists, name: str) -> None:
        self._lists, self._name = lists, name

    def _list(self) -> list[str]:
        self._lists.made()
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
