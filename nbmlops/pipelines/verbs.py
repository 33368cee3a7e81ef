"""What a person can ask of pipelines: execute a notebook, or a graph of notebooks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from nbmlops.errors import Invalid, Unwritable
from nbmlops.pipelines.records import Pipeline, PipelineRun, StepRun
from nbmlops.runs.records import Run
from nbmlops.verb import verb
from nbmlops.workspace import Workspace, use


@verb("POST /pipelines/run")
def run(
    notebook: Annotated[str, "the .ipynb file, or the .yaml file of a pipeline of several"],
    *,
    params: Annotated[dict[str, Any] | None, "values for its parameters: month=3"] = None,
    output: Annotated[str | None, "of one notebook: where to write it as executed; it is kept with the run in any case"] = None,
    experiment: Annotated[str | None, "of one notebook: the question the run belongs to"] = None,
    timeout_s: Annotated[float | None, "of one notebook: stop it after so many seconds"] = None,
    jobs: Annotated[int | None, "of a pipeline: how many steps at a time; one a core if not given"] = None,
    force: Annotated[bool, "of a pipeline: execute every step, though nothing changed"] = False,
    workspace: Workspace | None = None,
) -> Run | PipelineRun:
    """Re-execute a notebook with parameters through papermill, in a process of its own, and record the run.

    A notebook that fails gives a failed run; the executed notebook is kept with it. Of a pipeline every notebook is executed when
    what it needs is done, and skipped where nothing it is made of has changed: its code, parameters, inputs, environment, and
    whatever else its last run read. One that died goes on where it was.
    """
    from nbmlops.pipelines.progress import cells_bar, steps_lines
    from nbmlops.pipelines.runner import execute

    file = Path(notebook)
    if file.suffix in (".yaml", ".yml"):
        from nbmlops.pipelines import definition, flow

        if output is not None or experiment is not None or timeout_s is not None:
            raise Invalid("A pipeline says these of each of its steps.", hint="timeout_s: in its file; its name is the experiment")
        if jobs is not None and jobs < 1:
            raise Invalid(f"{jobs} steps at a time execute nothing.", hint="For example: --jobs 2")
        place = use(workspace)
        with steps_lines() as say:
            return flow.run(definition.read(_found(file, place)), params or {}, workspace=place, jobs=jobs, force=force, say=say)
    if jobs is not None or force:
        raise Invalid("One notebook has no steps.", hint="A pipeline of several is a .yaml file.")
    with cells_bar(file.name) as progress:
        return execute(
            file, params or {}, output=Path(output) if output else None, experiment=experiment, timeout_s=timeout_s,
            workspace=use(workspace), progress=progress,
        )  # fmt: skip


@verb("POST /pipelines/plan")
def plan(
    pipeline: Annotated[str, "the .yaml file"],
    *,
    params: Annotated[dict[str, Any] | None, "values for its parameters: month=3"] = None,
    workspace: Workspace | None = None,
) -> list[StepRun]:
    """Say which steps would be executed, and why, and which would not; nothing is executed."""
    from nbmlops.pipelines import definition, flow

    place = use(workspace)
    return flow.plan(definition.read(_found(Path(pipeline), place)), params or {}, workspace=place)


@verb("GET /pipeline-runs")
def find(*, limit: Annotated[int, "at most so many"] = 20, workspace: Workspace | None = None) -> list[PipelineRun]:
    """List executions of pipelines, the newest first."""
    from nbmlops.pipelines.journal import Journal

    return Journal(use(workspace)).find(max(0, min(limit, 1000)))


@verb("GET /pipeline-runs/{run}")
def show(run: Annotated[str, "its id, or the beginning of it"], *, workspace: Workspace | None = None) -> PipelineRun:
    """Show an execution of a pipeline: each step, whether it was executed, and why."""
    from nbmlops.pipelines.journal import Journal

    journal = Journal(use(workspace))
    journal.settle()
    return journal.show(run)


@verb("POST /pipelines")
def init(
    notebooks: Annotated[list[str] | None, "the notebooks; all of the folder if none is given"] = None,
    *,
    output: Annotated[str, "the file to write"] = "pipeline.yaml",
    workspace: Workspace | None = None,
) -> Pipeline:
    """Propose a pipeline for notebooks that are there: who makes what whom, by their last runs, or by what their code says."""
    from nbmlops.atomic import write_whole
    from nbmlops.pipelines.proposal import as_yaml, proposed

    file = Path(output).absolute()
    if file.exists():
        raise Invalid(f"{output!r} is there already.", hint="Name another: --output flights.yaml")
    found = proposed([Path(one) for one in notebooks or []], file, use(workspace))
    try:
        write_whole(file, as_yaml(found).encode())
    except OSError as error:
        raise Unwritable(f"{output!r} cannot be written: {error.strerror}.", hint="Check the folder and the rights.") from error
    return found


def _found(file: Path, place: Workspace) -> Path:
    """A pipeline's file where the person stands, or else in the workspace's folder."""
    here = file.expanduser().absolute()
    return here if here.is_file() or file.is_absolute() else place.root / file
