"""What a person can ask of proof: does this run hold?"""

from __future__ import annotations

from typing import Annotated

from nbmlops.replay.records import Verification
from nbmlops.runs.book import RunBook
from nbmlops.verb import verb
from nbmlops.workspace import Workspace, use


@verb("POST /runs/{run}/verifications")
def verify(
    run: Annotated[str, "its id, or the beginning of it"],
    *,
    timeout_s: Annotated[float | None, "stop it after so many seconds"] = None,
    workspace: Workspace | None = None,
) -> Verification:
    """Execute a run again in a fresh kernel and say whether it holds: VERIFIED, DIFFERS (first cell, cause) or CANNOT.

    Its cells are executed as they ran, in the order they ran and the folder they worked in; nothing of it is recorded. What went
    in is compared before what came out: environment, files, frames, seeds, parameters, metrics, errors, outputs.
    """
    from nbmlops.pipelines.progress import cells_bar
    from nbmlops.replay import book
    from nbmlops.replay.verify import verify as executed
    from nbmlops.runs import surroundings

    place = use(workspace)
    runs = RunBook(place)
    surroundings.settled()
    runs.settle()
    record = runs.record(run)
    with cells_bar(f"verify {record.run.name}") as progress:
        found = executed(record, at=place.clock(), timeout_s=timeout_s, progress=progress)
    book.keep(place, found)
    return found
