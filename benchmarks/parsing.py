"""Parsing: a body of 1,000 rows of 20 numbers, by the JSON parsers there are; and who refuses what is not JSON."""

from __future__ import annotations

import json
import random
from typing import Any

from benchmarks.timing import in_turn

WRONG = {
    "NaN": b"[NaN]",
    "Infinity": b"[-Infinity]",
    "100,000 brackets": b"[" * 100_000 + b"]" * 100_000,
    "a lone surrogate": b'["\\ud800"]',
}


def measure() -> list[dict[str, Any]]:
    """Medians; the note says what each takes, or dies of, though it is no JSON or no text."""
    import msgspec
    import orjson

    rows = [{f"c{n}": random.random() for n in range(20)} for _ in range(1000)]
    body = json.dumps({"rows": rows}).encode()
    parsers: dict[str, Any] = {"orjson": orjson.loads, "msgspec.json": msgspec.json.decode, "json": json.loads}
    found = in_turn({name: lambda parse=parse: parse(body) for name, parse in parsers.items()}, rounds=41)  # type: ignore[misc]
    return [{"what": name, "seconds": seconds, "base": name == "orjson", "note": _told(parsers[name])} for name, seconds in found.items()]


def _told(parse: Any) -> str:
    said = []
    for name, body in WRONG.items():
        try:
            parse(body)
            said.append(f"takes {name}")
        except ValueError:
            continue
        except RecursionError:
            said.append(f"RecursionError at {name}")
    return "; ".join(said) or "refuses all four"
