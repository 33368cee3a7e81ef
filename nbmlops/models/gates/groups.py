"""Rows in groups by a column: its values, or, of a column of numbers, its quantiles."""

from __future__ import annotations

from typing import Any

import numpy as np

from nbmlops.errors import Invalid, there_is

MISSING = "missing"
MOST_GROUPS = 1000  # of one column; each is held, in fairness against each


def grouped(table: Any, column: str, quantiles: int) -> dict[str, Any]:
    """The rows' places by group, in the order of the groups; what is missing is a group.

    Invalid where there is no such column, or where it has more groups than can be judged: none is left out.
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
        places = np.flatnonzero(~absent)
        names, group = np.unique(texts[places], return_inverse=True)
        if len(names) > MOST_GROUPS:
            raise Invalid(
                f"The column {column[:80]!r} makes {len(names):,} groups, at most {MOST_GROUPS:,} are judged.",
                hint="Give a column of fewer values, or one that has them in larger groups.",
            )
        parts = np.split(places[np.argsort(group, kind="stable")], np.cumsum(np.bincount(group, minlength=len(names)))[:-1])
        found = dict(zip(map(str, names), parts, strict=False))
    return {**found, **({_apart(found): np.flatnonzero(absent)} if absent.any() else {})}


def _apart(groups: dict[str, Any]) -> str:
    """What the group of nulls is called: no text of the column's own."""
    name = MISSING
    while name in groups:
        name = f"{name} (null)"
    return name


def _cut(values: Any, absent: Any, quantiles: int) -> dict[str, Any]:
    edges = np.unique(np.quantile(values[~absent], np.linspace(0, 1, quantiles + 1)))
    group = np.clip(np.searchsorted(edges[1:-1], values, side="left"), 0, max(len(edges) - 2, 0))
    found = {}
    for at in range(max(len(edges) - 1, 1)):
        low, high = edges[at], edges[min(at + 1, len(edges) - 1)]
        found[f"{'over ' if at else ''}{low:.4g} to {high:.4g}"] = np.flatnonzero((group == at) & ~absent)
    return {name: rows for name, rows in found.items() if len(rows)}
