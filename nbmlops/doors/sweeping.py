"""A study in a notebook while it is executed: its table and the plot of its trials, both filling as results come."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from nbmlops.doors.tables import visible

_EVERY_S = 1.0
_shown: tuple[int, Any] = (-1, None)  # in which execution of a cell which study was shown whole


def add(shell: Any, undo: ExitStack) -> None:
    """Let studies that are executed in this kernel be seen."""
    if not hasattr(shell, "kernel"):
        return  # a terminal has the bar and its lines
    from nbmlops.pipelines.sweeps.views import views

    view = partial(_view, shell)
    views.append(view)
    undo.callback(lambda: views.remove(view) if view in views else None)


def is_shown(study: Any) -> bool:
    """Whether the cell that is being executed shows this study already."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    return shell is not None and _shown == (shell.execution_count, study)


@contextmanager
def _view(shell: Any) -> Iterator[Callable[[Any], None]]:
    """Two displays that are updated in place; the plot's picture for the saved file is drawn when all is over."""
    from IPython.display import display

    from nbmlops.doors.display import chart_of, html_of
    from nbmlops.doors.text import text_of

    held: dict[str, Any] = {}
    last: list[Any] = [None, -_EVERY_S, None]  # the study as it was told last, when it was shown, what of it was shown

    def show(study: Any, whole: bool = False) -> None:
        global _shown
        last[0] = study
        if not whole and time.monotonic() - last[1] < _EVERY_S:
            return
        table = {"text/html": html_of(study), "text/plain": text_of(study, width=120)}
        chart = chart_of(study)
        bundle = {} if chart is None else chart._repr_mimebundle_() if whole else _quick(chart)
        for name, content in (("table", table), ("plot", bundle)):
            if name in held:
                held[name].update(content, raw=True)
            elif content:
                held[name] = display(content, raw=True, display_id=True)
        last[1:] = [time.monotonic(), study]
        if whole:
            _shown = (shell.execution_count, study)

    try:
        yield show
    finally:
        if last[0] is not None:
            show(last[0], whole=True)


def _quick(chart: Any) -> dict[str, Any]:
    return {"application/vnd.plotly.v1+json": chart.plotly(), "text/plain": f"Chart: {visible(chart.title, width=80)}"}
