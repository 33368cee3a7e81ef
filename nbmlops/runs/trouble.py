"""What is said when something could not be recorded: one line, by whoever knows how."""

from __future__ import annotations

import sys
from collections.abc import Callable

from nbmlops.errors import NotFound


def say_plainly(error: Exception) -> None:
    """One line on standard error."""
    sys.stderr.write(f"nbmlops: not recorded: {error}\n")


say: Callable[[Exception], None] = say_plainly  # capture says it in its own way, once


_told: set[tuple[int, int] | None] = set()


def taken_away(what: str, folder_id: tuple[int, int] | None) -> None:
    """Say once of a workspace that its folder is not there any more."""
    if folder_id not in _told:
        _told.add(folder_id)
        say(NotFound(f"The workspace of {what} was taken away.", hint="What follows is recorded in a new one."))
