"""Which checkpoints there are: what each was made of, where it lies, and what the run had done by then."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from nbmlops.capture.variables import held_now
from nbmlops.ledger.blobs import digest_bytes
from nbmlops.ledger.encode import dump, now_text
from nbmlops.ledger.ids import new_id
from nbmlops.pipelines.digests import Digests
from nbmlops.pipelines.keys import environment_digest
from nbmlops.runs.book import RunBook
from nbmlops.runs.facts import Facts
from nbmlops.runs.records import RunRecord
from nbmlops.workspace import Workspace

FOLDER = "checkpoints"
SUFFIX = ".pickle"
_MOST = 20  # in a workspace; the oldest go


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """What a kernel held after the cell at index `cell`; `position`: how many executions there had been.

    `executed`: digest of the notebook as it was by then. `written`: the files it had written, path → digest of what is kept.
    """

    id: str
    run: str
    notebook: str
    cell: int
    position: int
    digest: str
    executed: str
    written: dict[str, str]
    taken_at: str


class Checkpoints:
    """The checkpoints of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.folder = workspace.folder / FOLDER

    def file(self, checkpoint: str) -> Path:
        """Where what was kept lies."""
        return self.folder / f"{checkpoint}{SUFFIX}"

    def part(self, checkpoint: str) -> Path:
        """Where it is written before it counts."""
        self.folder.mkdir(exist_ok=True)
        return self.folder / f"{checkpoint}.part"

    def add(
        self, run: str, notebook: str, cell: int, told: dict[str, Any], checkpoint: str, sources: Sequence[str], executed: bytes
    ) -> str:  # fmt: skip
        """Enter one whose part is written; it takes the place of the run's one before. Gives "", or why it is none."""
        book = RunBook(self.workspace)
        book.settle()
        record = book.record(run)
        written: dict[str, str] = {}
        for use in record.files:
            if use.mode == "write" and use.kind == "file" and Path(use.path).is_file():
                written[use.path] = self.workspace.blobs.put_file(Path(use.path))
        read = {use.path: use.digest for use in record.files if use.mode != "write" and use.kind == "file" and use.path not in written}
        unknown = next((path for path, digest in read.items() if digest is None), None)
        if unknown is not None:
            return f"what it read of {unknown} has no digest"
        other = next((use for use in record.files if use.kind != "file" and use.kind != "folder" and use.digest is None), None)
        if other is not None:
            return f"what it read of {other.path} has no digest"
        made_of = {
            "cells": _digests(sources), "environment": environment_digest(), "read": read,
            "variables": {one.name: [one.digest, one.there] for one in record.variables},
        }  # fmt: skip
        with self.workspace.ledger.write() as tx:
            tx.insert(
                "checkpoint", id=checkpoint, run=run, notebook=notebook, cell=cell, position=told["position"], digest=told["digest"],
                size_bytes=told["size_bytes"], executed=self.workspace.blobs.put(executed), made_of=dump(made_of), written=dump(written),
                taken_at=now_text(self.workspace.clock()),
            )  # fmt: skip
            tx.run("DELETE FROM checkpoint WHERE run = ? AND id <> ?", run, checkpoint)
            tx.run("DELETE FROM checkpoint WHERE id NOT IN (SELECT id FROM checkpoint ORDER BY taken_at DESC LIMIT ?)", _MOST)
        self.part(checkpoint).replace(self.file(checkpoint))
        self.tidy()
        return ""

    def find(self, notebook: str, sources: Sequence[str]) -> tuple[Checkpoint | None, str]:
        """The newest from which an execution of these cells can go on; or None, and why not the newest there is."""
        rows = self.workspace.ledger.read("SELECT * FROM checkpoint WHERE notebook = ? ORDER BY taken_at DESC", notebook)
        first, digest = "", Digests(self.workspace)
        for row in rows:
            why = self._unlike(json.loads(row["made_of"]), sources, self.file(row["id"]), digest)
            if not why:
                kept = ("id", "run", "notebook", "cell", "position", "digest", "executed", "taken_at")
                return Checkpoint(**{name: row[name] for name in kept}, written=json.loads(row["written"])), ""
            first = first or why
        return None, first

    def drop(self, *runs: str) -> None:
        """Forget the checkpoints of runs that came to their end."""
        with self.workspace.ledger.write() as tx:
            for run in runs:
                tx.run("DELETE FROM checkpoint WHERE run = ?", run)
        self.tidy()

    def tidy(self) -> None:
        """Remove what lies there and belongs to no run that may still go on."""
        if not self.folder.is_dir():
            return
        known = {self.file(row["id"]).name for row in self.workspace.ledger.read("SELECT id FROM checkpoint")}
        long_ago = self.workspace.clock().timestamp() - 3600
        for path in self.folder.iterdir():
            with suppress(OSError):  # another process was faster
                if path.name not in known and (path.suffix == SUFFIX or path.stat().st_mtime < long_ago):
                    path.unlink()

    def put_back(self, found: Checkpoint) -> None:
        """The files that had been written by then, as they were."""
        for path, digest in found.written.items():
            target = Path(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            self.workspace.blobs.write_to(digest, target)

    def facts(self, found: Checkpoint) -> Facts:
        """What the run that died had recorded by then, for the run that goes on from there."""
        record = RunBook(self.workspace).record(found.run)
        return _facts(record, found)

    def _unlike(self, made_of: dict[str, Any], sources: Sequence[str], file: Path, digest: Digests) -> str:
        cells = made_of["cells"]
        if _digests(sources[: len(cells)]) != cells:
            return "a cell before it changed"
        if made_of["environment"] != environment_digest():
            return "the environment changed"
        now = held_now(made_of["variables"])
        changed = next((name for name, held in made_of["variables"].items() if now[name] != held), None)
        if changed is not None:
            return f"the environment variable {changed} changed"
        for path, held in made_of["read"].items():
            if not Path(path).is_file() or digest(Path(path)) != held:
                return f"{path} changed"
        return "" if file.is_file() else "its file is gone"


def new_checkpoint() -> str:
    """An id."""
    return new_id("checkpoint")


def _digests(sources: Sequence[str]) -> list[str]:
    return [digest_bytes(source.encode("utf-8", "surrogatepass")) for source in sources]


def _facts(record: RunRecord, found: Checkpoint) -> Facts:
    def before(position: int | None) -> bool:
        return position is None or position < found.position

    fits = [fit for fit in record.fits if before(fit.position)]
    return Facts(
        params=dict(record.run.params),
        metrics=[point for point in record.history if point.at <= datetime.fromisoformat(found.taken_at)],
        cells=[cell for cell in record.cells if before(cell.position)],
        files=[use for use in record.files if before(use.position)],
        fits=[replace(fit, artifact=None) for fit in fits],
        trials=[trial for trial in record.trials if before(trial.position)],
        artifacts=[one for one in record.artifacts if one.position is not None and before(one.position)],
        seeds=[seed for seed in record.seeds if before(seed.position)],
        predictions=[one for one in record.predictions if before(one.position)],
        variables=[one for one in record.variables if before(one.position)],
        folder=record.folder,
        tags={"resumed": f"from {found.run}, after cell {found.position - 1}"},
    )


