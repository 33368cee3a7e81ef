"""The code that a model's file brings, made importable. This file imports nothing of nbmlops: a copy travels in a model's
folder, and one of `held.py` beside it."""

from __future__ import annotations

import builtins
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import io
import json
import re
import sys
import threading
import zipfile
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbmlops.models import held
else:
    held = importlib.import_module("nbmlops_held" if __name__ == "nbmlops_carried" else "nbmlops.models.held")

PYTHON = importlib.util.MAGIC_NUMBER.hex()  # another Python adds other methods to a class than this one
_lock = threading.RLock()


class Otherwise(ValueError):
    """The source gives something else than the notebook had."""


class Carried:
    """The code in a model file: `files` by place, `values` (members) by name, `package` under which the model knows them.

    `holds`: what the notebook's definitions held when the model was kept, by name (see `held`); `python` which Python that was.
    """

    def __init__(
        self, package: str, files: dict[str, str], values: dict[str, bytes],
        holds: dict[str, dict[str, str]] | None = None, python: str | None = None,
    ) -> None:  # fmt: skip
        self.package, self.files, self.values, self.holds, self.python = package, files, values, holds or {}, python

    @property
    def digest(self) -> str:
        """One digest over the sources: who trusts it trusts this code, whatever values it is given."""
        return "sha256:" + held.digest(self.files)

    def install(self, made: Callable[[str, bytes], Any]) -> None:
        """Have the package importable; `made(member, bytes)` makes a value of what is kept of it.

        Otherwise where the source does not give what the notebook had.
        """
        with _lock:
            there = next((one for one in sys.meta_path if isinstance(one, _Finder) and one.carried.package == self.package), None)
            if there is None:
                sys.meta_path.append(_Finder(self, made))
            elif (there.carried.files, there.carried.values) != (self.files, self.values):
                raise ValueError(f"Two models bring different code as {self.package}.")
            if self.holds and self.python == PYTHON:
                self._hold(vars(importlib.import_module(f"{self.package}.notebook")))

    def _hold(self, space: dict[str, Any]) -> None:
        """What the source gives is what the notebook had."""
        for name, kept in self.holds.items():
            given = held.facts(name, space.get(name))
            for what in [*kept, *given]:
                had, gives = kept.get(what, "nothing"), given.get(what, "nothing")
                if had == gives:
                    continue
                if had.startswith(held.CODE) or gives.startswith(held.CODE):
                    raise Otherwise(f"{what} is not what its source gives.")
                raise Otherwise(f"{what} was {had}, and its source now gives {gives}.")


def carried(data: bytes) -> Carried | None:
    """The code in a model file, or None. ValueError where what is there is no such thing."""
    with zipfile.ZipFile(io.BytesIO(data)) as members:
        names = members.namelist()
        if "code/about.json" not in names:
            return None
        about = json.loads(members.read("code/about.json"))
        package = about.get("package") if isinstance(about, dict) else None
        if not isinstance(package, str) or not held.PACKAGE.fullmatch(package):
            raise ValueError("The code in the model names no package.")
        holds = about.get("holds") or {}
        if not isinstance(holds, dict) or not all(_said(one) for one in holds.values()):
            raise ValueError("What the code in the model held is not readable.")
        files = {name[5:]: members.read(name).decode() for name in names if name.startswith("code/") and name.endswith(".py")}
        values = {name[7:]: members.read(name) for name in names if name.startswith("values/")}
    return Carried(package, files, values, holds, about.get("python"))


def _said(found: Any) -> bool:
    return isinstance(found, dict) and all(isinstance(one, str) for one in found.values())


def table(member: str, content: bytes) -> Any:
    """A frame or series as it was kept."""
    import pyarrow

    found = pyarrow.ipc.open_file(io.BytesIO(content)).read_all()
    found.validate(full=True)  # numbers that point outside their own buffers would be followed
    frame = found.to_pandas()
    return frame.iloc[:, 0] if member.endswith(".series") else frame


def package_of(files: dict[str, str], values: dict[str, bytes]) -> str:
    """The name under which a model knows its code and what that was given: their digest, whatever name the values know it by."""
    return "nbmlops_code_" + held.digest({**files, **{name: _unnamed(name, content) for name, content in values.items()}})[:16]


def _unnamed(member: str, content: bytes) -> bytes:
    """A value without the package's name in it, which comes of its digest."""
    if not member.endswith(".skops"):
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        found = {name: parts.read(name) for name in parts.namelist()}
    found["schema.json"] = re.sub(held.PACKAGE.pattern.encode(), b"", found["schema.json"])
    return held.digest(found).encode()


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Finds a model's own modules in its file. They import each other by the names they had beside the notebook."""

    def __init__(self, carried: Carried, made: Callable[[str, bytes], Any]) -> None:
        self.carried, self._made = carried, made
        self._ready: dict[str, Any] = {}

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        package = self.carried.package
        if name != package and not name.startswith(package + "."):
            return None
        place = name[len(package) + 1 :].replace(".", "/")
        folder = f"{place}/__init__.py" if place else ""
        is_package = not place or folder in self.carried.files
        if not is_package and f"{place}.py" not in self.carried.files:
            return None
        origin = f"{package}/{folder if is_package else place + '.py'}"
        return importlib.machinery.ModuleSpec(name, self, origin=origin, is_package=is_package)

    def get_source(self, name: str) -> str:
        place = name[len(self.carried.package) + 1 :].replace(".", "/")
        return self.carried.files.get(f"{place}/__init__.py") or self.carried.files.get(f"{place}.py") or ""

    def is_package(self, name: str) -> bool:
        found = self.find_spec(name)
        return found is not None and found.submodule_search_locations is not None

    def exec_module(self, module: ModuleType) -> None:
        assert module.__spec__ is not None
        space = vars(module)
        space["__builtins__"] = {**vars(builtins), "__import__": self._import}
        space["__value__"] = self._value
        exec(compile(self.get_source(module.__name__), str(module.__spec__.origin), "exec", dont_inherit=True), space)  # noqa: S102 - code that whoever asks has trusted

    def _value(self, name: str) -> Any:
        if name not in self._ready:
            member = next(one for one in self.carried.values if one.rpartition(".")[0] == name)
            self._ready[name] = self._made(member, self.carried.values[member])
        return self._ready[name]

    def _import(self, name: str, space: Any = None, local: Any = None, wanted: Any = (), level: int = 0) -> Any:
        own = f"{self.carried.package}.{name}"
        if level or self.find_spec(own) is None:
            return builtins.__import__(name, space, local, wanted, level)
        module = importlib.import_module(own)
        if not wanted:
            return sys.modules[f"{self.carried.package}.{name.partition('.')[0]}"]
        for one in wanted:
            if one != "*" and not hasattr(module, one) and self.find_spec(f"{own}.{one}") is not None:
                importlib.import_module(f"{own}.{one}")
        return module
