"""What a person can ask of proof: does this run hold? Which few cells make this result?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from nbmlops.atomic import write_whole
from nbmlops.errors import Invalid, NotFound, Unwritable
from nbmlops.replay.records import Extraction, Verification, Verifications
from nbmlops.runs.book import RunBook
from nbmlops.runs.records import RunRecord
from nbmlops.verb import verb
from nbmlops.workspace import Workspace, use

_MOST = 10_000


@verb("POST /verifications")
def verify(
    run: Annotated[str | None, "its id, or the beginning of it"] = None,
    *,
    experiment: Annotated[str | None, "every run of this experiment"] = None,
    filter: Annotated[str | None, "every run that passes: metrics.mae < 3 and verdict = DIFFERS"] = None,
    env: Annotated[Literal["here", "recreate"], "where: in this environment, or in the recorded one, built anew"] = "here",
    timeout_s: Annotated[float | None, "stop an execution after so many seconds"] = None,
    jobs: Annotated[int | None, "how many runs at a time; one a core if not given"] = None,
    junit: Annotated[str | None, "a file for the verdicts as JUnit XML"] = None,
    markdown: Annotated[str | None, "a file for the verdicts as a Markdown table"] = None,
    workspace: Workspace | None = None,
) -> Verification | Verifications:
    """Execute a run again in a fresh kernel and say whether it holds: VERIFIED, DIFFERS (first cell, cause) or CANNOT.

    Its cells are executed as they ran, in the order they ran and the folder they worked in. Nothing of it is recorded, and files
    that it changes are put back. What went in is compared before what came out: environment, files, frames, seeds, parameters,
    metrics, errors, outputs. With `--experiment` or `--filter` many runs are verified, side by side where they share no files.
    """
    from nbmlops.pipelines.progress import Progress, cells_bar, runs_bar
    from nbmlops.replay import book, report
    from nbmlops.replay.many import verify_many
    from nbmlops.replay.recreated import environments
    from nbmlops.replay.verify import verify as executed
    from nbmlops.runs import surroundings

    if (run is None) == (experiment is None and filter is None):
        raise Invalid("Which runs are to be verified?", hint="One: %mlops run verify RUN. Many: --experiment NAME, or --filter")
    if jobs is not None and jobs < 1:
        raise Invalid(f"{jobs} runs at a time verify nothing.", hint="For example: --jobs 2")
    for name in (junit, markdown):
        if name is not None and not Path(name).expanduser().absolute().parent.is_dir():
            raise NotFound(f"There is no folder for {name!r}.", hint="Make it first: mkdir -p")
    place = use(workspace)
    runs = RunBook(place)
    surroundings.settled()
    runs.settle()

    def one(record: RunRecord, progress: Progress | None = None) -> Verification:
        found = executed(place, record, timeout_s=timeout_s, progress=progress, recreate=recreate)
        book.keep(place, found)
        return found

    with environments() as built:
        recreate = built if env == "recreate" else None
        if run is not None:
            record = runs.record(run)
            with cells_bar(f"verify {record.run.name}") as cell_done:
                found: Verification | Verifications = one(record, cell_done)
        else:
            asked = [runs.record(each.id) for each in runs.find(filter, experiment=experiment, limit=_MOST)]
            if not asked:
                raise NotFound("No run is like that.", hint="What there is: %mlops run find")
            with runs_bar("verify", len(asked)) as run_done:
                found = verify_many(asked, one, jobs=jobs, progress=run_done)
    if junit is not None:
        _write(junit, report.junit(report.all_of(found)))
    if markdown is not None:
        _write(markdown, report.markdown(report.all_of(found)))
    return found


@verb("POST /extractions")
def extract(
    result: Annotated[str, "what is to be made: a name, or a part: model, results['mae']"],
    *,
    run: Annotated[str | None, "of this run's record, not of this notebook's session"] = None,
    output: Annotated[str | None, "the notebook to write; RESULT.ipynb where the session began if not given"] = None,
    budget_s: Annotated[float, "look for a smaller one for so many seconds"] = 120,
    timeout_s: Annotated[float | None, "stop an execution after so many seconds"] = None,
    workspace: Workspace | None = None,
) -> Extraction:
    """Turn a messy session into the smallest clean notebook that gives the same result.

    Of what was executed, the statements that the result needs are laid out top to bottom: imports, a parameters cell that
    papermill can set, the work, and what must come out. It is executed in a fresh kernel and accepted only if the result is
    the same; where it is not, statements come back in until it is. Files that it changes are put back.
    """
    from nbmlops.capture.attached import current_session
    from nbmlops.pipelines.progress import steps_bar
    from nbmlops.replay.extracting import extract as extracting
    from nbmlops.replay.extracting.sessions import of_kernel, of_record
    from nbmlops.runs import surroundings

    place = use(workspace)
    if budget_s <= 0:
        raise Invalid(f"In {budget_s:g} s nothing can be executed.", hint="For example: --budget-s 60")
    session = current_session()
    if run is not None:
        surroundings.settled()
        runs = RunBook(place)
        runs.settle()
        told = of_record(runs.record(run))
    elif session is not None:
        told = of_kernel(session)
    else:
        raise Invalid("Of which session?", hint="In its notebook: %mlops run extract NAME. Of a record: --run RUN")
    path = Path(output).expanduser().absolute() if output is not None else None
    with steps_bar(f"extract {result}"[:40]) as (say, progress):
        return extracting.extract(told, result, output=path, budget_s=budget_s, timeout_s=timeout_s, progress=progress, say=say)


def _write(name: str, text: str) -> None:
    try:
        write_whole(Path(name).expanduser().absolute(), text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise Unwritable(f"{name!r} cannot be written: {error.strerror}.", hint="Check the folder and the rights.") from error
