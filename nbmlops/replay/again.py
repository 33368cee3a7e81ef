"""Executing a run again, in a fresh kernel and a workspace of its own: nothing of it reaches the record."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from nbmlops.pipelines.runner import execute
from nbmlops.replay.written import notebook_of
from nbmlops.runs.book import RunBook
from nbmlops.runs.records import RunRecord
from nbmlops.workspace import Workspace


def again(record: RunRecord, *, timeout_s: float | None, progress: Callable[[int, int], None] | None = None, first: str = "") -> RunRecord:
    """The record of executing a run's cells again, in the folder they ran in. `first`: code to execute before them."""
    import nbformat

    notebook = notebook_of(record)
    if first:
        notebook.cells.insert(0, nbformat.v4.new_code_cell(first, id="first"))
    with tempfile.TemporaryDirectory(prefix="nbmlops-again-") as folder:
        place = Workspace.at(Path(folder))
        try:
            path = Path(folder, f"{Path(record.run.notebook or record.run.name).stem or 'run'}.ipynb")
            path.write_text(nbformat.writes(notebook), "utf-8")
            done = execute(path, {}, timeout_s=timeout_s, workspace=place, progress=progress, folder=Path(str(record.folder)))
            return RunBook(place).record(done.id)
        finally:
            place.close()
