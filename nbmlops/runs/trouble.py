"""What is said when something could not be recorded: one line, by whoever knows how."""

from __future__ import annotations

import sys
from collections.abc import Callable


def say_plainly(error: Exception) -> None:
    """One line on standard error."""
    sys.stderr.write(f"nbmlops: not recorded: {error}\n")


say: Callable[[Exception], None] = say_plainly  # capture says it in its own way, once
