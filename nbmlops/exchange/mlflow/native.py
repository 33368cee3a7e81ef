"""Models as MLflow's own flavors store them: what is kept of those that are data."""

from __future__ import annotations

from typing import Any

from nbmlops.errors import Damaged, Invalid
from nbmlops.models.files.records import Told
from nbmlops.models.flavors.xgboost import XgboostFlavor
from nbmlops.models.flavors.zipped import shown
from nbmlops.plugins import needs

_XGBOOST = ("XGBRegressor", "XGBClassifier", "XGBRanker", "XGBRFRegressor", "XGBRFClassifier")


def kept(told: Told, data: bytes) -> tuple[bytes, str]:
    """The bytes that are kept of a file that was looked at, and the estimator's name. Invalid, with what to do, for one that is code."""
    flavor = str(told.said["mlflow"])
    if told.runs:
        raise Invalid(
            f"it is {told.kind} of {flavor}, and opening one runs whatever is in it.",
            hint=f"Log it as data: mlflow.{flavor}.log_model(…, serialization_format='skops'). Or load it where you trust it,"
            f" mlflow.{flavor}.load_model(…), and register what you get: %mlops model register NAME MODEL",
        )
    if told.flavor != "xgboost":
        return data, told.estimator
    return _xgboost(data, told.said["mlmodel"]["flavors"][flavor])


def _xgboost(data: bytes, said: dict[str, Any]) -> tuple[bytes, str]:
    """Which of xgboost's estimators it is stands in MLmodel alone."""
    xgboost = needs("xgboost", extra="xgboost", why="Pulling this model")
    kind = str(said.get("model_class", "")).rpartition(".")[2]
    made = getattr(xgboost, kind)() if kind in _XGBOOST else xgboost.Booster()
    try:
        made.load_model(bytearray(data))
    except Exception as error:  # what the library raises for what is no model of this class is of any type
        raise Damaged(f"it is no {shown(kind)} of xgboost's: {shown(str(error), 200)}.", hint="Log it again with MLflow.") from error
    return XgboostFlavor().save(made), f"xgboost.{type(made).__name__}"
