"""Runs to filter, sort, pick and compare, in a live kernel. Plain ipywidgets: no data ever goes into HTML of theirs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

_MOST = 500
_COLUMNS = ("started_at", "name", "experiment", "status", "duration_s")


def show_explorer(runs: Sequence[Any], show: Callable[[Any], None]) -> None:
    """Show the explorer, if widgets can be made here; the table above it says the same without them. `show` shows a record."""
    from IPython.display import display

    try:
        box = explorer(runs, show)
    except ImportError:
        return
    # The saved file keeps one line of text where the widget cannot live.
    view = {"version_major": 2, "version_minor": 0, "model_id": box.model_id}
    display({"application/vnd.jupyter.widget-view+json": view, "text/plain": "Runs to filter and compare: run the cell again."}, raw=True)


def explorer(runs: Sequence[Any], show: Callable[[Any], None]) -> Any:
    """The widget: a filter, an order, a list of runs, and the comparison of those picked.

    Its parts are `filter`, `order`, `pick`, `note` and `shown`, in this order, for tests and for those who want more.
    """
    import ipywidgets as widgets

    runs = list(runs)[:_MOST]
    metrics = sorted({name for run in runs for name in run.metrics})
    text = widgets.Text(placeholder="filter: a word of name, experiment, status, params", description="Filter")
    order = widgets.Dropdown(options=[_short(name) for name in (*_COLUMNS, *metrics)], description="Sort by")
    pick = widgets.SelectMultiple(rows=min(10, len(runs)), description="Pick", layout=widgets.Layout(width="95%"))
    note = widgets.Label(value="Pick two or more to compare them.")
    shown = widgets.Output()
    names = dict(zip(order.options, (*_COLUMNS, *metrics), strict=False))

    def fill(_: Any = None) -> None:
        found = [run for run in runs if _matches(run, text.value)]
        found.sort(key=lambda run: _key(run, names.get(order.value, _COLUMNS[0])))
        if order.value == "started_at":
            found.reverse()
        kept = set(pick.value)
        pick.options = [(_line(run), run.id) for run in found]
        pick.value = [run.id for run in found if run.id in kept]

    def compare(_: Any = None) -> None:
        note.value = f"{len(pick.value)} picked" if len(pick.value) > 1 else "Pick two or more to compare them."
        shown.clear_output()
        if len(pick.value) > 1:
            with shown:
                _compare(list(pick.value), show)

    text.observe(fill, "value")
    order.observe(fill, "value")
    pick.observe(compare, "value")
    fill()
    return widgets.VBox([widgets.HBox([text, order]), pick, note, shown])


def _compare(ids: list[str], show: Callable[[Any], None]) -> None:
    from nbmlops.contract.request import call
    from nbmlops.contract.table import find
    from nbmlops.errors import NbmlopsError

    try:
        show(call(find("run", "compare"), {"runs": ids}, text=False))
    except NbmlopsError as error:
        print(f"{error.message} {error.hint}")


def _matches(run: Any, words: str) -> bool:
    text = f"{run.id} {run.name} {run.experiment} {run.status} {run.estimator} {run.params} {run.tags}".lower()
    return all(word in text for word in words.lower().split())


def _key(run: Any, column: str) -> tuple[bool, Any]:
    value = getattr(run, column, None) if column in _COLUMNS else run.metrics.get(column)
    missing = value is None or value != value  # NaN is last too
    return (missing, "" if missing else value)


def _line(run: Any) -> str:
    from nbmlops.doors.tables import shown

    metrics = ", ".join(f"{_short(name)} {shown(value)}" for name, value in list(run.metrics.items())[:3])
    return f"{_short(run.name)} · {run.status} · {shown(run.started_at)} · {metrics} · {run.id[-6:]}"


def _short(name: str) -> str:
    from nbmlops.doors.tables import visible

    return visible(name, width=40)
