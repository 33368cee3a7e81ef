"""What a person can ask of sweeps: execute a notebook for many values of its parameters, and see which are best."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Annotated, Any, Literal

from nbmlops.errors import Invalid, Missing
from nbmlops.pipelines.sweeps.records import Study
from nbmlops.verb import verb
from nbmlops.workspace import Workspace, use


@verb("POST /studies")
def sweep(
    notebook: Annotated[str, "the .ipynb file, or the .yaml file of a pipeline"],
    *,
    over: Annotated[dict[str, Any] | None, "what is varied: alpha=[0.1, 1, 10] or depth=2..10 or rate=1e-4..0.1,log"] = None,
    metric: Annotated[str | None, "which of the values that the notebook logs decides"] = None,
    direction: Annotated[Literal["minimize", "maximize"] | None, "which way is better; known of the usual metrics"] = None,
    by: Annotated[Literal["grid", "random", "optuna"] | None, "how values are chosen; a grid of few lists, else Optuna"] = None,
    trials: Annotated[int | None, "how many; all of a grid, or 20, if not given"] = None,
    params: Annotated[dict[str, Any] | None, "values that all trials have: month=3"] = None,
    jobs: Annotated[int | None, "how many trials at a time, or steps of a pipeline; one a core if not given"] = None,
    seed: Annotated[int | None, "what chance begins with; 0 if not given"] = None,
    name: Annotated[str | None, "the study's; made of what is asked if not given"] = None,
    timeout_s: Annotated[float | None, "stop a trial after so many seconds"] = None,
    prune: Annotated[bool | None, "stop a trial that is worse than the median of the others at the same step"] = None,
    workspace: Workspace | None = None,
) -> Study:
    """Execute a notebook for many values of its parameters, several at a time, and say which are best.

    A list has the values to try, a range (`2..10`, both ends included) any number between, `,log` by its exponent. Each trial is a
    run of its own, and all are trials of one run, the study. Asked again, after a kill or with more --trials, it goes on where it was;
    trials that have ended are not executed again. With --prune what a notebook logs step by step under the metric's name is
    looked at while it runs. Trials at the same time work in the same folder: what they write should be called by their parameters, or
    --jobs 1. Of a pipeline the trials are executed one after another, and steps that do not change are skipped.
    """
    from nbmlops.pipelines.sweeps import study
    from nbmlops.pipelines.sweeps.asked import held, target
    from nbmlops.pipelines.sweeps.book import StudyBook
    from nbmlops.pipelines.sweeps.looking import looked_at

    if jobs is not None and jobs < 1:
        raise Invalid(f"{jobs} trials at a time execute nothing.", hint="For example: --jobs 2")
    if timeout_s is not None and not 0 < timeout_s < 10**9:
        raise Invalid(f"A trial cannot be stopped after {timeout_s:g} s.", hint="Give the seconds it may take: --timeout-s 600")
    place = use(workspace)
    aim = target(notebook, place)
    if aim.pipeline is not None and timeout_s is not None:
        raise Invalid("A pipeline says this of each of its steps.", hint="timeout_s: in its file")
    called, asked, spaces = held(
        aim, name, StudyBook(place).known, over=over, params=params, metric=metric, direction=direction, by=by, seed=seed, prune=prune,
        trials=trials,
    )  # fmt: skip
    with looked_at(called) as (look, last):
        found = study.run(called, asked, spaces, aim, jobs=jobs or os.cpu_count() or 1, timeout_s=timeout_s, look=look)
        last(found)
    return found


@verb("GET /studies")
def studies(*, limit: Annotated[int, "at most so many"] = 20, workspace: Workspace | None = None) -> list[Study]:
    """List studies, the newest first, with the best of each."""
    from nbmlops.pipelines.sweeps.book import StudyBook

    book = StudyBook(use(workspace))
    return [book.show(name) for name in book.names(max(0, min(limit, 1000)))]


@verb("GET /studies/{name}")
def study(name: Annotated[str, "its name, or its run"], *, workspace: Workspace | None = None) -> Study:
    """Show a study: its trials, the best first, and (where Optuna is there) how much each parameter matters."""
    from nbmlops.pipelines.sweeps.book import StudyBook
    from nbmlops.pipelines.sweeps.judge import Judge
    from nbmlops.pipelines.sweeps.spaces import spaces

    book = StudyBook(use(workspace))
    found = book.show(name)
    asked = book.known(found.name)
    if found.complete < 2 or asked is None or asked.over is None:
        return found
    try:
        judge = Judge(spaces(asked.over, {}, found.name), found.direction, found.metric, why="Importance")
    except Missing:
        return found
    for trial in sorted(found.trials, key=lambda trial: trial.number):
        judge.remember(trial, [])
    return replace(found, importance=judge.importance())
