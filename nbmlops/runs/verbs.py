"""What a person can ask of runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from nbmlops.errors import Invalid, Unwritable
from nbmlops.ledger.encode import plain
from nbmlops.ledger.ids import new_id
from nbmlops.ledger.names import free_name
from nbmlops.ledger.secrets import mask_params
from nbmlops.runs import current, surroundings
from nbmlops.runs.book import RunBook
from nbmlops.runs.compare import compare as side_by_side
from nbmlops.runs.facts import Facts, Point
from nbmlops.runs.lock import lock_of
from nbmlops.runs.records import Comparison, Lock, Logged, MetricPoint, Run, RunRecord, Status
from nbmlops.verb import Sentence, verb
from nbmlops.workspace import Workspace, use


@verb(None)
def start(
    name: Annotated[str, "what to call it"] = "run",
    *,
    experiment: Annotated[str | None, "the question it belongs to; the folder's name if not given"] = None,
    params: Annotated[dict[str, Any] | None, "inputs fixed before the run"] = None,
    tags: Annotated[dict[str, str] | None, "words to find it by"] = None,
    workspace: Workspace | None = None,
) -> Run:
    """Open a run; what follows in this process belongs to it until it ends.

    In Python also as `with run.start(NAME):`, which ends it, as failed if the block raised.

    Starting a run of the same name again is no error: it is the same run. Another name ends the run that was open.
    """
    _names(name, experiment, params, tags)
    place = use(workspace)
    open_now = current.current()
    if open_now is not None and (open_now.how == "attached" or (open_now.how == "explicit" and open_now.name == name)):
        open_now.book.add(open_now.id, Facts(params=mask_params(plain(params or {})), tags=tags or {}))
        return open_now.book.run(open_now.id)
    if open_now is not None:
        current.end(open_now)
    begun = Run(
        id=new_id("run"), name=name, experiment=experiment or place.root.name, kind="explicit", status="running", started_at=place.clock(),
        ended_at=None, duration_s=None, notebook=None, notebook_known_from="unknown", failed_cell=None, error=None, tags=tags or {},
        params=mask_params(plain(params or {})), metrics={}, data_hash=None, estimator=None, git_commit=None, git_dirty=None,
    )  # fmt: skip
    RunBook(place).open(
        name, experiment=begun.experiment, kind=begun.kind, tags=tags, params=begun.params, run_id=begun.id, started_at=begun.started_at
    )
    current.enter(begun.id, name, "explicit", place, params=tuple(begun.params))
    return begun


@verb(None)
def end(
    *,
    status: Annotated[Status | None, "how it ended; found out if not given"] = None,
    run: Annotated[str | None, "one that was left running on another machine; the open one if not given"] = None,
    workspace: Workspace | None = None,
) -> Run:
    """End the open run, or one whose process nobody here can ask."""
    if status == "running":
        raise Invalid("A run cannot end as running.", hint="finished, failed or killed")
    if run is not None:
        return RunBook(use(workspace)).end_left(run, status or "killed")
    open_now = current.current()
    if open_now is None:
        newest = RunBook(use(workspace)).find(limit=1)
        hint = f"The newest, {newest[0].id}, is {newest[0].status}." if newest else "Open one: %mlops run start NAME"
        raise Invalid("No run is open here.", hint=hint)
    current.end(open_now, status)
    return open_now.book.runs([open_now.id])[0]


_good_names: set[str] = set()


@verb(None)
def log(
    metrics: Annotated[dict[str, float] | None, "numbers: mae=3.2 rmse=4.1"] = None,
    *,
    step: Annotated[int | None, "which step; one more than the last if not given"] = None,
    params: Annotated[dict[str, Any] | None, "inputs fixed before the run"] = None,
    tags: Annotated[dict[str, str] | None, "words to find it by"] = None,
    artifact: Annotated[list[str] | None, "files to keep"] = None,
    workspace: Workspace | None = None,
) -> Logged:
    """Add metrics, parameters, tags or files to the open run; in a notebook one opens by itself."""
    numbers, steps = _numbers(metrics or {}), {}
    points: list[Point] = []
    if step is not None and (isinstance(step, bool) or not isinstance(step, int) or not -(2**63) <= step < 2**63):
        raise Invalid(f"A step is a whole number of 64 bits, not {str(step)[:40]}.", hint="For example: %mlops run log mae=3.2 --step 4")
    facts = _said(params, tags, artifact) if params or tags or artifact else None
    open_now = current.needed()
    now = open_now.workspace.clock()
    for name, value in numbers.items():
        at = current.next_step(open_now, name) if step is None else current.step_taken(open_now, name, step)
        points.append((name, at, value, now, None))
        steps[name] = at
    if facts is None:
        open_now.book.add_points(open_now.id, points)
        return Logged(run=open_now.id, metrics=numbers, steps=steps, params={}, tags={}, artifacts=[])
    facts.metrics = [MetricPoint(name=name, step=at, value=value, at=now) for name, at, value, *_ in points]
    facts.artifacts = [_kept(open_now.workspace, Path(name)) for name in artifact or []]
    open_now.book.add(open_now.id, facts)
    names = [kept.name for kept in facts.artifacts]
    return Logged(run=open_now.id, metrics=numbers, steps=steps, params=facts.params, tags=facts.tags, artifacts=names)


def _numbers(metrics: dict[str, float]) -> dict[str, float]:
    found = {}
    for name, value in metrics.items():
        if name not in _good_names:  # the same few are said again and again
            _good_names.add(free_name(name, "metric"))
        try:
            found[name] = float(value)
        except (TypeError, ValueError) as error:
            raise Invalid(f"A metric is a number: {error}.", hint="For example: %mlops run log mae=3.2") from error
    return found


def _said(params: dict[str, Any] | None, tags: dict[str, str] | None, artifact: list[str] | None) -> Facts:
    _names(None, None, params, tags)
    if absent := [name for name in artifact or [] if not Path(name).is_file()]:
        raise Invalid(f"There is no file {str(absent[0])!r} to keep.", hint=f"Paths are read from {Path.cwd()}.")
    return Facts(params=mask_params(plain(params or {})), tags=tags or {})


@verb("GET /runs")
def find(
    filter: Annotated[str | None, "which: metrics.mae < 3 and params.model = gb", Sentence()] = None,
    *,
    experiment: Annotated[str | None, "only of this experiment"] = None,
    notebook: Annotated[str | None, "only of this notebook"] = None,
    status: Annotated[Status | None, "only with this status"] = None,
    sort: Annotated[str | None, "by what: metrics.mae, duration desc; newest first if not given"] = None,
    limit: Annotated[int, "how many a page"] = 50,
    page: Annotated[int, "which page, from 1"] = 1,
    offset: Annotated[int, "how many to leave out before the first page"] = 0,
    workspace: Workspace | None = None,
) -> list[Run]:
    """List runs that pass a filter, newest first or in another order.

    A filter compares metrics.X, params.X, tags.X and fields with = != < <= > >= in like, and combines with and, or, not, ( ):

        metrics.mae < 3 and params.model = gb and status = finished
        tags.team = pricing and data_hash = blake3:ab12* and not (params.lr in (0.1, 0.01))
        started > -7d and duration > 10m and (name ~ *forest* or metrics."val/mae" exists)

    Fields: status, name, experiment, notebook, kind, estimator, data_hash, id, started, ended, duration, git.commit, git.branch,
    error, hidden (state no reader sees), file (read), writes, verdict. Bare words may hold * for any letters; a name with signs is quoted.
    """
    place = use(workspace)
    if page < 1 or offset < 0:
        raise Invalid("Pages are counted from 1, and what is left out from 0.", hint="For example: --page 2")
    if notebook is not None:
        notebook = str((place.root / notebook).resolve()) if not Path(notebook).is_absolute() else notebook
    limit = max(0, min(limit, 10_000))
    return RunBook(place).find(
        filter, experiment=experiment, notebook=notebook, status=status, sort=sort, limit=limit, offset=offset + (page - 1) * limit
    )


@verb("GET /runs/{run}")
def show(run: Annotated[str, "its id, or the beginning of it"], *, workspace: Workspace | None = None) -> RunRecord:
    """Show everything known of a run: cells, files, fits, metrics, figures, git, environment."""
    book = RunBook(use(workspace))
    surroundings.settled()
    book.settle()
    return book.record(run)


@verb("GET /run-comparison")
def compare(runs: Annotated[list[str], "two or more ids"], *, workspace: Workspace | None = None) -> Comparison:
    """Compare runs side by side, what changed in front."""
    if len(runs) < 2:
        raise Invalid("Comparing takes two runs or more.", hint="Their ids: %mlops run find")
    if len(runs) > 20:
        raise Invalid(f"{len(runs)} runs are too many to read side by side.", hint="At most 20; a table of more: %mlops run find")
    place = use(workspace)
    book = RunBook(place)
    surroundings.settled()
    return side_by_side([book.record(run) for run in runs], place)


@verb(None)
def lock(
    run: Annotated[str, "its id, or the beginning of it"],
    *,
    output: Annotated[str | None, "a file to write it to: requirements.lock"] = None,
    workspace: Workspace | None = None,
) -> Lock:
    """Give a run's environment as requirements that pip and uv install; what they cannot bring is named at their end."""
    book = RunBook(use(workspace))
    surroundings.settled()
    found = lock_of(book.record(run))
    if output is not None:
        try:
            Path(output).expanduser().write_text(found.text, "utf-8")
        except OSError as error:
            raise Unwritable(f"{output!r} cannot be written: {error.strerror}.", hint="Check the folder and the rights.") from error
    return found


def _names(name: str | None, experiment: str | None, params: dict[str, Any] | None, tags: dict[str, str] | None) -> None:
    if name is not None:
        free_name(name, "run")
    if experiment is not None:
        free_name(experiment, "experiment")
    for key in params or {}:
        free_name(key, "parameter")
    for key in tags or {}:
        free_name(key, "tag")


def _kept(workspace: Workspace, path: Path) -> Any:
    import mimetypes

    from nbmlops.runs.records import Artifact

    data = path.read_bytes()
    media = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return Artifact(name=path.name, digest=workspace.blobs.put(data), media_type=media, size_bytes=len(data), position=None)
