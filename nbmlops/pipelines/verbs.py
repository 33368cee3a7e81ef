"""What a person can ask of pipelines: re-execute a notebook."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from nbmlops.runs.records import Run
from nbmlops.verb import verb
from nbmlops.workspace import Workspace, use


@verb("POST /pipelines/run")
def run(
    notebook: Annotated[str, "the .ipynb file"],
    *,
    params: Annotated[dict[str, Any] | None, "values for its parameters cell: month=3"] = None,
    output: Annotated[str | None, "where to write the executed notebook; it is kept with the run in any case"] = None,
    experiment: Annotated[str | None, "the question the run belongs to"] = None,
    timeout_s: Annotated[float | None, "stop it after so many seconds"] = None,
    workspace: Workspace | None = None,
) -> Run:
    """Re-execute a notebook with parameters through papermill, in a process of its own, and record the run.

    A notebook that fails gives a failed run; the executed notebook is kept with it.
    """
    from nbmlops.pipelines.progress import cells_bar
    from nbmlops.pipelines.runner import execute

    with cells_bar(Path(notebook).name) as progress:
        return execute(
            Path(notebook), params or {}, output=Path(output) if output else None, experiment=experiment, timeout_s=timeout_s,
            workspace=use(workspace), progress=progress,
        )  # fmt: skip
