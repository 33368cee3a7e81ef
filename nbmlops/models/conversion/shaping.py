"""What a converted graph gives, made to be what the model gives: answers first, then probabilities, no more."""

from __future__ import annotations

from typing import Any


def answers(model: Any, count: int) -> Any:
    """The model with its first outputs alone, of any number of rows."""
    del model.graph.output[count:]
    for one in model.graph.output:
        shape = one.type.tensor_type.shape
        if len(shape.dim):
            shape.dim[0].Clear()
            shape.dim[0].dim_param = "rows"
    return model


def likely(model: Any) -> Any:
    """A booster's model: where it tells classes and probabilities, the probabilities are what a booster answers."""
    if len(model.graph.output) < 2:
        return answers(model, 1)
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper

    found = model.graph.output[1]
    if found.type.tensor_type.shape.dim[-1].dim_value == 2:  # of two classes, a booster tells the second's alone
        model.graph.initializer.append(numpy_helper.from_array(np.asarray([1]), "second_class"))
        model.graph.node.append(helper.make_node("Gather", [found.name, "second_class"], ["answers"], axis=1))
        found = helper.make_tensor_value_info("answers", found.type.tensor_type.elem_type or TensorProto.FLOAT, ["rows", 1])
    return answers(_telling(model, found), 1)


def classes(model: Any, names: list[Any]) -> Any:
    """A model that tells the place of a class: it tells the class."""
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper

    values = np.asarray(names)
    text = values.dtype.kind not in "iub"
    known = np.asarray([str(one) for one in names], dtype=object) if text else values.astype("int64")
    model.graph.initializer.append(numpy_helper.from_array(known, "class_names"))
    likely = model.graph.output[1]
    model.graph.node.append(helper.make_node("ArgMax", [likely.name], ["class_place"], axis=1, keepdims=0))
    model.graph.node.append(helper.make_node("Gather", ["class_names", "class_place"], ["class"], axis=0))
    told = helper.make_tensor_value_info("class", TensorProto.STRING if text else TensorProto.INT64, ["rows"])
    return answers(_telling(model, told, likely), 2)


def _telling(model: Any, *outputs: Any) -> Any:
    kept = [type(one).FromString(one.SerializeToString()) for one in outputs]  # what stands in the list goes with it
    del model.graph.output[:]
    model.graph.output.extend(kept)
    return model
