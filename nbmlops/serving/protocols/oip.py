"""The Open Inference Protocol, version 2, over REST: a tensor for each column, or one for a model of bare arrays.

Source: github.com/kserve/open-inference-protocol, specification/protocol/inference_rest.md. Beside the model's outputs
an answer has the tensor `prediction_id`, by which labels join later; a request may say in `parameters.event_at` when its
rows happened. Errors have the one shape of this server, not the protocol's {"error": …}.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from nbmlops.errors import Invalid, NotFound
from nbmlops.models.loading import Loaded
from nbmlops.models.records import ColumnType, Signature
from nbmlops.serving.body import event_times, json_object
from nbmlops.serving.predict import predict
from nbmlops.serving.protocols.tensors import datatype_of, read
from nbmlops.serving.served import Served

ID = "prediction_id"
_DATATYPES: dict[ColumnType, str] = {"float": "FP64", "integer": "INT64", "string": "BYTES", "boolean": "BOOL", "datetime": "BYTES"}


def server() -> dict[str, Any]:
    """What this server is."""
    from importlib.metadata import version

    return {"name": "nbmlops", "version": version("nbmlops"), "extensions": []}


def metadata(served: Served, name: str, version: str | None) -> dict[str, Any]:
    """The model's tensors."""
    found = _asked(served, name, version).version
    inputs = [{"name": c.name, "datatype": _DATATYPES[c.type], "shape": [-1]} for c in found.signature.inputs]
    if not found.signature.named:
        inputs = [{"name": "x", "datatype": inputs[0]["datatype"], "shape": [-1, len(inputs)]}]
    outputs = [*_outputs(found.signature), (ID, "BYTES")]
    return {
        "name": served.model, "versions": [str(found.version)], "platform": f"nbmlops_{found.flavor}", "inputs": inputs,
        "outputs": [{"name": n, "datatype": t, "shape": [-1]} for n, t in outputs],
    }  # fmt: skip


async def infer(served: Served, request: Request, name: str, version: str | None) -> dict[str, Any]:
    """Answer tensors with tensors."""
    model = _asked(served, name, version)
    body = await json_object(request)
    signature = model.version.signature
    parameters = body.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise Invalid("parameters is not an object.", hint='For example: {"event_at": "2026-01-31T12:00:00Z"}')
    wanted = _wanted(body.get("outputs"), [*(name for name, _ in _outputs(signature)), ID])
    columns = _columns(signature, body.get("inputs"))
    rows = len(next(iter(columns.values()), []))
    found = await predict(served, columns, event_times(parameters.get("event_at"), rows), loaded=model)
    tensors = [*_tensors(signature, found.predictions), {"name": ID, "datatype": "BYTES", "shape": [rows], "data": found.ids}]
    answer: dict[str, Any] = {
        "model_name": served.model, "model_version": str(found.version),
        "outputs": [tensor for tensor in tensors if wanted is None or tensor["name"] in wanted],
    }  # fmt: skip
    if "id" in body:
        answer["id"] = str(body["id"])
    return answer


def _columns(signature: Signature, inputs: Any) -> dict[str, list[Any]]:
    if not isinstance(inputs, list) or not inputs or not all(isinstance(one, dict) for one in inputs):
        raise Invalid(
            "inputs is not a list of tensors.",
            hint='For example: {"inputs": [{"name": "x", "shape": [1], "datatype": "FP64", "data": [1.0]}]}',
        )
    names = [column.name for column in signature.inputs]
    found: dict[str, list[Any]] = {}
    for given in inputs:
        tensor = read(given)
        if tensor.name in found:
            raise Invalid(f"The tensor {tensor.name[:60]!r} is given twice.", hint="Give each once.")
        if not signature.named and len(inputs) == 1 and tensor.name not in names:
            if tensor.wide != len(names):
                raise Invalid(
                    f"The tensor {tensor.name[:60]!r} has {tensor.wide:,} columns, the model takes {len(names):,}.",
                    hint=f"Shape [rows, {len(names)}].",
                )
            return {name: tensor.flat[at :: tensor.wide] for at, name in enumerate(names)}
        if tensor.wide != 1:
            raise Invalid(
                f"The tensor {tensor.name[:60]!r} has {tensor.wide:,} columns, not one.",
                hint="Give a tensor for each column: [rows] or [rows, 1].",
            )
        found[tensor.name] = tensor.flat
    return found


def _wanted(outputs: Any, there: list[str]) -> set[str] | None:
    if outputs is None or outputs == []:
        return None
    if not isinstance(outputs, list) or not all(isinstance(one, dict) and one.get("name") in there for one in outputs):
        raise Invalid(
            "outputs names a tensor that is not there.", hint=f'Outputs: {", ".join(there)}; for example [{{"name": "{there[0]}"}}]'
        )
    return {one["name"] for one in outputs}


def _outputs(signature: Signature) -> list[tuple[str, str]]:
    return [(column.name, _DATATYPES[column.type]) for column in signature.outputs] or [("prediction", "FP64")]


def _tensors(signature: Signature, predictions: list[Any]) -> list[dict[str, Any]]:
    """One tensor for an answer of one value a row; for more, one for each named output, or one of shape [rows, values]."""
    outputs, rows = _outputs(signature), len(predictions)
    name, default = outputs[0]
    if not isinstance(predictions[0], list):
        return [{"name": name, "datatype": datatype_of(predictions, default), "shape": [rows], "data": predictions}]
    wide = len(predictions[0])
    if wide == len(outputs) > 1:
        columns = [[row[at] for row in predictions] for at in range(wide)]
        return [
            {"name": name, "datatype": datatype_of(column, default), "shape": [rows], "data": column}
            for (name, default), column in zip(outputs, columns, strict=True)
        ]
    flat = [value for row in predictions for value in row]
    return [{"name": name, "datatype": datatype_of(flat, default), "shape": [rows, wide], "data": flat}]


def _asked(served: Served, name: str, version: str | None) -> Loaded:
    found = served.loaded
    if name not in (served.model, served.endpoint):
        raise NotFound(f"There is no model {name[:80]!r} here.", hint=f"This endpoint serves {served.model}.")
    if version is not None and version != str(found.version.version):
        raise NotFound(f"Version {version[:20]!r} is not served here.", hint=f"Served is {found.version.version}.")
    return found
