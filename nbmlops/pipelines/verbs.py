"""What a person can ask of pipelines: execute a notebook, or a graph of notebooks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from nbmlops import plugins
from nbmlops.errors import Invalid, Unwritable
from nbmlops.pipelines.records import Pipeline, PipelineExport, PipelineRun, StepRun
from nbmlops.runs.records import Run
from nbmlops.verb import verb
from nbmlops.workspace import Workspace, use


@verb("POST /pipelines/run")
def run(
    notebook: Annotated[str, "the .ipynb file, or the .yaml or .py file of a pipeline of several"],
    *,
    params: Annotated[dict[str, Any] | None, "values for its parameters: month=3"] = None,
    output: Annotated[str | None, "of one notebook: where to write it as executed; it is kept with the run in any case"] = None,
    experiment: Annotated[str | None, "of one notebook: the question the run belongs to"] = None,
    timeout_s: Annotated[float | None, "of one notebook: stop it after so many seconds"] = None,
    jobs: Annotated[int | None, "of a pipeline: how many steps at a time; one a core if not given"] = None,
    executor: Annotated[str, "of a pipeline: who executes: local, dask"] = "local",
    scheduler: Annotated[str | None, "of a pipeline, with --executor dask: where the scheduler is, tcp://127.0.0.1:8786"] = None,
    resume: Annotated[bool, "of one notebook that died: go on from its last checkpoint"] = False,
    checkpoint_s: Annotated[float | None, "of one notebook: seconds of work between two checkpoints; a minute if not given"] = None,
    force: Annotated[bool, "of a pipeline: execute every step, though nothing changed"] = False,
    only: Annotated[str | None, "of a pipeline: this step alone; what it needs must be done"] = None,
    ci: Annotated[str | None, "of a pipeline: a folder for a report to people and to CI: junit.xml, report.md, report.html"] = None,
    model: Annotated[str | None, "for the report: the model it is about, if its file does not say"] = None,
    against: Annotated[str | None, "for the report: a branch, tag, commit or run to compare with; the main branch if not given"] = None,
    baseline: Annotated[str | None, "for the report: the report.json of another execution to compare with"] = None,
    tolerance: Annotated[dict[str, Any] | None, "for the report: by what share a metric may be worse: rmse=0.02, rows=off"] = None,
    once: Annotated[bool, "of a pipeline: try no step again, since whoever asks does that"] = False,
    alone: Annotated[bool, "of a pipeline: nobody else executes it, so what another machine began and never ended is over"] = False,
    workspace: Workspace | None = None,
) -> Run | PipelineRun:
    """Re-execute a notebook with parameters through papermill, in a process of its own, and record the run.

    A notebook that fails gives a failed run; the executed notebook is kept with it. Of a pipeline every notebook is executed when
    what it needs is done, and skipped where nothing it is made of has changed: its code, parameters, inputs, environment, and
    whatever else its last run read. One that died goes on where it was. With `--ci` it tells what it does in plain lines, compares
    metrics and data with those of the main branch and of the champion, and does not pass where one of them is worse.
    """
    from nbmlops.pipelines import definition
    from nbmlops.pipelines.progress import cells_bar, steps_lines
    from nbmlops.pipelines.runner import execute

    file = Path(notebook)
    if ci is None and (model is not None or against is not None or baseline is not None or tolerance):
        raise Invalid("No report is asked for, and only it compares.", hint="Name a folder for it: --ci report")
    if definition.is_pipeline(file):
        from nbmlops.pipelines import flow

        if output is not None or experiment is not None or timeout_s is not None or checkpoint_s is not None:
            raise Invalid("A pipeline says these of each of its steps.", hint="timeout_s: in its file; its name is the experiment")
        if resume:
            raise Invalid("A pipeline goes on where it was without being asked.", hint="Leave --resume out; --force begins anew.")
        if jobs is not None and jobs < 1:
            raise Invalid(f"{jobs} steps at a time execute nothing.", hint="For example: --jobs 2")
        place = use(workspace)
        works = plugins.adapter("executor", executor)(scheduler)
        if ci is not None:
            return plugins.adapter("report", "ci")(
                place.place_of(file), params or {}, workspace=place, folder=Path(ci), jobs=jobs, force=force, only=only, once=once,
                alone=alone, works=works, model=model, against=against, baseline=baseline, tolerance=tolerance or {},
            )  # fmt: skip
        asked = definition.read(place.place_of(file))
        with steps_lines() as say:
            return flow.run(
                asked, params or {}, workspace=place, jobs=jobs, force=force, only=only, once=once, alone=alone, say=say, works=works
            )
    if jobs is not None or force or only is not None or once or alone or ci is not None or executor != "local" or scheduler is not None:
        raise Invalid("One notebook has no steps.", hint="A pipeline of several is a .yaml file.")
    with cells_bar(file.name) as progress:
        return execute(
            file, params or {}, output=Path(output) if output else None, experiment=experiment, timeout_s=timeout_s,
            workspace=use(workspace), progress=progress, checkpoints={"after_s": checkpoint_s, "resume": resume},
        )  # fmt: skip


@verb("POST /pipelines/plan")
def plan(
    pipeline: Annotated[str, "the .yaml or .py file"],
    *,
    params: Annotated[dict[str, Any] | None, "values for its parameters: month=3"] = None,
    workspace: Workspace | None = None,
) -> list[StepRun]:
    """Say which steps would be executed, and why, and which would not; nothing is executed."""
    from nbmlops.pipelines import definition, flow

    place = use(workspace)
    return flow.plan(definition.read(place.place_of(Path(pipeline))), params or {}, workspace=place)


@verb("POST /pipelines/export")
def export(
    pipeline: Annotated[str, "the .yaml file"],
    *,
    to: Annotated[str, "airflow, kubeflow, prefect, github, gitlab, argo or cronjob"],
    output: Annotated[str | None, "the file to write; beside the pipeline's, or where the tool looks for it, if not given"] = None,
    schedule: Annotated[str | None, "when it is executed, in cron's five fields, UTC: '30 6 * * MON-FRI'"] = None,
    image: Annotated[str | None, "the container image with nbmlops: for kubeflow, argo, cronjob, gitlab"] = None,
    params: Annotated[dict[str, Any] | None, "values for its parameters: month=3"] = None,
    replace: Annotated[bool, "write over a file that is somebody else's"] = False,
    workspace: Workspace | None = None,
) -> PipelineExport:
    """Write a pipeline for the tool that a team has: the same steps, order, retries, time limits; each is executed by nbmlops."""
    from nbmlops.pipelines import definition, exports

    place = use(workspace)
    return exports.export(
        definition.read(place.place_of(Path(pipeline))), to, params=params or {}, schedule=schedule, image=image,
        output=Path(output).expanduser() if output else None, replace=replace, workspace=place,
    )  # fmt: skip


@verb("POST /pipelines/start")
def start(
    pipeline: Annotated[str, "the .yaml or .py file"],
    *,
    params: Annotated[dict[str, Any] | None, "values for its parameters: month=3"] = None,
    force: Annotated[bool, "execute every step, though nothing changed"] = False,
    workspace: Workspace | None = None,
) -> PipelineRun:
    """Execute a pipeline in the background, in a process of its own that goes on when the notebook ends; gives it as it begins."""
    from nbmlops.pipelines import background

    place = use(workspace)
    return background.start(place.place_of(Path(pipeline)), params or {}, force=force, workspace=place)


@verb("POST /pipeline-runs/{run}/stop")
def stop(run: Annotated[str, "its id, or the beginning of it"], *, workspace: Workspace | None = None) -> PipelineRun:
    """Stop an execution of a pipeline that runs, as Ctrl-C does: no kernel is left, and what is done stays done."""
    from nbmlops.pipelines import background

    return background.stop(run, use(workspace))


@verb("GET /pipeline-runs")
def find(
    *,
    limit: Annotated[int, "at most so many"] = 20,
    last: Annotated[bool, "of each pipeline its last alone"] = False,
    workspace: Workspace | None = None,
) -> list[PipelineRun]:
    """List executions of pipelines, the newest first."""
    from nbmlops.pipelines.journal import Journal

    return Journal(use(workspace)).find(max(0, min(limit, 1000)), last=last)


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
    """Propose a pipeline for notebooks that are there: who makes what whom, by their last runs, or by what their code says.

    One notebook with Kale's tags becomes a notebook for each of its blocks.
    """
    from nbmlops.atomic import write_whole
    from nbmlops.pipelines import kale
    from nbmlops.pipelines.definition import of
    from nbmlops.pipelines.proposal import as_yaml, proposed

    file = Path(output).absolute()
    asked = [Path(one) for one in notebooks or []]
    written: dict[str, str] = {}
    if len(asked) == 1 and kale.tagged(asked[0]):
        import nbformat

        apart, described = kale.taken_apart(asked[0])
        found = of(described, file)
        written = {name: nbformat.writes(one) for name, one in apart.items()}
    else:
        found = proposed(asked, file, use(workspace))
    for path in (file, *(file.parent / name for name in written)):
        if path.exists():
            raise Invalid(f"{path.name!r} is there already.", hint="Name another place: --output other/pipeline.yaml")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        for name, text in written.items():
            write_whole(file.parent / name, text.encode())
        write_whole(file, as_yaml(found).encode())
    except OSError as error:
        raise Unwritable(f"{output!r} cannot be written: {error.strerror}.", hint="Check the folder and the rights.") from error
    return found
