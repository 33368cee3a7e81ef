"""ONNX models: a graph of known operators, which onnxruntime computes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from nbmlops.errors import Damaged, Invalid
from nbmlops.models.flavors.native import Native, opened
from nbmlops.plugins import needs

_DOMAINS = ("", "ai.onnx", "ai.onnx.ml", "com.microsoft")


class OnnxFlavor(Native):
    """Save and load an ONNX model."""

    name = "onnx"
    libraries = ("onnxruntime", "pandas")
    suffix = "onnx"

    def can(self, model: Any) -> bool:
        """Whether this flavor keeps such objects."""
        return type(model).__name__ == "ModelProto" and type(model).__module__.partition(".")[0] == "onnx"

    def save(self, model: Any) -> bytes:
        """The model as bytes. Invalid where its weights lie in other files."""
        self._check(model)
        return bytes(model.SerializeToString(deterministic=True))

    def load(self, data: bytes, trusted: Iterable[str] = ()) -> Any:
        """The model. Damaged where the bytes are none, or point outside of themselves."""
        onnx = needs("onnx", extra="onnx", why="Loading this model")
        needs("onnxruntime", extra="onnx", why="Loading this model")
        try:
            model = onnx.load_model_from_string(data)
        except Exception as error:  # whatever protobuf raises for bytes that are none of its own
            raise Damaged("The model file is no ONNX model.", hint="Register the model again from its run.") from error
        try:
            self._check(model)
        except Invalid as error:
            raise Damaged(error.message, hint=error.hint) from error
        return opened(self.name, data)

    def _check(self, model: Any) -> None:
        """No tensor in another file, no operator that a library of somebody's would bring."""
        own = {function.domain for function in model.functions}
        for part in _parts(model):
            kind = type(part).__name__
            if kind == "TensorProto" and (part.data_location == 1 or len(part.external_data)):
                raise Invalid(
                    "The model keeps weights in another file.", hint="Save it with all tensors in one: save_as_external_data=False"
                )
            if kind == "NodeProto" and part.domain not in _DOMAINS and part.domain not in own:
                raise Invalid(
                    f"The model has an operator of the domain {part.domain[:80]!r}.", hint=f"Known are: {', '.join(_DOMAINS[1:])}."
                )


def _parts(model: Any) -> Iterator[Any]:
    """The model and every message in it: a tensor may stand in a graph, an attribute, a function or another tensor, and be sparse."""
    waiting = [model]
    while waiting:
        part = waiting.pop()
        yield part
        for field, value in part.ListFields():
            if field.message_type is not None:
                waiting += [value] if hasattr(value, "ListFields") else value
