"""What a call takes, measured of two models in turn, so that a busy moment hits both."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from typing import Any

BATCH_ROWS = 1000
_ROUNDS, _AT_MOST_S = 200, 0.5


def taken(models: Sequence[Any], frame: Any, rows: int) -> list[float]:
    """Median seconds in which each answers so many rows, after calls that count for nothing; two hundred rounds or half a second."""
    asked = repeated(frame, rows)
    for model in models:
        model.predict(asked)
        model.predict(asked)
    times: list[list[float]] = [[] for _ in models]
    until = time.perf_counter() + _AT_MOST_S
    for at in range(_ROUNDS):
        for model, found in zip(models, times, strict=True):
            began = time.perf_counter()
            model.predict(asked)
            found.append(time.perf_counter() - began)
        if at >= 4 and time.perf_counter() > until:
            break
    return [statistics.median(found) for found in times]


def repeated(frame: Any, rows: int) -> Any:
    """The first so many rows, from the beginning again where there are fewer."""
    import numpy as np

    at = np.arange(rows) % len(frame)
    return frame.iloc[at].reset_index(drop=True) if hasattr(frame, "iloc") else np.asarray(frame)[at]
