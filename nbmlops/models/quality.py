"""Quality metrics by name, with their direction; scikit-learn computes them."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from nbmlops.errors import Invalid, there_is

Direction = Literal["lower", "higher"]
# name → (direction, loss of each row where the metric is their mean)
_KNOWN: dict[str, Direction] = {
    "mae": "lower", "rmse": "lower", "mse": "lower", "mape": "lower", "medae": "lower", "r2": "higher",
    "accuracy": "higher", "balanced_accuracy": "higher", "f1": "higher", "precision": "higher", "recall": "higher", "log_loss": "lower",
}  # fmt: skip
_ALIASES = {
    "mean_absolute_error": "mae", "root_mean_squared_error": "rmse", "mean_squared_error": "mse", "r2_score": "r2",
    "mean_absolute_percentage_error": "mape", "median_absolute_error": "medae", "accuracy_score": "accuracy", "f1_score": "f1",
    "balanced_accuracy_score": "balanced_accuracy", "precision_score": "precision", "recall_score": "recall",
}  # fmt: skip
_LOWER_WORDS = ("error", "loss", "mae", "mse", "mape", "deviance", "latency", "brier", "perplexity")


def known_metrics() -> list[str]:
    """Metrics that can be computed from labels and predictions."""
    return sorted(_KNOWN)


def canonical(name: str) -> str | None:
    """The short name of a metric that can be computed, or None.

    >>> canonical("mean_absolute_error"), canonical("lift")
    ('mae', None)
    """
    name = _ALIASES.get(name, name)
    return name if name in _KNOWN else None


def recorded(metrics: dict[str, float], name: str) -> float | None:
    """A metric among those recorded, under its own name or another name of the same; None where it is not.

    >>> recorded({"mean_absolute_error": 3.0}, "mae")
    3.0
    """
    if name in metrics:
        return metrics[name]
    known = canonical(name)
    return next((value for other, value in metrics.items() if known is not None and canonical(other) == known), None)


def direction(name: str) -> Direction:
    """Which way is better; by its words where a metric is not known.

    >>> direction("mae"), direction("r2"), direction("val_loss"), direction("auc")
    ('lower', 'higher', 'lower', 'higher')
    """
    known = canonical(name)
    if known:
        return _KNOWN[known]
    return "lower" if any(word in name.lower() for word in _LOWER_WORDS) else "higher"


def metric_value(name: str, truth: Any, predicted: Any) -> float:
    """A metric of predictions (n,) against labels (n,). Averages over classes are unweighted (`macro`).

    >>> metric_value("mae", [1, 2], [2, 4])
    1.5
    """
    from sklearn import metrics

    known = canonical(name)
    if known is None:
        raise Invalid(f"{name[:80]!r} cannot be computed from labels.", hint=f"There is {there_is(known_metrics())}.")
    losses = row_losses(known, truth, predicted)
    if losses is not None:
        mean = float(losses.mean()) if len(losses) else float("nan")
        return {"accuracy": 1 - mean, "rmse": mean**0.5}.get(known, mean)
    truth, predicted = _pair(truth, predicted)
    if known in ("medae", "r2"):
        truth, predicted = _numbers(known, truth), _numbers(known, predicted)
        if len(truth) < 2 or not (np.isfinite(truth).all() and np.isfinite(predicted).all()):
            return float("nan")  # what is not known is no quality
        return float((metrics.median_absolute_error if known == "medae" else metrics.r2_score)(truth, predicted))
    try:
        return _of_classes(known, truth, predicted)
    except ValueError as error:
        raise Invalid(
            f"{known} cannot be computed of these: {error}", hint="Labels and predictions must be classes of one kind."
        ) from error


def all_known(labels: Any) -> None:
    """Invalid where a label is missing: what is not known is neither right nor wrong."""
    import pandas as pd

    absent = np.asarray(pd.isna(labels))
    if lacking := int(absent.reshape(len(absent), -1).any(axis=1).sum()):
        raise Invalid(f"{lacking:,} of the labels are missing.", hint="Leave out the rows whose truth is not known yet.")


def of_classes(labels: Any, model: Any, *, every: bool) -> None:
    """Invalid where no label is a class of the model, as far as it says its classes; with `every`, where any label is none."""
    from nbmlops.models.portable import Classes

    found = model.classes if isinstance(model, Classes) else getattr(model, "classes_", None)
    truth = _plain(np.asarray(labels))
    if found is None or truth.ndim != 1 or not len(truth) or (classes := np.asarray(found)).ndim != 1:
        return
    known, given = set(classes.tolist()), set(truth.tolist())  # by value: 1, 1.0 and True are one class
    odd = given - known
    said = f"labels {_listed(odd)}; classes {_listed(known)}"
    if odd == given:
        raise Invalid(f"No label is a class of the model: {said}.", hint="Give labels as the model answers them.")
    if odd and every:
        raise Invalid(f"Some labels are no class of the model, so it gives them no probability: {said}.", hint="Leave out their rows.")


def _listed(values: set[Any]) -> str:
    first = sorted(values, key=_order)[:10]
    return ", ".join(str(one)[:40] for one in first) + (" …" if len(values) > len(first) else "")


def _of_classes(known: str, truth: Any, predicted: Any) -> float:
    from sklearn import metrics

    if known == "log_loss":
        return float(metrics.log_loss(truth, predicted))
    if known == "balanced_accuracy":
        return float(metrics.balanced_accuracy_score(truth, predicted))
    return float(getattr(metrics, f"{known}_score")(truth, predicted, average="macro", zero_division=0))


def row_losses(name: str, truth: Any, predicted: Any) -> Any:
    """The loss of each row (n,), for metrics that are a function of their mean; None for the others.

    >>> row_losses("mae", [1, 2], [2, 4]).tolist()
    [1.0, 2.0]
    """
    known = canonical(name)
    truth, predicted = _pair(truth, predicted)
    if known == "accuracy":
        _of_one_kind(truth, predicted)
        return (np.asarray(truth) != np.asarray(predicted)).astype(float)
    if known not in ("mae", "mse", "rmse", "mape"):
        return None
    truth, predicted = _numbers(known, truth), _numbers(known, predicted)
    gap = np.abs(predicted - truth)
    if known == "mape":
        return gap / np.maximum(np.abs(truth), np.finfo(float).eps)
    return gap if known == "mae" else gap**2


def _pair(truth: Any, predicted: Any) -> tuple[Any, Any]:
    """Both in one shape: a column of one is an array, so that nothing is held against everything."""
    flat = [np.asarray(given) for given in (truth, predicted)]
    flat = [found[:, 0] if found.ndim == 2 and found.shape[1] == 1 else found for found in flat]
    if flat[0].shape != flat[1].shape:
        raise Invalid(f"Labels have the shape {flat[0].shape}, predictions {flat[1].shape}.", hint="Give one label for each prediction.")
    return _plain(flat[0]), _plain(flat[1])


def _plain(values: Any) -> Any:
    """Numbers that came as objects, as a column that may be null gives them, as an array of numbers."""
    if values.dtype != object or not all(isinstance(one, (bool, int, float, np.bool_, np.number)) for one in values.flat):
        return values
    return np.asarray(values.tolist())


def coded(truth: Any, predicted: Any) -> tuple[list[Any], Any, Any]:
    """The classes of both in their order, and each row's place in it: numbers are held as numbers, 1 as 1.0 and True, text as text.

    >>> [part if isinstance(part, list) else part.tolist() for part in coded([1.0, 0.0, 1.0], [True, False, False])]
    [[0.0, 1.0], [1, 0, 1], [1, 0, 0]]
    """
    import pandas as pd

    both = _pair(truth, predicted)
    for what, values in zip(("label", "answer"), both, strict=True):
        if missing := int(pd.isna(values).sum()):
            raise Invalid(f"{missing:,} rows have no {what}.", hint="Leave out the rows that have none.")
    _of_one_kind(*both)
    seen: dict[Any, int] = {}  # by value: 1, 1.0 and True are one key
    found = [np.array([seen.setdefault(one, len(seen)) for one in values.tolist()], dtype=int) for values in both]
    classes = sorted(seen, key=_order)
    place = np.empty(len(seen), dtype=int)
    place[[seen[one] for one in classes]] = np.arange(len(seen))
    return classes, place[found[0]], place[found[1]]


def _of_one_kind(truth: Any, predicted: Any) -> None:
    """Invalid where one is text and the other numbers: none would ever be right."""
    kinds = [{isinstance(one, str) for one in values.ravel().tolist()} for values in (truth, predicted)]
    if kinds in ([{True}, {False}], [{False}, {True}]):
        words = ("text", "numbers") if True in kinds[0] else ("numbers", "text")
        raise Invalid(f"The labels are {words[0]}, and the model answers {words[1]}.", hint="Give labels as the model answers them.")


def _order(value: Any) -> tuple[bool, float, str]:
    number = isinstance(value, (bool, int, float, np.bool_, np.number))
    return (not number, float(value) if number else 0.0, str(value))


def _numbers(name: str, values: Any) -> Any:
    try:
        return np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise Invalid(
            f"{name} cannot be computed of what is no number: {error}.",
            hint="For classes: accuracy, f1, precision, recall, balanced_accuracy.",
        ) from error


def paired_interval(losses: Any, others: Any, *, resamples: int = 500, seed: int = 0) -> tuple[float, float]:
    """95 % bootstrap interval of mean(losses − others) over the same rows, resampled together.

    Efron and Tibshirani, An Introduction to the Bootstrap, 1993, ch. 13 (percentile interval).

    >>> paired_interval([1.0] * 50, [0.0] * 50)
    (1.0, 1.0)
    """
    gaps = np.asarray(losses, float) - np.asarray(others, float)
    random = np.random.default_rng(seed)  # one of our own: the user's stays where it was
    means = [gaps[random.integers(0, len(gaps), len(gaps))].mean() for _ in range(resamples)]
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)
