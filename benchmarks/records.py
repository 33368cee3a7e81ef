"""Records: 1,000 metric points, from plain values that came from outside to typed and checked objects."""

from __future__ import annotations

from dataclasses import make_dataclass
from datetime import datetime
from importlib.util import find_spec
from typing import Any

from benchmarks.timing import in_turn

OURS = "frozen dataclass through msgspec.convert"
FIELDS: list[Any] = [("name", str), ("step", int), ("value", float), ("at", datetime)]


def measure() -> list[dict[str, Any]]:
    """Medians. pydantic and attrs are compared where they are installed."""
    import msgspec

    Point = make_dataclass("Point", FIELDS, frozen=True, kw_only=True)  # noqa: N806
    Struct = msgspec.defstruct("Struct", FIELDS, frozen=True, kw_only=True)  # noqa: N806
    came = [{"name": "mae", "step": n, "value": n / 7, "at": "2026-01-01T00:00:00Z"} for n in range(1000)]
    when = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
    candidates: dict[str, Any] = {
        OURS: lambda: msgspec.convert(came, list[Point]),  # type: ignore[valid-type]
        "msgspec.Struct through msgspec.convert": lambda: msgspec.convert(came, list[Struct]),  # type: ignore[valid-type]
        "frozen dataclass made in Python, nothing checked": lambda: [Point(**{**row, "at": when}) for row in came],
    }
    if find_spec("pydantic"):
        import pydantic

        Model = pydantic.create_model("Model", **{name: (kind, ...) for name, kind in FIELDS})  # type: ignore[call-overload]  # noqa: N806
        several = pydantic.TypeAdapter(list[Model])
        candidates["pydantic model"] = lambda: several.validate_python(came)
    else:
        print("pydantic is not compared: pip install pydantic")
    found = in_turn(candidates, rounds=101)
    return [{"what": name, "seconds": seconds, "base": name == OURS} for name, seconds in found.items()]
