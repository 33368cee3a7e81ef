"""The local executor: one notebook, one process of its own on this machine."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from nbmlops.errors import Invalid, Unavailable

EXECUTES = "executes"  # in a folder aside: the process that executes there, and when it began
_KERNEL = "--kernel"  # to a child: have a kernel ready, for the notebook that follows
_GRACE_S = 10.0
Progress = Callable[[int, int], None]
Coming = Callable[[], list[tuple[Path, Path]]]  # notebooks, each with the folder that it will be executed in


class Lost(Unavailable):
    """What executed is gone, a worker of a cluster say: nothing is known of how it went."""


class Executor(Protocol):
    """Who executes notebooks, and where."""

    def many(self, jobs: int, coming: Coming | None = None) -> AbstractContextManager[None]:
        """While the block lasts, so many are executed at a time; `coming` tells which notebooks are next."""

    def run(
        self, request: dict[str, Any], *, env: dict[str, str], cwd: str, timeout_s: float | None, progress: Progress | None,
        heard: Callable[[str], None] | None = None, stop: Stop | None = None,
    ) -> str | None:  # fmt: skip
        """Execute one; gives None, or why it could not be executed. Raises Lost."""


class Stop:
    """By which an execution is told, from another thread, that it is not wanted any more, and why."""

    def __init__(self) -> None:
        self.why = ""  # what its run says then
        self._asked = threading.Event()
        self._lock = threading.Lock()
        self._ways: dict[int, Callable[[], None]] = {}

    @property
    def asked(self) -> bool:
        """Whether it was told."""
        return self._asked.is_set()

    def wait(self, seconds: float) -> bool:
        """Pause, unless it is told meanwhile; gives whether it was."""
        return self._asked.wait(seconds)

    def ask(self, why: str = "") -> None:
        """Stop what executes, and whatever is begun with this later."""
        with self._lock:
            self.why = self.why or why
            self._asked.set()
            ways = list(self._ways.values())
        for way in ways:
            way()

    @contextlib.contextmanager
    def by(self, way: Callable[[], None]) -> Iterator[None]:
        """While the block lasts, this is how it is stopped."""
        with self._lock:
            self._ways[id(way)] = way
            asked = self.asked
        if asked:
            way()
        try:
            yield
        finally:
            with self._lock:
                self._ways.pop(id(way), None)


class LocalExecutor:
    """Runs a request in a child process and waits for it."""

    name = "local"

    def __init__(self, scheduler: str | None = None) -> None:
        if scheduler:
            raise Invalid("This machine's processes have no scheduler.", hint="--executor dask --scheduler ADDRESS")

    def many(self, jobs: int, coming: Coming | None = None) -> AbstractContextManager[None]:
        """While the block lasts, the next child is made ready beside those that work, its kernel too, for a notebook that comes."""
        return one_ahead(jobs, kernel=True, coming=coming)

    def run(
        self, request: dict[str, Any], *, env: dict[str, str], cwd: str, timeout_s: float | None, progress: Progress | None,
        heard: Callable[[str], None] | None = None, stop: Stop | None = None,
    ) -> str | None:  # fmt: skip
        """Execute; gives None, or the last words of a child that could not execute.

        Progress is called with (cell, cells), `heard` with what the cells print, as it comes. After `timeout_s` the child stops by
        itself; one that does not is interrupted, and killed if it does not end.
        """
        with contextlib.ExitStack() as over:
            python = request.get("python")
            mine = (None if python else _taken()) or _begun(python, env)
            child, turn, wanted, asked = mine.process, mine.turn, stop or Stop(), threading.Event()
            over.callback(_let_go, mine)
            over.enter_context(wanted.by(lambda: self._stop(mine, turn, wanted.why if asked.is_set() else "")))
            if request.get("scratch"):
                _note(child.pid, request["scratch"])
            _make_ready()
            assert child.stdout
            if timeout_s:
                timer = threading.Timer(timeout_s + _GRACE_S, self._stop, [mine, turn])
                over.callback(timer.cancel)
                timer.start()
            try:
                mine.ask({**request, "env": env, "cwd": cwd, "tell": heard is not None, "more": not python})
                asked.set()
                for line in child.stdout:
                    with contextlib.suppress(ValueError):
                        told = json.loads(line)
                        if not isinstance(told, dict):
                            continue
                        if told.get("over"):
                            if request.get("scratch"):
                                Path(request["scratch"], EXECUTES).unlink(missing_ok=True)
                            mine.free = True
                            return None
                        if progress and told.get("cell") is not None:
                            progress(told["cell"], told["of"])
                        elif heard and told.get("printed"):
                            heard(told["printed"])
                child.wait()
            except BaseException:
                self._stop(mine, turn)
                raise
            return None if child.returncode == 0 else mine.last_words() or f"exit {child.returncode}"

    @classmethod
    def _stop(cls, mine: _Child, turn: int, why: str = "") -> None:
        with _lock:
            if mine.turn != turn:
                return  # it came to its end meanwhile, and works for another
            child, mine.stopped = mine.process, True
        if why:
            mine.ask({"stop": why})
            cls._wait(child)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            if child.poll() is not None:
                return
            with contextlib.suppress(ProcessLookupError):
                os.kill(child.pid, number)
            cls._wait(child)

    @staticmethod
    def _wait(child: subprocess.Popen[str], seconds: float = 5.0) -> None:
        end = time.monotonic() + seconds
        while child.poll() is None and time.monotonic() < end:
            time.sleep(0.05)


class _Child:
    """A process that executes, one notebook after the other."""

    def __init__(self, process: subprocess.Popen[str], words: IO[bytes]) -> None:
        self.process, self.words = process, words  # the file that its last words go to
        self.turn = 0  # how often it was let go to be asked again
        self.free = self.stopped = False  # it came to its end; it was told to stop
        self._lock = threading.Lock()

    def ask(self, what: dict[str, Any]) -> None:
        """Tell it what to do, as far as it hears: one that has ended says why by its last words."""
        assert self.process.stdin
        with self._lock, contextlib.suppress(OSError, ValueError):
            self.process.stdin.write(json.dumps(what) + "\n")
            self.process.stdin.flush()

    def last_words(self) -> str:
        """The end of what it wrote."""
        self.words.seek(max(0, self.words.seek(0, os.SEEK_END) - 8000))
        return self.words.read().decode("utf-8", "replace").strip()[-2000:]

    def close(self) -> None:
        """Ask nothing more of it: by that it ends."""
        for stream in (self.process.stdin, self.process.stdout, self.words):
            with contextlib.suppress(BrokenPipeError):
                stream.close()  # type: ignore[union-attr]


@dataclass(eq=False)
class _Ahead:
    jobs: int
    left: float  # executions that are still to begin
    kernel: bool
    coming: Coming | None


_ready: list[_Child] = []
_idle: list[_Child] = []  # they have executed, and may again
_wanted: list[_Ahead] = []
_lock = threading.Lock()


@contextlib.contextmanager
def one_ahead(
    jobs: int = 1, *, of: int | None = None, kernel: bool = False, coming: Coming | None = None
) -> Iterator[None]:  # fmt: skip
    """While the block lasts, the next child is made ready beside each that works: who executes many waits less for each.

    `jobs`: how many work at a time. `of`: how many are executed at all, where that is known; no more are made ready.
    `kernel`: one with a kernel that waits. `coming`: which notebooks are next, where that is known; for none, none is made ready.
    """
    mine = _Ahead(jobs, float("inf") if of is None else of, kernel, coming)
    with _lock:
        _wanted.append(mine)
    try:
        yield
    finally:
        with _lock:
            _wanted.remove(mine)
            left = [] if _wanted else [pool.pop() for pool in (_ready, _idle) for _ in range(len(pool))]
        for child in left:
            child.close()
        for child in left:
            child.process.wait()


def _note(pid: int, folder: str) -> None:
    """One that was ready before has not the folder's name in its environment: whoever cleans the folder finds it by this."""
    import psutil

    with contextlib.suppress(psutil.Error), open(os.path.join(folder, EXECUTES), "a", encoding="ascii") as file:
        file.write(f"{pid} {psutil.Process(pid).create_time()}\n")


def _make_ready() -> None:
    """One of those that are wanted began to work: make the next one, of one that has worked before where there is one."""
    with _lock:
        for one in _wanted:
            one.left -= 1
        room, named = 0.0, list[tuple[Path, Path]]()
        for one in _wanted:
            coming = one.coming() if one.coming is not None else None
            named += coming or ()
            room += max(0, min(one.jobs, one.left, one.left if coming is None else len(coming)))
        if len(_ready) >= room:
            return
        kernel = any(one.kernel for one in _wanted)
        load = [str(path) for one in named[len(_ready) :][:1] for path in one]
        if not _idle:
            _ready.append(_begun(None, dict(os.environ), [_KERNEL, *load] if kernel else []))
            return
        _ready.append(_idle.pop())
        if kernel:
            _ready[-1].ask({_KERNEL: load})


def _taken() -> _Child | None:
    while True:
        with _lock:
            found = _ready.pop(0) if _ready else _idle.pop() if _idle else None
        if found is None or found.process.poll() is None:
            return found
        found.close()  # somebody killed it while it waited


def _let_go(child: _Child) -> None:
    """It did what it was asked: it may be asked again while somebody wants one, if nothing stopped it."""
    with _lock:
        if child.free and not child.stopped and _wanted:
            child.free, child.turn = False, child.turn + 1
            _idle.append(child)
            return
    child.close()
    if child.free:
        child.process.wait()


def _begun(python: str | None, env: dict[str, str], more: Sequence[str] = ()) -> _Child:
    # A file: a pipe would stay open as long as whatever the notebook leaves running.
    words = tempfile.TemporaryFile()  # noqa: SIM115 - closed by whoever waits for the child
    # -P: what stands in the folder it works in is the notebook's, and no module of ours.
    line = [python or sys.executable, "-P", "-m", "nbmlops.pipelines.child", *more]
    pipe = subprocess.PIPE
    return _Child(subprocess.Popen(line, stdin=pipe, stdout=pipe, stderr=words, env=env, text=True, start_new_session=True), words)
