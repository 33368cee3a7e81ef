"""`%load_ext nbmlops`: what is put into the shell, and how all of it is taken out again."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import Any
from weakref import WeakKeyDictionary

from nbmlops import capture
from nbmlops.doors import completion, display, magics, sweeping
from nbmlops.errors import NbmlopsError

_loaded: WeakKeyDictionary[Any, ExitStack] = WeakKeyDictionary()


def load(shell: Any) -> None:
    """Magics, completion, display and capture. Loading twice is loading once.

    No stage is imported here: the verb table and the libraries behind it come with the first command.
    """
    if shell in _loaded:
        return
    with ExitStack() as undo:
        magics.add(shell, undo)
        completion.add(shell, undo)
        display.add(shell, undo)
        sweeping.add(shell, undo)
        try:
            capture.attach(shell)
        except NbmlopsError as error:
            # Commands and their answers are of use even where nothing can be recorded.
            print(f"nbmlops records nothing: {error}", file=sys.stderr)
        else:
            undo.callback(capture.detach, shell)
        _loaded[shell] = undo.pop_all()


def unload(shell: Any) -> None:
    """Everything as it was before `load`."""
    undo = _loaded.pop(shell, None)
    if undo is not None:
        undo.close()
