"""From a model to the code it needs: one module of what the notebook defined, and the modules beside the notebook."""

from __future__ import annotations

import builtins
import importlib
import re
import sys
from dataclasses import dataclass, field
from types import FunctionType, ModuleType
from typing import Any

from nbmlops.errors import Invalid
from nbmlops.models.held import facts
from nbmlops.models.travelling.living import living, replaced, set_since
from nbmlops.models.travelling.modules import own_imports, with_its_imports
from nbmlops.models.travelling.own import code_of, is_own, parts
from nbmlops.models.travelling.source import global_names, source_of

NOTEBOOK = "notebook"  # the module that what the notebook defined becomes
_SESSION = ("get_ipython", "In", "Out", "_ih", "_oh", "_dh")
_HEAD = "# What the model needs of the notebook it was made in. `__value__` gives what the notebook had under a name.\n"


@dataclass
class Code:
    """`files`: sources by place. `values`: what the notebook's definitions take from the session, by name.

    `names`: for each class or function of the notebook's own, by its id, the name it has in the module `notebook`; `holds` what it holds.
    """

    files: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    holds: dict[str, dict[str, str]] = field(default_factory=dict)


def gather(own: dict[int, Any]) -> Code:
    """The code that these objects (classes, functions, instances) are made of. Invalid where some of it cannot travel."""
    made = _Notebook()
    for value in own.values():
        made.need(code_of(value))
    return made.finished()


class _Notebook:
    """The module that what the notebook defined becomes, definition by definition, each after what it needs."""

    def __init__(self) -> None:
        self.code = Code()
        self._held: list[Any] = []  # what has a name keeps its id
        self._blocks: list[str] = []
        self._imports: list[str] = []
        self._taken: set[str] = set()

    def finished(self) -> Code:
        self.code.holds = {self.code.names[id(value)]: facts(self.code.names[id(value)], value) for value in self._held}
        if self._blocks:
            parts = ["\n".join(sorted(self._imports)) + "\n"] if self._imports else []
            self.code.files[f"{NOTEBOOK}.py"] = "\n".join([_HEAD, *parts, *self._blocks])
        return self.code

    def need(self, value: Any) -> str:
        """A class or function is in the module, or comes in; its name there."""
        module = str(getattr(value, "__module__", ""))
        if module != "__main__":
            self._module(module, value)
            return str(value.__name__)
        if id(value) in self.code.names:
            return self.code.names[id(value)]
        if not isinstance(value, (type, FunctionType)):
            raise Invalid(f"A {type(value).__name__} of the notebook cannot travel with the model.", hint="Make it a function.")
        return self._define(value)

    def _module(self, module: str, value: Any) -> None:
        held: Any = sys.modules[module]
        for piece in value.__qualname__.split("."):
            held = getattr(held, piece, None)
        if held is None and "<" in value.__qualname__:
            raise Invalid(
                f"{value.__qualname__!r} of the module {module} has no name there by which another process could find it.",
                hint="Define it at the top of the module with def or class; or in the notebook, where a lambda travels too.",
            )
        if held is not value:
            raise Invalid(
                f"{value.__qualname__!r} of the module {module} is not what the module defines now.",
                hint=f"Fit again with what is there, or restart the kernel: {module} was loaded again meanwhile.",
            )
        self.code.files.update(with_its_imports(module))

    def _define(self, value: type | FunctionType) -> str:
        own: dict[str, Any] = vars(sys.modules["__main__"])
        source, node = source_of(value)
        defined = getattr(node, "name", None)  # a decorator may have called it otherwise since
        space = value.__globals__ if isinstance(value, FunctionType) else own
        current = next((name for name, held in space.items() if held is value and not name.startswith("_")), None)
        name = self._free(current or defined or "lambda_1", space, value)
        self.code.names[id(value)] = name
        self._held.append(value)
        cells = _cells(value)
        source = replaced(
            source, [(place, self._given(f"{name}_{what}", used)) for place, what, used in living(source, node, value, space)]
        )
        for used in global_names(source):
            if used not in cells and not (used == defined and space.get(used, value) is value):
                self._use(used, space, value)
        for module in own_imports(source):
            self.code.files.update(with_its_imports(module))
        if defined is None:
            text = f"{name} = {source}\n"
        else:
            text = source if name == defined else re.sub(rf"\b(class|def)\s+{defined}\b", rf"\1 {name}", source, count=1)
        if cells:
            text = self._closed(name, text, cells)
        self._blocks.append(f"\n{text}")
        for what, held in set_since(node, value):
            self._blocks.append(f"\n{name}.{what} = {self._given(f'{name}_{what}', held)}\n")
        return name

    def _closed(self, name: str, text: str, cells: dict[str, Any]) -> str:
        """A function with what it closes over: made by another that is given it."""
        given = [self._given(f"{name}_{cell}", held) for cell, held in cells.items()]
        body = "".join(f"    {line}\n" if line.strip() else "\n" for line in text.splitlines())
        return f"def _{name}({', '.join(cells)}):\n{body}    return {name}\n\n\n{name} = _{name}({', '.join(given)})\n"

    def _given(self, wanted: str, held: Any) -> str:
        """The name in the module of what a definition has as a default, an attribute, a base, or closes over."""
        if isinstance(held, (type, FunctionType)) and held.__module__ == "__main__":
            return self.need(held)
        kept = self._free(wanted, {}, held)
        if isinstance(held, ModuleType):
            self._imports.append(f"import {held.__name__} as {kept}")
        elif (said := _importable(held)) is not None:
            if is_own(said[0]):
                self._module(said[0], held)
            self._imports.append(f"from {said[0]} import {said[1]} as {kept}")
        else:
            self._value(kept, held)
        return kept

    def _use(self, name: str, space: dict[str, Any], by: Any) -> None:
        """A name that a definition takes from the notebook."""
        if name not in space or name in self._taken or getattr(builtins, name, _SESSION) is space[name]:
            return  # a builtin; there already; or a name that only a path nobody goes would miss: asking the model shows which
        held = space[name]
        if name in _SESSION:
            raise Invalid(
                f"{by.__qualname__!r} uses {name}, which only a notebook has.", hint="Take it out of what the model does, and fit again."
            )
        if isinstance(held, ModuleType):
            self._taken.add(name)
            if is_own(held.__name__):
                self.code.files.update(with_its_imports(held.__name__))
            self._imports.append(f"import {held.__name__}" if held.__name__ == name else f"import {held.__name__} as {name}")
            return
        if isinstance(held, (type, FunctionType)) and getattr(held, "__module__", "") == "__main__":
            given = self.need(held)
            if given != name:
                self._taken.add(name)
                self._blocks.append(f"\n{name} = {given}\n")
            return
        self._taken.add(name)
        if (said := _importable(held)) is not None:
            module, attribute = said
            if is_own(module):
                self._module(module, held)
            self._imports.append(f"from {module} import {attribute}" + ("" if attribute == name else f" as {name}"))
            return
        self._value(name, held)

    def _value(self, name: str, held: Any) -> None:
        """A value of the session's; what it is made of comes first."""
        for part in parts(held).values():
            self.need(code_of(part))
        self.code.values[name] = held
        self._blocks.append(f'\n{name} = __value__("{name}")\n')

    def _free(self, wanted: str, space: dict[str, Any], value: Any) -> str:
        """A name that nothing has, neither in the module nor, being something else, in the notebook."""
        name, count = wanted, 1
        while name in self._taken or space.get(name, value) is not value:
            count += 1
            name = f"{wanted.removesuffix('_1')}_{count}"
        self._taken.add(name)
        return name


def _cells(value: Any) -> dict[str, Any]:
    """What a function closes over, by name."""
    if not isinstance(value, FunctionType) or not value.__closure__:
        return {}
    found = {}
    for name, cell in zip(value.__code__.co_freevars, value.__closure__, strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:
            continue  # not bound yet
    return found


def _importable(value: Any) -> tuple[str, str] | None:
    """From which module a class or function can be imported, and under which name."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    if not isinstance(module, str) or not isinstance(name, str) or "." in name or isinstance(value, ModuleType):
        return None
    try:
        return (module, name) if getattr(importlib.import_module(module), name, None) is value else None
    except ImportError:
        return None
