"""Executing a run again, in a fresh kernel and a workspace of its own: nothing of it reaches the record, or stays on the disk."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nbmlops.capture.attached import current_session
from nbmlops.data import book
from nbmlops.data.records import Dataset
from nbmlops.pipelines.runner import execute
from nbmlops.replay import keeping
from nbmlops.replay.aside import aside, clear_folders, keep_all
from nbmlops.replay.written import as_ran, folders, made, writes
from nbmlops.runs.book import RunBook
from nbmlops.runs.records import FileUse, RunRecord
from nbmlops.workspace import Workspace

Furnish = Mapping[str, Callable[[Path], None]]
_MAGICS = "get_ipython().extension_manager.load_extension('nbmlops')"  # cells that ask for it are not part of the record


def again(
    record: RunRecord, *, timeout_s: float | None = None, progress: Callable[[int, int], None] | None = None, first: str = "",
    notebook: Any = None, python: Path | None = None, environ: Mapping[str, str] | None = None, furnish: Furnish | None = None,
    datasets: dict[str, Dataset] | None = None,
) -> RunRecord:  # fmt: skip
    """The record of executing a run's cells again as they ran, or another notebook in their place, in the folder they ran in.

    `first`: code to execute before them. `python`: of another environment. `environ`: variables that are set for it.
    `furnish`: files to put in their places before, by path; what is there is put back. `datasets`: takes what went into fits.
    """
    name = Path(record.run.notebook or record.run.name).stem or "run"
    with executed(
        notebook or as_ran(record), name=name, folder=str(record.folder), files=record.files, timeout_s=timeout_s, progress=progress,
        first=first, python=python, environ=environ, furnish=furnish, datasets=datasets,
    ) as (_, done):  # fmt: skip
        return done


@contextmanager
def executed(
    notebook: Any, *, name: str, folder: str, files: Sequence[FileUse], timeout_s: float | None = None,
    progress: Callable[[int, int], None] | None = None, first: str = "", python: Path | None = None,
    environ: Mapping[str, str] | None = None, prepare: Callable[[str], None] | None = None, furnish: Furnish | None = None,
    datasets: dict[str, Dataset] | None = None,
) -> Iterator[tuple[Path, RunRecord]]:  # fmt: skip
    """Execute a notebook in `folder`; gives a folder aside, where it may leave something to be looked at, and the record.

    `prepare` is told that folder before. `files`: what the cells read and wrote before. Those that they made are not there when
    they begin; all is put back.
    """
    import nbformat

    begin = [_MAGICS] if any("mlops" in cell.source for cell in notebook.cells) else []
    with aside() as scratch:
        if prepare is not None:
            prepare(str(scratch))
        place = Workspace.at(scratch)
        try:
            keep_all(scratch, [*writes(files), *(furnish or {})])
            for own in made(files):  # a cell that makes it no more must not find it
                if os.path.isfile(own):
                    os.unlink(own)
            clear_folders(scratch, folders(files))
            for there, write in (furnish or {}).items():
                Path(there).parent.mkdir(parents=True, exist_ok=True)
                write(Path(there))
            path = Path(scratch, f"{name}.ipynb")
            path.write_text(nbformat.writes(notebook), "utf-8")
            done = execute(
                path, {}, timeout_s=timeout_s, workspace=place, progress=progress, folder=Path(folder),
                environ={**at_the_start(), **(environ or {})},
                begin="\n".join([keeping.BEGIN.format(folder=str(scratch)), *begin, first]), scratch=scratch, python=python,
            )  # fmt: skip
            record = RunBook(place).record(done.id)
            if datasets is not None:
                wanted = {digest for fit in record.fits for digest in (fit.frame, fit.target) if digest is not None}
                datasets.update((digest, book.dataset(place, digest)) for digest in wanted - datasets.keys())
            yield scratch, record
        finally:
            place.close()


def at_the_start() -> Mapping[str, str]:
    """The environment's variables: in a notebook those that its kernel was started with, whatever cells have set since."""
    if current_session() is None:
        return os.environ
    import psutil

    try:
        return psutil.Process().environ()
    except (psutil.Error, OSError):
        return os.environ
