"""Watching: a cell of 200,000 calls of a Python function and one fit, by the ways there are to see what it calls."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from benchmarks.timing import in_turn

CELL = """
def half(n):
    return n / 2
total = 0.0
for n in range(200_000):
    total += half(n)
fitted = Ridge().fit(X, y)
"""


def measure() -> list[dict[str, Any]]:
    """Medians, in turn, in one process; each way does nothing but see."""
    import ast

    import numpy as np
    from sklearn.linear_model import Ridge

    from nbmlops.capture.calls import Calls

    X = np.arange(400.0).reshape(100, 4)  # noqa: N806
    names: dict[str, Any] = {"Ridge": Ridge, "X": X, "y": X[:, 0]}
    seen: list[Any] = []
    calls = Calls(names, lambda call: None, lambda call, site, result: seen.append(call.callee), lambda tree: None)
    calls.install()
    plain = compile(CELL, "cell", "exec")
    handed = compile(calls.visit(ast.parse(CELL)), "cell", "exec")

    def traced(code: Any, line_by_line: bool) -> None:
        def local(frame: Any, event: str, value: Any) -> Any:
            return local

        def heard(frame: Any, event: str, value: Any) -> Any:
            if event == "call" and frame.f_code.co_name == "fit":
                seen.append(frame.f_code)
            return local if line_by_line else None

        before = sys.gettrace()
        sys.settrace(heard)
        try:
            exec(code, dict(names))
        finally:
            sys.settrace(before)

    def profiled(code: Any) -> None:
        sys.setprofile(lambda frame, event, value: seen.append(frame) if event == "call" and frame.f_code.co_name == "fit" else None)
        try:
            exec(code, dict(names))
        finally:
            sys.setprofile(None)

    def patched(code: Any) -> None:
        true: Callable[..., Any] = Ridge.fit

        def fit(self: Any, *args: Any, **more: Any) -> Any:
            seen.append(self)
            return true(self, *args, **more)

        Ridge.fit = fit  # type: ignore[method-assign]
        try:
            exec(code, dict(names))
        finally:
            Ridge.fit = true  # type: ignore[method-assign]

    try:
        found = in_turn(
            {
                "unobserved": lambda: exec(plain, dict(names)),
                "handed through, as here": lambda: exec(handed, dict(names)),
                "the library patched": lambda: patched(plain),
                "sys.setprofile": lambda: profiled(plain),
                "sys.settrace, calls": lambda: traced(plain, False),
                "sys.settrace, lines": lambda: traced(plain, True),
            },
            rounds=15,
        )
    finally:
        calls.remove()
    return [{"what": name, "seconds": seconds, "base": name == "unobserved"} for name, seconds in found.items()]
