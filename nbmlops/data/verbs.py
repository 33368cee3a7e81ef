"""What a person can ask of data."""

from __future__ import annotations

from typing import Annotated, Any

from nbmlops.data import book
from nbmlops.data.records import DataDiff, Dataset
from nbmlops.verb import Live, verb
from nbmlops.workspace import Workspace, use


@verb(None)
def fingerprint(
    frame: Annotated[Any, Live("a frame, series or array")],
    *,
    workspace: Workspace | None = None,
) -> Dataset:
    """Fingerprint a frame: a digest of every value and the schema, one for each column, and a profile.

    The fingerprint is remembered, the rows are not.
    """
    from nbmlops.data.fingerprint import fingerprint as of

    found = of(frame)
    with use(workspace).ledger.write(durable=False) as tx:
        book.remember(tx, found)
    return found


@verb("GET /datasets/{digest}")
def show(digest: Annotated[str, "its digest, or the first digits"], *, workspace: Workspace | None = None) -> Dataset:
    """Show a dataset that was seen: its columns with their digests and statistics."""
    return book.dataset(use(workspace), digest)


@verb("GET /dataset-differences")
def diff(
    before: Annotated[str, "digest of the one"],
    after: Annotated[str, "digest of the other"],
    *,
    workspace: Workspace | None = None,
) -> DataDiff:
    """Compare two datasets: which columns came, went, or have other types or values."""
    from nbmlops.data.diff import diff as between

    place = use(workspace)
    return between(book.dataset(place, before), book.dataset(place, after))
