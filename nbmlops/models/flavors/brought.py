"""A skops file as a whole: its members, its trees, and the code and values that it brings, looked at before anything is made of them."""

from __future__ import annotations

import ast
import io
import json
import re
import zipfile
from collections.abc import Iterator
from typing import Any, Literal

from nbmlops.errors import Damaged
from nbmlops.models.carried import Carried, carried, package_of
from nbmlops.models.flavors import arrays, schema, zipped

_AGAIN = "Register the model again from its run, or get its file again."
_PLACE = re.compile(r"([A-Za-z_]\w*/)*[A-Za-z_]\w*\.py")
_VALUE = re.compile(r"\w+\.(skops|frame|series)")
Kind = Literal["class", "function"]


def looked(data: bytes) -> Carried | None:
    """The code in a file, or None, once all that is in the file is known to be well formed. Damaged otherwise."""
    _state(data)
    brought = carried(data)
    if brought is None:
        return None
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        for name in file.namelist():
            known = name == "code/about.json" or (name[:5] == "code/" and _PLACE.fullmatch(name[5:])) or _VALUE.fullmatch(name[7:])
            if name.startswith(("code/", "values/")) and not known:
                raise Damaged(f"The model brings {zipped.shown(name)!r}, which is no place of code or of a value.", hint=_AGAIN)
    if brought.package != package_of(brought.files, brought.values):
        raise Damaged("The code in the model goes by a name that is not its digest.", hint=_AGAIN)
    for name, content in brought.values.items():
        if name.endswith(".skops"):
            _state(content)
    return brought


def states(data: bytes, brought: Carried | None) -> list[bytes]:
    """Every skops file in it: the model's, and those of values that its code takes."""
    return [data, *(content for name, content in (brought.values if brought else {}).items() if name.endswith(".skops"))]


def tree_of(data: bytes) -> Any:
    """The tree in a skops file."""
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return json.loads(file.read("schema.json"))


def own_names(data: bytes, brought: Carried) -> None:
    """What a tree names of the code is what the code defines, and is called as what it is; Damaged otherwise.

    The digest that was trusted is the code's alone. Another tree beside the same code could name what the code merely imports
    (`from subprocess import run`), and have that called.
    """
    defined = {module: _defined(source) for module, source in _modules(brought)}
    for part in states(data, brought):
        for node in schema.nodes(tree_of(part)):
            module, name = str(node["__module__"]), str(node["__class__"])
            if not module.startswith(brought.package):
                continue
            kind = defined.get(module, {}).get(name)
            called = node["__loader__"] not in ("FunctionNode", "TypeNode")
            if kind is None or (called and kind != "class"):
                place = zipped.shown(f"{module[len(brought.package) + 1 :]}.{name}")
                raise Damaged(f"The model names {place!r}, which its code does not define as a class.", hint=_AGAIN)


def _state(data: bytes) -> None:
    zipped.checked(data)
    schema.checked(tree_of(data))
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        arrays.checked(file)


def _modules(brought: Carried) -> Iterator[tuple[str, str]]:
    for place, source in brought.files.items():
        name = place.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        yield f"{brought.package}.{name}", source


def _defined(source: str) -> dict[str, Kind]:
    """What a module's own statements define: classes and functions, by name; not what it imports."""
    found: dict[str, Kind] = {}
    waiting: list[ast.stmt] = list(reversed(ast.parse(source).body))
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.ClassDef):
            found[node.name] = "class"
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            found[node.name] = "function"
        elif isinstance(node, ast.Assign) and isinstance(target := node.targets[0], ast.Name):
            if (kind := _made_by(node.value, found)) is not None:
                found[target.id] = kind
        elif isinstance(node, (ast.If, ast.Try, ast.With)):
            inner = [*node.body, *getattr(node, "orelse", ()), *getattr(node, "finalbody", ())]
            inner += [one for handler in getattr(node, "handlers", ()) for one in handler.body]
            waiting += reversed(inner)
    return found


def _made_by(value: ast.expr, found: dict[str, Kind]) -> Kind | None:
    """A lambda, another name of something defined, or what a function defined there gives."""
    if isinstance(value, ast.Lambda):
        return "function"
    if isinstance(value, ast.Name):
        return found.get(value.id)
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and found.get(value.func.id) == "function":
        return "function"
    return None
