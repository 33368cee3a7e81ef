"""What a notebook's function or class holds that its source may give otherwise. This file imports nothing of nbmlops: a copy travels in
a model's folder."""

from __future__ import annotations

import contextlib
import enum
import hashlib
import re
from types import CodeType, FunctionType
from typing import Any

PACKAGE = re.compile(r"nbmlops_code_[0-9a-f]{16}")
CODE = "code called "


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
    return f"{CODE}{code.co_name}, {'within something' if '.' in code.co_qualname else 'by itself'}"


def _text(value: Any, depth: int = 4) -> str:
    kind = type(value)
    if isinstance(value, enum.Enum):
        return f"{value.name} {_text(value.value, depth - 1)}" if depth else value.name
    if value is None or kind in (bool, int, float, complex):
        return repr(value)
    if kind in (str, bytes, bytearray):
        return repr(value) if len(value) < 40 else f"{kind.__name__} {digest({'': repr(value)})[:16]}"
    if kind in (list, tuple, set, frozenset, dict) and depth:
        inside = [f"{_text(key, depth - 1)}: {_text(one, depth - 1)}" for key, one in value.items()] if kind is dict else None
        parts = inside if inside is not None else [_text(one, depth - 1) for one in value]
        said = f"{kind.__name__} of " + ", ".join(sorted(parts) if kind in (set, frozenset) else parts)
        return said if len(said) < 200 else f"{kind.__name__} {digest({'': said})[:16]}"
    if kind.__module__ == "numpy" and hasattr(value, "tobytes") and not getattr(value.dtype, "hasobject", True):
        said = f"{kind.__name__} {value.dtype} {value.shape}"
        return f"{said} {value!r}" if value.size == 1 else f"{said} {digest({'': value.tobytes()})[:16]}"
    return f"a {kind.__name__}"


def _own(module: Any) -> bool:
    return module == "__main__" or bool(PACKAGE.match(str(module)))


def digest(parts: dict[str, Any]) -> str:
    found = hashlib.sha256()
    for name in sorted(parts):
        content = parts[name].encode() if isinstance(parts[name], str) else parts[name]
        found.update(b"%d:%s:%d:" % (len(name.encode()), name.encode(), len(content)))
        found.update(content)
    return found.hexdigest()
