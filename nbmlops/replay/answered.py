"""What the fitted models of two executions answered, held against each other."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

from nbmlops.runs.records import Prediction, RunRecord

RELATIVE = 1e-9
_OF_FEW_BITS = 1e-5
TOLERANCE = (
    f"the same shape and text; numbers of a sample within {RELATIVE:g} of its largest, {_OF_FEW_BITS:g} where they have 32 bits or fewer"
)


def of(record: RunRecord, places: dict[int, int]) -> dict[Any, Prediction]:
    """A record's predictions by the place of the cell, the method, and which of several it was."""
    found: dict[Any, Prediction] = {}
    several: Counter[Any] = Counter()
    for one in record.predictions:
        place, named = places.get(one.position), f"{one.estimator.rpartition('.')[2]}.{one.method}"
        found[place, named, several[place, named] or ""] = one
        several[place, named] += 1
    return found


def otherwise(before: dict[Any, Prediction], after: dict[Any, Prediction]) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """Both sides as they are said: alike where they are near enough, else with the first value that is not."""
    left: dict[Any, Any] = {}
    right: dict[Any, Any] = {}
    for key in [*before, *(key for key in after if key not in before)]:
        one, two = before.get(key), after.get(key)
        if one is not None and two is not None:
            left[key], right[key] = _differing(one, two) or ("the same", "the same")
        else:
            (right if one is None else left)[key] = "a prediction"
    return left, right


def _differing(one: Prediction, two: Prediction) -> tuple[str, str] | None:
    told = [(one.shape, two.shape), (one.dtype, two.dtype), (one.digest, two.digest)]
    for what, other in told:
        if what != other:
            return str(what), str(other)
    pairs = [(float(was), float(now)) for was, now in zip(one.sample, two.sample, strict=True)]
    relative = _OF_FEW_BITS if one.dtype in ("float32", "float16") else RELATIVE
    near = relative * max((abs(value) for pair in pairs for value in pair if math.isfinite(value)), default=0.0)
    for at, (was, now) in enumerate(pairs):
        if not (was == now or (math.isnan(was) and math.isnan(now)) or abs(was - now) <= near):
            return f"{was!r} at {at} of the sample", f"{now!r} at {at} of the sample"
    return None
