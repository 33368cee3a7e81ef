"""Rows that somebody gave to measure a version on, with their labels; and by which metric."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nbmlops.cards.records import Better
from nbmlops.errors import Invalid, NbmlopsError, there_is
from nbmlops.models import gates
from nbmlops.models.gates.standing import RAISED
from nbmlops.models.loading import Loaded
from nbmlops.models.loading import load as load_model
from nbmlops.models.quality import all_known, canonical, direction, of_classes
from nbmlops.models.records import ModelVersion
from nbmlops.workspace import Workspace

_OF_CLASSES = ("accuracy", "balanced_accuracy", "f1", "precision", "recall")
_OF_NUMBERS = ("mae", "rmse", "mse", "mape", "medae", "r2")
_MOST_CLASSES = 20  # of whole numbers; more are amounts


@dataclass(frozen=True)
class Rows:
    """A frame in the model's columns, perhaps with others, what it answers there, and labels (n,) or (n, outputs)."""

    loaded: Loaded
    frame: Any
    labels: Any
    answers: Any

    @property
    def classes(self) -> bool:
        """Whether what is predicted is a class."""
        return _classes(self.answers) and (self.labels is None or _classes(self.labels) or _whole(self.labels))


def given(workspace: Workspace, version: ModelVersion, data: Any, labels: Any) -> Rows:
    """The rows as the version takes them, with its answers. Invalid where they do not fit it, or the labels do not fit them."""
    frame = _frame(version, data)
    if len(frame) == 0:
        raise Invalid("There are no rows to measure on.", hint="Give rows the version was not trained on: --data X --labels y")
    truth = None if labels is None else _labels(labels, len(frame))
    loaded = load_model(workspace, version)
    if truth is not None:
        of_classes(truth, loaded.estimator, every=False)
    return Rows(loaded, frame, truth, asked(loaded, frame))


def asked(loaded: Loaded, frame: Any) -> Any:
    """A version's answers (n,) or (n, outputs)."""
    try:
        answers = np.asarray(loaded.predict(frame))
    except NbmlopsError:
        raise
    except RAISED as error:  # what an estimator raises for rows it does not take is of any type
        raise Invalid(
            f"Version {loaded.version.version} cannot answer these rows: {str(error)[:200]}",
            hint="Give rows such as the model was trained on.",
        ) from error
    return answers[:, 0] if answers.ndim == 2 and answers.shape[1] == 1 else answers


def metric_for(workspace: Workspace, rows: Rows, wanted: str | None) -> str:
    """The metric to measure by: the one asked for, or that of the gate, of the record, or the usual one for what is predicted."""
    if wanted is None:
        return metrics_for(workspace, rows)[0]
    amounts = rows.answers.dtype.kind in "iuf" and rows.labels.dtype.kind in "iuf"
    fitting = (*(_OF_CLASSES if rows.classes else ()), *(_OF_NUMBERS if amounts else ()))
    known = canonical(wanted)
    if known is None or known not in fitting:
        raise Invalid(f"{wanted[:80]!r} cannot be computed of these labels and answers.", hint=f"There is {there_is(fitting)}.")
    return known


def metrics_for(workspace: Workspace, rows: Rows) -> list[str]:
    """The metrics that matter of a version, as far as they can be computed: the gate's, the recorded ones, the usual ones."""
    fitting = _OF_CLASSES if rows.classes else _OF_NUMBERS
    version = rows.loaded.version
    names = [*gates.ways_of(workspace, version.model), *version.metrics, *(("accuracy",) if rows.classes else ("mae", "r2"))]
    found = [known for name in names if (known := canonical(name)) in fitting]
    return list(dict.fromkeys(str(name) for name in found))[:6]


def way(metric: str) -> Better:
    """Which way of a metric is better."""
    return direction(metric)


def is_training(rows: Rows) -> bool:
    """Whether these are, value for value, the rows the version was trained on."""
    version = rows.loaded.version
    if version.dataset is None:
        return False
    from nbmlops.data.fingerprint import fingerprint

    return fingerprint(rows.frame[[column.name for column in version.signature.inputs]]).digest == version.dataset


def _frame(version: ModelVersion, data: Any) -> Any:
    from nbmlops.data.frames import to_frame

    names = [column.name for column in version.signature.inputs]
    if hasattr(data, "columns"):
        frame = to_frame(data)
    else:
        array = np.asarray(data)
        if array.ndim != 2 or array.shape[1] != len(names):
            raise Invalid(f"The rows have the shape {array.shape}.", hint=f"The model takes {len(names)} columns: {', '.join(names[:20])}.")
        import pandas as pd

        frame = pd.DataFrame(array, columns=names)
    if twice := [name for name in names if list(frame.columns).count(name) > 1]:
        raise Invalid(f"The rows have more than one column {twice[0]!r}.", hint="Give each its own name.")
    if lacking := [name for name in names if name not in frame.columns]:
        raise Invalid(f"The rows lack the column {lacking[0]!r}.", hint=f"The model takes: {', '.join(names[:20])}.")
    return frame


def _labels(labels: Any, rows: int) -> Any:
    truth = np.asarray(labels)
    truth = truth[:, 0] if truth.ndim == 2 and truth.shape[1] == 1 else truth
    if truth.ndim == 0 or len(truth) != rows:
        count = 0 if truth.ndim == 0 else len(truth)
        raise Invalid(f"{rows:,} rows with {count:,} labels.", hint="Give one label for each row: --data X --labels y")
    all_known(truth)
    return truth


def _classes(values: Any) -> bool:
    if values.ndim > 1:
        return False
    if values.dtype.kind == "f":
        return bool(np.isin(values, (0.0, 1.0)).all())
    return values.dtype.kind in "OUSb" or (values.dtype.kind in "iu" and len(np.unique(values)) <= _MOST_CLASSES)


def _whole(values: Any) -> bool:
    return bool(values.dtype.kind == "f" and (values == np.round(values)).all())
