"""What the ledger knows of executions of pipelines: a step is done when its row says so, never because a notebook does."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nbmlops.errors import Conflict, NotFound
from nbmlops.ledger.encode import dump, moment, now_text, text
from nbmlops.ledger.ids import new_id
from nbmlops.ledger.owner import Owner, alive, this_process
from nbmlops.ledger.secrets import mask, mask_params
from nbmlops.pipelines.records import Pipeline, PipelineRun, PipelineStatus, Step, StepRun, StepStatus
from nbmlops.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class Done:
    """A step that came to its end once: its run, what it was made of, the values it told and its outputs, path → digest."""

    run: str
    key: str
    made_of: dict[str, Any]
    told: dict[str, Any]
    outputs: dict[str, str]
    ended_at: datetime


_PATIENCE_S = 1.0


class Journal:
    """The executions of pipelines in one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def begin(self, pipeline: Pipeline, params: dict[str, Any], only: Sequence[Step] | None = None, *, alone: bool = False) -> str:
        """Enter an execution that this process owns, each of its steps waiting, or `only` some.

        Raises Conflict while another lives that has one of them. Of another machine that cannot be known: `alone` says that none does.
        """
        steps = pipeline.steps if only is None else list(only)
        self.settle()
        run_id = new_id("pipeline")
        now = now_text(self.workspace.clock())
        with self.workspace.ledger.write() as tx:
            for row in tx.read("SELECT id, owner FROM pipeline_run WHERE file = ? AND status = 'running'", pipeline.file):
                taken = {one["step"] for one in tx.read("SELECT step FROM pipeline_step WHERE pipeline_run = ?", row["id"])}
                if not taken & {step.name for step in steps}:
                    continue
                owner = Owner.from_text(row["owner"])
                if alone and alive(owner) is None:
                    _end(tx, row["id"], "killed", now, "Another machine began it; whoever started the next says that it is gone.")
                    continue
                what = f"{pipeline.name} is being executed already: {row['id']}, by process {owner.pid} on {owner.host}."
                raise Conflict(what, hint="Wait for it, or stop it there.")
            tx.insert(
                "pipeline_run", id=run_id, name=pipeline.name, file=pipeline.file, params=dump(mask_params(params)), status="running",
                owner=this_process().as_text(), started_at=now, interruptible=_interruptible(),
            )  # fmt: skip
            for number, step in enumerate(steps):
                tx.insert(
                    "pipeline_step", pipeline_run=run_id, step=step.name, number=number, status="waiting", why="", key="", made_of="{}"
                )
            tx.changed("pipeline", run_id)
        return run_id

    def say(self, run_id: str, step: str, status: StepStatus, **facts: Any) -> None:
        """Write down how a step stands; durable when this returns. `facts` are columns: why, key, run, attempts, told, outputs, error."""
        now = now_text(self.workspace.clock())
        values = {name: dump(value) if isinstance(value, (dict, list)) else value for name, value in {**facts, "at": ""}.items()}
        values |= {name: mask(values[name]) for name in ("why", "error") if values.get(name)}
        if status == "running":
            values.setdefault("started_at", now)
        elif status != "waiting":
            values["ended_at"] = now
        names = ["status", *values]
        with self.workspace.ledger.write() as tx:
            tx.run(
                f"UPDATE pipeline_step SET {', '.join(f'{name} = ?' for name in names)} WHERE pipeline_run = ? AND step = ?",  # noqa: S608
                status, *values.values(), run_id, step,
            )  # fmt: skip
            tx.changed("pipeline", run_id)

    def note(self, run_id: str, places: Mapping[str, str]) -> None:
        """Write down where steps are that are being executed. Who notes waits for no other writer, nor for the disk."""
        with self.workspace.ledger.write(durable=False, patience_s=_PATIENCE_S) as tx:
            tx.many(
                "UPDATE pipeline_step SET at = ? WHERE pipeline_run = ? AND step = ? AND status = 'running'",
                [(text(place), run_id, step) for step, place in places.items()],
            )
            # The cursor's line moves: an execution of hours must not push out what else has changed.
            tx.run("DELETE FROM change WHERE topic = 'pipeline' AND subject = ?", run_id)
            tx.changed("pipeline", run_id)

    def stopping(self, run_id: str, now: bool) -> bool:
        """Say that somebody stops an execution that runs, or does so no more; gives whether that was otherwise before."""
        with self.workspace.ledger.write() as tx:
            done = tx.run(
                "UPDATE pipeline_run SET stopping = ? WHERE id = ? AND status = 'running' AND stopping != ?", int(now), run_id, int(now)
            )
            return bool(done.rowcount)

    def owner(self, run_id: str) -> tuple[Owner, bool]:
        """The process that executes, and whether an interrupt stops it."""
        row = self.workspace.ledger.read_one("SELECT owner, interruptible FROM pipeline_run WHERE id = ?", run_id)
        return Owner.from_text(row["owner"]), bool(row["interruptible"])

    def end(self, run_id: str, status: PipelineStatus, error: str | None = None) -> None:
        """End an execution; steps that were not reached are cancelled, those that were being executed are killed."""
        now = now_text(self.workspace.clock())
        with self.workspace.ledger.write() as tx:
            _end(tx, run_id, status, now, mask(error) if error else error)

    def settle(self) -> None:
        """Find executions whose process has died: `killed`."""
        rows = self.workspace.ledger.read("SELECT id, owner FROM pipeline_run WHERE status = 'running'")
        dead = [row["id"] for row in rows if alive(Owner.from_text(row["owner"])) is False]
        if dead:
            now = now_text(self.workspace.clock())
            with self.workspace.ledger.write() as tx:
                for run_id in dead:
                    _end(tx, run_id, "killed", now, "The process that executed it is gone.")

    def done(self, name: str, step: str, key: str) -> Done | None:
        """The last time that a step was done with this key."""
        return self._done("key = ? AND ", [key], name, step)

    def last(self, name: str, step: str) -> Done | None:
        """The last time that a step was done at all."""
        return self._done("", [], name, step)

    def interrupted(self, name: str, step: str) -> bool:
        """Whether the last that is known of a step is that it did not come to its end: what it made is in pieces."""
        rows = self.workspace.ledger.read(
            "SELECT s.status FROM pipeline_step s JOIN pipeline_run r ON r.id = s.pipeline_run"
            " WHERE r.name = ? AND s.step = ? AND s.started_at IS NOT NULL ORDER BY s.started_at DESC LIMIT 1",
            name, step,
        )  # fmt: skip
        return bool(rows) and rows[0]["status"] != "finished"

    def show(self, run_id: str) -> PipelineRun:
        """An execution; its id may be shortened. Raises NotFound."""
        rows = self.workspace.ledger.read("SELECT * FROM pipeline_run WHERE substr(id, 1, ?) = ? LIMIT 2", len(run_id), run_id)
        if len(rows) != 1:
            raise NotFound(f"No execution of a pipeline is called {run_id[:80]!r}.", hint="There are: %mlops pipeline find")
        return self._shown(rows[0])

    def find(self, limit: int, *, last: bool = False) -> list[PipelineRun]:
        """Executions, the newest first; `last`: of each file its last alone."""
        self.settle()
        later = "SELECT 1 FROM pipeline_run n WHERE n.file = r.file AND (n.started_at, n.id) > (r.started_at, r.id)"
        which = f"WHERE NOT EXISTS ({later})" if last else ""
        rows = self.workspace.ledger.read(f"SELECT * FROM pipeline_run r {which} ORDER BY started_at DESC LIMIT ?", limit)  # noqa: S608
        return [self._shown(row) for row in rows]

    def _done(self, where: str, values: list[Any], name: str, step: str) -> Done | None:
        rows = self.workspace.ledger.read(
            f"SELECT s.* FROM pipeline_step s JOIN pipeline_run r ON r.id = s.pipeline_run WHERE {where}"  # noqa: S608 - our own words
            " r.name = ? AND s.step = ? AND s.status = 'finished' ORDER BY s.ended_at DESC LIMIT 1",
            *values, name, step,
        )  # fmt: skip
        if not rows:
            return None
        row = rows[0]
        return Done(
            run=row["run"], key=row["key"], made_of=json.loads(row["made_of"]), told=json.loads(row["told"]),
            outputs=json.loads(row["outputs"]), ended_at=datetime.fromisoformat(row["ended_at"]),
        )  # fmt: skip

    def _shown(self, row: Mapping[str, Any]) -> PipelineRun:
        steps = self.workspace.ledger.read("SELECT * FROM pipeline_step WHERE pipeline_run = ? ORDER BY number", row["id"])
        began = datetime.fromisoformat(row["started_at"])
        return PipelineRun(
            id=row["id"], name=row["name"], file=row["file"], status=row["status"], params=json.loads(row["params"]), started_at=began,
            duration_s=_between(began, moment(row["ended_at"])), error=row["error"], steps=[_step(one) for one in steps],
        )  # fmt: skip


def _interruptible() -> bool:
    """Whether an interrupt of this process comes to whoever begins an execution now: to its main thread, if it is not ignored."""
    return threading.current_thread() is threading.main_thread() and callable(signal.getsignal(signal.SIGINT))


def _end(tx: Any, run_id: str, status: str, now: str, error: str | None) -> None:
    tx.run("UPDATE pipeline_run SET status = ?, ended_at = ?, error = ? WHERE id = ?", status, now, error, run_id)
    tx.run("UPDATE pipeline_step SET status = 'killed', at = '', ended_at = ? WHERE pipeline_run = ? AND status = 'running'", now, run_id)
    tx.run("UPDATE pipeline_step SET status = 'cancelled' WHERE pipeline_run = ? AND status = 'waiting'", run_id)
    tx.changed("pipeline", run_id)


def _step(row: Mapping[str, Any]) -> StepRun:
    began = moment(row["started_at"])
    return StepRun(
        step=row["step"], status=row["status"], at=row["at"], why=row["why"], run=row["run"], attempts=row["attempts"],
        values=json.loads(row["told"]), outputs=json.loads(row["outputs"]), error=row["error"], started_at=began,
        duration_s=_between(began, moment(row["ended_at"])),
    )  # fmt: skip


def _between(began: datetime | None, ended: datetime | None) -> float | None:
    return None if began is None or ended is None else round((ended - began).total_seconds(), 3)
