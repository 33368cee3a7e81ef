"""The code that a model's file brings, made importable. This file imports nothing of nbmlops: a copy travels in a model's folder."""

from __future__ import annotations

import builtins
import contextlib
import enum
import hashlib
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
from types import CodeType, FunctionType, ModuleType
from typing import Any

PACKAGE = re.compile(r"nbmlops_code_[0-9a-f]{16}")
PYTHON = importlib.util.MAGIC_NUMBER.hex()  # another Python adds other methods to a class than this one
_CODE = "code called "
_lock = threading.RLock()


class Otherwise(ValueError):
    """The source gives something else than the notebook had."""


class Carried:
    """The code in a model file: `files` by place, `values` (members) by name, `package` under which the model knows them.

    `holds`: what the notebook's definitions held when the model was kept, by name (see `facts`); `python` which Python that was.
    """

    def __init__(
        self, package: str, files: dict[str, str], values: dict[str, bytes],
        holds: dict[str, dict[str, str]] | None = None, python: str | None = None,
    ) -> None:  # fmt: skip
        self.package, self.files, self.values, self.holds, self.python = package, files, values, holds or {}, python

    @property
    def digest(self) -> str:
        """One digest over the sources: who trusts it trusts this code, whatever values it is given."""
        return "sha256:" + _digest(self.files)

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
        for name, held in self.holds.items():
            given = facts(name, space.get(name))
            for what in [*held, *given]:
                had, gives = held.get(what, "nothing"), given.get(what, "nothing")
                if had == gives:
                    continue
                if had.startswith(_CODE) or gives.startswith(_CODE):
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
        if not isinstance(package, str) or not PACKAGE.fullmatch(package):
            raise ValueError("The code in the model names no package.")
        holds = about.get("holds") or {}
        if not isinstance(holds, dict) or not all(_said(one) for one in holds.values()):
            raise ValueError("What the code in the model held is not readable.")
        files = {name[5:]: members.read(name).decode() for name in names if name.startswith("code/") and name.endswith(".py")}
        values = {name[7:]: members.read(name) for name in names if name.startswith("values/")}
    return Carried(package, files, values, holds, about.get("python"))


def _said(held: Any) -> bool:
    return isinstance(held, dict) and all(isinstance(one, str) for one in held.values())


def table(member: str, content: bytes) -> Any:
    """A frame or series as it was kept."""
    import pyarrow

    found = pyarrow.ipc.open_file(io.BytesIO(content)).read_all()
    found.validate(full=True)  # numbers that point outside their own buffers would be followed
    frame = found.to_pandas()
    return frame.iloc[:, 0] if member.endswith(".series") else frame


def package_of(files: dict[str, str], values: dict[str, bytes]) -> str:
    """The name under which a model knows its code and what that was given: their digest, whatever name the values know it by."""
    return "nbmlops_code_" + _digest({**files, **{name: _unnamed(name, content) for name, content in values.items()}})[:16]


def _unnamed(member: str, content: bytes) -> bytes:
    """A value without the package's name in it, which comes of its digest."""
    if not member.endswith(".skops"):
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        found = {name: parts.read(name) for name in parts.namelist()}
    found["schema.json"] = re.sub(PACKAGE.pattern.encode(), b"", found["schema.json"])
    return _digest(found).encode()


def _digest(parts: dict[str, Any]) -> str:
    found = hashlib.sha256()
    for name in sorted(parts):
        content = parts[name].encode() if isinstance(parts[name], str) else parts[name]
        found.update(b"%d:%s:%d:" % (len(name.encode()), name.encode(), len(content)))
        found.update(content)
    return found.hexdigest()


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


# -- what a definition holds


def facts(name: str, value: Any) -> dict[str, str]:
    """What a function or class of the notebook holds that its source may give otherwise: what it is, and how it was.

    >>> space = {"__name__": "__main__"}
    >>> exec("def cap(x, lim=10): return min(x, lim)", space)
    >>> facts("cap", space["cap"])
    {"The default 'lim' of 'cap'": '10'}
    """
    found: dict[str, str] = {}
    if isinstance(value, type):
        _of_class(f"'{name}'", value, found, {id(value)})
    else:
        _of(f"'{name}'", f"'{name}'", value, found, set())
    return found


def _of_class(name: str, value: type, found: dict[str, str], seen: set[int]) -> None:
    for at, base in enumerate(value.__bases__):
        own = _own(base.__module__)
        found[f"Base {at + 1} of {name}"] = "a class of the notebook" if own else f"{base.__module__}.{base.__qualname__}"
        if own and id(base) not in seen:
            seen.add(id(base))
            _of_class(f"base {at + 1} of {name}", base, found, seen)
    members = dict(value.__members__) if issubclass(value, enum.Enum) else {}
    for key, held in {**vars(value), **members}.items():
        if not (key.startswith("_") and key.endswith("_")) or isinstance(held, (FunctionType, staticmethod, classmethod)):
            function = getattr(held, "__func__", held)
            if isinstance(function, FunctionType) and not function.__code__.co_filename.startswith("<string>"):  # what dataclasses write
                # Not the code itself: whoever records a session has calls in it rewritten.
                found[f"The code of {key!r} of {name}"] = _whence(function.__code__)
            _of(f"{key!r} of {name}", f"{key!r} of {name}", held, found, seen)


def _of(what: str, name: str, held: Any, found: dict[str, str], seen: set[int]) -> None:
    """What is held in one place. Of what has no text of its own, its type."""
    if isinstance(held, (staticmethod, classmethod)):
        held = held.__func__
    if isinstance(held, property):
        for part in ("fget", "fset", "fdel"):
            if getattr(held, part) is not None:
                _of(f"{what} ({part})", f"{name} ({part})", getattr(held, part), found, seen)
    elif isinstance(held, FunctionType):
        if id(held) not in seen:
            seen.add(id(held))
            _of_function(name, held, found, seen)
    elif isinstance(held, type):
        found[what] = "a class" if _own(held.__module__) else f"{held.__module__}.{held.__qualname__}"
    else:
        found[what] = _text(held)


def _of_function(name: str, value: FunctionType, found: dict[str, str], seen: set[int]) -> None:
    wrapped = getattr(value, "__wrapped__", None)
    if not _own(value.__globals__.get("__name__")):
        found[f"The code of {name}"] = f"{value.__globals__.get('__name__')}.{value.__code__.co_name}"
        if isinstance(wrapped, FunctionType):
            _of(f"{name}, wrapped,", f"{name}, wrapped,", wrapped, found, seen)
        return
    code = value.__code__
    names = code.co_varnames[: code.co_argcount]
    defaults = value.__defaults__ or ()
    given = dict(zip(names[len(names) - len(defaults) :], defaults, strict=True)) | (value.__kwdefaults__ or {})
    for argument, held in given.items():
        _of(f"The default {argument!r} of {name}", f"{argument!r}, a default of {name},", held, found, seen)
    for free, cell in zip(code.co_freevars, value.__closure__ or (), strict=True):
        with contextlib.suppress(ValueError):  # not bound yet
            if not isinstance(cell.cell_contents, type):
                _of(f"{free!r}, which {name} closes over,", f"{free!r} of {name}", cell.cell_contents, found, seen)


def _whence(code: CodeType) -> str:
    """By what name a function was defined, and whether within something."""
    return f"{_CODE}{code.co_name}, {'within something' if '.' in code.co_qualname else 'by itself'}"


def _text(value: Any, depth: int = 4) -> str:
    kind = type(value)
    if isinstance(value, enum.Enum):
        return f"{value.name} {_text(value.value, depth - 1)}" if depth else value.name
    if value is None or kind in (bool, int, float, complex):
        return repr(value)
    if kind in (str, bytes, bytearray):
        return repr(value) if len(value) < 40 else f"{kind.__name__} {_digest({'': repr(value)})[:16]}"
    if kind in (list, tuple, set, frozenset, dict) and depth:
        inside = [f"{_text(key, depth - 1)}: {_text(one, depth - 1)}" for key, one in value.items()] if kind is dict else None
        parts = inside if inside is not None else [_text(one, depth - 1) for one in value]
        said = f"{kind.__name__} of " + ", ".join(sorted(parts) if kind in (set, frozenset) else parts)
        return said if len(said) < 200 else f"{kind.__name__} {_digest({'': said})[:16]}"
    if kind.__module__ == "numpy" and hasattr(value, "tobytes") and not getattr(value.dtype, "hasobject", True):
        said = f"{kind.__name__} {value.dtype} {value.shape}"
        return f"{said} {value!r}" if value.size == 1 else f"{said} {_digest({'': value.tobytes()})[:16]}"
    return f"a {kind.__name__}"


def _own(module: Any) -> bool:
    return module == "__main__" or bool(PACKAGE.match(str(module)))
