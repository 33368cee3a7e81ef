"""Runs to filter, sort, pick and compare, in a live kernel; no data ever goes into HTML of theirs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any


def show_explorer(runs: Sequence[Any], show: Callable[[Any], None], *, asked: dict[str, Any] | None = None, workspace: Any = None) -> None:
    """Show the explorer, if widgets can be made here; the table above it says the same without them.

    `show` shows a record; `asked` are the words of the `run find` that gave the runs, in `workspace`.
    """
    from IPython.display import display

    try:
        box = explorer(runs, show, asked=asked, workspace=workspace)
    except ImportError:
        return
    # The saved file keeps one line of text where the widget cannot live.
    view = {"version_major": 2, "version_minor": 0, "model_id": box.model_id}
    display({"application/vnd.jupyter.widget-view+json": view, "text/plain": "Runs to filter and compare: run the cell again."}, raw=True)


def explorer(runs: Sequence[Any], show: Callable[[Any], None], *, asked: dict[str, Any] | None = None, workspace: Any = None) -> Any:
    """The table, and under it the place where what was asked of picked runs is shown."""
    import ipywidgets

    from nbmlops.doors.explorer import Explorer

    table = Explorer(runs, show, dict(asked or {}), workspace)
    return ipywidgets.VBox([table, table.shown])
