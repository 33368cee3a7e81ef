"""Seeds that were set: by a call that sets one, or by a keyword that says so."""

from __future__ import annotations

from typing import Any

from nbmlops.capture.calls import SEED_KEYWORDS, SEEDS, Call
from nbmlops.runs.records import Seed


def seen(call: Call, position: int) -> Seed | None:
    """The seed a call sets, or None. A generator that is handed on is no seed; None is one: it means another each time."""
    name = getattr(call.callee, "__name__", "")
    if name in SEEDS:
        given = call.args.get(0, next((call.args[key] for key in ("seed", "a", "s") if key in call.args), None))
        return Seed(call=_called(call.callee), value=repr(given), position=position) if _is_seed(given) else None
    for keyword in SEED_KEYWORDS:
        if keyword in call.args and _is_seed(call.args[keyword]):
            return Seed(call=_called(call.callee), value=f"{keyword}={call.args[keyword]!r}", position=position)
    return None


def _is_seed(given: Any) -> bool:
    if isinstance(given, (list, tuple)):
        return len(given) <= 16 and all(isinstance(one, int) for one in given)
    return given is None or (isinstance(given, (int, str, bytes)) and not isinstance(given, bool) and len(str(given)) <= 80)


def _called(callee: Any) -> str:
    owner = getattr(callee, "__self__", None)
    if owner is not None and not isinstance(owner, type) and not hasattr(owner, "__path__"):
        kind = type(owner)
        where = "numpy.random" if kind.__module__.startswith("numpy.random") else kind.__module__
        return f"{where}.{getattr(callee, '__name__', '')}"
    module = getattr(callee, "__module__", None) or ""
    parts = [part for part in module.split(".") if not part.startswith("_")]
    return ".".join([*parts, getattr(callee, "__qualname__", getattr(callee, "__name__", "?"))])
