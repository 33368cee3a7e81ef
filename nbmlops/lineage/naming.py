"""What the nodes of a lineage are called: ids that say what they name, labels that people know things by."""

from __future__ import annotations

import json
import os
from typing import Any

from nbmlops.ledger.blobs import digest_bytes
from nbmlops.lineage.records import LineageNode
from nbmlops.runs.sizes import size_text

LONGEST = 80


def file_node(row: Any) -> LineageNode:
    """What was read or written: certain bytes of a path, an address's answer, a statement's result."""
    path, detail, digest = row["path"], row["detail"], row["digest"]
    # Bytes that nobody hashed are the same as no others.
    state = short(digest) if digest else row["run"]
    part = f"#{digest_bytes(detail.encode()).removeprefix('blake3:')[:6]}" if detail else ""
    kind = row["kind"]
    if kind == "file":
        label = os.path.basename(path.rstrip(os.sep)) + (os.sep if path.endswith(os.sep) else "")
        told = [detail, size_text(row["size_bytes"]), short(digest) or row["note"], _folder(path)]
    else:
        label = path if kind == "url" or not detail else " ".join(detail.split())
        told = [size_text(row["size_bytes"]), short(digest) or row["note"], path if kind == "sql" else detail]
    return LineageNode(id=f"{kind}:{path}{part}@{state}", kind=kind, label=label[:LONGEST], detail=_joined(told), digest=digest)


def cell_node(run: Any, position: int, cell: Any, paths: list[str]) -> LineageNode:
    """One execution of a cell; named as its notebook counts it, told by the line that names what it read or wrote."""
    count = cell["execution_count"] if cell is not None else None
    line = _telling_line(cell["source"], [os.path.basename(path) for path in paths]) if cell is not None else ""
    return LineageNode(
        id=f"cell:{run['id']}:{position}", kind="cell", label=f"{run['name']} [{position if count is None else count}]"[:LONGEST],
        detail=line[:LONGEST], run=run["id"],
    )  # fmt: skip


def dataset_node(digest: str, row: Any) -> LineageNode:
    """A frame that went into a fit, by its size; a single column by its name."""
    if row is None:
        return LineageNode(id=f"dataset:{digest}", kind="dataset", label=short(digest), detail="no profile of it is here", digest=digest)
    held = json.loads(row["columns"])
    columns = held if isinstance(held, list) else held["columns"]
    rows = f"{row['rows']:,} rows"
    label = f"{columns[0]['name']}: {rows}" if len(columns) == 1 else f"{rows} × {len(columns):,} columns"
    names = ", ".join(column["name"] for column in columns[:6]) + (", …" if len(columns) > 6 else "")
    return LineageNode(
        id=f"dataset:{digest}", kind="dataset", label=label[:LONGEST], detail=_joined([names[:LONGEST], short(digest)]), digest=digest
    )


def fit_node(run: Any, row: Any) -> LineageNode:
    """One call of fit."""
    label = row["estimator"].rpartition(".")[2]
    told = [f"{run['name']}, fit {row['number']}", run["status"], run["started_at"][:10], row["note"]]
    return LineageNode(id=f"fit:{run['id']}:{row['number']}", kind="fit", label=label[:LONGEST], detail=_joined(told), run=run["id"])


def run_node(run_id: str, run: Any) -> LineageNode:
    """A run as a whole; missing if it is not here."""
    if run is None:
        return LineageNode(id=f"run:{run_id}", kind="run", label=run_id, detail="not in this workspace", run=run_id, missing=True)
    told = [run_id, run["status"], run["started_at"][:10]]
    return LineageNode(id=f"run:{run_id}", kind="run", label=run["name"][:LONGEST], detail=_joined(told), run=run_id)


def version_node(model: str, version: int, row: Any, aliases: list[str]) -> LineageNode:
    """A registered version with the aliases that point at it."""
    node_id, label = f"version:{model}/{version}", f"{model}/{version}"
    if row is None:
        return LineageNode(id=node_id, kind="version", label=label, detail="not registered here", missing=True)
    told = [", ".join(aliases), row["estimator"].rpartition(".")[2], f"registered {row['registered_at'][:10]}"]
    return LineageNode(id=node_id, kind="version", label=label, detail=_joined(told), run=row["run"], digest=row["digest"])


def short(digest: str | None) -> str:
    """The first twelve digits of a digest.

    >>> short("blake3:0123456789abcdef")
    'blake3:0123456789ab'
    """
    return digest[: digest.find(":") + 13] if digest else ""


def _telling_line(source: str, names: list[str]) -> str:
    """The line that names one of `names`; else the first that does something."""
    lines = [line.strip() for line in source.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    naming = (line for line in lines if any(name and name in line for name in names))
    doing = (line for line in lines if not line.startswith(("import ", "from ", "%")))
    return next(naming, None) or next(doing, None) or next(iter(lines), "")


def _folder(path: str) -> str:
    return os.path.dirname(path.rstrip(os.sep))[-LONGEST:]


def _joined(parts: list[str | None]) -> str:
    return " · ".join(part for part in parts if part)
