"""What a model's folder of MLflow's holds: opened only where its file is data, and refused by name where it is code."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from nbmlops import plugins
from nbmlops.errors import Damaged, Invalid
from nbmlops.exchange.mlflow import native
from nbmlops.exchange.mlflow.schema import example_of, signature_of
from nbmlops.models import portable
from nbmlops.models.package import ModelFile
from nbmlops.models.records import Signature

_LARGEST = 4 << 30


@dataclass(frozen=True)
class Found:
    """A model that can become a version; `code` is the digest of code of its own, which somebody here has trusted."""

    file: ModelFile
    estimator: str
    code: str | None = None
    description: str = ""
    metrics: dict[str, float] = field(default_factory=dict)


def found_in(folder: Path, trusted: tuple[str, ...]) -> Found:
    """The model in a folder. Untrusted or Invalid where opening it would run code; Damaged where it is not whole."""
    about = _about(folder)
    if (folder / portable.ABOUT).is_file():
        return _exported(folder, about, trusted)
    flavor, data, estimator = native.file_of(about.get("flavors") or {}, folder)
    adapter = plugins.adapter("flavor", flavor)()
    model = adapter.load(data, trusted)
    signature = signature_of(about.get("signature"), flavor, model)
    rows = example_of(about, folder, signature)
    return Found(ModelFile(flavor, data, signature, adapter.fixtures(model, rows)), estimator)


def _about(folder: Path) -> dict[str, Any]:
    import yaml

    try:
        found = yaml.safe_load((folder / "MLmodel").read_text("utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise Invalid("it has no MLmodel that can be read.", hint="Log it again with MLflow.") from error
    if not isinstance(found, dict):
        raise Invalid("its MLmodel says nothing.", hint="Log it again with MLflow.")
    return found


def _exported(folder: Path, about: dict[str, Any], trusted: tuple[str, ...]) -> Found:
    """A folder that `model export` wrote, in another workspace."""
    import hashlib

    try:
        said = json.loads((folder / portable.ABOUT).read_text("utf-8"))
        signature = msgspec.convert(said["signature"], Signature)
        flavor, digest, name = str(said["flavor"]), str(said["sha256"]), str(said["file"])
        fixtures = (folder / portable.FIXTURES).read_bytes()
        rows = json.loads(fixtures)["rows"]
    except (OSError, ValueError, KeyError, TypeError, msgspec.ValidationError) as error:
        raise Damaged(f"its {portable.ABOUT} cannot be read: {str(error)[:200]}", hint="Push it again.") from error
    data = inside(folder, name)
    if hashlib.sha256(data).hexdigest() != digest:
        raise Damaged(f"{name} is not the file it was made with.", hint="Push it again.")
    if flavor not in plugins.names("flavor"):
        raise Invalid(f"there is no flavor {flavor[:80]!r} here.", hint=f"There is {', '.join(plugins.names('flavor'))}.")
    adapter = plugins.adapter("flavor", flavor)()
    adapter.load(data, trusted)  # raises for what nobody here has trusted
    metadata = about.get("metadata")
    origin = metadata.get("nbmlops") if isinstance(metadata, dict) else None
    origin = origin if isinstance(origin, dict) else {}
    metrics = {str(key): float(value) for key, value in (origin.get("metrics") or {}).items() if isinstance(value, (int, float))}
    return Found(
        ModelFile(flavor, data, signature, fixtures if rows else None), str(origin.get("estimator") or flavor)[:300],
        code=adapter.code(data), description=str(origin.get("description") or ""), metrics=metrics,
    )  # fmt: skip


def inside(folder: Path, name: str) -> bytes:
    """A file of the folder's own. Invalid for one that lies elsewhere, Damaged where there is none."""
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise Invalid(f"its file {name[:100]!r} lies outside of it.", hint="Log it again with MLflow.")
    if not path.is_file():
        raise Damaged(f"its file {name[:100]!r} is not there.", hint="Log it again with MLflow.")
    if path.stat().st_size > _LARGEST:
        raise Invalid(f"its file has {path.stat().st_size:,} bytes.", hint=f"At most {_LARGEST:,}.")
    return path.read_bytes()
