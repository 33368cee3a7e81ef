"""Who else looks at a study while it is executed. It imports nothing: a notebook says so when it loads the extension."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbmlops.pipelines.sweeps.records import Study

# The doors fill this: each is entered when a study begins, and gives what to call whenever there is something new of it.
views: list[Callable[[], AbstractContextManager[Callable[[Study], None]]]] = []
