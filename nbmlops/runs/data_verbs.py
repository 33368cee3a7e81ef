"""What a person can ask of the data of runs."""

from __future__ import annotations

from typing import Annotated

from nbmlops.data import book
from nbmlops.data.records import DataDiff
from nbmlops.errors import Invalid, NotFound
from nbmlops.runs.book import RunBook
from nbmlops.runs.records import RunDataDiff
from nbmlops.verb import verb
from nbmlops.workspace import Workspace, use


@verb("GET /dataset-differences")
def diff(
    before: Annotated[str, "a run's id, or a dataset's digest"],
    after: Annotated[str, "another of the same kind"],
    *,
    workspace: Workspace | None = None,
) -> DataDiff | RunDataDiff:
    """Compare what two runs read and fitted, or two datasets: which files, columns and rows changed.

    Of a file whose bytes changed, columns and rows are told where both versions are still somewhere to be read.
    """
    place = use(workspace)
    runs = RunBook(place)
    runs.settle()
    ids = [_run(runs, word) for word in (before, after)]
    if ids[0] is not None and ids[1] is not None:
        from nbmlops.runs.data_diff import diff_of_runs

        return diff_of_runs(place, runs.record(ids[0]), runs.record(ids[1]))
    if any(ids):
        raise Invalid("A run cannot be compared with a dataset.", hint="Give two runs, or two digests.")
    from nbmlops.data.diff import diff as between

    return between(book.dataset(place, before), book.dataset(place, after))


def _run(runs: RunBook, word: str) -> str | None:
    """The run that a word names; None where it may name a dataset."""
    try:
        return runs.full_id(word)
    except NotFound:
        if word.startswith("run-"):
            raise
        return None
