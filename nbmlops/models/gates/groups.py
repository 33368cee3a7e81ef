"""Rows in groups by a column: its values, or, of a column of numbers, its quantiles."""

from __future__ import annotations

from typing import Any

import numpy as np

from nbmlops.errors import Invalid, there_is

MISSING = "missing"
MOST_GROUPS = 200  # of one column


def grouped(table: Any, column: str, quantiles: int) -> dict[str, Any]:
    """The rows' places by group, in the order of the groups; what is missing is a group. Invalid where there is no such column.

    A column of numbers with more than `quantiles` values is cut at its quantiles; ties may leave fewer groups.

    >>> import pandas as pd
    >>> {name: len(at) for name, at in grouped(pd.DataFrame({"a": [1, 2, 3, 4, 5, None]}), "a", 2).items()}
    {'1 to 3': 3, 'over 3 to 5': 2, 'missing': 1}
    """
    if column not in table.columns:
        raise Invalid(f"The rows have no column {column[:80]!r}.", hint=f"They have: {there_is(map(str, table.columns))}.")
    values = table[column]
    absent = values.isna().to_numpy()
    if values.dtype.kind in "iuf" and values.nunique() > quantiles:
        found = _cut(values.to_numpy(dtype=float), absent, quantiles)
    else:
        texts = values.astype(object).map(str).to_numpy()
        names, counts = np.unique(texts[~absent], return_counts=True)
        kept = names[np.argsort(-counts, kind="stable")[:MOST_GROUPS]]
        found = {str(name): np.flatnonzero((texts == name) & ~absent) for name in sorted(kept)}
    return {**found, **({MISSING: np.flatnonzero(absent)} if absent.any() else {})}


def _cut(values: Any, absent: Any, quantiles: int) -> dict[str, Any]:
    edges = np.unique(np.quantile(values[~absent], np.linspace(0, 1, quantiles + 1)))
    group = np.clip(np.searchsorted(edges[1:-1], values, side="left"), 0, max(len(edges) - 2, 0))
    found = {}
    for at in range(max(len(edges) - 1, 1)):
        low, high = edges[at], edges[min(at + 1, len(edges) - 1)]
        found[f"{'over ' if at else ''}{low:.4g} to {high:.4g}"] = np.flatnonzero((group == at) & ~absent)
    return {name: rows for name, rows in found.items() if len(rows)}
