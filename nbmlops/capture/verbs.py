"""What a person can ask of the session they are in."""

from __future__ import annotations

from nbmlops.capture.records import SessionState
from nbmlops.errors import NotFound
from nbmlops.verb import verb
from nbmlops.workspace import Workspace


@verb(None)
def status(*, workspace: Workspace | None = None) -> SessionState:
    """Say which cells are stale, which names have no living definition, and what executing a cell again would change."""
    from nbmlops.capture.attached import current_session
    from nbmlops.capture.stale import state_of_session

    session = current_session()
    if session is None:
        raise NotFound("No session is observed here.", hint="In a notebook: %load_ext nbmlops, then %mlops workspace status")
    return state_of_session(session)
