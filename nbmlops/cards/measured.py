"""A version on labelled rows: its metrics with intervals, and the first of them by group."""

from __future__ import annotations

from typing import Any

import numpy as np

from nbmlops.cards.records import MeasuredGroup, MeasuredMetric, Measurement
from nbmlops.cards.rows import Rows, given, is_training, metrics_for, way
from nbmlops.errors import Invalid, NbmlopsError, there_is
from nbmlops.ledger.secrets import hidden_among
from nbmlops.models.quality import metric_value, row_losses
from nbmlops.models.records import ModelVersion
from nbmlops.workspace import Workspace

FEWEST = 20  # rows of a group: of fewer nothing is said
_MOST_GROUPS, _MOST_COLUMNS = 20, 10
_RESAMPLES, _DEARER = 400, 100
_MOST_RESAMPLED = 20_000


def measure(workspace: Workspace, version: ModelVersion, data: Any, labels: Any, by: list[str] | None) -> Measurement:
    """Measure a version on rows: all of its metrics that can be computed, and the first of them by the groups of columns.

    `by` names the columns (numbers are cut at their quartiles); those of few different values if not given.
    """
    if data is None or labels is None:
        raise Invalid("Measuring needs rows and their labels.", hint="Give both: --data X --labels y")
    rows = given(workspace, version, data, labels)
    if unknown := [name for name in by or [] if name not in rows.frame.columns]:
        raise Invalid(f"The rows have no column {unknown[0]!r}.", hint=f"They have {there_is(map(str, rows.frame.columns[:20]))}.")
    names = metrics_for(workspace, rows)
    groups, small = _groups(rows, names[0], by)
    return Measurement(
        rows=len(rows.frame), metrics=[_metric(rows, name) for name in names], groups=groups, small=small, trained_on=is_training(rows),
        at=workspace.clock(),
    )  # fmt: skip


def _metric(rows: Rows, name: str) -> MeasuredMetric:
    value = metric_value(name, rows.labels, rows.answers)
    low, high = interval(name, rows.labels, rows.answers)
    return MeasuredMetric(name=name, better=way(name), value=value, low=low, high=high, constant=_constant(name, rows))


def interval(metric: str, truth: Any, answers: Any, *, seed: int = 0) -> tuple[float | None, float | None]:
    """95 % bootstrap interval of a metric; (None, None) where there is none.

    Efron and Tibshirani, An Introduction to the Bootstrap, 1993, ch. 13 (percentile interval). Of more than 20,000 rows so many are
    resampled for metrics that are no mean: the interval is then a little too wide rather than too narrow.
    """
    random = np.random.default_rng(seed)
    losses = row_losses(metric, truth, answers)
    if losses is not None:
        means = np.array([losses[random.integers(0, len(losses), len(losses))].mean() for _ in range(_RESAMPLES)])
        values = 1 - means if metric == "accuracy" else means**0.5 if metric == "rmse" else means
    else:
        most = min(len(truth), _MOST_RESAMPLED)
        drawn = (random.integers(0, len(truth), most) for _ in range(_DEARER))
        values = np.array([metric_value(metric, truth[some], answers[some]) for some in drawn])
    values = values[np.isfinite(values)]
    if len(values) == 0:
        return None, None
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


def _constant(metric: str, rows: Rows) -> float | None:
    """What one answer for all rows gets, the best of its kind: the median or the mean of the labels, or their most frequent class."""
    truth = rows.labels
    try:
        if rows.classes:
            values, counts = np.unique(truth.astype(str) if truth.dtype.kind == "O" else truth, return_counts=True)
            return metric_value(metric, truth, np.full(len(truth), values[counts.argmax()], dtype=truth.dtype))
        best = np.median(truth, axis=0) if metric in ("mae", "mape", "medae") else np.mean(truth, axis=0)
        return metric_value(metric, truth, np.broadcast_to(best, truth.shape))
    except (NbmlopsError, TypeError, ValueError):
        return None  # labels of which there is no mean


def _groups(rows: Rows, metric: str, by: list[str] | None) -> tuple[list[MeasuredGroup], int]:
    found: list[MeasuredGroup] = []
    small = 0
    columns = by if by is not None else _telling(rows)
    for column in columns[:_MOST_COLUMNS]:
        parts = _parted(rows.frame[column])
        if hidden_among(column, [name for name, _ in parts]):
            continue  # a group would be called by a secret
        for name, chosen in parts[:_MOST_GROUPS]:
            if (count := int(chosen.sum())) < FEWEST:
                small += 1
                continue
            truth, answers = rows.labels[chosen], rows.answers[chosen]
            low, high = interval(metric, truth, answers)
            value = metric_value(metric, truth, answers)
            found.append(MeasuredGroup(column=column, group=name, rows=count, value=value, low=low, high=high))
    return found, small


def _telling(rows: Rows) -> list[str]:
    """Columns of words, flags or a few whole numbers: those by which people ask for whom a model does worse."""
    names = [column.name for column in rows.loaded.version.signature.inputs if column.type in ("string", "boolean")]
    return [name for name in names if 1 < rows.frame[name].nunique(dropna=False) <= _MOST_GROUPS]


def _parted(values: Any) -> list[tuple[str, Any]]:
    """A column's groups, the largest first, with a mask of their rows: values, or quarters of numbers of many values."""
    import pandas as pd

    if pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype) and values.nunique() > 10:
        cut = pd.qcut(values, 4, duplicates="drop")
        named = cut.map(lambda part: f"{part.left:.4g} to {part.right:.4g}").astype("object")
    elif pd.api.types.is_datetime64_any_dtype(values.dtype):
        named = values.dt.strftime("%Y-%m").astype("object")
    else:
        named = values.map(str, na_action="ignore").astype("object")
    named = named.where(values.notna(), "missing")
    return [(str(name), (named == name).to_numpy()) for name in named.value_counts().index]
