"""Re-execute a notebook with parameters, in a process of its own; the run says how it went."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nbmlops import plugins
from nbmlops.errors import Invalid, NotFound, Unavailable, there_is
from nbmlops.ledger.ids import new_id
from nbmlops.ledger.names import free_name
from nbmlops.runs.book import Facts, RunBook
from nbmlops.runs.current import ATTACH_ENVIRONMENT, EXPERIMENT_ENVIRONMENT, RUN_ENVIRONMENT
from nbmlops.runs.records import Run
from nbmlops.settings import ENVIRONMENT
from nbmlops.workspace import Workspace


def execute(
    notebook: Path, params: dict[str, Any], *, output: Path | None = None, experiment: str | None = None,
    tags: dict[str, str] | None = None, timeout_s: float | None = None, workspace: Workspace,
    progress: Callable[[int, int], None] | None = None, executor: str = "local",
) -> Run:  # fmt: skip
    """Execute `notebook` with `params` and give its run; a notebook that fails gives a failed run, no exception.

    Raises NotFound for a notebook that is not there, Invalid for parameters it does not have, Unavailable where nothing
    could be executed at all (no such kernel, a broken installation).
    """
    path = check(notebook, params, workspace)
    if experiment is not None:
        free_name(experiment, "experiment")
    run_id = new_id("run")
    env = {name: value for name, value in os.environ.items() if name not in (ATTACH_ENVIRONMENT, "NBMLOPS_NOTEBOOK", "MPLBACKEND")}
    env |= {ENVIRONMENT: str(workspace.root), RUN_ENVIRONMENT: run_id}
    if experiment:
        env[EXPERIMENT_ENVIRONMENT] = experiment
    request = {"notebook": str(path), "params": params, "output": str(output.absolute()) if output else None, "timeout_s": None}
    problem = plugins.adapter("executor", executor)().run(request, env=env, cwd=str(path.parent), timeout_s=timeout_s, progress=progress)
    book = RunBook(workspace)
    book.settle()
    try:
        run = book.run(run_id)
    except NotFound:
        raise Unavailable(f"{path.name} could not be executed: {problem or 'no answer'}", hint="Its kernel must be installed here.") from None
    if tags:
        book.add(run_id, Facts(tags=tags))
    return book.run(run.id)


def check(notebook: Path, params: dict[str, Any], workspace: Workspace) -> Path:
    """The notebook's absolute path, once it is known to be there and to have these parameters."""
    path = notebook if notebook.is_absolute() else (Path.cwd() / notebook if (Path.cwd() / notebook).is_file() else workspace.root / notebook)
    if not path.is_file():
        near = [found.name for found in path.parent.glob("*.ipynb")] if path.parent.is_dir() else []
        raise NotFound(f"There is no notebook {str(notebook)!r}.", hint=f"In {path.parent}: {there_is(near)}.")
    try:
        cells = json.loads(path.read_text("utf-8"))["cells"]
    except (ValueError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise Invalid(f"{path.name} is not a notebook: {error}.", hint="Give an .ipynb file of format 4.") from error
    try:
        json.dumps(params)
    except (TypeError, ValueError) as error:
        raise Invalid(f"Parameters must be plain values: {error}.", hint="Numbers, text, lists, true, false, null.") from error
    declared = _declared(cells)
    unknown = [name for name in params if declared and name not in declared]
    if unknown:
        raise Invalid(f"{path.name} has no parameter {unknown[0]!r}.", hint=f"Its parameters cell has: {there_is(declared)}.")
    return path.absolute()


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
