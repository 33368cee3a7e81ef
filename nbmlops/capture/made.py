"""Which fit made a thing: estimators, and what they predicted, by identity for as long as the user's notebook holds them."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import Any

_MOST = 5_000


@dataclass(frozen=True, eq=False)
class FitFacts:
    """Where a living estimator was fitted: the run, the fingerprints, and its first rows (in memory only)."""

    run: str | None
    number: int
    frame: str | None
    target: str | None
    sample: Any


class Made:
    """Objects and the fit behind them, none of them kept alive."""

    def __init__(self) -> None:
        self._facts: dict[int, tuple[weakref.ref[Any], FitFacts]] = {}

    def remember(self, thing: Any, facts: FitFacts) -> None:
        """Keep whose work `thing` is."""
        key = id(thing)
        try:
            self._facts[key] = (weakref.ref(thing, lambda _: self._facts.pop(key, None)), facts)
        except TypeError:
            return  # a class without weak references: it can be registered with its data given
        if len(self._facts) > _MOST:
            self._facts.pop(next(iter(self._facts)))

    def facts(self, thing: Any) -> FitFacts | None:
        """What is known of this very object, or of the array it is a view of."""
        for _ in range(4):
            held = self._facts.get(id(thing))
            if held is not None and held[0]() is thing:
                return held[1]
            thing = getattr(thing, "base", None)
            if thing is None:
                break
        return None

    def of_run(self, run: str) -> list[tuple[Any, FitFacts]]:
        """The living things of a run, in the order of their fits."""
        found = [(ref(), facts) for ref, facts in list(self._facts.values()) if facts.run == run]
        return sorted(((thing, facts) for thing, facts in found if thing is not None), key=lambda pair: pair[1].number)
