"""Adapters by name: entry point → object, one at a time; and late imports that name the extra they need."""

from __future__ import annotations

import importlib
from functools import cache
from types import ModuleType
from typing import Any

from nbmlops.errors import Invalid, Missing, NotFound, there_is

PORTS = ("ledger", "blobs", "flavor", "target", "drift_test", "executor", "report", "chart", "gate")


@cache
def _points(port: str) -> dict[str, Any]:
    from importlib.metadata import entry_points

    return {point.name: point for point in entry_points(group=f"nbmlops.{port}")}


def names(port: str) -> list[str]:
    """The adapters installed for a port, sorted.

    >>> "sklearn" in names("flavor")
    True
    """
    return sorted(_points(port))


def adapter(port: str, name: str) -> Any:
    """Load one adapter; no other is imported.

    >>> adapter("flavor", "cobol")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    nbmlops.errors.NotFound: There is no flavor 'cobol'. Installed: ...sklearn...
    """
    point = _points(port).get(name)
    if point is None:
        raise NotFound(f"There is no {port} {name!r}.", hint=f"Installed: {there_is(_points(port))}")
    return point.load()


def taking(port: str, thing: Any, called: str) -> Any:
    """The adapter that can take a thing, the most special first (`general` ones last). Invalid where none can."""
    found = sorted((adapter(port, name)() for name in names(port)), key=lambda one: getattr(one, "general", False))
    for one in found:
        if one.can(thing):
            return one
    raise Invalid(f"No {port} keeps a {called}.", hint=f"There is {there_is(one.name for one in found)}.")


def needs(module: str, *, extra: str, why: str) -> ModuleType:
    """Import `module` now, or say which extra brings it. A module that is there but broken raises its own error.

    >>> needs("json", extra="none", why="Nothing").__name__
    'json'
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != module.split(".")[0]:
            raise
        raise Missing(f"{why} needs {module.split('.')[0]}.", hint=f"Install it: pip install 'nbmlops[{extra}]'") from error
