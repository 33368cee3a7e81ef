"""Records as tables of short text: what shell, notebook and saved file show alike."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

# Record by record, what a row of a list shows; a record that is not here shows all its plain fields.
_ROWS: dict[str, tuple[str, ...]] = {
    "Run": ("id", "name", "status", "verdict", "started_at", "metrics", "params", "experiment", "duration_s", "estimator"),
    "ModelVersion": ("version", "aliases", "forced", "verdict", "estimator", "metrics", "run", "dataset", "registered_at", "registered_by"),
    "AliasPeriod": (
        "alias",
        "version",
        "start",
        "end",
        "way",
        "actor",
        "reason",
        "gate_passed",
        "gate",
        "verdict",
        "dataset",
        "target",
        "run",
        "approvals",
        "endpoints",
    ),
    "GateCheck": ("passed", "kind", "name", "value", "limit", "reason"),
    "GateReport": ("id", "model", "version", "champion", "passed", "forced", "rows", "alias", "at"),
    "Endpoint": ("name", "model", "alias", "serving_version", "status", "url", "predictions", "labelled", "note"),
    "DriftReport": ("id", "model", "version", "endpoint", "start", "end", "rows", "labelled", "drifted_columns", "at"),
    "Decision": ("end", "endpoint", "action", "version_before", "version_after", "candidate", "reason", "run"),
    "Cell": ("position", "execution_count", "source", "duration_s", "error"),
    "ColumnProfile": ("name", "kind", "type", "rows", "nulls", "mean", "deviation"),
    "Trial": ("number", "source", "part", "metrics", "params", "state", "note", "own_run", "fit", "position", "duration_s"),
    "Study": ("name", "status", "metric", "best", "best_params", "complete", "pruned", "failed", "asked", "by", "notebook", "run"),
    "Prediction": ("position", "estimator", "method", "shape", "dtype", "sample"),
    "Fit": ("number", "estimator", "parameters", "frame", "target", "duration_s", "position", "artifact", "note"),
    "FileUse": ("path", "detail", "mode", "kind", "size_bytes", "digest", "modified_at", "position", "note"),
    "CellState": ("execution_count", "source", "stale", "why", "makes", "used_by"),
    "Step": ("name", "notebook", "after", "inputs", "outputs", "params"),
    "StepRun": ("step", "status", "at", "why", "duration_s", "error", "attempts", "values", "run", "outputs", "started_at"),
    "PipelineRun": ("id", "name", "status", "params", "started_at", "duration_s", "error", "file"),
    "KeptFile": ("path", "size_bytes", "modified_at", "kept_at", "digest"),
    "HiddenState": ("name", "why", "position"),
    "Verification": ("run", "name", "verdict", "cell", "sentence", "duration_s"),
    "Compared": ("part", "things", "differ", "tolerance"),
    "Deviation": ("cell", "part", "name", "before", "after"),
    "AuditEvent": ("seq", "at", "actor", "verb", "subject", "evidence"),
}
# A run's record as it is read: what makes it doubtful, what came of it, what it was made of, what stood around it.
_RECORD_ORDER = ("hidden", "history", "trials", "fits", "files", "seeds", "variables", "artifacts", "cells", "git", "environment")
_TITLES = {
    "hidden": "hidden state: names whose value no reader of the notebook would expect",
    "seeds": "seeds that were set",
    "variables": "environment variables that were read",
}
_SAID_BY = {"approvals": "actor", "endpoints": "endpoint"}  # of records in a row: what names each
# Mappings whose names are worth a column each, as long as there are few.
_SPREAD = ("metrics", "params")
_MOST_SPREAD = 8


@dataclass(frozen=True)
class Table:
    """Head and rows of values as they are; `shown` makes text of them. No head: names on the left, values on the right."""

    title: str
    head: list[str]
    rows: list[list[Any]]
    empty: str = "Nothing yet."


@dataclass(frozen=True)
class Lines:
    """Lines of code as they are, a diff say, under a title."""

    title: str
    lines: list[str]


def tables_of(value: Any) -> list[Table | Lines]:
    """The tables that show a record, a list of records, or a plain value."""
    if isinstance(value, (list, tuple)):
        return [list_table("", value)]
    kind = type(value).__name__
    if kind in ("Comparison", "ModelComparison"):
        from nbmlops.doors.comparison import comparison_tables

        return comparison_tables(value)
    if kind == "VersionPage":
        from nbmlops.doors.version_tables import page_tables

        return page_tables(value)
    if kind in ("DataDiff", "RunDataDiff"):
        from nbmlops.doors.data_diff_tables import tables_of_diff

        return list(tables_of_diff(value))
    if kind == "Conversion":
        from nbmlops.doors.conversion_tables import conversion_tables

        return list(conversion_tables(value))
    if kind == "GateReport":
        from nbmlops.doors.gate_tables import tables_of_report

        return list(tables_of_report(value))
    if kind == "Lineage":
        from nbmlops.doors.lineage_text import table_of

        return [table_of(value)]
    if kind == "RunRecord":
        return [*tables_of(value.run), *_record_parts(value)]
    if not dataclasses.is_dataclass(value):
        return [Table("", [], [["", value]])]
    data = getattr(value, "data", None) if kind == "Verification" else None
    fields = [[name, item] for name, item in _fields(value) if not _is_records(item) and item not in (None, "", [], {}, data)]
    return [Table(kind, [], fields), *([] if data is None else tables_of(data)), *_parts(value)]


def list_table(title: str, records: Sequence[Any]) -> Table:
    """One row a record; columns in which nothing stands are left out."""
    rows = [_row(record) for record in records]
    names = list(dict.fromkeys(name for row in rows for name in row))
    if rows and (order := _ROWS.get(type(records[0]).__name__)):
        places = {field: at for at, field in enumerate(order)}
        behind = _constant(rows, names) if len(rows) > 1 else set()
        names.sort(key=lambda name: (name in behind, places.get(_field_of(name), len(places))))
    few = [name for name in names if any(row.get(name) not in (None, "", [], {}) for row in rows)]
    return Table(title, few, [[row.get(name) for name in few] for row in rows])


def _constant(rows: Sequence[dict[str, Any]], names: Sequence[str]) -> set[str]:
    """Parameters that are the same in all rows: what varies stands in front of them."""
    params = [name for name in names if name.endswith(".") and _field_of(name) == "params"]
    return {name for name in params if all(row.get(name) == rows[0].get(name) for row in rows)}


def _parts(record: Any) -> list[Table]:
    return [list_table(words(name), item) for name, item in _fields(record) if _is_records(item)]


def _record_parts(record: Any) -> list[Table]:
    """The parts of a run's record, what must not be missed in front."""
    found = []
    for name in _RECORD_ORDER:
        item = getattr(record, name)
        if not item:
            continue
        if name == "history":
            found.append(_history(item))
        elif isinstance(item, dict):
            found.append(Table(words(name), [], [[key, part] for key, part in item.items()]))
        else:
            found.append(list_table(_TITLES.get(name, words(name)), item))
    return found


def _history(points: Sequence[Any]) -> Table:
    """One row a metric rather than one a step: where it began, where it ended, and how far it went."""
    held: dict[str, list[float]] = {}
    for point in points:
        held.setdefault(point.name, []).append(point.value)
    rows = []
    for name, values in held.items():
        finite = [value for value in values if math.isfinite(value)]
        rows.append([name, len(values), values[0], values[-1], min(finite, default=None), max(finite, default=None)])
    return Table("metrics", ["metric", "points", "first", "last", "least", "most"], rows)


def _fields(record: Any) -> list[tuple[str, Any]]:
    return [(field.name, getattr(record, field.name)) for field in dataclasses.fields(record)]


def _is_records(item: Any) -> bool:
    return isinstance(item, (list, tuple)) and bool(item) and dataclasses.is_dataclass(item[0])


def _row(record: Any) -> dict[str, Any]:
    if not dataclasses.is_dataclass(record):
        return {"value": record}
    kind = type(record).__name__
    if kind == "Model":
        return _model_row(record)
    row: dict[str, Any] = {}
    for name, item in _fields(record):
        if kind in _ROWS and name not in _ROWS[kind]:
            continue
        if kind == "Trial" and name in ("source", "part") and getattr(record, "own_run", None):
            continue  # all of a sweep's are of one
        if kind in ("Run", "ModelVersion", "Trial") and name in _SPREAD:
            row |= _spread(name, item)
        elif name == "forced":
            row[name] = item or None  # hardly any is
        elif name in _SAID_BY and _is_records(item):
            row[name] = list(dict.fromkeys(getattr(one, _SAID_BY[name]) for one in item))
        else:
            row[name] = len(item) if _is_records(item) else item
    return row


def _model_row(model: Any) -> dict[str, Any]:
    row = {"name": model.name, "versions": len(model.versions), "aliases": model.aliases}
    if model.versions:
        newest = model.versions[0]
        row |= {"newest": newest.version, "estimator": newest.estimator, "registered_at": newest.registered_at}
        row |= _spread("metrics", newest.metrics)
    return row


def _spread(name: str, item: dict[str, Any]) -> dict[str, Any]:
    mark = "" if name == "metrics" else "param "
    return {f"{mark}{key}.": value for key, value in list(item.items())[:_MOST_SPREAD]}


def _field_of(column: str) -> str:
    # What `_spread` made of a mapping stands where the mapping would.
    if not column.endswith("."):
        return column
    return "params" if column.startswith("param ") else "metrics"


def words(name: str) -> str:
    """A field's name as a person reads it.

    >>> words("started_at"), words("mae.")
    ('started', 'mae')
    """
    if name.endswith("."):
        return name[:-1]
    return (name.removesuffix("_at") if name.endswith("_at") and name != "_at" else name).replace("_", " ")


def shown(value: Any, *, width: int | None = None) -> str:
    """A value as short text on one line, without anything that moves a cursor or changes a colour.

    >>> shown(0.123456), shown(1234567.0), shown(True), shown(None), shown({"lr": 0.1})
    ('0.1235', '1,234,567', 'yes', '', 'lr=0.1')
    >>> shown("a" + chr(27) + "[31m")
    'a\\\\x1b[31m'
    """
    return visible(_text(value), width=width)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.0f}" if math.isfinite(value) and 1e4 <= abs(value) < 1e15 else f"{value:.4g}"
    if isinstance(value, datetime):
        local = value.astimezone() if value.tzinfo else value
        return f"{local:%Y-%m-%d %H:%M}"
    if isinstance(value, dict):
        return ", ".join(f"{key}={_text(item)}" for key, item in value.items())
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(_text(item) for item in value)
    if dataclasses.is_dataclass(value):
        if type(value).__name__ == "SignatureColumn":
            parts = dict(_fields(value))
            return f"{parts['name']} {parts['type']}" + (" or null" if parts["nullable"] else "")
        return ", ".join(f"{name}: {_text(item)}" for name, item in _fields(value))
    text = str(value)
    return f"{text[:14]}…" if text.startswith("blake3:") and len(text) > 20 else text


def visible(text: str, *, width: int | None = None) -> str:
    """Text in which every control character is spelled out, cut to `width`.

    >>> visible("tab" + chr(9) + "bing" + chr(7)), visible("a long name", width=6)
    ('tab\\\\tbing\\\\x07', 'a lon…')
    """
    if width is not None and len(text) > width:
        text = text[: max(width - 1, 1)] + "…"
    # The joiner inside an emoji is no letter of its own and harmless.
    return "".join(letter if letter.isprintable() or letter == "\u200d" else ascii(letter)[1:-1] for letter in text)
