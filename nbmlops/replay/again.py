"""Executing a run again, in a fresh kernel and a workspace of its own: nothing of it reaches the record, or stays on the disk."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nbmlops.pipelines.runner import execute
from nbmlops.replay import keeping
from nbmlops.replay.aside import aside, keep_all
from nbmlops.replay.written import as_ran, made, writes
from nbmlops.runs.book import RunBook
from nbmlops.runs.records import RunRecord
from nbmlops.workspace import Workspace

_MAGICS = "get_ipython().extension_manager.load_extension('nbmlops')"  # cells that ask for it are not part of the record


def again(
    record: RunRecord, *, timeout_s: float | None = None, progress: Callable[[int, int], None] | None = None, first: str = "",
    notebook: Any = None, python: Path | None = None,
) -> RunRecord:  # fmt: skip
    """The record of executing a run's cells again as they ran, or another notebook in their place, in the folder they ran in.

    `first`: code to execute before them. `python`: of another environment.
    """
    import nbformat

    notebook = notebook or as_ran(record)
    begin = [_MAGICS] if any("mlops" in cell.source for cell in notebook.cells) else []
    with aside() as folder:
        place = Workspace.at(folder)
        try:
            keep_all(folder, writes(record))
            for own in made(record.files):  # a cell that makes it no more must not find it
                if os.path.isfile(own):
                    os.unlink(own)
            path = Path(folder, f"{Path(record.run.notebook or record.run.name).stem or 'run'}.ipynb")
            path.write_text(nbformat.writes(notebook), "utf-8")
            done = execute(
                path, {}, timeout_s=timeout_s, workspace=place, progress=progress, folder=Path(str(record.folder)),
                begin="\n".join([keeping.BEGIN.format(folder=str(folder)), *begin, first]), scratch=folder, python=python,
            )  # fmt: skip
            return RunBook(place).record(done.id)
        finally:
            place.close()
