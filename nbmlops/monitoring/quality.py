"""Quality over time: a metric of the labelled rows, part by part."""

from __future__ import annotations

import math
import warnings
from datetime import datetime
from typing import Any

from nbmlops.errors import Invalid
from nbmlops.models.quality import canonical, metric_value
from nbmlops.monitoring.records import QualityPoint
from nbmlops.monitoring.windows import Every, parts


def labelled(frame: Any) -> Any:
    """The rows of a log window that have their label."""
    return frame[frame["label"].notna()]


def default_metric(frame: Any) -> str:
    """mae where the labels are numbers, accuracy where they are not.

    >>> import pandas as pd
    >>> default_metric(pd.DataFrame({"label": [1.5, None]})), default_metric(pd.DataFrame({"label": ["a"]}))
    ('mae', 'accuracy')
    """
    known = labelled(frame)["label"].tolist()
    return "mae" if known and all(isinstance(label, (int, float)) and not isinstance(label, bool) for label in known) else "accuracy"


def over_time(frame: Any, metric: str, start: datetime, end: datetime, *, every: Every = "day") -> list[QualityPoint]:
    """The metric of what was answered, in each day or week of `[start, end)` that has labelled rows.

    `frame` is a window of the prediction log. `version` is the one that answered, None where there was more than one.
    """
    known = labelled(frame)
    points = []
    for first, last in parts(start, end, every):
        rows = known[(known["event_at"] >= first) & (known["event_at"] < last)]
        if not len(rows):
            continue
        value = measured(metric, rows["label"], rows["prediction"])
        if math.isfinite(value):  # r2 of a single row is no number
            versions = rows["version"].unique().tolist()
            one = int(versions[0]) if len(versions) == 1 else None
            points.append(QualityPoint(start=first, end=last, metric=canonical(metric) or metric, value=value, rows=len(rows), version=one))
    return points


def measured(metric: str, truth: Any, predicted: Any) -> float:
    """The metric of columns of the log; Invalid where it does not fit what they hold.

    >>> measured("mae", [1.0, 2.0], [2.0, 2.0])
    0.5
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # scikit-learn warns of a part with one row or one class
            return metric_value(metric, list(truth), list(predicted))
    except (ValueError, TypeError) as error:
        raise Invalid(f"{metric} cannot be computed from these labels: {error}.", hint="Choose a metric that fits them.") from error
