"""The Dask executor: each notebook in a process that a worker of a cluster starts, in the same folder, with the same workspace.

Folder and workspace are reached by the same paths from every worker. What a worker tells while it works travels as an event of the
scheduler; what comes of it travels through the workspace, as it does on one machine.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from nbmlops import plugins
from nbmlops.errors import Invalid, Unavailable
from nbmlops.ledger.ids import new_id
from nbmlops.pipelines.executor import Coming, LocalExecutor, Lost, Progress, Stop

_WAIT_S = 20.0
_ASKED_EVERY_S = 0.5


class DaskExecutor:
    """Runs requests on the workers of a scheduler, each on the one that has least to do."""

    name = "dask"

    def __init__(self, scheduler: str | None = None) -> None:
        if not scheduler:
            raise Invalid("Dask executes on the workers of a scheduler, and none is named.", hint="--scheduler tcp://127.0.0.1:8786")
        distributed = plugins.needs("distributed", extra="dask", why="Executing on a Dask cluster")
        try:
            self._client = distributed.Client(scheduler, timeout=_WAIT_S, set_as_default=False)
        except (OSError, ValueError, TypeError) as error:
            raise Unavailable(f"No scheduler answers at {scheduler[:200]!r}: {error}", hint="Start one: dask scheduler") from error
        self._distributed = distributed
        self._working: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def many(self, jobs: int, coming: Coming | None = None) -> Iterator[None]:
        """While the block lasts it executes; then it lets the cluster go."""
        try:
            yield
        finally:
            self._client.close(timeout=_WAIT_S)

    def run(
        self, request: dict[str, Any], *, env: dict[str, str], cwd: str, timeout_s: float | None, progress: Progress | None,
        heard: Callable[[str], None] | None = None, stop: Stop | None = None,
    ) -> str | None:  # fmt: skip
        """Execute on a worker; gives None, or the last words of what could not execute there. Raises Lost where the worker is gone."""
        stop = stop or Stop()
        topic = new_id("execution")
        worker = self._taken(stop)
        ended = self._distributed.Event(topic, client=self._client)

        def told(event: tuple[Any, Any]) -> None:
            what = event[1] if isinstance(event[1], dict) else {}
            if progress and what.get("cell") is not None:
                progress(what["cell"], what["of"])
            elif heard and what.get("printed"):
                heard(what["printed"])

        self._client.subscribe_topic(topic, told)
        # Of the variables those go along that are not of this machine: PATH and its like are the worker's.
        sent = {name: value for name, value in env.items() if os.environ.get(name) != value or name in request.get("variables", ())}
        future = self._client.submit(
            _executed, request, sent, cwd, timeout_s, topic, heard is not None, key=topic, pure=False, workers=[worker],
            allow_other_workers=False, retries=0,
        )  # fmt: skip
        over = threading.Event()
        future.add_done_callback(lambda _: over.set())
        try:
            with stop.by(lambda: ended.set()):
                while not over.wait(_ASKED_EVERY_S):
                    if worker not in self._client.nthreads():
                        raise Lost(f"The worker at {worker} is gone.", hint="It is executed once more on another.")
            if future.status == "error":
                raise Lost(f"The worker at {worker} could not execute: {future.exception()}", hint="Is nbmlops installed there?")
            if future.status != "finished":
                raise Lost(f"The worker at {worker} is gone.", hint="It is executed once more on another.")
            problem: str | None = future.result()
            return problem
        finally:
            with self._lock:
                self._working[worker] -= 1
            with contextlib.suppress(Exception):  # of a cluster that is gone itself
                ended.set()
                self._client.unsubscribe_topic(topic)
                future.cancel(force=True)

    def _taken(self, stop: Stop) -> str:
        """The worker that has least to do; waits for one, where there is none yet."""
        end = time.monotonic() + _WAIT_S
        while True:
            threads: dict[str, int] = self._client.nthreads()
            with self._lock:
                free = sorted(threads, key=lambda address: (self._working[address] / max(1, threads[address]), address))
                if free:
                    self._working[free[0]] += 1
                    return free[0]
            if time.monotonic() > end or stop.asked:
                raise Unavailable("The scheduler has no worker.", hint="dask worker ADDRESS")
            time.sleep(_ASKED_EVERY_S)


def _executed(request: dict[str, Any], env: dict[str, str], cwd: str, timeout_s: float | None, topic: str, tell: bool) -> str | None:
    """On a worker: execute in a child process of its own, tell how far it is, and stop when that is wanted."""
    from distributed import Event, get_worker

    worker = get_worker()
    stop, over = Stop(), threading.Event()
    unwanted = Event(topic)

    def watch() -> None:
        while not over.wait(_ASKED_EVERY_S):
            with contextlib.suppress(Exception):  # the scheduler may be gone; the child ends with this process
                if unwanted.is_set():
                    stop.ask()
                    return

    threading.Thread(target=watch, daemon=True).start()
    try:
        return LocalExecutor().run(
            request, env={**os.environ, **env}, cwd=cwd, timeout_s=timeout_s, stop=stop,
            progress=lambda cell, cells: worker.log_event(topic, {"cell": cell, "of": cells}),
            heard=(lambda text: worker.log_event(topic, {"printed": text})) if tell else None,
        )  # fmt: skip
    finally:
        over.set()
