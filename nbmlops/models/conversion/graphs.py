"""The graphs that could stand for a model, the most exact first."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

from nbmlops.errors import Invalid, Missing
from nbmlops.models import portable
from nbmlops.models.conversion import shaping
from nbmlops.models.conversion.converters import NoForm, own_converters
from nbmlops.models.records import Signature, SignatureColumn
from nbmlops.plugins import needs

_WHY = "Converting a model to ONNX"
_OPSETS = {"": 18, "ai.onnx.ml": 3}  # 3: the first whose trees compare doubles


def graphs(flavor: str, data: bytes, estimator: Any, signature: Signature) -> Iterator[Callable[[], Any]]:
    """Functions that each make an ONNX model of a loaded one, or raise what the converter raises. Invalid for what has no converter."""
    if times := [column.name for column in signature.inputs if column.type == "datetime"]:
        raise Invalid(f"The column {times[0]!r} is a time, which ONNX has not.", hint="Let the model take numbers made of it: hours, days.")
    if flavor == "sklearn":
        yield from _of_sklearn(estimator, signature)
    elif flavor == "xgboost":
        yield lambda: _of_xgboost(portable.load(flavor, data), len(signature.inputs))
    elif flavor == "lightgbm":
        yield from (lambda kind=kind: _of_lightgbm(estimator, len(signature.inputs), kind) for kind in ("Double", "Float"))  # type: ignore[misc]
    elif flavor == "torch":
        yield lambda: _of_torch(data)
    else:
        said = "is ONNX already" if flavor == "onnx" else f"of the flavor {flavor!r} has no converter to ONNX"
        raise Invalid(f"This version {said}.", hint="There are converters for sklearn, xgboost, lightgbm and torch.")


def _of_sklearn(estimator: Any, signature: Signature) -> Iterator[Callable[[], Any]]:
    """Doubles before floats, one tensor of all columns before one a column (which is slower, and the only way for mixed ones)."""
    skl2onnx = needs("skl2onnx", extra="onnx", why=_WHY)
    types = needs("skl2onnx.common.data_types", extra="onnx", why=_WHY)
    plain = all(column.type != "string" for column in signature.inputs)

    def made(kind: str, whole: bool) -> Any:
        number = getattr(types, f"{kind}TensorType")
        given = (
            [("rows", number([None, len(signature.inputs)]))]
            if whole
            else [(column.name, (_kind(column, types) or number)([None, 1])) for column in signature.inputs]
        )
        options = {id(estimator): {"zipmap": False}} if hasattr(estimator, "predict_proba") else None
        model = skl2onnx.convert_sklearn(
            estimator, name="model", initial_types=given, options=options, target_opset=_OPSETS, **own_converters()
        )
        return shaping.answers(model, 1 + hasattr(estimator, "predict_proba"))

    for kind in ("Double", "Float"):
        for whole in (True, False) if plain else (False,):
            if whole or signature.named:
                yield lambda kind=kind, whole=whole: made(kind, whole)  # type: ignore[misc]


def _kind(column: SignatureColumn, types: Any) -> Any:
    return types.StringTensorType if column.type == "string" else None


def _of_xgboost(model: Any, columns: int) -> Any:
    """Single floats: so xgboost computes itself. `model` is a copy, whose columns' names are taken from it."""
    tools = needs("onnxmltools", extra="onnx", why=_WHY)
    types = needs("onnxmltools.convert.common.data_types", extra="onnx", why=_WHY)
    booster = model if hasattr(model, "save_raw") else model.get_booster()
    if "c" in (booster.feature_types or ()):
        raise NoForm("xgboost's splits of categories have no form in ONNX")
    booster.feature_names = booster.feature_types = None
    made = tools.convert_xgboost(model, name="model", initial_types=[("rows", types.FloatTensorType([None, columns]))])
    return shaping.answers(made, 1 + hasattr(model, "predict_proba")) if booster is not model else shaping.likely(made)


def _of_lightgbm(model: Any, columns: int, kind: str) -> Any:
    tools = needs("onnxmltools", extra="onnx", why=_WHY)
    types = needs("onnxmltools.convert.common.data_types", extra="onnx", why=_WHY)
    booster = getattr(model, "booster", model)
    if booster.pandas_categorical:
        raise NoForm("lightgbm's splits of categories have no form in ONNX")
    given = [("rows", getattr(types, f"{kind}TensorType")([None, columns]))]
    made = tools.convert_lightgbm(booster, name="model", initial_types=given, zipmap=False)
    return shaping.likely(made) if booster is model else shaping.classes(made, model.classes)


def _of_torch(data: bytes) -> Any:
    torch = needs("torch", extra="torch", why=_WHY)
    try:
        needs("onnxscript", extra="torch", why=_WHY)
    except Missing as error:
        raise Missing("torch makes ONNX with the help of onnxscript, which is not installed.", hint="pip install onnxscript") from error
    program = torch.export.load(io.BytesIO(data))
    return shaping.answers(torch.onnx.export(program, dynamo=True, verbose=False).model_proto, 1)
