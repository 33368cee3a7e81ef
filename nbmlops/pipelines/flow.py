"""A pipeline executed: every step when what it needs is done, skipped where nothing it is made of has changed."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from nbmlops.errors import Invalid, NbmlopsError, NotFound, there_is
from nbmlops.pipelines import checks, outputs
from nbmlops.pipelines.definition import PARAMS, RUN, resolved
from nbmlops.pipelines.digests import Digests
from nbmlops.pipelines.executor import Executor, LocalExecutor, Lost, Stop
from nbmlops.pipelines.journal import Done, Journal
from nbmlops.pipelines.keys import MadeOf, environment_digest, made_of
from nbmlops.pipelines.places import Places
from nbmlops.pipelines.records import Pipeline, PipelineRun, Step, StepRun
from nbmlops.pipelines.runner import execute
from nbmlops.runs.book import RunBook
from nbmlops.runs.records import Run
from nbmlops.workspace import Workspace

_MOST_LOST = 3  # how often a step is executed again because who executed it is gone
Say = Callable[[str, str], None]  # step, how it stands


def run(
    pipeline: Pipeline, params: dict[str, Any], *, workspace: Workspace, jobs: int | None = None, force: bool = False,
    only: str | None = None, once: bool = False, alone: bool = False, say: Say = lambda step, how: None, works: Executor | None = None,
    stop: Stop | None = None, began: Callable[[str], None] = lambda run: None,
) -> PipelineRun:  # fmt: skip
    """Execute a pipeline. A step that fails ends what needs it; the rest goes on. Raises what is wrong before anything starts.

    `only`: one step of it, which finds done what it needs. `once`: no step is tried again. `alone`: nobody else executes it. `works`:
    who executes; this machine's processes if nobody is named. `stop` ends it when it is asked to. `began` is told its id.
    """
    if once:
        pipeline = replace(pipeline, steps=[replace(step, retries=0) for step in pipeline.steps])
    held = checks.given(pipeline, params)
    checks.all_steps(pipeline, held, workspace)
    journal = Journal(workspace)
    if only is None:
        asked, run_id = pipeline.steps, journal.begin(pipeline, held, alone=alone)
    else:
        asked = [_named(pipeline, only)]
        run_id = journal.begin(pipeline, held, asked, alone=alone)
    try:
        began(run_id)
        flow = _Flow(pipeline, held, workspace, journal, run_id, force, say, works or LocalExecutor())
        flow.stop = stop or flow.stop
        error = flow.rest(only) if only is not None else None
        error = error or flow.go(asked, jobs or os.cpu_count() or 1)
    except KeyboardInterrupt:
        journal.end(run_id, "cancelled", "Interrupted.")
        raise
    except BaseException as problem:
        journal.end(run_id, "failed", f"{type(problem).__name__}: {problem}")
        raise
    journal.end(run_id, "failed" if error else "finished", error)
    return journal.show(run_id)


def plan(pipeline: Pipeline, params: dict[str, Any], *, workspace: Workspace) -> list[StepRun]:
    """What executing a pipeline would do with each step, and why; nothing is executed. What follows a step is only known after it."""
    held = checks.given(pipeline, params)
    checks.all_steps(pipeline, held, workspace)
    journal = Journal(workspace)
    flow = _Flow(pipeline, held, workspace, journal, "", False, lambda step, how: None, LocalExecutor())
    found: dict[str, StepRun] = {}
    for step in pipeline.steps:
        before = next((need for need in step.after if found[need].status != "skipped"), None)
        known, why = (None, f"{before} is executed before it") if before else flow.known(step, flow.made_of(step)[0])
        flow.values[step.name] = {RUN: known.run, **known.told} if known else {}
        found[step.name] = StepRun(
            step=step.name, status="skipped" if known else "waiting", at="", why=why, run=known.run if known else None, attempts=0,
            values=known.told if known else {}, outputs=known.outputs if known else {}, error=None, started_at=None, duration_s=None,
        )  # fmt: skip
    return list(found.values())


class _Flow:
    def __init__(
        self, pipeline: Pipeline, params: dict[str, Any], workspace: Workspace, journal: Journal, run_id: str, force: bool, say: Say,
        works: Executor,
    ) -> None:  # fmt: skip
        self.pipeline = pipeline
        self.workspace = workspace
        self.journal = journal
        self.run_id = run_id
        self.force = force
        self.say = say
        self.works = works
        self.folder = Path(pipeline.file).parent
        self.values: dict[str, dict[str, Any]] = {PARAMS: params}  # by step, what it told
        self.environment = environment_digest()
        self.digest = Digests(workspace)
        self.stop = Stop()
        self.places = Places(journal, run_id)

    def rest(self, only: str) -> str | None:
        """Find that all that one step needs is done, what it told, and what it made; gives what is not, or None."""
        needed = self.pipeline.needs(only)
        for step in self.pipeline.steps:
            if step.name in needed:
                known, why = self.known(step, self.made_of(step)[0], told=True)
                if known is None:
                    return f"Step {only!r} needs {step.name!r}, which is not done: {why}"
                self.values[step.name] = {RUN: known.run, **known.told}
                outputs.put_back(self.workspace, known.outputs, self.folder, self.digest)
        return None

    def go(self, steps: list[Step], jobs: int) -> str | None:
        """Execute; gives what went wrong, or None."""
        waiting = {step.name: step for step in steps}
        done = {step.name for step in self.pipeline.steps} - waiting.keys()
        failed: dict[str, str] = {}
        working: dict[Future[str | None], str] = {}

        def coming() -> list[tuple[Path, Path]]:
            return [(self.folder / step.notebook, self.folder) for step in list(waiting.values())]

        with ThreadPoolExecutor(jobs, thread_name_prefix="step") as pool, self.works.many(min(jobs, len(steps)), coming), self.places:
            try:
                while waiting or working:
                    for name, step in list(waiting.items()):
                        lost = next((need for need in step.after if need in failed), None)
                        if lost is not None:
                            del waiting[name]
                            failed[name] = f"{lost} did not come to its end"
                            self.journal.say(self.run_id, name, "cancelled", why=failed[name])
                            self.say(name, f"not executed: {failed[name]}")
                        elif all(need in done for need in step.after) and len(working) < jobs:
                            del waiting[name]
                            working[pool.submit(self._step, step)] = name
                    over, _ = wait(working, return_when=FIRST_COMPLETED)
                    for future in over:
                        name, problem = working.pop(future), future.result()
                        if problem is None:
                            done.add(name)
                        else:
                            failed[name] = problem
            except BaseException:
                self.stop.ask()
                raise
        first = next(iter(failed), None)
        return None if first is None else f"Step {first!r}{', ' if failed[first].startswith('cell ') else ': '}{failed[first]}"

    def _step(self, step: Step) -> str | None:
        """One step, skipped or executed; gives what went wrong, or None."""
        try:
            now, params = self.made_of(step)
            known, why = self.known(step, now)
            if known is not None:
                back = outputs.put_back(self.workspace, known.outputs, self.folder, self.digest)
                why += f"; put back: {', '.join(back[:3])}" if back else ""
                self._finish(step, "skipped", now, why=why, run=known.run, told=known.told, outputs=known.outputs)
                self.say(step.name, f"skipped: {why}")
                return None
            return self._executed(step, now, params, why)
        except NbmlopsError as error:
            # What one that is stopped before it can end its run dies of is no fault of the step's.
            said = (self.stop.why or "Interrupted.") if self.stop.asked else error.message
            self.journal.say(self.run_id, step.name, "killed" if self.stop.asked else "failed", error=said)
            self.say(step.name, f"failed: {said}")
            return said

    def made_of(self, step: Step) -> tuple[MadeOf, dict[str, Any]]:
        """What a step is made of now, and its parameters with what they refer to in place. Raises Invalid, NotFound."""
        params = {name: resolved(value, self.values) for name, value in step.params.items()}
        types = checks.declared(self.folder / step.notebook)
        params = {name: checks.as_declared(value, types.get(name, ())) for name, value in params.items()}
        for name, value in params.items():
            checks.fits(name, value, types.get(name, ()), step.notebook)
        return made_of(step, params, self.folder, self.environment, self.digest), params

    def known(self, step: Step, now: MadeOf, *, told: bool = False) -> tuple[Done | None, str]:
        """The last time that this step was made of the same, if nothing it read has changed since; and why, or why not.

        `told`: what it told is wanted, though it were to be executed anew.
        """
        if self.force and not told:
            return None, "asked for"
        last = self.journal.last(self.pipeline.name, step.name)
        known = self.journal.done(self.pipeline.name, step.name, now.key)
        if known is None:
            return None, now.unlike(last.made_of) or "it was made of something else" if last else "never executed to its end"
        if changed := self._read_otherwise(known):
            return None, changed
        for name, held in known.outputs.items():
            if not self.workspace.blobs.has(held):
                return None, f"its output {name} is not kept any more"
        return known, f"nothing changed since {known.ended_at:%Y-%m-%d %H:%M}"

    def _read_otherwise(self, known: Done) -> str | None:
        """What a run read without its step saying so: a file or a module that is another now."""
        try:
            record = RunBook(self.workspace).record(known.run)
        except NotFound:
            return "its run is not known any more"
        declared = {os.path.realpath(self.folder / name) for name in (*known.made_of["inputs"], *known.outputs)}
        written = {use.path for use in record.files if use.mode == "write"}
        for use in record.files:
            if use.mode == "write" or use.kind != "file" or use.detail or use.digest is None or use.path in written:
                continue
            if os.path.realpath(use.path) in declared:
                continue
            name = os.path.relpath(use.path, self.folder)
            if not os.path.isfile(use.path):
                return f"{name}, which it read, is gone"
            if self.digest(Path(use.path)) != use.digest:
                return f"{name}, which it {'loaded' if use.mode == 'import' else 'read'}, changed"
        return None

    def _executed(self, step: Step, now: MadeOf, params: dict[str, Any], why: str) -> str | None:
        problem, in_pieces = "", self.journal.interrupted(self.pipeline.name, step.name)
        attempt = lost = 0
        while attempt <= step.retries + lost and not self.stop.asked:
            attempt += 1
            self.journal.say(self.run_id, step.name, "running", why=why, key=now.key, made_of=now.kept(), attempts=attempt)
            self.say(step.name, f"running: {why}" if attempt == 1 else f"running once more, the {attempt}. time: {problem}")
            outputs.clear(self.workspace, step, self.folder, in_pieces=in_pieces)
            in_pieces = True
            try:
                done = self._once(step, params)
            except Lost as error:
                problem, lost = error.message, min(lost + 1, _MOST_LOST)  # it is nobody's fault, and costs no retry
                self.journal.say(self.run_id, step.name, "failed", error=problem)
                continue
            if done.status == "finished":
                try:
                    made = outputs.keep(self.workspace, step, self.folder)
                except Invalid as error:
                    self.journal.say(self.run_id, step.name, "failed", run=done.id, error=error.message)
                    self.say(step.name, f"failed: {error.message}")
                    return error.message
                self._finish(step, "finished", now, run=done.id, told=self._told(done.id), outputs=made)
                self.say(step.name, "finished")
                return None
            said = done.error or f"its run is {done.status}"
            problem = said if done.failed_cell is None else f"cell {done.failed_cell}: {said}"
            self.journal.say(self.run_id, step.name, "killed" if self.stop.asked else "failed", run=done.id, error=said)
            if attempt <= step.retries + lost and self.stop.wait(step.backoff_s * 2 ** (attempt - lost - 1)):
                break
        self.say(step.name, f"failed: {problem}")
        return problem

    def _once(self, step: Step, params: dict[str, Any]) -> Run:
        heard = _Heard(step.name, self.say, self.places)
        return execute(
            self.folder / step.notebook, params, experiment=self.pipeline.name, tags={"pipeline": self.run_id, "step": step.name},
            timeout_s=step.timeout_s, workspace=self.workspace, folder=self.folder, executor=self.works, progress=heard.cell,
            heard=heard.printed, stop=self.stop, checkpoints={"after_s": step.checkpoint_s, "resume": not self.force},
            variables=step.variables,
        )  # fmt: skip

    def _finish(self, step: Step, status: Literal["finished", "skipped"], now: MadeOf, *, told: dict[str, Any], **facts: Any) -> None:
        self.values[step.name] = {RUN: facts.get("run"), **told}
        self.journal.say(self.run_id, step.name, status, key=now.key, made_of=now.kept(), told=told, **facts)

    def _told(self, run: str) -> dict[str, Any]:
        """The values that a notebook told: parameters and metrics that it logged, the metrics in front."""
        record = RunBook(self.workspace).record(run)
        return {**record.run.params, **record.run.metrics}


class _Heard:
    """What is heard of a step that executes: which cell, what it printed last."""

    def __init__(self, step: str, say: Say, places: Places) -> None:
        self.step, self.say, self.places, self.at = step, say, places, ""

    def cell(self, cell: int, cells: int) -> None:
        self.at = f"cell {cell + 1} of {cells}"
        self._is(self.at)

    def printed(self, text: str) -> None:
        self._is(f"{self.at}  {text}")

    def _is(self, how: str) -> None:
        self.say(self.step, how)
        self.places.say(self.step, how)


def _named(pipeline: Pipeline, name: str) -> Step:
    found = next((step for step in pipeline.steps if step.name == name), None)
    if found is None:
        raise NotFound(f"{pipeline.name} has no step {name[:80]!r}.", hint=f"It has: {there_is(step.name for step in pipeline.steps)}.")
    return found
