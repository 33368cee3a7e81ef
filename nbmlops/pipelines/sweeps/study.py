"""A study executed: trials side by side, each known to the ledger before it begins and when it has ended.

Who dies leaves finished trials that are not executed again, and trials that were on the way, which are executed again with the
values they had. What Optuna knows is told to it from the ledger.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace

from nbmlops.errors import NotFound
from nbmlops.pipelines.executor import Stop, one_ahead
from nbmlops.pipelines.sweeps.asked import Asked, Target
from nbmlops.pipelines.sweeps.book import StudyBook, best_of, shown
from nbmlops.pipelines.sweeps.executing import Executing, of_run
from nbmlops.pipelines.sweeps.judge import Judge
from nbmlops.pipelines.sweeps.records import Study
from nbmlops.pipelines.sweeps.samplers import Grid, Optuna, Random, Sampler
from nbmlops.pipelines.sweeps.spaces import Space
from nbmlops.runs.book import RunBook
from nbmlops.runs.facts import Facts
from nbmlops.runs.records import MetricPoint, Status, Trial
from nbmlops.runs.surroundings import git_facts
from nbmlops.workspace import Workspace

FIRST = 5  # trials that may fail before anything else has come of a study
_ENDED = ("complete", "pruned", "failed")
_LOOK_S = 0.25
_PATIENCE_S = 30.0
Look = Callable[[Study, Trial | None], None]  # the study as it stands, and the trial that has just ended


def run(
    name: str, asked: Asked, spaces: dict[str, Space], aim: Target, *, jobs: int, timeout_s: float | None = None,
    look: Look = lambda study, trial: None,
) -> Study:  # fmt: skip
    """Execute what is missing of a study. One that has all its trials answers at once."""
    book = StudyBook(aim.workspace)
    before = book.run_of(name)
    if before is not None:
        found = book.show(name)
        done = {trial.number for trial in found.trials if trial.state in _ENDED}
        if found.status == "finished" and done >= set(range(asked.trials or 0)):
            return found
    assert asked.metric and asked.direction
    at_once = 1 if aim.pipeline else jobs
    judge = None
    if asked.by == "optuna" or asked.prune:
        why = "Pruning" if asked.by != "optuna" else "A study by Optuna"
        judge = Judge(spaces, asked.direction, asked.metric, why=why, jobs=at_once)
    seed = asked.seed or 0
    sampler: Sampler = Random(spaces, seed)
    if asked.by == "optuna" and judge is not None:
        sampler = Optuna(judge, seed)
    elif asked.by == "grid":
        sampler = Grid(spaces)
    run_id = book.begin(name, asked)
    try:
        if before is None:
            book.runs.add(run_id, git_facts(book.runs, aim.path.parent, str(aim.path)))
        working = Executing(aim, name, asked.params or {}, asked.metric, jobs, timeout_s)
        sweep = _Sweep(name, asked, aim.workspace, run_id, sampler, judge if asked.prune else None, working, look)
        sweep.remember(judge)
        sweep.go(at_once, judge)
    except BaseException as problem:
        if isinstance(problem, KeyboardInterrupt):
            book.runs.end(run_id, "killed", error="Interrupted.")
        else:
            book.runs.end(run_id, "failed", error=f"{type(problem).__name__}: {problem}")
        raise
    status, error = sweep.verdict()
    book.runs.end(run_id, status, error=error)
    return book.show(name)


class _Sweep:
    def __init__(
        self, name: str, asked: Asked, workspace: Workspace, run_id: str, sampler: Sampler, pruner: Judge | None, executing: Executing,
        look: Look,
    ) -> None:  # fmt: skip
        self.name = name
        self.asked = asked
        self.metric = executing.metric
        self.book = RunBook(workspace)
        self.run_id = run_id
        self.sampler = sampler
        self.pruner = pruner
        self.executing = executing
        self.look = look
        self.trials = {trial.number: trial for trial in self.book.trials(run_id)}
        self.seen: dict[int, tuple[int, MetricPoint | None]] = {}  # by trial, what of its curve was taken, and the last of it
        self._pruned: set[int] = set()  # whom the pruner had stopped
        self.why: str | None = None  # it is to end before it has all its trials
        self._ended_now: list[Trial] = []
        self._best: str | None = None  # the best trial's own run, as the study's tag has it
        self._step = self.book.last_step(run_id, self.metric) + 1

    def remember(self, judge: Judge | None) -> None:
        """See how the trials ended that were on the way when the study's last process did, and tell Optuna of all that have ended."""
        for trial in list(self.trials.values()):
            if trial.state not in _ENDED and trial.own_run is not None:
                self._left(trial)
        best = best_of(list(self.trials.values()), self.asked)
        self._best = best.own_run if best else None
        if judge is not None:
            for number in sorted(self.trials):
                trial = self.trials[number]
                curve = self.book.curve(trial.own_run, self.metric)[1] if trial.own_run and self.asked.prune else []
                judge.remember(trial, curve)

    def _left(self, trial: Trial) -> None:
        """A trial that nobody waits for any more: its run came to its end by itself, or does so now."""
        end = time.monotonic() + _PATIENCE_S
        assert trial.own_run is not None
        while True:
            try:
                found = self.book.run(trial.own_run)
            except NotFound:
                return  # it had not begun
            if found.status != "running" or time.monotonic() > end:
                break
            time.sleep(_LOOK_S)
            self.book.settle()
        if found.status == "finished":
            self._keep(of_run(trial, found, self.metric, Stop()))

    def go(self, jobs: int, judge: Judge | None) -> None:
        """Execute the trials that are missing, `jobs` at a time."""
        wanted = [n for n in range(self.asked.trials or 0) if n not in self.trials or self.trials[n].state not in _ENDED]
        working: dict[Future[Trial], tuple[Trial, Stop]] = {}
        self._tell(None)
        ahead = one_ahead(jobs, of=len(wanted), kernel=True, coming=self.executing.coming)
        with ThreadPoolExecutor(jobs, thread_name_prefix="trial") as pool, ahead:
            try:
                while wanted or working:
                    if wanted and self.executing.aim.code_now() != self.asked.code:
                        self.why = "Its code was changed while it was executed."
                        wanted.clear()
                    while wanted and len(working) < jobs:
                        trial, stop = self._next(wanted.pop(0), judge), Stop()
                        working[pool.submit(self.executing, trial, stop)] = trial, stop
                    over, _ = wait(working, timeout=_LOOK_S if self.pruner else None, return_when=FIRST_COMPLETED)
                    for future in over:
                        self._ended(future.result(), working.pop(future)[1], judge)
                    if self.why is not None:
                        wanted.clear()
                        self._stop(working, "The study ended.")
                    elif self.pruner is not None:
                        self._prune(self.pruner, working)
            except BaseException:
                self._stop(working, "The study was interrupted.")
                for future in list(working):
                    self._ended(future.result(), working.pop(future)[1], judge)
                raise

    def verdict(self) -> tuple[Status, str | None]:
        """How the study ended."""
        if self.why is not None:
            return "failed", self.why
        if any(trial.state == "complete" for trial in self.trials.values()):
            return "finished", None
        first = next((trial.note for trial in self.trials.values() if trial.note), "")
        return "failed", f"No trial came to its end. The first: {first}"

    def _next(self, number: int, judge: Judge | None) -> Trial:
        known = self.trials.get(number)
        params = known.params if known is not None else self.sampler.draw(number)
        if judge is not None:
            judge.begin(number, params)
        trial = self.executing.begun(number, params)
        self._keep(trial)
        return trial

    def _keep(self, trial: Trial) -> None:
        """Write a trial down: it survives this process from here on."""
        self.trials[trial.number] = trial
        self.book.add(self.run_id, Facts(trials=[trial]))

    def _ended(self, trial: Trial, stop: Stop, judge: Judge | None) -> None:
        _, last = self.seen.get(trial.number, (-1, None))
        if trial.state == "killed" and trial.number in self._pruned:
            trial = replace(trial, state="pruned", metrics={} if last is None else {self.metric: last.value})
        self._keep(trial)
        if judge is not None:
            judge.end(trial)
        if trial.state == "killed":
            return
        if trial.state == "complete":
            self._note_best()
        self._ended_now.append(trial)
        fell = [one.note for one in self._ended_now if one.state == "failed"]
        whole = any(one.state == "complete" for one in self.trials.values())
        if len(fell) == len(self._ended_now) >= FIRST and not whole and self.why is None:
            self.why = f"The first {FIRST} trials failed. The first: {fell[0]}"
        self._tell(trial)

    def _note_best(self) -> None:
        """The study's own value is the best so far, at each trial that came to its end."""
        best = best_of(list(self.trials.values()), self.asked)
        assert best is not None
        value, now = best.metrics[self.metric], self.book.workspace.clock()
        self.book.add(self.run_id, Facts(metrics=[MetricPoint(name=self.metric, step=self._step, value=value, at=now)]))
        self._step += 1
        if best.own_run and best.own_run != self._best:  # of equals the first: it may have come to its end later
            self.book.add(self.run_id, Facts(tags={"best": best.own_run}))
        self._best = best.own_run

    def _prune(self, pruner: Judge, working: dict[Future[Trial], tuple[Trial, Stop]]) -> None:
        """Tell the pruner what the trials have measured, and stop those that are not worth going on."""
        self.book.settle()
        for trial, stop in working.values():
            if stop.asked or trial.own_run is None:
                continue
            taken, last = self.seen.get(trial.number, (-1, None))
            taken, points = self.book.curve(trial.own_run, self.metric, taken)
            at = pruner.prune(trial.number, points)
            reached = [point for point in points if math.isfinite(point.value)]
            self.seen[trial.number] = taken, at or (reached[-1] if reached else last)
            if at is not None:
                self._pruned.add(trial.number)
                _ask(stop, f"Pruned at step {at.step}.")

    def _stop(self, working: dict[Future[Trial], tuple[Trial, Stop]], why: str) -> None:
        for _, stop in working.values():
            if not stop.asked:
                _ask(stop, why)

    def _tell(self, trial: Trial | None) -> None:
        self.look(shown(self.name, self.asked, self.book.run(self.run_id), list(self.trials.values())), trial)


def _ask(stop: Stop, why: str) -> None:
    """Stopping waits until it has stopped; who looks after other trials does not."""
    threading.Thread(target=stop.ask, args=[why], daemon=True).start()
    while not stop.asked:  # it is noted at once
        time.sleep(0.001)
