"""A gate that the notebook defines: `def gate(answers, rows, labels) -> bool | float | (bool, str)`."""

from __future__ import annotations

import inspect
import math
import sys
from collections.abc import Mapping
from copy import deepcopy
from types import FunctionType
from typing import Any, Literal

import numpy as np

from nbmlops.errors import Invalid, NotFound, Untrusted, there_is
from nbmlops.models.flavors.python import PythonFlavor
from nbmlops.models.gates.port import Asked, judged
from nbmlops.models.gates.standing import RAISED, Standing
from nbmlops.models.records import GateCheck
from nbmlops.workspace import Workspace


class CustomAsked(Asked, frozen=True, kw_only=True):
    """The function's name in the notebook; where it gives a number, the limit, and which way is better."""

    function: str
    limit: float | None = None
    better: Literal["lower", "higher"] = "higher"

    def __post_init__(self) -> None:
        if not self.function.isidentifier():
            raise ValueError(f"{self.function[:60]!r} is no name of a function")


class Custom:
    """A function of the notebook's, whose code travelled when the gates were set."""

    kind = "custom"
    asks = CustomAsked
    needs_rows = True

    def check(self, asked: CustomAsked, on: Standing) -> list[GateCheck]:
        """What the function says; what it raises does not pass."""
        digest = on.code.get(asked.function)
        if digest is None or on.workspace is None:
            raise NotFound(
                f"The code of {asked.function} was not kept with the gates.", hint="Set the gates in the notebook that defines it."
            )
        try:
            function = PythonFlavor().load(on.workspace.blobs.get(digest), on.workspace.trusted())
        except Untrusted as error:
            return [judged("custom", asked.function, False, f"{asked.function} was not asked: {error.message} {error.hint}")]
        # Of its own: what it writes into them reaches no other check, and nothing of the user's.
        answers, table, truth = deepcopy(on.answers), _own(on.table), deepcopy(on.truth)
        try:
            found = function(answers, table, truth)
        except RAISED as error:  # somebody's own code raises whatever it likes
            reason = f"{asked.function} raised {type(error).__name__}: {str(error)[:200]}."
            return [judged("custom", asked.function, False, reason)]
        return [_said(asked, found, on.on)]


def _own(table: Any) -> Any:
    """A frame with its own values; of lists and the like in its cells too, which pandas does not copy."""
    made = table.copy()
    for at, kind in enumerate(made.dtypes):
        if kind.kind == "O" and str(kind) == "object":
            made.isetitem(at, made.iloc[:, at].map(deepcopy).astype(object))
    return made


def _said(asked: CustomAsked, found: Any, on: str) -> GateCheck:
    words = ""
    if isinstance(found, tuple) and len(found) == 2 and isinstance(found[1], str):
        found, words = found[0], found[1][:300]
    if isinstance(found, (bool, np.bool_)):
        said = words or ("it holds" if found else "it does not hold")
        return judged("custom", asked.function, bool(found), f"{asked.function}: {said}, {on}.")
    if isinstance(found, (int, float, np.integer, np.floating)):
        value = float(found)
        if asked.limit is None:
            return judged(
                "custom", asked.function, False, f"{asked.function} gives {value:.4g}, and no limit says what that means: limit: …"
            )
        passed = math.isfinite(value) and (value <= asked.limit if asked.better == "lower" else value >= asked.limit)
        bound = "at most" if asked.better == "lower" else "at least"
        reason = f"{asked.function} gives {value:.4g}, {bound} {asked.limit:g} is asked, {on}{f': {words}' if words else ''}."
        return judged("custom", asked.function, passed, reason, value=value, limit=asked.limit)
    reason = f"{asked.function} gives a {type(found).__name__}, not True, False, a number, or one of these with a sentence."
    return judged("custom", asked.function, False, reason)


def kept(workspace: Workspace, names: list[str], given: Mapping[str, Any], before: Mapping[str, str], *, code: bool) -> dict[str, str]:
    """The blobs of functions that gates name: given, or defined in this notebook, or kept with the gates as they were.

    Untrusted where their code is not trusted and `code` does not say that it may run; NotFound where there is none.
    """
    flavor, found = PythonFlavor(), {}
    for name in names:
        function = given.get(name, vars(sys.modules["__main__"]).get(name))
        if function is None and name in before:
            found[name] = before[name]
            continue
        if not isinstance(function, FunctionType):
            there = [
                key for key, value in vars(sys.modules["__main__"]).items() if isinstance(value, FunctionType) and not key.startswith("_")
            ]
            raise NotFound(
                f"There is no function {name!r} here.", hint=f"Define it in the notebook that sets the gates. There is {there_is(there)}."
            )
        if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
            raise Invalid(f"{name!r} is an async function, which gates do not await.", hint=f"Define it without async: def {name}(…)")
        if not flavor.can(function):
            raise Invalid(f"{name!r} is a function of a library's.", hint="Define one in the notebook, which calls it.")
        data = flavor.save(function)
        digest = flavor.code(data)
        assert digest is not None
        if digest not in workspace.trusted():
            if not code:
                raise Untrusted(
                    f"The gate {name!r} is code of the notebook's own ({flavor.described(data)}).",
                    hint="It travels with the gates, and then runs wherever the model is promoted: add --code",
                )
            flavor.load(data, [*workspace.trusted(), digest])  # its source gives what the notebook has, or it is said now
            workspace.trust_code(digest)
        found[name] = workspace.blobs.put(data)
    return found
