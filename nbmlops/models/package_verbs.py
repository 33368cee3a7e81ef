"""What a person can ask of a version as a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from nbmlops.models.records import ModelExport
from nbmlops.models.registry import Registry
from nbmlops.verb import verb
from nbmlops.workspace import Workspace, use


@verb("POST /models/{model}/versions/{version}/export")
def export(
    model: Annotated[str, "its name"],
    version: Annotated[int, "which version"],
    folder: Annotated[str, "where to write it: a folder that is not there, is empty, or holds an export"],
    *,
    workspace: Workspace | None = None,
) -> ModelExport:
    """Write a version as a folder that loads without nbmlops, and that MLflow takes as one of its models.

    In it are the model's file, the loader, the notebook's own code if the model is made of any, rows with their answers, and the
    environment. `mlflow.pyfunc.load_model(FOLDER)` and `mlflow models serve -m FOLDER` answer as the version does, and
    `python FOLDER/code/nbmlops_model.py FOLDER` says whether it still answers as it did.
    """
    from nbmlops.models.exported import export as exported

    place = use(workspace)
    return exported(place, Registry(place).version(model, version), Path(folder))
