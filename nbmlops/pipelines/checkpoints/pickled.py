"""A kernel's names as one pickle: what several names share is shared again, functions see the namespace they are brought into."""

from __future__ import annotations

import importlib
import io
import pickle
import re
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any

_OF_IPYTHON = re.compile(r"_+|_i+|_i?\d+|_(?:ih|oh|dh|exit_code)|In|Out|exit|quit|get_ipython|open|__\w+__")


def names_of(space: Mapping[str, Any], hidden: Mapping[str, Any], leave: frozenset[str]) -> dict[str, Any]:
    """The names that the notebook's cells bound."""
    return {
        name: value
        for name, value in space.items()
        if not _OF_IPYTHON.fullmatch(name) and name not in leave and not (name in hidden and hidden[name] is value)
    }


def pickled(value: Any) -> bytes:
    """The bytes. Raises whatever an object's own code raises."""
    import dill

    file = io.BytesIO()
    pickler = dill.Pickler(file, protocol=5, byref=False, recurse=False)
    pickler.dispatch = {**dill.Pickler.dispatch, dict: _save_dict, ModuleType: _save_module}
    pickler.dump(value)
    return file.getvalue()


def unpickled(data: bytes) -> Any:
    """What the bytes are of; functions of the notebook get this process's `__main__` as their globals."""
    import dill

    return dill.Unpickler(io.BytesIO(data)).load()  # noqa: S301 - of our own ledger, by its digest


def refusing(names: Mapping[str, Any]) -> str:
    """The first name whose value cannot be pickled, in words; empty where each alone can be."""
    for name, value in names.items():
        try:
            pickled(value)
        except Exception as error:  # an object's own code raises what it likes
            return f"{name} cannot be kept ({type(value).__name__}: {str(error)[:150]})"
    return ""


def _save_dict(pickler: Any, held: dict[Any, Any]) -> None:
    if held is sys.modules["__main__"].__dict__:
        pickler.write(b"c__builtin__\n__main__\n")  # dill's word for the globals of whoever loads
    else:
        pickle._Pickler.save_dict(pickler, held)  # type: ignore[attr-defined]


def _save_module(pickler: Any, module: ModuleType) -> None:
    pickler.save_reduce(importlib.import_module, (module.__name__,), obj=module)
