"""What a person can ask of data."""

from __future__ import annotations

from typing import Annotated, Any

from nbmlops.data import book
from nbmlops.data.records import Dataset
from nbmlops.verb import Live, verb
from nbmlops.workspace import Workspace, use


@verb(None)
def fingerprint(
    frame: Annotated[Any, Live("a frame, series or array")],
    *,
    order_free: Annotated[bool, "the order of the rows does not count"] = False,
    workspace: Workspace | None = None,
) -> Dataset:
    """Fingerprint a frame: a digest of every value and the schema, one for each column, and a profile.

    The index of a pandas frame is left out. The fingerprint is remembered, the rows are not. Columns whose objects are
    no data are listed as named.
    """
    from nbmlops.data.fingerprint import fingerprint as of

    found = of(frame, order_free=order_free)
    with use(workspace).ledger.write(durable=False) as tx:
        book.remember(tx, found)
    return found


@verb("GET /datasets/{digest}")
def show(digest: Annotated[str, "its digest, or the first digits"], *, workspace: Workspace | None = None) -> Dataset:
    """Show a dataset that was seen: its columns with their digests and statistics."""
    return book.dataset(use(workspace), digest)
