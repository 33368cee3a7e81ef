"""Records as a notebook shows them: tables of escaped text, charts beside them where a picture says more.

Everything is static and stays in the saved file. Formatters are registered by name, so that registering imports no
stage; charts and widgets are imported when the first one is shown.
"""

from __future__ import annotations

import html
import weakref
from collections.abc import Iterable
from contextlib import ExitStack
from functools import partial
from typing import Any

# Every record there is, by module. A test fails when one is missing.
RECORDS = {
    "nbmlops.data.records": ("ColumnProfile", "ColumnDigest", "Dataset", "RowRange", "ColumnChange", "DataDiff", "KeptFile"),
    "nbmlops.runs.records": (
        "Run", "MetricPoint", "Cell", "FileUse", "Fit", "Trial", "Seed", "Prediction", "Variable", "HiddenState", "Artifact",
        "RunRecord", "Logged", "Difference", "Comparison", "FileChange", "FrameChange", "RunDataDiff",
        "Lock", "WorkspaceInfo", "Changes", "AuditEvent", "AuditHead", "AuditDamage", "AuditCheck",
    ),
    "nbmlops.capture.records": ("CellState", "SessionState"),
    "nbmlops.pipelines.records": ("Step", "Pipeline", "StepRun", "Check", "PipelineRun", "PipelineExport"),
    "nbmlops.pipelines.sweeps.records": ("Study",),
    "nbmlops.replay.records": ("Compared", "Deviation", "Extraction", "Verification", "Verifications"),
    "nbmlops.models.records": (
        "SignatureColumn", "Signature", "ModelVersion", "ModelAlias", "AliasMove", "Answering", "AliasPeriod", "ModelHistory", "Model",
        "GateRule", "GateRows", "GateDocument", "Approval", "GateCheck", "GateReport", "ModelExport", "ModelSignature", "SignatureCheck",
        "ModelComparison", "Example", "VersionPage",
    ),
    "nbmlops.models.conversion.records": ("Speed", "Conversion"),
    "nbmlops.cards.records": (
        "ColumnImportance", "Importance", "MeasuredMetric", "MeasuredGroup", "Measurement", "CardTable", "CardBars", "CardCurve",
        "CardSection", "ModelCard", "KeptCard", "CardText",
    ),
    "nbmlops.serving.records": ("Predictions", "Labelled"),
    "nbmlops.endpoints.records": ("Endpoint", "Calling"),
    "nbmlops.lineage.records": ("LineageNode", "LineageEdge", "Lineage"),
    "nbmlops.exchange.records": ("Exchange",),
    "nbmlops.monitoring.records": ("DriftScore", "QualityPoint", "DriftReport", "PolicyRule", "Decision"),
}  # fmt: skip
_CHARTED = (
    "Comparison", "RunRecord", "Model", "DriftReport", "Lineage", "Study", "Conversion", "ModelHistory", "Importance",
    "ModelComparison", "VersionPage", "GateReport",
)  # fmt: skip
_PANELLED = ("Model", "ModelComparison")
_asked_in: dict[int, Any] = {}
_MOST_ROWS = 60
_WIDEST = 120

_STYLE = (
    "border-collapse:collapse;margin:.3em 0;font-variant-numeric:tabular-nums",
    "text-align:left;padding:.2em .8em;border-bottom:1px solid rgba(128,128,128,.6);font-weight:600",
    "text-align:left;padding:.15em .8em;border-bottom:1px solid rgba(128,128,128,.2);white-space:nowrap",
)


class Records(list):  # type: ignore[type-arg]
    """What a magic gives for a list of records: the list, shown as a table; it knows what was asked for it, and where."""

    asked: dict[str, Any] | None = None
    workspace: Any = None

    def _repr_html_(self) -> str:
        return html_of(list(self))

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        from nbmlops.doors.text import text_of

        printer.text(text_of(list(self)))


def add(shell: Any, undo: ExitStack) -> None:
    """Register how records, and plain lists of them, are shown."""
    formatters = shell.display_formatter.formatters
    for module, names in RECORDS.items():
        for name in names:
            _by_name(formatters["text/html"], module, name, html_of, undo)
            _by_name(formatters["text/plain"], module, name, _pretty, undo)
    if hasattr(shell, "kernel"):
        # A terminal shows text alone and does that by itself.
        whole = shell.display_formatter.ipython_display_formatter
        for kind in _CHARTED:
            _by_name(whole, next(module for module, names in RECORDS.items() if kind in names), kind, publish, undo)
        _by_name(whole, __name__, "Records", publish, undo)
    before = formatters["text/html"].type_printers.get(list)
    formatters["text/html"].for_type(list, _list_html)
    undo.callback(_restore, formatters["text/html"].type_printers, before)


def _by_name(formatter: Any, module: str, name: str, function: Any, undo: ExitStack) -> None:
    formatter.for_type_by_name(module, name, function)
    undo.callback(partial(formatter.pop, f"{module}.{name}", None))


def _restore(printers: dict[type, Any], before: Any) -> None:
    printers.pop(list, None)
    if before is not None:
        printers[list] = before


def _pretty(value: Any, printer: Any, cycle: bool) -> None:
    from nbmlops.doors.text import text_of

    # Inside a list or a dict a record is one line; alone it is a table.
    printer.text(text_of(value) if len(printer.stack) <= 1 else repr(value))


def _list_html(value: list[Any]) -> str | None:
    """A table for a list of records, nothing (and so the usual text) for any other list."""
    kind = type(value[0]) if value else None
    ours = kind is not None and kind.__name__ in RECORDS.get(kind.__module__, ())
    return html_of(value) if ours and all(type(item) is kind for item in value) else None


def publish(value: Any) -> None:
    """Show a value: its tables, then its chart, then (in a live kernel) what can be clicked."""
    from IPython.display import display

    from nbmlops.doors.text import text_of

    if type(value).__name__ == "Study":
        from nbmlops.doors import sweeping

        if sweeping.is_shown(value):
            return
    tables = {"text/html": html_of(value), "text/plain": text_of(value, width=120)}
    chart = chart_of(value)
    drawn = type(value).__name__ == "Lineage"  # the picture says it all; its table is for who looks closer
    if chart is not None and drawn:
        display(chart)
    display(tables, raw=True)
    if chart is not None and not drawn:
        display(chart)
    kind = type(value[0]).__name__ if isinstance(value, list) and value else None
    if kind == "Run" and len(value) >= 2 and _live_kernel():
        from nbmlops.doors.widgets import show_explorer

        show_explorer(value, publish, asked=getattr(value, "asked", None), workspace=getattr(value, "workspace", None))
    if type(value).__name__ in _PANELLED and _live_kernel():
        from nbmlops.doors.widgets import show_versions

        show_versions(value, workspace=_asked_in.get(id(value)))


def asked_in(value: Any, workspace: Any) -> None:
    """Remember which workspace a record is from, for as long as it lives: what is clicked under it is done there."""
    if type(value).__name__ in _PANELLED:
        _asked_in[id(value)] = workspace
        weakref.finalize(value, _asked_in.pop, id(value), None)


def chart_of(value: Any) -> Any:
    """The chart that goes with a value, or None."""
    kind = type(value).__name__
    if kind not in _CHARTED:
        return None
    if kind == "Lineage":
        from nbmlops.doors.lineage_svg import LineageDrawing

        return LineageDrawing(value) if value.nodes else None
    from nbmlops.doors import charts

    made = {
        "Comparison": lambda: charts.runs_chart(value.runs),
        "RunRecord": lambda: charts.history_chart(value.history),
        "Model": lambda: charts.model_chart(value),
        "ModelHistory": lambda: charts.aliases_chart(value),
        "ModelComparison": lambda: charts.versions_chart(value),
        "VersionPage": lambda: charts.page_chart(value),
        "DriftReport": lambda: charts.drift_chart(value),
        "Conversion": lambda: charts.conversion_chart(value),
        "Importance": lambda: charts.importance_chart(value),
        "GateReport": lambda: charts.gate_chart(value),
        "Study": lambda: charts.parallel_chart([trial for trial in value.trials if trial.metrics], colour=value.metric, of="Trials"),
    }[kind]()
    return made if made.panels else None


def html_of(value: Any) -> str:
    """The tables of a value as HTML. Names and data are text in it, whatever they hold.

    >>> "<img" in html_of([{"name": "<img src=x onerror=alert(1)>"}])
    False
    """
    from nbmlops.doors.tables import tables_of

    if type(value).__name__ == "ModelCard":
        from nbmlops.cards.files import part

        return part(value)
    return "".join(_lines(part) if hasattr(part, "lines") else _table(part) for part in tables_of(value))


def _lines(part: Any) -> str:
    """A diff: what came and what went have a ground of their own."""
    from nbmlops.doors.tables import visible

    grounds = {"+": "rgba(46,160,67,.18)", "-": "rgba(248,81,73,.18)"}
    made = []
    for line in part.lines:
        ground = grounds.get(line[:1])
        style = f' style="background:{ground}"' if ground else ""
        made.append(f"<span{style}>{html.escape(visible(line.expandtabs(4), width=400))}</span>")
    title = html.escape(visible(part.title, width=_WIDEST))
    return (
        f'<p style="margin:.6em 0 .2em;font-weight:600">{title}</p><pre style="margin:0 0 .6em;overflow-x:auto">'
        + "\n".join(made)
        + "</pre>"
    )


def _table(table: Any) -> str:
    from nbmlops.doors.tables import words

    if not table.rows:
        return f"<p>{table.empty}</p>"
    whole, head_style, cell_style = _STYLE
    parts = [f'<table style="{whole}">']
    if table.title:
        parts.append(f'<caption style="text-align:left;font-weight:600">{_text(words(table.title))}</caption>')
    if table.head:
        parts.append(
            "<thead><tr>" + "".join(f'<th style="{head_style}">{_text(words(name))}</th>' for name in table.head) + "</tr></thead>"
        )
    parts.append("<tbody>")
    for row in table.rows[:_MOST_ROWS]:
        named = [words(row[0]), *row[1:]] if not table.head else row
        parts.append("<tr>" + "".join(f'<td style="{cell_style}">{_text(value)}</td>' for value in named) + "</tr>")
    parts.append("</tbody></table>")
    if len(table.rows) > _MOST_ROWS:
        parts.append(f"<p>… and {len(table.rows) - _MOST_ROWS} more rows</p>")
    return "".join(parts)


def _text(value: Any) -> str:
    from nbmlops.doors.tables import shown

    return html.escape(shown(value, width=_WIDEST))


def _live_kernel() -> bool:
    """Whether somebody may click: front ends say which cell they run, papermill's runs say they are papermill's."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    if shell is None or not hasattr(shell, "kernel"):
        return False
    told = (shell.get_parent() or {}).get("metadata") or {}  # type: ignore[attr-defined,unused-ignore]
    return bool(told.get("cellId")) and "nbmlops" not in told


def table_html(head: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """A table of values as HTML, for reports."""
    from nbmlops.doors.tables import Table

    return _table(Table("", list(head), [list(row) for row in rows]))
