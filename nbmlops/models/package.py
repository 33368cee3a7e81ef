"""A version as a folder: its file, what it takes, rows with answers, its environment; MLflow and whoever takes its models can load it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from nbmlops.models import portable
from nbmlops.models.records import Signature, SignatureColumn

LOADER = "nbmlops_model.py"
EXAMPLE, SERVING_EXAMPLE = "input_example.json", "serving_input_example.json"
MLFLOW = "mlflow>=3.1"  # what a server of MLflow's needs besides the model's own distributions
_ZONE = re.compile(r"\d[+-]\d\d:\d\d$")
_CODE = {
    LOADER: "portable.py", "nbmlops_carried.py": "carried.py", "nbmlops_held.py": "held.py", "nbmlops_skops.py": "flavors/skops_later.py",
}  # fmt: skip
_MLFLOW = {"float": "double", "integer": "long", "string": "string", "boolean": "boolean", "datetime": "datetime"}


@dataclass(frozen=True)
class ModelFile:
    """A model's bytes with what is known of them; `fixtures` are rows with its answers, as they are kept."""

    flavor: str
    data: bytes
    signature: Signature
    fixtures: bytes | None


def said_columns(signature: Signature) -> list[dict[str, Any]]:
    """What a model takes, as the loader reads it."""
    return [
        {"name": column.name, "type": column.type, "nullable": column.nullable, "categories": column.categories, "coded": column.coded}
        for column in signature.inputs
    ]


def write(folder: Path, file: ModelFile, suffix: str, trusted: list[str]) -> dict[str, Any]:
    """What a clean process needs to load a model: its file, what is known of it, the loader. Gives what the loader is told."""
    said = {
        "flavor": file.flavor, "file": f"model.{suffix}", "sha256": hashlib.sha256(file.data).hexdigest(),
        "columns": said_columns(file.signature), "named": file.signature.named, "trusted": trusted,
        "signature": msgspec.to_builtins(file.signature),
    }  # fmt: skip
    (folder / "code").mkdir(parents=True)
    (folder / f"model.{suffix}").write_bytes(file.data)
    (folder / portable.ABOUT).write_text(json.dumps(said, indent=1) + "\n", "utf-8")
    (folder / portable.FIXTURES).write_bytes(file.fixtures or b'{"rows": [], "predictions": [], "scores": null}\n')
    for name, source in _CODE.items():
        (folder / "code" / name).write_bytes(resources.files("nbmlops.models").joinpath(source).read_bytes())
    return said


def write_mlflow(
    folder: Path, said: Mapping[str, Any], file: ModelFile, *, estimator: str, python: str, distributions: Mapping[str, str],
    metadata: Mapping[str, Any],
) -> list[str]:  # fmt: skip
    """The files by which MLflow takes the folder: MLmodel, the environment, an example. Gives the flavors it has there."""
    flavors: dict[str, Any] = {
        "python_function": {
            "loader_module": LOADER.removesuffix(".py"), "code": "code", "python_version": python,
            "env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"},
        },
        **_native(said, estimator, distributions),
    }  # fmt: skip
    rows = json.loads(file.fixtures)["rows"] if file.fixtures else []
    inputs = [_of_mlflow(column, rows, named=file.signature.named) for column in file.signature.inputs]
    body = {
        "flavors": flavors, "metadata": dict(metadata),
        "signature": {"inputs": json.dumps(inputs), "outputs": _outputs(file.signature), "params": None},
        **_example(folder, file.signature, rows),
    }  # fmt: skip
    # What is built on one machine alone (+cpu, +cu121) has another name in the index that others ask.
    pinned = [f"{name}=={version.partition('+')[0]}" for name, version in sorted(distributions.items())]
    needed = [MLFLOW, *(line for line in pinned if not line.startswith("mlflow=="))]
    (folder / "MLmodel").write_text(_yaml(body), "utf-8")
    (folder / "requirements.txt").write_text("".join(f"{line}\n" for line in needed), "utf-8")
    (folder / "python_env.yaml").write_text(
        _yaml({"python": python, "build_dependencies": ["pip"], "dependencies": ["-r requirements.txt"]}), "utf-8"
    )
    conda = {"name": "model", "channels": ["conda-forge"], "dependencies": [f"python={python}", "pip", {"pip": needed}]}
    (folder / "conda.yaml").write_text(_yaml(conda), "utf-8")
    return list(flavors)


def _native(said: Mapping[str, Any], estimator: str, distributions: Mapping[str, str]) -> dict[str, Any]:
    """The flavor by which MLflow loads the object itself, where it has one for such a file."""
    flavor, data = said["flavor"], {"data": said["file"], "code": "code"}
    if flavor == "sklearn" and not any(name.startswith(("sha256:", "nbmlops_code_")) for name in said["trusted"]):
        return {
            "sklearn": {
                "pickled_model": said["file"], "serialization_format": "skops", "sklearn_version": distributions.get("scikit-learn", ""),
                "skops_trusted_types": said["trusted"], "code": "code",
            }
        }  # fmt: skip
    if flavor == "xgboost":
        kind = estimator if estimator.startswith("xgboost.sklearn.") else "xgboost.core.Booster"
        return {"xgboost": {**data, "xgb_version": distributions.get("xgboost", ""), "model_class": kind, "model_format": "ubj"}}
    if flavor == "lightgbm":
        return {"lightgbm": {**data, "lgb_version": distributions.get("lightgbm", ""), "model_class": "lightgbm.basic.Booster"}}
    if flavor == "statsmodels":
        return {"statsmodels": {**data, "statsmodels_version": distributions.get("statsmodels", "")}}
    if flavor == "torch":
        return {"pytorch": {"model_data": ".", "pytorch_version": distributions.get("torch", ""), "code": "code"}}
    if flavor == "onnx":
        return {"onnx": {**data, "onnx_version": distributions.get("onnx", ""), "providers": ["CPUExecutionProvider"]}}
    return {}


def _of_mlflow(column: SignatureColumn, rows: list[dict[str, Any]], *, named: bool) -> dict[str, Any]:
    """A column as MLflow's schema has it; the loader does what MLflow's types cannot say.

    A whole number that may be missing is a float in some rows and none in others, a flag that may be has no type there, and a time
    in a time zone is refused, as pandas categories are: each is anything.
    """
    zoned = column.type == "datetime" and any(_ZONE.search(str(row.get(column.name) or "")) for row in rows)
    anything = zoned or column.coded or (column.nullable and column.type in ("integer", "boolean"))
    name = {"name": column.name} if named else {}
    return {"type": "any" if anything else _MLFLOW[column.type], **name, "required": not (column.nullable and named)}


def _outputs(signature: Signature) -> str | None:
    if len(signature.outputs) != 1:
        return None
    return json.dumps([{"type": _MLFLOW[signature.outputs[0].type], "required": True}])


def _example(folder: Path, signature: Signature, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Rows with which MLflow shows how the model is asked."""
    if not rows:
        return {}
    data = [[_shown(column, row.get(column.name)) for column in signature.inputs] for row in rows]
    split = {"columns": [column.name for column in signature.inputs], "data": data}
    (folder / EXAMPLE).write_text(json.dumps(split) + "\n", "utf-8")
    (folder / SERVING_EXAMPLE).write_text(json.dumps({"dataframe_split": split}) + "\n", "utf-8")
    told = {"artifact_path": EXAMPLE, "pandas_orient": "split", "serving_input_path": SERVING_EXAMPLE, "type": "dataframe"}
    return {"saved_input_example_info": told}


def _shown(column: SignatureColumn, value: Any) -> Any:
    """A time always with its microseconds: MLflow reads all of a column in the form of the first."""
    return datetime.fromisoformat(value).isoformat(timespec="microseconds") if column.type == "datetime" and value else value


def _yaml(body: Any) -> str:
    import yaml

    return str(yaml.safe_dump(body, sort_keys=False, allow_unicode=True))
