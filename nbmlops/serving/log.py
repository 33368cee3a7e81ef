"""The prediction log: one record per answered row. Labels join later by id; monitoring reads windows of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from nbmlops.errors import Invalid
from nbmlops.ledger.encode import load, now_text, plain, text
from nbmlops.ledger.ids import new_id
from nbmlops.serving.records import Labelled
from nbmlops.workspace import Workspace, utc_now

_INSERT = "INSERT OR IGNORE INTO prediction (id, endpoint, version, event_at, answered_at, inputs, output) VALUES (?,?,?,?,?,?,?)"
_LABEL = "UPDATE prediction SET label = ?, labelled_at = ? WHERE id = ? AND endpoint = ?"
_ONE_QUESTION = 500  # ids; SQLite takes a limited number of values


@dataclass(frozen=True)
class Answered:
    """One request's rows: inputs as dicts, outputs and event times in the same order, and the ids made for them."""

    endpoint: str
    version: int
    ids: list[str]
    rows: list[dict[str, Any]]
    outputs: list[Any]
    event_at: list[datetime]


def new_ids(count: int) -> list[str]:
    """Prediction ids."""
    return [new_id("p") for _ in range(count)]


def spelled(value: Any) -> str:
    """A row or an answer as it is kept: JSON, in which a number that is not finite is null.

    >>> spelled({"a": float("nan"), "b": [1, float("inf")]})
    '{"a":null,"b":[1,null]}'
    """
    try:
        return orjson.dumps(value, default=plain, option=orjson.OPT_SERIALIZE_NUMPY).decode()
    except TypeError:  # text that is not Unicode, a number beyond 64 bits, a key that is no text: slower, and never refused
        return orjson.dumps(_sayable(value), default=plain).decode()


def _sayable(value: Any) -> Any:
    if isinstance(value, str):
        return text(value)
    if isinstance(value, int) and abs(value) >= 2**63:
        return str(value)
    if isinstance(value, dict):
        return {text(str(key)): _sayable(item) for key, item in value.items()}
    return [_sayable(item) for item in value] if isinstance(value, (list, tuple)) else value


def append(workspace: Workspace, answered: Sequence[Answered]) -> int:
    """Write answered rows in one transaction. Gives how many were not new: an id that is there keeps its first row."""
    asked = sum(len(part.ids) for part in answered)
    with workspace.prediction_ledger.write(durable=False) as tx:
        before = _rows(tx)
        tx.many(_INSERT, _records(answered))
        return int(asked - (_rows(tx) - before))


def _rows(tx: Any) -> int:
    return int(tx.read("SELECT coalesce(sum(predictions), 0) AS rows FROM tally")[0]["rows"])


def _records(answered: Sequence[Answered]) -> Iterator[tuple[Any, ...]]:
    now = now_text(utc_now())
    for part in answered:
        for id_, row, output, at in zip(part.ids, part.rows, part.outputs, part.event_at, strict=True):
            yield text(id_), part.endpoint, part.version, now_text(at), now, spelled(row), spelled(output)


def inputs_of(workspace: Workspace, endpoint: str, ids: Sequence[str]) -> dict[str, str]:
    """Of these ids, those the log has, and the inputs of each as `spelled`."""
    found: dict[str, str] = {}
    for at in range(0, len(ids), _ONE_QUESTION):
        some = ids[at : at + _ONE_QUESTION]
        sql = f"SELECT id, inputs FROM prediction WHERE endpoint = ? AND id IN ({','.join('?' * len(some))})"  # noqa: S608 - marks
        found.update((row["id"], row["inputs"]) for row in workspace.prediction_ledger.read(sql, endpoint, *map(text, some)))
    return found


def join_labels(workspace: Workspace, endpoint: str, ids: Sequence[str], labels: Sequence[Any]) -> Labelled:
    """Give predictions their truth. A label given again replaces the first; ids that no prediction has are named.

    A label that is null (or NaN) is no truth: its prediction is without a label after it, and it is not counted.
    """
    if len(ids) != len(labels):
        raise Invalid(f"{len(ids):,} ids with {len(labels):,} labels.", hint="Give one label for each id.")
    values = [_label(at, label) for at, label in enumerate(labels)]
    now = now_text(utc_now())
    joined, unknown = 0, []
    with workspace.prediction_ledger.write(durable=True) as tx:
        for id_, value in zip(ids, values, strict=True):
            if tx.run(_LABEL, value, now if value is not None else None, text(str(id_)), endpoint).rowcount == 0:
                unknown.append(str(id_))
            else:
                joined += value is not None
    return Labelled(endpoint=endpoint, joined=joined, unknown=unknown[:1000])


def _label(at: int, label: Any) -> str | None:
    if hasattr(label, "tolist"):
        label = label.tolist()  # numpy's scalars and arrays
    if label is None or (isinstance(label, float) and label != label) or type(label).__name__ in ("NAType", "NaTType"):
        return None
    single = label if isinstance(label, (list, tuple)) else [label]
    if not all(one is None or isinstance(one, (str, bool, int, float, datetime)) for one in single):
        raise Invalid(f"Label {at} is a {type(label).__name__}.", hint="A label is a number, a text, true or false, or a list of them.")
    kept = spelled(label)
    return None if kept == "null" else kept


def window(workspace: Workspace, endpoint: str, start: datetime | None = None, end: datetime | None = None) -> Any:
    """The log's rows of `[start, end)` by event time: inputs, `prediction`, `label`, `version`, `event_at`, `id`.

    A label that has not arrived is None (NaN where all are numbers). An input with one of those names is not in it.
    """
    import pandas as pd

    where, values = ["endpoint = ?"], [endpoint]
    for bound, sign in ((start, ">="), (end, "<")):
        if bound is not None:
            where.append(f"event_at {sign} ?")
            values.append(now_text(bound))
    sql = f"SELECT * FROM prediction WHERE {' AND '.join(where)} ORDER BY event_at, id"  # noqa: S608 - fixed words
    rows = workspace.prediction_ledger.read(sql, *values)
    inputs = orjson.loads(f"[{','.join(row['inputs'] for row in rows)}]")
    names = list(dict.fromkeys(name for row in inputs for name in row))
    columns: dict[str, Any] = {name: [row.get(name) for row in inputs] for name in names}
    columns["prediction"] = orjson.loads(f"[{','.join(row['output'] for row in rows)}]")
    columns["label"] = [load(row["label"]) for row in rows]
    columns["version"] = [row["version"] for row in rows]
    columns["event_at"] = pd.to_datetime([row["event_at"] for row in rows], utc=True, format="ISO8601")
    columns["id"] = [row["id"] for row in rows]
    return pd.DataFrame(columns)


def bounds(workspace: Workspace, endpoint: str) -> tuple[datetime, datetime] | None:
    """The first and the last event time in the log."""
    row = workspace.prediction_ledger.read_one(
        "SELECT min(event_at) AS low, max(event_at) AS high FROM prediction WHERE endpoint = ?", endpoint
    )
    return (datetime.fromisoformat(row["low"]), datetime.fromisoformat(row["high"])) if row["low"] else None


def counts(workspace: Workspace, endpoint: str) -> tuple[int, int]:
    """Predictions, and how many of them have their label. Kept, not counted: as fast for a million rows as for one."""
    row = workspace.prediction_ledger.read_one("SELECT predictions, labelled FROM tally WHERE endpoint = ?", endpoint)
    return (row["predictions"], row["labelled"]) if row else (0, 0)
