"""A value that one step hands to the next as it is: written by the one, taken by the other if the ledger knows its bytes.

Reading a pickle executes what it says, so that only bytes are read which a step of this workspace has made, by their digest.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbmlops.atomic import write_whole
from nbmlops.errors import NotFound, Untrusted
from nbmlops.ledger.blobs import digest_bytes
from nbmlops.pipelines.checkpoints.pickled import pickled, unpickled
from nbmlops.workspace import Workspace, use


def give(value: Any, path: str) -> None:
    """Write a value, which is an output of the step that is executed."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    write_whole(Path(path), pickled(value))


def take(path: str, *, workspace: Workspace | None = None) -> Any:
    """The value that another step wrote. Raises NotFound, or Untrusted for bytes that are no step's output; then nothing is read."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise NotFound(f"There is no {path!r}: {error.strerror}.", hint="The step before makes it: nbmlops pipeline run FILE") from error
    known = use(workspace).ledger.read(
        "SELECT 1 FROM pipeline_step s, json_each(s.outputs) made WHERE s.status IN ('finished', 'skipped') AND made.value = ? LIMIT 1",
        digest_bytes(data),
    )
    if not known:
        raise Untrusted(f"{path!r} is no output that a step has made here.", hint="Have the step before make it: nbmlops pipeline run FILE")
    return unpickled(data)
