"""What a person can ask of a workspace."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Annotated

from nbmlops.runs import spooled
from nbmlops.runs.records import Changes, WorkspaceInfo
from nbmlops.verb import verb
from nbmlops.workspace import Workspace, use


@verb(None)
def init(folder: Annotated[str, "where; the current folder if not given"] = ".", *, workspace: Workspace | None = None) -> WorkspaceInfo:
    """Make a workspace here, so that notebooks in this folder and below it share it."""
    return _info(Workspace.at(Path(folder)))


@verb("GET /workspace")
def show(*, workspace: Workspace | None = None) -> WorkspaceInfo:
    """Show which workspace is used and what is in it."""
    return _info(use(workspace))


@verb("GET /changes")
def changes(
    *, since: Annotated[int, "the cursor of the last answer; -1 for the newest alone"] = 0, workspace: Workspace | None = None
) -> Changes:
    """List what changed since a cursor, so that a panel asks again only for that."""
    place = use(workspace)
    spooled.flush(place)
    ledger = place.ledger
    newest = ledger.read_one("SELECT max(cursor) AS cursor FROM change")["cursor"] or 0
    topics: dict[str, list[str]] = {}
    if 0 <= since < newest:
        rows = ledger.read(
            "SELECT topic, subject, max(cursor) FROM change WHERE cursor > ? AND cursor <= ?"
            " GROUP BY topic, subject ORDER BY 3 DESC LIMIT 1000",
            since,
            newest,
        )
        for row in rows:
            topics.setdefault(row["topic"], []).append(row["subject"])
    return Changes(cursor=newest, topics=topics)


def _info(place: Workspace) -> WorkspaceInfo:
    spooled.flush(place)

    def count(sql: str) -> int:
        return int(place.ledger.read_one(sql)[0])

    return WorkspaceInfo(
        root=str(place.root),
        schema_version=place.settings.schema_version,
        ledger=place.settings.ledger,
        blobs=place.settings.blobs,
        sqlite_version=sqlite3.sqlite_version,
        runs=count("SELECT count(*) FROM run"),
        models=count("SELECT count(DISTINCT model) FROM model_version"),
        endpoints=count("SELECT count(*) FROM endpoint"),
        size_bytes=sum(path.stat().st_size for path in place.folder.rglob("*") if path.is_file()),
    )
