"""The engine that executes for papermill and records a run, whatever the notebook says.

The run is opened here, by the process that executes, and ended here with what really happened: papermill's own metadata
says `completed` even for cells that a dead kernel never reached. The kernel only adds what its cells did.
"""

from __future__ import annotations

import ast
import json
import os
from pathlib import Path
from typing import Any

import nbformat
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.engines import Engine
from papermill.log import logger

from nbmlops.capture import parameters
from nbmlops.capture.showing.where import NOTEBOOK_ENVIRONMENT
from nbmlops.capture.slicing.parsing import parsed
from nbmlops.errors import NbmlopsError
from nbmlops.ledger.secrets import MASK, mask_params, mask_value
from nbmlops.pipelines.checkpoints import keeper
from nbmlops.pipelines.checkpoints.keeper import Keeper
from nbmlops.pipelines.client import CannotGoOn, Client, NeverReady, last_line
from nbmlops.pipelines.runner import EXECUTED
from nbmlops.pipelines.warm import wanted_by
from nbmlops.runs.book import RunBook
from nbmlops.runs.current import ATTACH_ENVIRONMENT, EXPERIMENT_ENVIRONMENT, RUN_ENVIRONMENT, VALUES_ENVIRONMENT
from nbmlops.runs.facts import Facts
from nbmlops.runs.records import Artifact
from nbmlops.runs.surroundings import git_facts
from nbmlops.settings import ENVIRONMENT
from nbmlops.workspace import Workspace, opened

VALUE_TAGS = frozenset({"values", "pipeline-metrics"})  # ours, and Kale's


class RecordingEngine(Engine):
    """Executes a notebook and records it."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, log_output: bool = False, stdout_file: Any = None, stderr_file: Any = None,
        start_timeout: int = 60, execution_timeout: int | None = None, **more: Any,
    ) -> None:  # fmt: skip
        """papermill's engine interface. A notebook that fails is recorded as failed and raises as papermill's own does."""
        given = more.get("input_path")
        path = Path(given).absolute() if isinstance(given, str) and "://" not in given and given != "-" else None
        recorded = _Recorded(nb_man.nb, path, more.get("tags"))
        kernel_env = recorded.kernel_environment()
        # The run's id is for this execution, not for what the notebook executes in turn.
        inherited = {name: value for name, value in os.environ.items() if name not in (RUN_ENVIRONMENT, EXPERIMENT_ENVIRONMENT)}
        recorded.take_checkpoints(more.get("checkpoints"))
        warm = more.get("warm")
        wants = wanted_by(path, Path.cwd()) if warm is not None and warm.loaded and path is not None else ()
        if warm is not None and (more.get("scratch") or not warm.fits(kernel_name, {**inherited, **kernel_env}, wants)):
            warm.stop()
            warm = None
        died: str | None = None  # before it was asked anything; a second kernel is started then, not a third
        while True:
            client = Client(
                nb_man, log=logger, log_output=log_output, stdout_file=stdout_file, stderr_file=stderr_file, startup_timeout=start_timeout,
                timeout=execution_timeout, kernel_name=kernel_name, shutdown_kernel="immediate", store_widget_state=False,
            )  # fmt: skip
            client.begin, client.scratch, client.printed = more.get("begin"), more.get("scratch"), more.get("printed")
            client.keeper, client.masked = recorded.keeper, recorded._masked
            client.env = {**inherited, **kernel_env}
            client.warm, warm = warm, None
            try:
                client.execute(env=client.env)
            except CannotGoOn as error:
                recorded.begin_anew(str(error))
                continue
            except BaseException as error:
                if isinstance(error, NeverReady) and died is None:
                    died = f"its kernel was started twice: {error}"
                    continue
                recorded.broke(error, client.executing)
                raise
            finally:
                client.forget()
            recorded.ended(client.observed_note or died)
            return


class _Recorded:
    """One execution's run. A workspace that cannot be written costs the record, not the execution."""

    def __init__(self, notebook: Any, path: Path | None, tags: dict[str, str] | None = None) -> None:
        self.notebook = notebook
        given = _parameters(notebook)
        self.params = mask_params(given)
        self.hidden = [value for name, value in given.items() if isinstance(value, str) and len(value) > 3 and self.params[name] == MASK]
        self.run_id: str | None = None
        self.keeper: Keeper | None = None
        try:
            self.workspace: Workspace = opened(path.parent if path else Path.cwd())
            self.book = RunBook(self.workspace)
            self.run_id = self.book.open(
                path.stem if path else "notebook", experiment=os.environ.get(EXPERIMENT_ENVIRONMENT) or self.workspace.root.name,
                kind="papermill", notebook=str(path) if path else None, known_from="papermill" if path else "unknown",
                params=self.params, tags=tags, run_id=os.environ.get(RUN_ENVIRONMENT),
            )  # fmt: skip
            # The kernel may be any: of what it is made it says itself.
            self.book.add(self.run_id, git_facts(self.book, path.parent if path else Path.cwd(), str(path) if path else None))
        except NbmlopsError as error:
            logger.warning("nbmlops: not recorded: %s", error)
        self.path = path

    def take_checkpoints(self, asked: dict[str, Any] | None) -> None:
        """Take checkpoints as they are `asked` for: after so many seconds of work; going on from the last, or not."""
        if asked is not None and self.run_id is not None and self.path is not None:
            after_s = keeper.AFTER_S if asked.get("after_s") is None else asked["after_s"]
            resume = bool(asked.get("resume"))
            self.keeper = Keeper(self.workspace, self.run_id, self.notebook, str(self.path), after_s=after_s, resume=resume)

    def begin_anew(self, why: str) -> None:
        """A checkpoint could not be brought back: every cell is executed."""
        assert self.keeper is not None
        self.keeper.found = None
        self.keeper.notes["resumed"] = f"not from a checkpoint: {why}"

    def kernel_environment(self) -> dict[str, str]:
        """What the kernel needs to add to this run."""
        if self.run_id is None:
            return {}
        return {
            ATTACH_ENVIRONMENT: self.run_id,
            ENVIRONMENT: str(self.workspace.root),
            VALUES_ENVIRONMENT: json.dumps(_declared_values(self.notebook)),
            **({NOTEBOOK_ENVIRONMENT: str(self.path)} if self.path else {}),
            # What is called a secret in the environment is masked in whatever the kernel records.
            **{f"NBMLOPS_PARAMETER_{at}_SECRET": value for at, value in enumerate(self.hidden)},
        }

    def ended(self, note: str | None) -> None:
        """The cells were executed, or one of them raised."""
        failure = _failure(self.notebook)
        tags = {"note": note} if note else {}
        self._end("failed" if failure else "finished", failure[1] if failure else None, failure[0] if failure else None, tags)

    def broke(self, error: BaseException, executing: int | None) -> None:
        """The execution itself broke: the kernel died, time ran out, or somebody interrupted."""
        status = "killed" if isinstance(error, DeadKernelError) else getattr(error, "status", "failed")
        what = "The kernel died." if isinstance(error, DeadKernelError) else f"{type(error).__name__}: {error}"
        if isinstance(error, CellTimeoutError):
            what = f"Timed out: {error}"
        elif isinstance(error, KeyboardInterrupt):
            what = str(error) or "Interrupted."
        position = None if executing is None else len(_code_cells(self.notebook, executing))
        self._end(status, what, position, {})

    def _end(self, status: Any, error: str | None, failed_cell: int | None, tags: dict[str, str]) -> None:
        if self.run_id is None:
            return
        try:
            masked = nbformat.from_dict(self._masked(self.notebook))
            self.notebook.update(masked)  # papermill writes this one to the path it was given
            shown = nbformat.writes(masked)
            data = shown.encode("utf-8", "backslashreplace")
            facts = Facts(artifacts=[self._kept(EXECUTED, "application/x-ipynb+json", data)], tags=tags)
            said = self._masked(error)[:4000] if error else None
            if self.keeper is not None:
                facts.tags.update(self.keeper.notes)
            self.book.end(self.run_id, status, error=said, failed_cell=failed_cell, facts=facts)
            if self.keeper is not None and status == "finished":
                self.keeper.over()
        except NbmlopsError as problem:
            logger.warning("nbmlops: not recorded: %s", problem)

    def _masked(self, value: Any) -> Any:
        """A part of the notebook without secrets: neither as parameters, nor where they were printed."""
        return mask_value(self._without_hidden(value))

    def _without_hidden(self, value: Any) -> Any:
        if isinstance(value, str):
            for secret in self.hidden:
                value = value.replace(secret, MASK)
            return value
        if isinstance(value, dict):
            return {key: self._without_hidden(part) for key, part in value.items()}
        return [self._without_hidden(part) for part in value] if isinstance(value, list) else value

    def _kept(self, name: str, media_type: str, data: bytes) -> Artifact:
        return Artifact(name=name, digest=self.workspace.blobs.put(data), media_type=media_type, size_bytes=len(data), position=None)


def _parameters(notebook: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for cell in _code_cells(notebook):
        tags = cell.metadata.get("tags", [])
        if "parameters" in tags or "injected-parameters" in tags or parameters.looks_like(cell.source):
            found.update(parameters.assigned(cell.source))
    found.update(notebook.metadata.get("papermill", {}).get("parameters", {}))
    return found


def _declared_values(notebook: Any) -> list[str]:
    """The names bound in cells that are tagged so: what they hold at the end are the notebook's values."""
    found: list[str] = []
    for cell in _code_cells(notebook):
        if VALUE_TAGS & set(cell.metadata.get("tags", [])):
            tree, _ = parsed(cell.source)
            for one in tree.body if tree is not None else ():
                said = one.value if isinstance(one, ast.Expr) else None  # Kale's metrics are shown, or printed
                shown = said.args if isinstance(said, ast.Call) and isinstance(said.func, ast.Name) and said.func.id == "print" else [said]
                nodes = [*(part for part in ast.walk(one) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)), *shown]
                found += [node.id for node in nodes if isinstance(node, ast.Name)]
    return list(dict.fromkeys(found))


def _code_cells(notebook: Any, before: int | None = None) -> list[Any]:
    return [cell for cell in notebook.cells[:before] if cell.cell_type == "code"]


def _failure(notebook: Any) -> tuple[int, str] | None:
    for at, cell in enumerate(_code_cells(notebook)):
        if cell.metadata.get("papermill", {}).get("exception"):
            for output in cell.outputs:
                if output.output_type == "error":
                    if output.ename == "SystemExit" and output.evalue in ("", "0"):
                        return None  # a notebook that ends early of its own will: papermill's word for it too
                    return at, f"{output.ename}: {output.evalue}"
            said = [last_line(str(output.text)) for output in cell.outputs if output.output_type == "stream" and output.name == "stderr"]
            return at, said[-1] if said and said[-1] else "The cell failed."  # an unknown magic says so, and raises nothing
    return None
