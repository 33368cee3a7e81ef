"""How skl2onnx is told of steps that it converts in part, or less exactly than ONNX could."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

_ML = "ai.onnx.ml"


class NoForm(ValueError):
    """One way to an ONNX graph ends here, as where the converters' own errors end it: another may be tried."""


def own_converters() -> dict[str, dict[type, Callable[..., None]]]:
    """What `convert_sklearn` is given: an imputer that fills doubles and texts, and trees that compare as scikit-learn's do.

    onnxruntime's own Imputer takes single floats alone, and skl2onnx no missing texts. scikit-learn's trees make single floats of
    what they are given before they compare it, those of histogram boosting compare doubles; all tell single floats here.
    """
    from sklearn import ensemble, tree
    from sklearn.impute import SimpleImputer

    converters: dict[type, Callable[..., None]] = {SimpleImputer: _fill}
    shapes: dict[type, Callable[..., None]] = {SimpleImputer: _filled}
    for room, name in ((tree, "DecisionTree"), (ensemble, "RandomForest"), (ensemble, "ExtraTrees"), (ensemble, "GradientBoosting"),
                       (ensemble, "HistGradientBoosting")):  # fmt: skip
        for kind in ("Regressor", "Classifier"):
            found = getattr(room, name + kind)
            shapes[found] = _telling_floats(f"Sklearn{name}{kind}")
            converters[found] = _doubles(f"Sklearn{name}{kind}") if name.startswith("Hist") else _singles(f"Sklearn{name}{kind}")
    return {"custom_conversion_functions": converters, "custom_shape_calculators": shapes}


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
        raise NoForm("A SimpleImputer with add_indicator has no form in ONNX")
    if any(value is None or value != value for value in step.statistics_):
        raise NoForm("A SimpleImputer has met a column without any value, and would leave it out")
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
        raise NoForm(f"A SimpleImputer takes no {kind.__name__}")
    container.add_node("Where", [mask, fill, given], operator.outputs[0].full_name, name=scope.get_unique_operator_name("Where"))


def _telling_floats(alias: str) -> Callable[..., None]:
    from skl2onnx.common._registration import get_shape_calculator
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType

    def shapes(operator: Any) -> None:
        get_shape_calculator(alias)(operator)
        for one in operator.outputs:
            if isinstance(one.type, DoubleTensorType):
                one.type = FloatTensorType(one.type.shape)

    return shapes


def _singles(alias: str) -> Callable[..., None]:
    """Trees before which a double becomes a single float."""
    from skl2onnx.common._registration import get_converter

    def convert(scope: Any, operator: Any, container: Any) -> None:
        import numpy as np
        from onnx import TensorProto
        from skl2onnx.common.data_types import FloatTensorType

        made_of = np.ravel(np.asarray(getattr(operator.raw_operator, "estimators_", [operator.raw_operator]), dtype=object))
        if not all(np.isfinite(one.tree_.threshold).all() for one in made_of):
            raise NoForm("A tree that asks whether a value is missing has no form in ONNX")  # and skl2onnx never ends
        (given,) = operator.inputs
        single = scope.get_unique_variable_name("single")
        container.add_node("Cast", given.full_name, single, to=TensorProto.FLOAT, name=scope.get_unique_operator_name("Cast"))
        kind = FloatTensorType(given.type.shape)
        get_converter(alias)(scope, _Given(operator, [SimpleNamespace(full_name=single, onnx_name=single, type=kind)]), _Numbers(container))

    return convert


def _doubles(alias: str) -> Callable[..., None]:
    """Trees of the first opset in which doubles are compared."""
    from skl2onnx.common._registration import get_converter

    def convert(scope: Any, operator: Any, container: Any) -> None:
        name = "TreeEnsembleRegressor" if alias.endswith("Regressor") else "TreeEnsembleClassifier"
        get_converter(alias)(scope, operator, _Numbers(container, doubles=True), name, _ML, 3)

    return convert


class _Given:
    """An operator that is given something else."""

    def __init__(self, operator: Any, inputs: list[Any]) -> None:
        self._operator, self.inputs = operator, inputs
        self.input_full_names = [one.full_name for one in inputs]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._operator, name)


class _Numbers:
    """A container whose nodes have no flags, since protobuf takes no True where a number belongs; their floats double, if asked."""

    def __init__(self, container: Any, *, doubles: bool = False) -> None:
        self._container, self._doubles = container, doubles

    def __getattr__(self, name: str) -> Any:
        return getattr(self._container, name)

    def add_node(self, op_type: str, *args: Any, **attributes: Any) -> None:
        """Add a node; of flags come ones and zeros, of a tree's floats a tensor."""
        made = {name: _numbers(value) for name, value in attributes.items()}
        if self._doubles and op_type in ("TreeEnsembleRegressor", "TreeEnsembleClassifier"):
            made |= {f"{name}_as_tensor": _tensor(made.pop(name)) for name in _FLOATS if made.get(name) is not None}
        self._container.add_node(op_type, *args, **made)


_FLOATS = ("nodes_values", "nodes_hitrates", "base_values", "target_weights", "class_weights")


def _numbers(value: Any) -> Any:
    import numpy as np

    return [int(one) if isinstance(one, (bool, np.bool_)) else one for one in value] if isinstance(value, list) else value


def _tensor(values: Any) -> Any:
    import numpy as np
    from onnx import numpy_helper

    return numpy_helper.from_array(np.asarray(values, dtype="float64").ravel())
