"""What a fit was: the estimator with its parameters, fingerprints of what went in, and the estimator itself while it lives."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import Any

from nbmlops.data.records import Dataset
from nbmlops.ledger.encode import plain
from nbmlops.ledger.secrets import mask_params

SAMPLE_ROWS = 50


@dataclass(frozen=True)
class FitFacts:
    """Where a living estimator was fitted: the run, the fingerprints, and its first rows (in memory only)."""

    run: str | None
    number: int
    frame: str | None
    target: str | None
    sample: Any


def is_fit(callee: Any) -> bool:
    """Whether a callee is the `fit` of something with parameters, as scikit-learn's protocol has it."""
    owner = getattr(callee, "__self__", None)
    return owner is not None and not isinstance(owner, type) and callable(getattr(owner, "get_params", None))


def is_model(estimator: Any) -> bool:
    """Whether an estimator answers questions, rather than only preparing data for another."""
    return any(callable(getattr(estimator, name, None)) for name in ("predict", "score_samples", "fit_predict"))


def class_name(estimator: Any) -> str:
    """A class with its module, as people import it.

    >>> class_name(1)
    'builtins.int'
    """
    kind = type(estimator)
    return f"{kind.__module__}.{kind.__qualname__}"


def parameters(estimator: Any) -> dict[str, Any]:
    """`get_params(deep=True)` as plain values, nested estimators by their class, secrets masked."""
    found = {}
    for name, value in estimator.get_params(deep=True).items():
        if callable(getattr(value, "get_params", None)):
            found[name] = f"<{class_name(value)}>"
        elif isinstance(value, list) and any(isinstance(step, tuple) for step in value):
            continue  # a pipeline's steps: each stands there under its own name
        else:
            found[name] = plain(value)
    return mask_params(found)


class Fingerprints:
    """Fingerprints of what goes into fits, so that one frame in a loop is profiled once."""

    def __init__(self) -> None:
        self._known: dict[str, Dataset] = {}

    def of(self, data: Any, name: str) -> Dataset:
        """The fingerprint of `data`; every value is read each time, since a frame can be changed in place."""
        from nbmlops.data.fingerprint import fingerprint

        if not self._known:
            found = fingerprint(data, name=name)
        else:
            found = fingerprint(data, name=name, profile=False)
            known = self._known.get(found.digest)
            if known is not None:
                return known
            found = fingerprint(data, name=name)
        if len(self._known) > 64:
            self._known.clear()
        self._known[found.digest] = found
        return found


class Living:
    """Fitted estimators by identity, for as long as the user's notebook holds them."""

    def __init__(self) -> None:
        self._facts: dict[int, tuple[weakref.ref[Any], FitFacts]] = {}

    def remember(self, estimator: Any, facts: FitFacts) -> None:
        """Keep what is known of an estimator, without keeping it alive."""
        key = id(estimator)
        try:
            self._facts[key] = (weakref.ref(estimator, lambda _: self._facts.pop(key, None)), facts)
        except TypeError:
            return  # a class with __slots__ and no weak references: it can be registered with its data given

    def facts(self, estimator: Any) -> FitFacts | None:
        """What is known of this very object."""
        held = self._facts.get(id(estimator))
        return held[1] if held is not None and held[0]() is estimator else None

    def of_run(self, run: str) -> list[tuple[Any, FitFacts]]:
        """The estimators of a run that still live, in the order they were fitted."""
        found = [(ref(), facts) for ref, facts in list(self._facts.values()) if facts.run == run]
        return sorted(((estimator, facts) for estimator, facts in found if estimator is not None), key=lambda pair: pair[1].number)
