"""Values of libraries: what to take of each instead of what pickle would keep."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np


def _of_pandas(value: Any) -> list[Any] | None:
    pandas = sys.modules.get("pandas")
    if pandas is None or not isinstance(value, (pandas.DataFrame, pandas.Series, pandas.Index)):
        return None
    if isinstance(value, pandas.MultiIndex):
        return [list(value.names), [value.get_level_values(level) for level in range(value.nlevels)]]
    if isinstance(value, pandas.RangeIndex):
        return ["index", value.name, "int64", np.arange(value.start, value.stop, value.step)]
    if isinstance(value, pandas.DataFrame):
        return [value.columns, value.index, [_column(value.iloc[:, at]) for at in range(value.shape[1])]]
    if isinstance(value, pandas.Series):
        return [value.name, value.index, _column(value)]
    return ["index", value.name, *_column(value)]


def _column(value: Any) -> list[Any]:
    """A column's type and its values: as numpy has them, or as the fingerprint's canonical form."""
    if isinstance(value.dtype, np.dtype) and value.dtype.kind in "fiubc":
        return [str(value.dtype), value.to_numpy()]
    from nbmlops.data.fingerprint import fingerprint

    series = value if hasattr(value, "iloc") else value.to_series()
    return [str(value.dtype), fingerprint(series.rename("x").reset_index(drop=True), profile=False).digest]


def _of_frames(value: Any) -> list[Any] | None:
    if type(value).__module__.partition(".")[0] not in ("polars", "pyarrow") or not hasattr(value, "shape"):
        return None
    from nbmlops.data.fingerprint import fingerprint

    return [fingerprint(value, profile=False).digest]


def _of_figures(value: Any) -> list[Any] | None:
    figure = value
    if type(value).__module__.startswith("matplotlib.") and not hasattr(value, "savefig"):
        figure = getattr(value, "figure", None)
    if hasattr(figure, "savefig") and hasattr(figure, "canvas"):
        return [_pixels(figure)]
    if hasattr(value, "to_plotly_json"):
        return [value.to_json()]
    return None


def _pixels(figure: Any) -> np.ndarray[Any, Any]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    before = figure.canvas
    try:
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        return np.array(canvas.buffer_rgba())
    finally:
        figure.set_canvas(before)


def _of_trees(value: Any) -> list[Any] | None:
    """A fitted tree of scikit-learn: its nodes by the fields that were written."""
    if f"{type(value).__module__}.{type(value).__qualname__}" != "sklearn.tree._tree.Tree":
        return None
    names = ("children_left", "children_right", "feature", "threshold", "impurity", "n_node_samples", "value")
    return [getattr(value, name) for name in names]


def _of_boosters(value: Any) -> list[Any] | None:
    """A gradient boosting library's booster, as the text that it saves."""
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    if kind == "xgboost.core.Booster":
        return [bytes(value.save_raw("json")), value.save_config()]
    if kind == "lightgbm.basic.Booster":
        return [value.model_to_string()]
    return None


def _of_torch(value: Any) -> list[Any] | None:
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor):
        return [str(value.dtype), value.detach().cpu().numpy()]
    return None


LIBRARIES: tuple[Callable[[Any], list[Any] | None], ...] = (_of_pandas, _of_frames, _of_figures, _of_trees, _of_boosters, _of_torch)
