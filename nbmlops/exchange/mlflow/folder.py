"""What a model's folder of MLflow's holds: a process with limits has looked at it before anything of it is opened here."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from nbmlops import plugins
from nbmlops.errors import Damaged, Invalid, NbmlopsError, there_is
from nbmlops.exchange.mlflow import native
from nbmlops.exchange.mlflow.schema import example_of, signature_of
from nbmlops.models import portable
from nbmlops.models.files.records import Told
from nbmlops.models.files.source import looked
from nbmlops.models.flavors.executing import Executing
from nbmlops.models.flavors.zipped import shown
from nbmlops.models.package import ModelFile
from nbmlops.models.records import Signature
from nbmlops.workspace import Workspace


@dataclass(frozen=True)
class Found:
    """A model that can become a version; `code` is the digest of code of its own, which somebody here has trusted."""

    file: ModelFile
    estimator: str
    code: str | None = None
    description: str = ""
    metrics: dict[str, float] = field(default_factory=dict)


def found_in(workspace: Workspace, folder: Path) -> Found:
    """The model in a folder. Untrusted or Invalid where opening it would run code, TooLarge where it takes more than the limits,
    Damaged where it is not whole."""
    trusted = workspace.trusted()
    told, data = looked(workspace, folder, trusted)
    try:
        return _exported(told, data, trusted) if "nbmlops" in told.said else _native(workspace, folder, told, data)
    except NbmlopsError:
        raise
    except Exception as error:  # what is said of a model is somebody's, and what libraries raise for it is of any type
        said = shown(f"{type(error).__name__}: {error}", 200)
        raise Damaged(f"what is said of it cannot be read: {said}.", hint="Log it again with MLflow.") from error


def _native(workspace: Workspace, folder: Path, told: Told, data: bytes) -> Found:
    """A model as a flavor of MLflow's keeps it."""
    kept, estimator = native.kept(told, data)
    adapter, mlmodel = plugins.adapter("flavor", told.flavor)(), told.said["mlmodel"]
    model = adapter.load(kept, workspace.trusted())
    signature = signature_of(mlmodel.get("signature"), told.flavor, model)
    rows = example_of(mlmodel, folder, signature)
    answers = _answers(workspace, f"model.{adapter.suffix}", kept, rows) if rows is not None else None
    return Found(ModelFile(told.flavor, kept, signature, answers), estimator, code=adapter.code(kept))


def _answers(workspace: Workspace, name: str, data: bytes, rows: Any) -> bytes | None:
    """Rows with what the model answers. The rows are somebody's as well: a process with limits asks it."""
    with tempfile.TemporaryDirectory(prefix="nbmlops-pull-") as place:
        file = Path(place) / name
        file.write_bytes(data)
        told, _ = looked(workspace, file, workspace.trusted(), rows)
    return told.fixtures.encode() if told.fixtures else None


def _exported(told: Told, data: bytes, trusted: tuple[str, ...]) -> Found:
    """A folder that `model export` wrote, in another workspace."""
    said = told.said["nbmlops"]
    try:
        signature = msgspec.convert(said["signature"], Signature)
    except msgspec.ValidationError as error:
        raise Damaged(f"its {portable.ABOUT} cannot be read: {shown(str(error), 200)}.", hint="Push it again.") from error
    flavor = told.flavor if not told.runs else _executing(said["flavor"])
    adapter = plugins.adapter("flavor", flavor)()
    adapter.load(data, trusted)  # raises for what nobody here has trusted
    origin = _dict(_dict(told.said["mlmodel"].get("metadata")).get("nbmlops"))
    metrics = {name: float(value) for name, value in _dict(origin.get("metrics")).items() if isinstance(value, (int, float))}
    return Found(
        ModelFile(flavor, data, signature, told.fixtures.encode() if told.fixtures else None), str(origin.get("estimator") or flavor)[:300],
        code=adapter.code(data), description=str(origin.get("description") or ""), metrics=metrics,
    )  # fmt: skip


def _executing(flavor: Any) -> str:
    """A flavor whose files are trusted whole, by their digest."""
    known = [name for name in plugins.names("flavor") if isinstance(plugins.adapter("flavor", name)(), Executing)]
    if flavor not in known:
        raise Invalid(f"opening it runs code, and {shown(str(flavor))!r} is no flavor of such files.", hint=f"There is {there_is(known)}.")
    return str(flavor)


def _dict(said: Any) -> dict[str, Any]:
    return said if isinstance(said, dict) else {}
