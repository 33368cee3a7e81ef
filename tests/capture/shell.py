"""A shell of one's own, observed, for tests that need no kernel process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from IPython.core.interactiveshell import InteractiveShell

from nbmlops import capture
from nbmlops.runs import current, surroundings
from nbmlops.runs.book import RunBook
from nbmlops.workspace import Workspace


class Observed:
    """Cells go in, runs come out."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.shell = InteractiveShell()
        self.shell.history_manager.enabled = False
        capture.attach(self.shell)

    def cell(self, source: str, cell_id: str | None = None) -> Any:
        """Run one cell as a front end would."""
        return self.shell.run_cell(source, store_history=True, cell_id=cell_id)

    def records(self) -> list[Any]:
        """All runs, oldest first."""
        surroundings.settled()
        book = RunBook(self.workspace)
        return [book.record(run.id) for run in reversed(book.find())]

    def close(self) -> None:
        """Restore everything."""
        capture.detach(self.shell)
        assert current.current() is None


@contextmanager
def observed(folder: Path, monkeypatch: Any) -> Iterator[Observed]:
    """An observed shell whose notebook would stand in `folder`."""
    monkeypatch.chdir(folder)
    place = Workspace.at(folder)
    found = Observed(place)
    try:
        yield found
    finally:
        found.close()
        place.close()
