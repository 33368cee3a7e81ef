"""Re-execute a notebook with parameters, in a process of its own; the run says how it went."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nbmlops.atomic import write_whole
from nbmlops.errors import Invalid, NotFound, Unavailable, Unwritable, there_is
from nbmlops.ledger.ids import new_id
from nbmlops.ledger.names import free_name
from nbmlops.pipelines.executor import Executor, LocalExecutor, Lost, Stop
from nbmlops.runs.book import RunBook
from nbmlops.runs.current import ATTACH_ENVIRONMENT, EXPERIMENT_ENVIRONMENT, RUN_ENVIRONMENT
from nbmlops.runs.records import Run
from nbmlops.settings import ENVIRONMENT
from nbmlops.workspace import Workspace

_ALONE_S = 20.0
EXECUTED = "notebook.ipynb"  # the artifact of a run that holds the notebook as it was executed


def execute(
    notebook: Path, params: dict[str, Any], *, output: Path | None = None, experiment: str | None = None,
    tags: dict[str, str] | None = None, timeout_s: float | None = None, workspace: Workspace, executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None, folder: Path | None = None, begin: str | None = None, scratch: Path | None = None,
    python: Path | None = None, environ: Mapping[str, str] | None = None, heard: Callable[[str], None] | None = None,
    stop: Stop | None = None, checkpoints: dict[str, Any] | None = None, variables: Sequence[str] = (), run_id: str | None = None,
) -> Run:  # fmt: skip
    """Execute `notebook` with `params` and give its run; a notebook that fails gives a failed run, no exception.

    It works in `folder`, or where it stands. `begin` is executed before its first cell and told to nobody; what the execution
    itself needs on the disk is in `scratch`, or where temporary files are. `python`: another than this one; `environ`: other
    variables than this process's. `heard` is called with what its cells print, as it comes; `stop` ends it when it is asked to.
    `checkpoints`: {"after_s": seconds of work between two, "resume": whether it goes on from the last}; none are taken without.
    `variables`: environment variables that go along to wherever it is executed. `run_id`: what its run is called, where that must be
    known before.

    Raises NotFound for a notebook that is not there, Invalid for parameters it does not have, Unavailable where nothing
    could be executed at all (no such kernel, a broken installation).
    """
    path = check(notebook, params, workspace)
    if experiment is not None:
        free_name(experiment, "experiment")
    if timeout_s is not None and not 0 < timeout_s < 10**9:
        raise Invalid(f"A notebook cannot be stopped after {timeout_s:g} s.", hint="Give the seconds it may take: --timeout-s 600")
    if output is not None:
        _writable(output)
    run_id = run_id or new_id("run")
    inherited = os.environ if environ is None else environ
    env = {name: value for name, value in inherited.items() if name not in (ATTACH_ENVIRONMENT, "NBMLOPS_NOTEBOOK", "MPLBACKEND")}
    env |= {ENVIRONMENT: str(workspace.root), RUN_ENVIRONMENT: run_id}
    if python is not None:
        folders = [folder for folder in env.get("PYTHONPATH", "").split(os.pathsep) if folder and not _installs(folder)]
        env["PYTHONPATH"] = os.pathsep.join(folders)
        env |= {"PATH": os.pathsep.join([str(python.parent), env.get("PATH", "")]), "VIRTUAL_ENV": str(python.parent.parent)}
    if experiment:
        env[EXPERIMENT_ENVIRONMENT] = experiment
    request = {
        **_python_where_none_is_named(path),
        "notebook": str(path), "params": params, "timeout_s": timeout_s, "begin": begin, "scratch": str(scratch) if scratch else None,
        "python": str(python) if python else None, "checkpoints": checkpoints, "variables": list(variables), "tags": tags,
    }  # fmt: skip
    place = str(folder or path.parent)
    works = executor or LocalExecutor()
    book = RunBook(workspace)
    try:
        problem = works.run(request, env=env, cwd=place, timeout_s=timeout_s, progress=progress, heard=heard, stop=stop)
    except Lost:
        _wait_for_end(book, run_id)
        raise
    book.settle()
    try:
        run = book.run(run_id)
    except NotFound:
        raise Unavailable(
            f"{path.name} could not be executed: {problem or 'no answer'}", hint="Its kernel must be installed here."
        ) from None
    if output is not None:
        _write(output, book, run.id)
    return book.run(run.id)


def _wait_for_end(book: RunBook, run_id: str) -> None:
    """Until an execution that nobody waits for any more has stopped by itself, as it does when it finds itself alone."""
    end = time.monotonic() + _ALONE_S
    while time.monotonic() < end:
        book.settle()
        try:
            if book.run(run_id).status != "running":
                return
        except NotFound:
            return
        time.sleep(0.2)


def _python_where_none_is_named(path: Path) -> dict[str, str]:
    """The kernel of a notebook that names none, as one written by a program may."""
    metadata = json.loads(path.read_text("utf-8")).get("metadata") or {}
    return {} if (metadata.get("kernelspec") or {}).get("name") else {"kernel": "python3", "language": "python"}


def _installs(folder: str) -> bool:
    """Whether distributions are installed in a folder: these are of another environment."""
    return any(Path(folder).glob("*.dist-info"))


def check(notebook: Path, params: dict[str, Any], workspace: Workspace) -> Path:
    """The notebook's absolute path, once it is known to be there and to have these parameters."""
    path = workspace.place_of(notebook)
    if not path.is_file():
        near = [found.name for found in path.parent.glob("*.ipynb")] if path.parent.is_dir() else []
        raise NotFound(f"There is no notebook {str(notebook)!r}.", hint=f"In {path.parent}: {there_is(near)}.")
    try:
        notebook_file = json.loads(path.read_text("utf-8"))
        cells = notebook_file["cells"]
    except (ValueError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise Invalid(f"{path.name} is not a notebook: {error}.", hint="Give an .ipynb file of format 4.") from error
    try:
        json.dumps(params)
    except (TypeError, ValueError) as error:
        raise Invalid(f"Parameters must be plain values: {error}.", hint="Numbers, text, lists, true, false, null.") from error
    _has_kernel(path, notebook_file)
    declared = _declared(cells)
    unknown = [name for name in params if declared and name not in declared]
    if unknown:
        raise Invalid(f"{path.name} has no parameter {unknown[0]!r}.", hint=f"Its parameters cell has: {there_is(declared)}.")
    return path.absolute()


def _has_kernel(path: Path, content: dict[str, Any]) -> None:
    """Unavailable when the kernel a notebook names is not installed."""
    from jupyter_client.kernelspec import KernelSpecManager

    name = ((content.get("metadata") or {}).get("kernelspec") or {}).get("name")
    installed = KernelSpecManager().find_kernel_specs()
    if isinstance(name, str) and name not in installed:
        raise Unavailable(
            f"{path.name} wants the kernel {name[:80]!r}, which is not installed here.", hint=f"Kernels: {there_is(installed)}."
        )


def _writable(output: Path) -> None:
    """Refuse before executing what could not be written after it."""
    if output.is_dir():
        raise Invalid(f"{output} is a folder.", hint="Name the file to write: --output out.ipynb")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=output.parent):
            pass
    except OSError as error:
        raise Unwritable(f"{output} cannot be written: {error.strerror}.", hint="Check the folder and its rights.") from error


def _write(output: Path, book: RunBook, run: str) -> None:
    """The executed notebook as the run keeps it, secrets masked, however it ended; a reader sees all of it or nothing."""
    kept = next((artifact for artifact in book.record(run).artifacts if artifact.name == EXECUTED), None)
    if kept is None:
        return  # killed before it could be kept; the run says so
    try:
        write_whole(output, book.workspace.blobs.get(kept.digest))
    except OSError as error:
        raise Unwritable(f"{output} cannot be written: {error.strerror}.", hint=f"It is kept with run {run}: {EXECUTED}") from error


def _declared(cells: list[Any]) -> set[str]:
    import ast

    found: set[str] = set()
    for cell in cells:
        if "parameters" in ((cell.get("metadata") or {}).get("tags") or []):
            source = cell.get("source", "")
            try:
                tree = ast.parse("".join(source) if isinstance(source, list) else source)
            except SyntaxError:
                return set()
            for node in ast.walk(tree):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    found.add(node.id)
    return found
