"""Whether two forms of a model answer alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nbmlops.errors import Invalid


@dataclass(frozen=True)
class Agreement:
    """On how many rows two models were asked, on how many they differ by more than was allowed, and the greatest difference."""

    rows: int = 0
    beyond: int = 0
    worst: float = 0.0

    def __add__(self, other: Agreement) -> Agreement:
        return Agreement(self.rows + other.rows, self.beyond + other.beyond, max(self.worst, other.worst))


def agreement(before: Any, after: Any, frame: Any, tolerance: float) -> Agreement:
    """Ask two loaded models the same rows; probabilities count where the first gives them. Invalid if either cannot answer."""
    import numpy as np

    try:
        one, other = before.predict(frame), after.predict(frame)
        likely, as_likely = before.scores(frame), after.scores(frame)
    except Exception as error:  # what a library raises for rows it does not take is of any type
        raise Invalid(f"These rows cannot be answered: {str(error)[:200]}", hint="Give rows such as the model was trained on.") from error
    differences = _apart(one, other, scale=None)
    if likely is not None:
        differences = np.maximum(differences, _apart(likely, as_likely, scale=1.0))
    return Agreement(len(differences), int((differences > tolerance).sum()), float(differences.max(initial=0.0)))


def _apart(one: Any, other: Any, *, scale: float | None) -> Any:
    """How far apart two answers are, row by row (n,): numbers by their size, anything else 0 or infinitely far.

    >>> import numpy as np
    >>> _apart(np.array([1.0, 2.0, np.nan]), np.array([1.0, 2.2, np.nan]), scale=None).round(3).tolist()
    [0.0, 0.1, 0.0]
    >>> _apart(np.array(["a", "b"]), np.array(["a", "c"], dtype=object), scale=None).tolist()
    [0.0, inf]
    """
    import numpy as np

    one, other = np.asarray(one), np.asarray(other)
    if one.shape != other.shape:
        return np.full(len(one), np.inf)
    if one.dtype.kind != "f":
        found = np.where(one == other, 0.0, np.inf)
    else:
        one, other = one.astype("float64"), other.astype("float64")
        size = np.abs(one[np.isfinite(one)])
        against = scale or np.maximum(np.abs(one), size.mean() if size.size else 1.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            found = np.abs(one - other) / against
        same = (one == other) | (np.isnan(one) & np.isnan(other))
        found = np.where(same, 0.0, np.where(np.isnan(found), np.inf, found))
    return found.reshape(len(found), -1).max(axis=1, initial=0.0)
