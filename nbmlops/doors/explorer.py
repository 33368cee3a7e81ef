"""The table of runs that can be filtered, sorted, paged and picked from, in a live kernel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets
import traitlets

from nbmlops.doors.tables import list_table, shown, visible, words
from nbmlops.errors import Invalid, NbmlopsError

_HERE = Path(__file__).parent
_MOST_COLUMNS = 16
_WIDEST = 40
_FIELDS = {"started_at": "started", "duration_s": "duration"}
_MOST_CURVES = 8


class Explorer(anywidget.AnyWidget):
    """What the front end shows of it; `drawn` moves when all of it has been set."""

    _esm = _HERE / "explorer.js"
    _css = _HERE / "explorer.css"
    filter = traitlets.Unicode("").tag(sync=True)
    sort = traitlets.Unicode("-started").tag(sync=True)
    page = traitlets.Int(1).tag(sync=True)
    picked = traitlets.List(traitlets.Unicode()).tag(sync=True)
    size = traitlets.Int(50).tag(sync=True)
    columns = traitlets.List(traitlets.Dict()).tag(sync=True)
    rows = traitlets.List(traitlets.Dict()).tag(sync=True)
    total = traitlets.Int(0).tag(sync=True)
    wrong = traitlets.Dict().tag(sync=True)
    drawn = traitlets.Int(0).tag(sync=True)

    def __init__(self, runs: Sequence[Any], show: Callable[[Any], None], asked: dict[str, Any], workspace: Any) -> None:
        """`runs` are those that `asked`, the words of a `run find`, gave; `show` shows a record."""
        given = dict(asked)
        size = min(max(int(given.pop("limit", 50)), 1), 200)
        super().__init__(
            filter=str(given.pop("filter", "")),
            sort=str(given.pop("sort", "-started")),
            page=int(given.pop("offset", 0)) // size + int(given.pop("page", 1)),
            size=size,
        )
        self._fixed, self._show, self._workspace = given, show, workspace
        self.shown = ipywidgets.Output()
        self._fill(list(runs)[: self.size], None)
        self.observe(self._ask, ["filter", "sort", "page"])
        self.on_msg(self._told)

    # -- what is shown

    def _ask(self, _: Any = None) -> None:
        try:
            found = self._find(filter=self.filter, sort=self.sort, limit=self.size, page=max(self.page, 1))
            self._fill(found, None)
        except NbmlopsError as error:
            self._fill(None, error)

    def _fill(self, runs: list[Any] | None, error: NbmlopsError | None) -> None:
        """Show runs; with an error, those that were there stay under it."""
        with self.hold_sync():
            if runs is not None:
                self.columns, self.rows = _table(runs)
                self.total = self._count(len(runs))
            self.wrong = {} if error is None else {"message": error.message, "hint": error.hint}
            self.drawn += 1

    def _count(self, here: int) -> int:
        before = (self.page - 1) * self.size
        if here < self.size and (here or self.page == 1):
            return before + here
        from nbmlops.runs.book import RunBook
        from nbmlops.workspace import use

        return RunBook(use(self._workspace)).count(self.filter, **self._fixed)

    def _find(self, **asked: Any) -> list[Any]:
        found: list[Any] = self._call("find", {**self._fixed, **asked})
        return found

    def _call(self, action: str, given: dict[str, Any]) -> Any:
        from nbmlops.contract.request import call
        from nbmlops.contract.table import find

        return call(find("run", action), given, text=False, workspace=self._workspace)

    # -- what is asked of picked runs

    def _told(self, _: Any, message: Any, __: Any) -> None:
        self.shown.clear_output()
        with self.shown:
            try:
                self.do(str(message.get("do")), str(message.get("run", "")))
            except NbmlopsError as error:
                print(f"{error.message} {error.hint}")

    def do(self, what: str, run: str = "") -> None:
        """Show what was asked for: `open` a run, `compare` the picked ones, their `curves`, or runs in `parallel`."""
        from nbmlops.doors import charts

        if what == "open":
            self._show(self._call("show", {"run": run}))
        elif what == "compare":
            self._show(self._call("compare", {"runs": list(self.picked)}))
        elif what == "curves":
            records = [self._call("show", {"run": picked}) for picked in self.picked[:_MOST_CURVES]]
            self._chart(charts.curves_chart(records), "None of the picked runs has a metric with steps.")
        elif what == "parallel":
            ids = list(self.picked) if len(self.picked) > 1 else [row["id"] for row in self.rows]
            quoted = ", ".join(f"'{picked}'" for picked in ids[:200])
            runs = self._call("find", {"filter": f"id in ({quoted})", "limit": 200}) if ids else []
            self._chart(charts.parallel_chart(runs), "These runs differ in no two parameters or metrics.")
        else:
            raise Invalid(f"Nothing is called {what[:40]!r}.", hint="open, compare, curves, parallel")

    def _chart(self, chart: Any, otherwise: str) -> None:
        from IPython.display import display

        if chart.panels:
            display(chart)
        else:
            print(otherwise)


def _table(runs: list[Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Columns and rows as text, what varies in front; each column knows by what the ledger sorts it."""
    made = list_table("", runs)
    places = [at for at, name in enumerate(made.head) if name != "id"][:_MOST_COLUMNS]
    columns = []
    for at in places:
        name = made.head[at]
        numbers = all(row[at] is None or (isinstance(row[at], (int, float)) and not isinstance(row[at], bool)) for row in made.rows)
        columns.append({"name": visible(words(name), width=_WIDEST), "sort": _sort(name), "number": numbers, "opens": name == "name"})
    rows = [
        {"id": run.id, "name": visible(run.name, width=_WIDEST), "cells": [shown(row[at], width=_WIDEST) for at in places]}
        for run, row in zip(runs, made.rows, strict=True)
    ]
    return columns, rows


def _sort(column: str) -> str:
    """The order that a column of the table stands for.

    >>> _sort("started_at"), _sort("param lr."), _sort("val/mae.")
    ('started', 'params."lr"', 'metrics."val/mae"')
    """
    if not column.endswith("."):
        return _FIELDS.get(column, column)
    group, name = ("params", column[len("param ") : -1]) if column.startswith("param ") else ("metrics", column[:-1])
    quoted = name.replace("\\", "\\\\").replace('"', '""')
    return f'{group}."{quoted}"'
