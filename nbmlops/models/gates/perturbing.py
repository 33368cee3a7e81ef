"""Rows as they come in on a bad day: noise, missing values, outliers, other units, words nobody has seen."""

from __future__ import annotations

from typing import Any

import numpy as np

UNSEEN = "a word nobody has seen"


def numeric(table: Any, columns: list[str]) -> list[str]:
    """Those of the columns that hold numbers."""
    return [name for name in columns if table[name].dtype.kind in "iuf"]


def worded(table: Any, columns: list[str]) -> list[str]:
    """Those of the columns that hold words."""
    return [name for name in columns if table[name].dtype.kind not in "iufbmMc" and str(table[name].dtype) not in ("boolean",)]


def noisy(table: Any, columns: list[str], by: float, random: Any) -> Any:
    """Normal noise of `by` standard deviations on each column; whole numbers stay whole."""
    return _changed(table, columns, lambda values, spread: values + random.normal(0, 1, len(values)) * by * spread)


def with_outliers(table: Any, columns: list[str], part: float, by: float, random: Any) -> Any:
    """In a share of each column's rows, a value `by` standard deviations away from the mean, on either side."""

    def changed(values: Any, spread: float) -> Any:
        hit = drawn(len(values), part, random)
        values = values.copy()
        values[hit] = np.nanmean(values) + np.where(random.random(len(hit)) < 0.5, -by, by) * spread
        return values

    return _changed(table, columns, changed)


def with_missing(table: Any, columns: list[str], part: float, random: Any) -> Any:
    """Nothing in a share of each column's rows; a column of whole numbers becomes one of floats, as readers of files make it."""
    made = {}
    for name in columns:
        values = table[name]
        values = values.astype(float) if values.dtype.kind in "iu" else values.astype(object) if values.dtype.kind == "b" else values.copy()
        values.iloc[drawn(len(values), part, random)] = np.nan if values.dtype.kind in "f" or values.dtype == object else None
        made[name] = values
    return table.assign(**made)


def scaled(table: Any, columns: list[str], factor: float, random: Any = None) -> Any:
    """Columns in another unit."""
    return table.assign(**{name: table[name].astype(float) * factor for name in columns})


def with_unseen(table: Any, columns: list[str], part: float, random: Any) -> Any:
    """A word that was never there, in a share of each column's rows."""
    made = {name: table[name].astype(object) for name in columns}
    for values in made.values():
        values.iloc[drawn(len(values), part, random)] = UNSEEN
    return table.assign(**made)


def drawn(rows: int, part: float, random: Any) -> Any:
    """Places of a share of the rows, at least one."""
    return random.choice(rows, size=max(1, round(part * rows)), replace=False)


def _changed(table: Any, columns: list[str], change: Any) -> Any:
    made = {}
    for name in columns:
        kind = table[name].dtype
        values = table[name].to_numpy(dtype=float)
        spread = float(np.nanstd(values)) if len(values) else 0.0
        found = change(values, spread)
        if kind.kind in "iu" and np.isfinite(found).all():
            bounds = np.iinfo(kind.numpy_dtype if hasattr(kind, "numpy_dtype") else kind)
            found = np.clip(np.rint(found), bounds.min, bounds.max).astype(values.dtype)
            made[name] = table[name].astype(float).mul(0).add(found).astype(kind)
        else:
            made[name] = found
    return table.assign(**made)
