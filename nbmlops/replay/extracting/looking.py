"""In a kernel that executed a candidate: what the result is there. Kept for whoever executed it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from nbmlops.data.values import State, Unknowable, state_of

CELL = "__import__('importlib').import_module('nbmlops.replay.extracting.looking').keep({expression!r}, {folder!r})"
_MOST_BYTES = 256 << 20
_TEXT, _FLOATS = "result.json", "result.npz"


def keep(expression: str, folder: str) -> None:
    """Write down what an expression gives in this kernel."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    assert shell is not None
    try:
        state = state_of(given(expression, shell.user_ns))
        floats = state.floats if sum(one.nbytes for one in state.floats) <= _MOST_BYTES else []  # then to the byte, or not at all
        np.savez(Path(folder, _FLOATS), *floats)
        told = {"exact": state.exact, "shape": state.shape}
    except Unknowable as error:
        told = {"unknowable": str(error)}
    Path(folder, _TEXT).write_text(json.dumps(told), "utf-8")


def kept(folder: Path) -> State | str | None:
    """What was written down: a state, why there is none, or None where it never came to that."""
    try:
        told = json.loads((folder / _TEXT).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    if "unknowable" in told:
        return str(told["unknowable"])
    with np.load(folder / _FLOATS, allow_pickle=False) as floats:
        return State(told["exact"], told["shape"], [floats[name] for name in floats.files])


def given(expression: str, names: dict[str, Any]) -> Any:
    """The value of an expression over a notebook's names."""
    return eval(compile(expression, "<result>", "eval"), names)  # noqa: S307 - the user's own words, in the user's own kernel
