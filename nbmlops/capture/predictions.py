"""What a fitted model answered: a few of its values, spread over all, by which the same answer is known again."""

from __future__ import annotations

import math
from typing import Any

from blake3 import blake3

from nbmlops.runs.records import Prediction

MOST = 50  # of one cell: a loop over rows asks a model ten thousand times
_VALUES = 64


def sampled(answer: Any, *, method: str, estimator: str, position: int, number: int = 1) -> Prediction | None:
    """A prediction as it is kept: numbers as they are, labels of text as a digest; None for what is no table, array or list.

    >>> import numpy as np
    >>> found = sampled(np.arange(1000.0), method="predict", estimator="Ridge", position=3)
    >>> found.shape, len(found.sample), found.sample[1]
    ([1000], 64, 15.0)
    >>> sampled(np.array(["no", "yes"]), method="predict", estimator="Ridge", position=3).sample
    []
    """
    import numpy as np

    whole = answer
    if isinstance(answer, list):  # what is not kept of it is not made an array
        answer = np.asarray([answer[row] for row in _spread(len(answer), _VALUES)])
    shape = getattr(answer, "shape", None)
    if not isinstance(shape, tuple) or not shape or not all(isinstance(one, int) for one in shape) or len(shape) > 3 or not shape[0]:
        return None
    rows = _spread(shape[0], max(1, _VALUES // max(1, math.prod(shape[1:]))))
    taken = answer.iloc[rows] if hasattr(answer, "iloc") else answer[rows] if type(answer) is np.ndarray else None
    if taken is None:
        return None
    kept: dict[str, Any] = {"estimator": estimator, "method": method, "position": position, "number": number}
    kept["shape"] = [len(whole), *shape[1:]]
    values = np.asarray(taken).ravel()[:_VALUES]
    dtype = str(values.dtype)
    if values.dtype.kind in "fiub":
        sample: list[float | str] = [float(one) if math.isfinite(one) else repr(float(one)) for one in values]
        return Prediction(**kept, dtype=dtype, sample=sample, digest=None)
    if not all(isinstance(one, (str, bool, int, float, type(None))) for one in values.tolist()):
        return None
    digest = blake3(repr(values.tolist()).encode("utf-8", "surrogateescape")).hexdigest()[:32]
    return Prediction(**kept, dtype=dtype, sample=[], digest=digest)


def _spread(rows: int, most: int) -> list[int]:
    return list(range(rows)) if rows <= most else [at * (rows - 1) // (most - 1) if most > 1 else 0 for at in range(most)]
