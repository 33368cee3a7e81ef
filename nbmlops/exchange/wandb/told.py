"""What the records of a `.wandb` file tell of its run, one after another."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from nbmlops.exchange.wandb.framing import Frames
from nbmlops.exchange.wandb.wire import fields, first, signed, text, zigzag

# Of wandb_internal.proto: which fields of which message are read, by number.
RECORD = {"history": 2, "summary": 3, "config": 5, "run": 17, "exit": 18}
RUN = {
    "run_id": 1, "project": 3, "config": 4, "summary": 5, "run_group": 6, "job_type": 7, "display_name": 8, "notes": 9, "tags": 10,
    "sweep_id": 12, "host": 13, "start_time": 17, "git": 21,
}  # fmt: skip
CONFIG = SUMMARY = {"update": 1, "remove": 2}
HISTORY = {"item": 1, "step": 2}
ITEM = {"key": 1, "nested_key": 2, "boolean": 4, "integer": 5, "number": 6, "text": 7, "json": 8, "value_json": 16}
GIT = {"remote_url": 1, "commit": 2}
EXIT = {"exit_code": 1, "runtime": 2}
_DEEPEST = 8


@dataclass
class Told:
    """A run as its file tells it; `lost` counts the places of the file that could not be read."""

    run_id: str = ""
    project: str = ""
    name: str = ""
    group: str = ""
    job_type: str = ""
    notes: str = ""
    sweep: str = ""
    host: str = ""
    commit: str = ""
    tags: list[str] = field(default_factory=list)
    started_at: datetime | None = None
    last_at: datetime | None = None
    runtime_s: int | None = None
    exit_code: int | None = None
    config: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    points: list[tuple[str, int, float, datetime | None]] = field(default_factory=list)
    lost: int = 0


def told_by(path: Path) -> Told:
    """The run of a file, as far as it can be read. Damaged where it is no such file; OSError."""
    told, frames = Told(), Frames(path)
    unread = 0
    for frame in frames:
        try:
            _take(told, frame)
        except (ValueError, OverflowError, AttributeError, TypeError, RecursionError):
            unread += 1
    told.lost = frames.lost + unread
    return told


def _take(told: Told, record: bytes) -> None:
    for number, value in fields(record):
        if number == RECORD["run"]:
            _run(told, value)
        elif number == RECORD["config"]:
            _updated(told.config, value)
        elif number == RECORD["summary"]:
            _updated(told.summary, value)
        elif number == RECORD["history"]:
            _history(told, value)
        elif number == RECORD["exit"]:
            told.exit_code = signed(first(value, EXIT["exit_code"]) or 0)
            told.runtime_s = first(value, EXIT["runtime"])


def _run(told: Told, data: bytes) -> None:
    found: dict[int, list[Any]] = {}
    for number, value in fields(data):
        found.setdefault(number, []).append(value)
    for name, attribute in {
        "run_id": "run_id", "project": "project", "display_name": "name", "run_group": "group", "job_type": "job_type", "notes": "notes",
        "sweep_id": "sweep", "host": "host",
    }.items():  # fmt: skip
        if RUN[name] in found:
            setattr(told, attribute, text(found[RUN[name]][-1]))
    told.tags = [text(value) for value in found.get(RUN["tags"], [])] or told.tags
    for part, into in (("config", told.config), ("summary", told.summary)):
        for value in found.get(RUN[part], []):
            _updated(into, value)
    if RUN["start_time"] in found:
        stamp = found[RUN["start_time"]][-1]
        told.started_at = _moment(signed(first(stamp, 1) or 0) + (first(stamp, 2) or 0) / 1e9)
    if RUN["git"] in found:
        told.commit = text(first(found[RUN["git"]][-1], GIT["commit"]))


def _updated(into: dict[str, Any], data: bytes) -> None:
    """A configuration or a summary with what changed in it."""
    for number, item in fields(data):
        name, value = _item(item)
        if number == CONFIG["update"]:
            into.update(_flat(name, value))
        elif number == CONFIG["remove"]:
            for gone in [one for one in into if one == name or one.startswith(f"{name}.")]:
                del into[gone]


def _history(told: Told, data: bytes) -> None:
    """One line of measurements; what is no number has no place among them."""
    items: dict[str, Any] = {}
    step = None
    for number, value in fields(data):
        if number == HISTORY["item"]:
            name, held = _item(value)
            items.update(_flat(name, held))
        elif number == HISTORY["step"]:
            step = signed(first(value, 1) or 0)
    step = items.get("_step", step)
    at = _moment(items["_timestamp"]) if isinstance(items.get("_timestamp"), (int, float)) else None
    told.last_at = at or told.last_at
    for name, value in items.items():
        if (number_of := as_number(value)) is not None and not name.startswith("_"):
            told.points.append((name, int(step or 0), number_of, at))


def _item(data: bytes) -> tuple[str, Any]:
    """A name and its value: JSON, or one of the plain kinds."""
    name, nested = "", []
    value: Any = None
    for number, held in fields(data):
        if number == ITEM["key"]:
            name = text(held)
        elif number == ITEM["nested_key"]:
            nested.append(text(held))
        elif number == ITEM["boolean"]:
            value = bool(held)
        elif number == ITEM["integer"]:
            value = zigzag(held)
        elif number == ITEM["number"]:
            value = held
        elif number == ITEM["text"]:
            value = text(held)
        elif number in (ITEM["json"], ITEM["value_json"]):
            value = json.loads(text(held))
    return name or ".".join(nested), value


def _flat(name: str, value: Any, depth: int = 0) -> dict[str, Any]:
    """Nested values under names with dots; pictures, tables and the like are files, and left out."""
    if not isinstance(value, dict) or depth > _DEEPEST:
        return {name: value}
    if "_type" in value or name == "_wandb":
        return {}
    return {key: held for part, inner in value.items() for key, held in _flat(f"{name}.{part}", inner, depth + 1).items()}


def as_number(value: Any) -> float | None:
    """A value as a number, if it is one; what JSON cannot say comes as text.

    >>> as_number(3), as_number("NaN"), as_number(True), as_number("3")
    (3.0, nan, None, None)
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    return float(value) if value in ("NaN", "Infinity", "-Infinity") else None


def _moment(seconds: float) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
