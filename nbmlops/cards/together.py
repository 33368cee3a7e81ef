"""Columns that say the same: groups in which ranks correlate so much that shuffling one of them alone costs little."""

from __future__ import annotations

from typing import Any

import numpy as np

CLOSE = 0.8
_MOST_ROWS = 5_000
_MOST_COLUMNS = 300


def groups(frame: Any, columns: list[str]) -> list[list[str]]:
    """Groups of columns linked by |Spearman's ρ| > 0.8, of numbers, flags and times; texts have no ranks.

    >>> import pandas as pd
    >>> groups(pd.DataFrame({"a": [1, 2, 3, 4], "b": [9, 4, 1, 0], "c": [1, 3, 2, 1]}), ["a", "b", "c"])
    [['a', 'b']]
    """
    ranked = _ranked(frame, columns)
    names = list(ranked.columns)
    if len(names) < 2:
        return []
    close = np.abs(ranked.corr(method="spearman").to_numpy()) > CLOSE
    left, found = set(range(len(names))), []
    while left:
        group, waiting = set(), [min(left)]
        while waiting:
            at = waiting.pop()
            group.add(at)
            waiting += [other for other in left if close[at, other] and other not in group and other not in waiting]
        left -= group
        if len(group) > 1:
            found.append([names[at] for at in sorted(group)])
    return found


def _ranked(frame: Any, columns: list[str]) -> Any:
    import pandas as pd

    made = {}
    some = frame[columns].iloc[:: max(1, len(frame) // _MOST_ROWS)]
    for name in columns[:_MOST_COLUMNS]:
        values = some[name]
        if pd.api.types.is_datetime64_any_dtype(values.dtype):
            values = values.astype("int64").where(values.notna())
        elif not (pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_bool_dtype(values.dtype)):
            continue
        numbers = pd.to_numeric(values).astype("float64")
        if numbers.nunique() > 1:
            made[name] = numbers
    return pd.DataFrame(made)
