"""An endpoint's token: in a file that only its owner reads, like Jupyter's own; the ledger has its digest."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from nbmlops.errors import NotFound, Unwritable
from nbmlops.workspace import Workspace


def path_of(workspace: Workspace, endpoint: str) -> Path:
    """Where the token is. The name was checked when the endpoint was made: letters, digits, . _ -"""
    return workspace.folder / "endpoints" / f"{endpoint}.token"


def make(workspace: Workspace, endpoint: str) -> str:
    """A new token, kept for the endpoint."""
    token, path = secrets.token_urlsafe(32), path_of(workspace, endpoint)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as out:
            out.write(token)
    except OSError as error:
        raise Unwritable(f"The token of {endpoint!r} cannot be kept: {error.strerror}.", hint="Check the disk and the rights.") from error
    return token


def read(workspace: Workspace, endpoint: str) -> str:
    """The endpoint's token."""
    try:
        return path_of(workspace, endpoint).read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        raise NotFound(
            f"Endpoint {endpoint!r} has no token that can be read here.", hint=f"Start it again: %mlops endpoint start {endpoint}"
        ) from None


def forget(workspace: Workspace, endpoint: str) -> None:
    """Take the token away; a server that is started again gets another."""
    with contextlib.suppress(OSError):  # without a server that takes it, it opens nothing
        path_of(workspace, endpoint).unlink()
