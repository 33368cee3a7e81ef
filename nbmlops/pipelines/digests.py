"""What files hold, by their digests: a file that is asked for again is not read again, unless it changed."""

from __future__ import annotations

import threading
from pathlib import Path

from nbmlops.capture.reading.hashing import settled, state_of
from nbmlops.capture.reading.kept import Kept
from nbmlops.ledger.blobs import digest_of_file
from nbmlops.workspace import Workspace


class Digests:
    """Digests of files, each computed once for a state of the file."""

    def __init__(self, workspace: Workspace) -> None:
        self._kept = Kept(workspace.folder)
        self._lock = threading.Lock()

    def __call__(self, path: Path) -> str:
        state = state_of(path.stat())
        with self._lock:
            known = self._kept.digest(str(path), state)
        if known is None:
            known = digest_of_file(path)
            if settled(state) and state_of(path.stat()) == state:
                with self._lock:
                    self._kept.keep(str(path), state, known)
        return known
