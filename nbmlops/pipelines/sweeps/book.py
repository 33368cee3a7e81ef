"""Studies in the ledger: each is one run, found again by its name, of which one process at a time adds trials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from nbmlops.errors import Conflict, NotFound, there_is
from nbmlops.ledger.encode import plain
from nbmlops.ledger.ids import new_id
from nbmlops.ledger.owner import Owner, this_process
from nbmlops.ledger.secrets import mask_params
from nbmlops.pipelines.sweeps.asked import Asked
from nbmlops.pipelines.sweeps.records import Study
from nbmlops.pipelines.sweeps.spaces import spaces
from nbmlops.runs import spooled
from nbmlops.runs.book import RunBook
from nbmlops.runs.facts import Facts
from nbmlops.runs.records import Run, Trial
from nbmlops.runs.spooled import Event, Opened
from nbmlops.workspace import Workspace


class StudyBook:
    """The studies of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.runs = RunBook(workspace)

    def known(self, name: str) -> Asked | None:
        """What a study of this name was asked for."""
        rows = self.workspace.ledger.read("SELECT asked FROM study WHERE name = ?", name)
        return Asked.from_text(rows[0]["asked"]) if rows else None

    def run_of(self, name: str) -> str | None:
        """The run that a study is."""
        rows = self.workspace.ledger.read("SELECT run FROM study WHERE name = ?", name)
        return str(rows[0]["run"]) if rows else None

    def begin(self, name: str, asked: Asked) -> str:
        """Open a study's run, or open it again; this process owns it. Raises Conflict while another does."""
        self.runs.settle()  # who has died is found, and what it said is taken in
        owner = this_process().as_text()
        with self.workspace.ledger.write() as tx:
            rows = tx.read("SELECT r.id, r.status, r.owner FROM study s JOIN run r ON r.id = s.run WHERE s.name = ?", name)
            if rows:
                run_id = str(rows[0]["id"])
                if rows[0]["status"] == "running":
                    other = Owner.from_text(rows[0]["owner"])
                    what = f"Study {name!r} is being executed already: {run_id}, by process {other.pid} on {other.host}."
                    raise Conflict(what, hint="Wait for it, or stop it there.")
                tx.run("UPDATE run SET status = 'running', owner = ?, ended_at = NULL, error = NULL WHERE id = ?", owner, run_id)
                tx.run("UPDATE study SET asked = ? WHERE name = ?", asked.as_text(), name)
                spooled.apply(tx, Event(run_id, facts=Facts(params=_params(asked))))
            else:
                run_id = new_id("run")
                begun = Opened(
                    name=name, experiment=name, kind="study", started_at=self.workspace.clock(), owner=owner, known_from="papermill",
                    notebook=str(self.workspace.root / asked.notebook),
                )  # fmt: skip
                spooled.apply(tx, Event(run_id, opened=begun, facts=Facts(params=_params(asked), tags={"study": name})))
                tx.insert("study", name=name, run=run_id, asked=asked.as_text())
            tx.changed("run", run_id)
        return run_id

    def names(self, limit: int) -> list[str]:
        """The studies, the newest first."""
        rows = self.workspace.ledger.read("SELECT s.name FROM study s JOIN run r ON r.id = s.run ORDER BY r.started_at DESC LIMIT ?", limit)
        return [str(row["name"]) for row in rows]

    def show(self, name: str) -> Study:
        """A study by its name, or by its run. Raises NotFound."""
        self.runs.settle()
        rows = self.workspace.ledger.read("SELECT name, run, asked FROM study WHERE name = ?1 OR run = ?1", name)
        if not rows and len(name) > 5:
            rows = self.workspace.ledger.read("SELECT name, run, asked FROM study WHERE substr(run, 1, ?) = ? LIMIT 1", len(name), name)
        if not rows:
            raise NotFound(f"There is no study {name[:80]!r}.", hint=f"There are: {there_is(self.names(20))}. %mlops pipeline sweep")
        row = rows[0]
        return shown(str(row["name"]), Asked.from_text(row["asked"]), self.runs.run(row["run"]), self.runs.trials(row["run"]))


def shown(name: str, asked: Asked, run: Run, trials: Sequence[Trial], **more: Any) -> Study:
    """A study as it stands."""
    assert asked.metric and asked.direction and asked.by and asked.over is not None
    best = best_of(trials, asked)
    count = {state: sum(trial.state == state for trial in trials) for state in ("complete", "pruned", "failed")}
    return Study(
        name=name, run=run.id, status=run.status, metric=asked.metric, direction=asked.direction, by=asked.by,
        seed=asked.seed or 0, best=best.metrics[asked.metric] if best else None, best_params=best.params if best else {},
        best_trial=best.number if best else None, best_run=best.own_run if best else None,
        register=f"%mlops model register MODEL --run {best.own_run}" if best else None,
        prune=bool(asked.prune), asked=asked.trials or 0, over={one: str(space) for one, space in spaces(asked.over, {}, name).items()},
        params=mask_params(asked.params or {}), notebook=asked.notebook, started_at=run.started_at,
        duration_s=run.duration_s, error=run.error, trials=ranked(trials, asked), complete=count["complete"], pruned=count["pruned"],
        failed=count["failed"], **more,
    )  # fmt: skip


def best_of(trials: Sequence[Trial], asked: Asked) -> Trial | None:
    """The best of the trials that came to their end; of equals the first."""
    whole = [trial for trial in ranked(trials, asked) if trial.state == "complete"]
    return whole[0] if whole else None


def ranked(trials: Sequence[Trial], asked: Asked) -> list[Trial]:
    """Trials, the best first, those without a value last."""
    states = ("complete", "running", "pruned", "failed", "killed")
    turn = -1 if asked.direction == "maximize" else 1

    def place(trial: Trial) -> tuple[int, float, int]:
        return states.index(trial.state), turn * trial.metrics.get(asked.metric or "", 0.0), trial.number

    return sorted(trials, key=place)


def _params(asked: Asked) -> dict[str, Any]:
    """A study's parameters as its run has them: the space and the settings."""
    said = asdict(asked)
    over = {f"over.{name}": str(space) for name, space in spaces(asked.over or {}, {}, asked.notebook).items()}
    settings = {name: said[name] for name in ("metric", "direction", "by", "seed", "prune", "trials")}
    return dict(plain({**over, **mask_params(asked.params or {}), **settings}))
