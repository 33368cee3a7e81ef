"""Curves of many steps as a picture shows them: thinned without losing a peak, a gap where a value is none."""

from __future__ import annotations

from collections.abc import Sequence

MOST_POINTS = 1_000
_DECADES = 1_000.0


def gone_through(steps: Sequence[int], values: Sequence[float | None], most: int = MOST_POINTS) -> tuple[list[int], list[float | None]]:
    """At most about `most` of the points: of each stretch the least, the most, and a gap if there is one; the ends stay.

    >>> gone_through([0, 1, 2, 3, 4, 5], [1.0, 9.0, 2.0, None, 3.0, 0.5], most=2)
    ([0, 1, 3, 5], [1.0, 9.0, None, 0.5])
    """
    if len(steps) <= most:
        return list(steps), list(values)
    stretch = -(-len(steps) // max(most // 3, 1))
    kept = {0, len(steps) - 1}
    for begin in range(0, len(steps), stretch):
        there = range(begin, min(begin + stretch, len(steps)))
        numbers = [at for at in there if values[at] is not None]
        if numbers:
            kept.add(min(numbers, key=lambda at: values[at] or 0.0))
            kept.add(max(numbers, key=lambda at: values[at] or 0.0))
        if len(numbers) < len(there):
            kept.add(next(at for at in there if values[at] is None))
    return [steps[at] for at in sorted(kept)], [values[at] for at in sorted(kept)]


def spans_decades(values: Sequence[float | None]) -> bool:
    """Whether a curve is read on a logarithm: all above zero, and the most a thousand times the least.

    >>> spans_decades([1000.0, 1.0, None]), spans_decades([1000.0, 0.0])
    (True, False)
    """
    numbers = [value for value in values if value is not None]
    return bool(numbers) and min(numbers) > 0 and max(numbers) / min(numbers) >= _DECADES
