"""The Open Inference Protocol, version 2, over REST: a tensor for each column, or one for a model of bare arrays.

Source: github.com/kserve/open-inference-protocol, specification/protocol/inference_rest.md.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from nbmlops.errors import Invalid, NotFound
from nbmlops.models.records import ColumnType, Signature
from nbmlops.serving.body import event_times, json_object
from nbmlops.serving.predict import predict
from nbmlops.serving.served import Served

_DATATYPES: dict[ColumnType, str] = {"float": "FP64", "integer": "INT64", "string": "BYTES", "boolean": "BOOL", "datetime": "BYTES"}
_KNOWN = {"BOOL", "BYTES", "FP16", "FP32", "FP64", *(f"{sign}INT{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64))}


def server() -> dict[str, Any]:
    """What this server is."""
    from importlib.metadata import version

    return {"name": "nbmlops", "version": version("nbmlops"), "extensions": []}


def metadata(served: Served, name: str, version: str | None) -> dict[str, Any]:
    """The model's tensors."""
    _mine(served, name, version)
    found = served.loaded.version
    return {
        "name": served.model, "versions": [str(found.version)], "platform": f"nbmlops_{found.flavor}",
        "inputs": [{"name": c.name, "datatype": _DATATYPES[c.type], "shape": [-1]} for c in found.signature.inputs],
        "outputs": [{"name": n, "datatype": t, "shape": [-1]} for n, t in _outputs(found.signature)],
    }  # fmt: skip


async def infer(served: Served, request: Request, name: str, version: str | None) -> dict[str, Any]:
    """Answer tensors with a tensor; ids of the predictions are in the response's parameters."""
    _mine(served, name, version)
    body = await json_object(request)
    model = served.loaded
    columns = _columns(model.version.signature, body.get("inputs"))
    parameters = body.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise Invalid("parameters is not an object.", hint='For example: {"event_at": "2026-01-31T12:00:00Z"}')
    rows = len(next(iter(columns.values()), []))
    found = await predict(served, columns, event_times(parameters.get("event_at"), rows), loaded=model)
    output, datatype = _outputs(model.version.signature)[0]
    nested = bool(found.predictions) and isinstance(found.predictions[0], list)
    flat = [value for row in found.predictions for value in row] if nested else found.predictions
    shape = [rows, len(found.predictions[0])] if nested else [rows]
    answer: dict[str, Any] = {
        "model_name": served.model, "model_version": str(found.version), "parameters": {"ids": found.ids},
        "outputs": [{"name": output, "datatype": _datatype_of(flat, datatype), "shape": shape, "data": flat}],
    }  # fmt: skip
    if "id" in body:
        answer["id"] = str(body["id"])
    return answer


def _columns(signature: Signature, inputs: Any) -> dict[str, list[Any]]:
    if not isinstance(inputs, list) or not inputs or not all(isinstance(one, dict) for one in inputs):
        raise Invalid("inputs is not a list of tensors.", hint='For example: {"inputs": [{"name": "x", "shape": [1], "datatype": "FP64", "data": [1.0]}]}')
    found: dict[str, list[Any]] = {}
    for tensor in inputs:
        name, shape, datatype, data = (tensor.get(key) for key in ("name", "shape", "datatype", "data"))
        if not isinstance(name, str) or datatype not in _KNOWN or not isinstance(data, list):
            raise Invalid(f"The tensor {str(name)[:60]!r} lacks a name, a datatype of the protocol, or data.", hint=f"Datatypes: {', '.join(sorted(_KNOWN))}.")
        if not isinstance(shape, list) or not shape or not all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in shape):
            raise Invalid(f"The tensor {name[:60]!r} has no shape.", hint="For example [3] or [3, 1].")
        flat = _flat(data, depth=len(shape))
        wide = shape[1] if len(shape) == 2 else 1
        if len(shape) > 2 or len(flat) != shape[0] * wide:
            raise Invalid(f"The tensor {name[:60]!r} has {len(flat):,} values in the shape {shape}.", hint="The shape is [rows] or [rows, columns].")
        if wide == 1 and name in {column.name for column in signature.inputs}:
            found[name] = flat
        elif not signature.named and len(inputs) == 1 and wide == len(signature.inputs):
            return {column.name: flat[at::wide] for at, column in enumerate(signature.inputs)}
        else:
            found[name] = flat
    return found


def _flat(data: list[Any], *, depth: int) -> list[Any]:
    # Two levels at most: the protocol allows a tensor nested or flat.
    if depth > 1 and data and all(isinstance(row, list) for row in data):
        return [value for row in data for value in row]
    return data


def _outputs(signature: Signature) -> list[tuple[str, str]]:
    return [(column.name, _DATATYPES[column.type]) for column in signature.outputs] or [("prediction", "FP64")]


def _datatype_of(values: list[Any], default: str) -> str:
    if values and isinstance(values[0], float):
        return "FP64"
    if values and isinstance(values[0], bool):
        return "BOOL"
    if values and isinstance(values[0], int):
        return "INT64"
    return "BYTES" if values and isinstance(values[0], str) else default


def _mine(served: Served, name: str, version: str | None) -> None:
    if name not in (served.model, served.endpoint):
        raise NotFound(f"There is no model {name[:80]!r} here.", hint=f"This endpoint serves {served.model}.")
    if version is not None and version != str(served.loaded.version.version):
        raise NotFound(f"Version {version[:20]!r} is not served here.", hint=f"Served is {served.loaded.version.version}.")
