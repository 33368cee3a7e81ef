"""Runs and versions to pick, compare and promote, in a live kernel; no data ever goes into HTML of widgets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any


def show_explorer(runs: Sequence[Any], show: Callable[[Any], None], *, asked: dict[str, Any] | None = None, workspace: Any = None) -> None:
    """Show the explorer, if widgets can be made here; the table above it says the same without them.

    `show` shows a record; `asked` are the words of the `run find` that gave the runs, in `workspace`.
    """
    try:
        box = explorer(runs, show, asked=asked, workspace=workspace)
    except ImportError:
        return
    _show(box, "Runs to filter and compare: run the cell again.")


def show_versions(value: Any, *, workspace: Any = None) -> None:
    """Show the panel of a model, or of a comparison of its versions, if widgets can be made here."""
    try:
        from nbmlops.doors.model_panel import panel_of
    except ImportError:
        return
    panel = panel_of(value, workspace)
    if panel is not None:
        _show(panel.box, "Versions to compare and promote: run the cell again.")


def _show(box: Any, otherwise: str) -> None:
    """Show a widget; the saved file keeps one line of text where the widget cannot live."""
    from IPython.display import display

    view = {"version_major": 2, "version_minor": 0, "model_id": box.model_id}
    display({"application/vnd.jupyter.widget-view+json": view, "text/plain": otherwise}, raw=True)


def explorer(runs: Sequence[Any], show: Callable[[Any], None], *, asked: dict[str, Any] | None = None, workspace: Any = None) -> Any:
    """The table, and under it the place where what was asked of picked runs is shown."""
    import ipywidgets

    from nbmlops.doors.explorer import Explorer

    table = Explorer(runs, show, dict(asked or {}), workspace)
    return ipywidgets.VBox([table, table.shown])
