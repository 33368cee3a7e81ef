"""What a model takes, by what it tells itself, where nobody knows its training data."""

from __future__ import annotations

from typing import Any

from nbmlops.models.portable import Classes
from nbmlops.models.records import ColumnType, SignatureColumn

_ONNX: dict[str, ColumnType] = {"string": "string", "bool": "boolean"}
MAX_COLUMNS = 20_000


def takes(model: Any) -> tuple[list[SignatureColumn], bool] | None:
    """Its columns, and whether it knows them by name; None where it tells nothing.

    >>> from sklearn.linear_model import Ridge
    >>> [column.name for column in takes(Ridge().fit([[1.0, 2.0]], [1.0]))[0]]
    ['x0', 'x1']
    """
    inputs = getattr(model, "_inputs", None)
    if isinstance(inputs, list):
        return _of_onnx(inputs)
    model = model.booster if isinstance(model, Classes) else model
    names, count = _names(model), _count(model)
    if names and (count is None or len(names) == count):
        return _columns(names), True
    return (_columns([f"x{at}" for at in range(count)]), False) if count and count <= MAX_COLUMNS else None


def _names(model: Any) -> list[str]:
    """As scikit-learn, xgboost and lightgbm tell them."""
    found = getattr(model, "feature_names_in_", None)
    if found is None and type(model).__name__ == "Booster":
        found = model.feature_name() if hasattr(model, "feature_name") else model.feature_names
        if found == [f"Column_{at}" for at in range(len(found or ()))]:
            return []  # lightgbm's for columns without names
    return [str(name) for name in found] if found is not None else []


def _count(model: Any) -> int | None:
    found = getattr(model, "n_features_in_", None)
    for name in ("num_features", "num_feature"):
        if found is None and callable(getattr(model, name, None)):
            found = getattr(model, name)()
    return int(found) if found is not None else None


def _of_onnx(inputs: list[Any]) -> tuple[list[SignatureColumn], bool] | None:
    if len(inputs) == 1:
        shape = inputs[0].shape
        count = shape[1] if len(shape) == 2 and isinstance(shape[1], int) else 0
        return (_columns([f"x{at}" for at in range(count)]), False) if 0 < count <= MAX_COLUMNS else None
    kinds = [_ONNX.get(one.type.partition("(")[2].rstrip(")"), "float") for one in inputs]
    return [SignatureColumn(name=one.name, type=kind, nullable=False) for one, kind in zip(inputs, kinds, strict=True)], True


def _columns(names: list[str]) -> list[SignatureColumn]:
    return [SignatureColumn(name=name, type="float", nullable=True) for name in names]
