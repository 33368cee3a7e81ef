"""The modules beside the notebook that a piece of code imports, and those that they import."""

from __future__ import annotations

import ast
import importlib.util
import sys
from contextlib import suppress
from pathlib import Path

from nbmlops.errors import Invalid
from nbmlops.models.travelling.own import is_own


def with_its_imports(module: str) -> dict[str, str]:
    """An own module's source by its file's place (`features.py`, `lib/__init__.py`), with all own modules it imports."""
    found: dict[str, str] = {}
    waiting, seen = [module], set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        path = Path(str(sys.modules[name].__file__))
        try:
            source = path.read_text("utf-8")
            tree = ast.parse(source)
        except (OSError, ValueError, SyntaxError) as error:
            raise Invalid(
                f"The module {name} cannot be read, so it cannot travel with the model: {error}.", hint=f"Mend {path.name}."
            ) from error
        place = name.replace(".", "/")
        found[f"{place}/__init__.py" if path.name == "__init__.py" else f"{place}.py"] = source
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        waiting += [one for one in (name.rpartition(".")[0],) if one]
        for one in _imported(tree, package):
            waiting += _own(one)
    return found


def own_imports(source: str) -> list[str]:
    """The own modules that a piece of source imports where it runs. They are imported now, as it would."""
    found = []
    for name in _imported(ast.parse(source), ""):
        if name.partition(".")[0] not in sys.stdlib_module_names:
            with suppress(ImportError):  # asking the model shows whether it is missed
                importlib.import_module(name)
        found += _own(name)
    return found


def _imported(tree: ast.AST, package: str) -> list[str]:
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            origin = node.module or ""
            if node.level:
                try:
                    origin = importlib.util.resolve_name("." * node.level + origin, package)
                except ImportError:
                    continue
            names += [origin, *(f"{origin}.{alias.name}" for alias in node.names)]
    return names


def _own(name: str) -> list[str]:
    """The own modules that importing this name loads: it, and the packages around it."""
    pieces = name.split(".")
    around = [".".join(pieces[:count]) for count in range(1, len(pieces) + 1)]
    return [one for one in around if one != "__main__" and one in sys.modules and is_own(one)]
