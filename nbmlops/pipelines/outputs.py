"""What a step makes: kept when it is done, put back where it is gone, out of the way before the step is executed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from nbmlops.data import keeping
from nbmlops.errors import Invalid, NbmlopsError
from nbmlops.pipelines.keys import digests
from nbmlops.pipelines.records import Step
from nbmlops.workspace import Workspace

Digest = Callable[[Path], str]


def keep(workspace: Workspace, step: Step, folder: Path) -> dict[str, str]:
    """Keep the bytes of every output; gives their digests by path. Raises Invalid for an output that was not made."""
    found: dict[str, str] = {}
    for name in step.outputs:
        made = digests(folder / name, name, workspace.blobs.put_file)
        if not made:
            what = "is an empty folder" if (folder / name).is_dir() else "was not made"
            raise Invalid(f"it came to its end, and its output {name!r} {what}.", hint="Write it, or leave it out.")
        found.update(made)
    return found


def put_back(workspace: Workspace, outputs: dict[str, str], folder: Path, digest: Digest) -> list[str]:
    """Write the outputs that are gone or another than they were; gives those. Raises NotFound where one is kept no more."""
    written = []
    for name, held in outputs.items():
        path = folder / name
        if path.is_file() and digest(path) == held:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        workspace.blobs.write_to(held, path)
        written.append(name)
    return written


def clear(workspace: Workspace, step: Step, folder: Path, *, in_pieces: bool) -> None:
    """Take a step's outputs out of its way: it makes them, and what another execution left is not its own.

    A version of each is kept, unless an execution that did not come to its end left it `in_pieces`.
    """
    for name in step.outputs:
        path = folder / name
        if not path.exists() and not path.is_symlink():
            continue
        if not in_pieces:
            try:
                keeping.keep(workspace, path)
            except NbmlopsError as error:
                raise Invalid(f"Output {name!r} of step {step.name!r} is in the way: {error.message}", hint="Move it elsewhere.") from error
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
