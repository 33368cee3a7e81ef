"""A version as a folder: its file, what it takes, rows with answers, its environment; MLflow and whoever takes its models can load it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from nbmlops.models import portable
from nbmlops.models.records import Signature, SignatureColumn

LOADER = "nbmlops_model.py"
_CODE = {LOADER: "portable.py", "nbmlops_skops.py": "flavors/skops_later.py"}
# Signature types as MLflow's have them; a number that may be missing cannot be whole there.
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
    }  # fmt: skip
    (folder / "code").mkdir(parents=True)
    (folder / f"model.{suffix}").write_bytes(file.data)
    (folder / portable.ABOUT).write_text(json.dumps(said, indent=1) + "\n", "utf-8")
    (folder / portable.FIXTURES).write_bytes(file.fixtures or b'{"rows": [], "predictions": [], "scores": null}\n')
    for name, source in _CODE.items():
        (folder / "code" / name).write_bytes(resources.files("nbmlops.models").joinpath(source).read_bytes())
    return said


def write_mlflow(
    folder: Path, said: Mapping[str, Any], signature: Signature, python: str, distributions: Mapping[str, str], **metadata: Any
) -> None:
    """The files by which MLflow takes the folder: MLmodel, the environment, an example."""
    flavors: dict[str, Any] = {
        "python_function": {
            "loader_module": LOADER.removesuffix(".py"), "code": "code", "python_version": python,
            "env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"},
        },
        **_native(said, distributions),
    }  # fmt: skip
    columns = json.dumps([_of_mlflow(column) for column in signature.inputs])
    body = {"flavors": flavors, "metadata": metadata, "signature": {"inputs": columns, "outputs": _outputs(signature), "params": None}}
    pinned = [f"{name}=={version}" for name, version in sorted(distributions.items())]
    (folder / "MLmodel").write_text(_yaml(body), "utf-8")
    (folder / "requirements.txt").write_text("".join(f"{line}\n" for line in pinned), "utf-8")
    (folder / "python_env.yaml").write_text(
        _yaml({"python": python, "build_dependencies": ["pip"], "dependencies": ["-r requirements.txt"]}), "utf-8"
    )
    conda = {"name": "model", "channels": ["conda-forge"], "dependencies": [f"python={python}", "pip", {"pip": pinned}]}
    (folder / "conda.yaml").write_text(_yaml(conda), "utf-8")


def _native(said: Mapping[str, Any], distributions: Mapping[str, str]) -> dict[str, Any]:
    """The flavor by which MLflow loads the object itself, where it has one for such a file."""
    flavor, file = said["flavor"], said["file"]
    if flavor == "sklearn" and not any(name.startswith("sha256:") for name in said["trusted"]):
        return {
            "sklearn": {
                "pickled_model": file, "serialization_format": "skops", "sklearn_version": distributions.get("scikit-learn", ""),
                "skops_trusted_types": said["trusted"], "code": "code",
            }
        }  # fmt: skip
    if flavor == "statsmodels":
        return {"statsmodels": {"data": file, "statsmodels_version": distributions.get("statsmodels", ""), "code": "code"}}
    if flavor == "onnx":
        return {
            "onnx": {"data": file, "onnx_version": distributions.get("onnx", ""), "providers": ["CPUExecutionProvider"], "code": "code"}
        }
    return {}


def _of_mlflow(column: SignatureColumn) -> dict[str, Any]:
    kind = "double" if column.type == "integer" and column.nullable else _MLFLOW[column.type]
    return {"type": kind, "name": column.name, "required": not column.nullable}


def _outputs(signature: Signature) -> str | None:
    if len(signature.outputs) != 1:
        return None
    return json.dumps([{"type": _MLFLOW[signature.outputs[0].type], "required": True}])


def _yaml(body: Any) -> str:
    import yaml

    return str(yaml.safe_dump(body, sort_keys=False, allow_unicode=True))
