"""What a fit was: the estimator with its parameters, and what went in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nbmlops.capture.calls import FITS, Call
from nbmlops.ledger.encode import plain
from nbmlops.ledger.secrets import mask_params

SAMPLE_ROWS = 50
_TRAINERS = ("xgboost", "lightgbm", "catboost")


@dataclass(frozen=True)
class Fitting:
    """A call that fits: what is fitted (None until a training function gives it), and whether it will answer questions."""

    estimator: Any
    model: bool


def fitting(call: Call) -> Fitting | None:
    """What a call is about to fit, or None if it fits nothing.

    By scikit-learn's protocol (`fit` of something with `get_params`), or `fit` of something that predicts (Keras,
    statsmodels), or a gradient boosting library's own `train`.
    """
    name = getattr(call.callee, "__name__", "")
    owner = getattr(call.callee, "__self__", None)
    if name not in FITS:
        return None
    if name == "train":
        return Fitting(None, True) if (getattr(call.callee, "__module__", None) or "").startswith(_TRAINERS) else None
    if owner is None or isinstance(owner, type):
        return None
    if callable(getattr(owner, "get_params", None)) or callable(getattr(owner, "predict", None)):
        return Fitting(owner, is_model(owner))
    return None


def is_model(estimator: Any) -> bool:
    """Whether an estimator answers questions, rather than only preparing data for another."""
    able = {name for name in ("predict", "fit_predict", "score_samples", "transform") if callable(getattr(estimator, name, None))}
    return bool(able & {"predict", "fit_predict"}) or able == {"score_samples"}


def inputs(call: Call, estimator: Any) -> tuple[Any, Any]:
    """What went into a fit: the features and the target, None where there is none."""
    given = call.args
    first = next((given[key] for key in (0, "X", "x", "dtrain", "train_set", "pool") if key in given), None)
    second = next((given[key] for key in (1, "y", "Y", "target") if key in given), None)
    if getattr(call.callee, "__name__", "") == "train":
        return next((given[key] for key in (1, "dtrain", "train_set", "pool") if key in given), None), None
    if first is None and hasattr(estimator, "exog"):  # statsmodels takes its data when it is made
        return estimator.exog, getattr(estimator, "endog", None)
    return first, second


def class_name(estimator: Any) -> str:
    """A class with its module, as people import it.

    >>> class_name(1)
    'builtins.int'
    """
    kind = type(estimator)
    return f"{kind.__module__}.{kind.__qualname__}"


def parameters(estimator: Any, call: Call | None = None) -> dict[str, Any]:
    """`get_params(deep=True)` as plain values, nested estimators by their class, secrets masked; a trainer's own parameters."""
    if call is not None and getattr(call.callee, "__name__", "") == "train":
        given = call.args.get(0, call.args.get("params"))
        rounds = call.args.get(2, call.args.get("num_boost_round"))
        found = {str(name): plain(value) for name, value in given.items()} if isinstance(given, Mapping) else {}
        return mask_params({**found, **({"num_boost_round": plain(rounds)} if isinstance(rounds, int) else {})})
    if not callable(getattr(estimator, "get_params", None)):
        return {}
    found = {}
    for name, value in estimator.get_params(deep=True).items():
        if callable(getattr(value, "get_params", None)):
            found[name] = f"<{class_name(value)}>"
        elif isinstance(value, list) and any(isinstance(step, tuple) for step in value):
            continue  # a pipeline's steps: each stands there under its own name
        else:
            found[name] = plain(value)
    return mask_params(found)


def first_rows(data: Any) -> Any:
    """A few rows of what was fitted, to know its columns by; None for what cannot be sliced."""
    try:
        return data[:SAMPLE_ROWS].copy()
    except (TypeError, AttributeError, KeyError, IndexError, NotImplementedError):
        return None
