"""What a person can ask of data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from nbmlops.data import book
from nbmlops.data.records import Dataset, KeptFile
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


@verb("POST /kept-files")
def add(path: Annotated[str, "a file, or a folder with all that is in it"], *, workspace: Workspace | None = None) -> list[KeptFile]:
    """Keep files as they are now, so that runs which read them can be executed again when they are gone or another.

    Bytes that are kept already are not kept twice; hidden files, and such as hold keys or passwords, are left out.
    """
    from tqdm.auto import tqdm

    from nbmlops.data import keeping

    place, whole = use(workspace), _absolute(path)
    with tqdm(total=None, desc=f"keep {whole.name}"[:40], unit="B", unit_scale=True, disable=None, leave=False, delay=0.5) as bar:
        return keeping.keep(place, whole, progress=bar.update)


@verb("GET /kept-files")
def versions(
    path: Annotated[str | None, "a file, or a folder; everything that is kept if not given"] = None, *, workspace: Workspace | None = None
) -> list[KeptFile]:
    """List the versions of files that are kept, the newest first."""
    from nbmlops.data import keeping

    return keeping.versions(use(workspace), str(_absolute(path)) if path is not None else None)


@verb("POST /restored-files")
def restore(
    path: Annotated[str, "the file, as it was added"],
    *,
    digest: Annotated[str | None, "the version's digest, or the first digits; the newest if not given"] = None,
    output: Annotated[str | None, "write it here, and leave the file as it is"] = None,
    workspace: Workspace | None = None,
) -> KeptFile:
    """Write a kept version of a file to where it was; what is there now is kept first."""
    from nbmlops.data import keeping

    whole = _absolute(path)
    return keeping.restore(use(workspace), whole, digest=digest, output=_absolute(output) if output is not None else whole)


def _absolute(path: str) -> Path:
    return Path(path).expanduser().absolute()
