"""What a person can ask of the folders of W&B."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from nbmlops.exchange.records import Exchange
from nbmlops.verb import verb
from nbmlops.workspace import Workspace, use


@verb("POST /wandb/pull")
def pull(
    folder: Annotated[str, "the folder wandb, one run's folder in it, or the folder that wandb is in"],
    *,
    workspace: Workspace | None = None,
) -> Exchange:
    """Take in the runs that W&B wrote where it was offline: configuration, history, summary, tags, times and files.

    Nothing of W&B is needed, and nothing is sent. What is here already is not taken twice; of a damaged file, what can be read is.
    """
    from nbmlops.exchange.wandb.pull import pull as pulled

    place = use(workspace)
    found = Path(folder).expanduser()
    return pulled(place, found if found.is_dir() or found.is_absolute() else place.root / found)
