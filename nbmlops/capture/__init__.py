"""What a kernel did: cells, reads, fits, metrics, figures, git, environment, the notebook's identity.

`attach` observes a kernel through IPython's own events, `detach` leaves it as it was. Nothing the user runs is changed:
calls are seen by an AST step that hands values through, files by an audit hook, figures by the display publisher.
"""

from __future__ import annotations

from typing import Any


def attach(shell: Any) -> None:
    """Observe this shell from here on; twice is no error."""
    from nbmlops.capture import attached

    attached.attach(shell)


def detach(shell: Any) -> None:
    """End what is open and restore the shell."""
    from nbmlops.capture import attached

    attached.detach(shell)


def off() -> None:
    """Record nothing until `on`."""
    from nbmlops.capture import attached

    attached.switch(False)


def on() -> None:
    """Record again."""
    from nbmlops.capture import attached

    attached.switch(True)


def cell_run(name: str, experiment: str | None = None, params: dict[str, Any] | None = None, tags: dict[str, str] | None = None) -> None:
    """Open a run that ends with the cell that is executing, with that cell's outcome."""
    from nbmlops.capture import attached

    attached.cell_run(name, experiment, params, tags)
