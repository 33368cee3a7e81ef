"""What must be installed for a model to be loaded: the distributions of the modules it is made of, and what these require."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib import metadata

from nbmlops.runs.environment import environment


def modules_of(names: Iterable[str], sources: Mapping[str, str]) -> set[str]:
    """The modules (their first names) that types are from, and that sources import, but for those the sources are.

    >>> sorted(modules_of(["sklearn.svm.SVC"], {"a.py": "import os, yaml\\nfrom b.c import d", "b/c.py": ""}))
    ['sklearn', 'yaml']
    """
    found = {name.partition(".")[0] for name in names if not name.startswith("sha256:")}
    own = {place.partition("/")[0].removesuffix(".py") for place in sources}
    for source in sources.values():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add(str(node.module).partition(".")[0])
    return {name for name in found if name not in own and name not in sys.stdlib_module_names and not name.startswith("nbmlops_code_")}


def distributions(modules: Iterable[str]) -> dict[str, str]:
    """Which distributions bring these modules, and which those require, by name with their versions as they are here.

    >>> found = distributions(["sklearn"])
    >>> "scikit-learn" in found, "numpy" in found, "nbmlops" in found
    (True, True, False)
    """
    from packaging.requirements import InvalidRequirement, Requirement

    here = environment()["distributions"]
    brought = _brought(tuple(sorted(here.items())))
    plain = {_plain(name): name for name in here}
    waiting = [plain[_plain(name)] for module in modules for name in brought.get(module, ()) if _plain(name) in plain]
    found: dict[str, str] = {}
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found[name] = here[name]
        for line in metadata.requires(name) or ():
            try:
                required = Requirement(line)
            except InvalidRequirement:
                continue
            if (required.marker is None or required.marker.evaluate({"extra": ""})) and _plain(required.name) in plain:
                waiting.append(plain[_plain(required.name)])
    return dict(sorted(found.items()))


@lru_cache(maxsize=2)
def _brought(installed: tuple[tuple[str, str], ...]) -> Mapping[str, list[str]]:
    return metadata.packages_distributions()  # reads every distribution's list of files: once, while nothing else is installed


def _plain(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")
