"""How skl2onnx is told of steps that it converts in part, or not with newer libraries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def own_converters() -> dict[str, dict[type, Callable[..., None]]]:
    """What `convert_sklearn` is given: an imputer that fills doubles and texts too, histogram trees whose flags are numbers.

    onnxruntime's own Imputer takes single floats alone, and skl2onnx no missing texts.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.impute import SimpleImputer

    return {
        "custom_conversion_functions": {
            SimpleImputer: _fill,
            HistGradientBoostingClassifier: _trees("SklearnHistGradientBoostingClassifier"),
            HistGradientBoostingRegressor: _trees("SklearnHistGradientBoostingRegressor"),
        },
        "custom_shape_calculators": {
            SimpleImputer: _filled,
            HistGradientBoostingClassifier: _shapes("SklearnHistGradientBoostingClassifier"),
            HistGradientBoostingRegressor: _shapes("SklearnHistGradientBoostingRegressor"),
        },
    }


def _filled(operator: Any) -> None:
    """As many columns as go in, of the type that goes in."""
    kind = type(operator.inputs[0].type)
    operator.outputs[0].type = kind([operator.inputs[0].get_first_dimension(), len(operator.raw_operator.statistics_)])


def _fill(scope: Any, operator: Any, container: Any) -> None:
    """Where a value is missing, the statistic of its column."""
    import numpy as np
    from onnx import TensorProto
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, StringTensorType
    from skl2onnx.operator_converters.common import concatenate_variables

    step, kind = operator.raw_operator, type(operator.inputs[0].type)
    missing = step.missing_values
    empty = missing is None or missing != missing or type(missing).__name__ == "NAType"
    if getattr(step, "add_indicator", False):
        raise NotImplementedError("A SimpleImputer with add_indicator has no form in ONNX")
    if any(value is None or value != value for value in step.statistics_):
        raise NotImplementedError("A SimpleImputer has met a column without any value, and would leave it out")
    given = concatenate_variables(scope, operator.inputs, container)
    name = scope.get_unique_variable_name
    fill, mask = name("fill"), name("missing")
    if kind is StringTensorType:
        container.add_initializer(fill, TensorProto.STRING, [1, len(step.statistics_)], [str(one).encode() for one in step.statistics_])
        found = name("found")
        container.add_node(
            "LabelEncoder", given, found, op_domain="ai.onnx.ml", op_version=2, name=scope.get_unique_operator_name("Missing"),
            keys_strings=["nan" if empty else str(missing)], values_int64s=[1], default_int64=0,
        )  # fmt: skip
        container.add_node("Cast", found, mask, to=TensorProto.BOOL, name=scope.get_unique_operator_name("Cast"))
    elif kind in (DoubleTensorType, FloatTensorType):
        of = TensorProto.DOUBLE if kind is DoubleTensorType else TensorProto.FLOAT
        container.add_initializer(fill, of, [1, len(step.statistics_)], np.asarray(step.statistics_, dtype="float64").tolist())
        if empty:
            container.add_node("IsNaN", given, mask, name=scope.get_unique_operator_name("IsNaN"))
        else:
            container.add_initializer(value := name("value"), of, [1], [float(missing)])
            container.add_node("Equal", [given, value], mask, name=scope.get_unique_operator_name("Equal"))
    else:
        raise NotImplementedError(f"A SimpleImputer takes no {kind.__name__}")
    container.add_node("Where", [mask, fill, given], operator.outputs[0].full_name, name=scope.get_unique_operator_name("Where"))


def _shapes(alias: str) -> Callable[..., None]:
    from skl2onnx.common._registration import get_shape_calculator

    return lambda operator: get_shape_calculator(alias)(operator)


def _trees(alias: str) -> Callable[..., None]:
    from skl2onnx.common._registration import get_converter

    return lambda scope, operator, container: get_converter(alias)(scope, operator, _Numbers(container))


class _Numbers:
    """A container whose nodes have no flags: protobuf takes no True where a number belongs."""

    def __init__(self, container: Any) -> None:
        self._container = container

    def __getattr__(self, name: str) -> Any:
        return getattr(self._container, name)

    def add_node(self, *args: Any, **attributes: Any) -> None:
        """Add a node; of flags come ones and zeros."""
        self._container.add_node(*args, **{name: _numbers(value) for name, value in attributes.items()})


def _numbers(value: Any) -> Any:
    import numpy as np

    return [int(one) if isinstance(one, (bool, np.bool_)) else one for one in value] if isinstance(value, list) else value
