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
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from nbmlops.errors import Invalid, Unavailable

EXECUTES = "executes"  # in a folder aside: the process that executes there, and when it began
_GRACE_S = 10.0
Progress = Callable[[int, int], None]
Coming = Callable[[], tuple[Path, Path] | None]  # a notebook, and the folder that it will be executed in


class Lost(Unavailable):
    """What executed is gone, a worker of a cluster say: nothing is known of how it went."""


class Executor(Protocol):
    """Who executes notebooks, and where."""

    def many(self, jobs: int, coming: Coming | None = None) -> AbstractContextManager[None]:
        """While the block lasts, so many are executed at a time; `coming` tells which notebook will be next, and where."""

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
        """While the block lasts, the next child is made ready beside those that work, its kernel too, for the notebook that comes."""
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
            child, words = (None if python else _taken()) or _begun(python, env)
            over.callback(words.close)
            wanted, asked = stop or Stop(), threading.Event()
            over.enter_context(wanted.by(lambda: self._stop(child, wanted.why if asked.is_set() else "")))
            if request.get("scratch"):
                _note(child.pid, request["scratch"])
            _make_ready()
            assert child.stdin and child.stdout
            over.callback(_close, child.stdin, child.stdout)
            if timeout_s:
                timer = threading.Timer(timeout_s + _GRACE_S, self._stop, [child])
                over.callback(timer.cancel)
                timer.start()
            try:
                with contextlib.suppress(BrokenPipeError):  # it ended already; its last words say why
                    child.stdin.write(json.dumps({**request, "env": env, "cwd": cwd, "tell": heard is not None}) + "\n")
                    child.stdin.flush()
                    asked.set()
                for line in child.stdout:
                    with contextlib.suppress(ValueError):
                        told = json.loads(line)
                        if progress and isinstance(told, dict) and told.get("cell") is not None:
                            progress(told["cell"], told["of"])
                        elif heard and isinstance(told, dict) and told.get("printed"):
                            heard(told["printed"])
                child.wait()
            except BaseException:
                self._stop(child)
                raise
            return None if child.returncode == 0 else _last(words) or f"exit {child.returncode}"

    @classmethod
    def _stop(cls, child: subprocess.Popen[str], why: str = "") -> None:
        if why and child.stdin is not None:
            with contextlib.suppress(OSError, ValueError):  # it ended already
                child.stdin.write(json.dumps({"stop": why}) + "\n")
                child.stdin.flush()
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


Child = tuple[subprocess.Popen[str], IO[bytes]]  # with the file that its last words go to


@dataclass(eq=False)
class _Ahead:
    jobs: int
    left: float  # executions that are still to begin
    kernel: bool
    coming: Coming | None


_ready: list[Child] = []
_wanted: list[_Ahead] = []
_lock = threading.Lock()


@contextlib.contextmanager
def one_ahead(
    jobs: int = 1, *, of: int | None = None, kernel: bool = False, coming: Coming | None = None
) -> Iterator[None]:  # fmt: skip
    """While the block lasts, the next child is made ready beside each that works: who executes many waits less for each.

    `jobs`: how many work at a time. `of`: how many are executed at all, where that is known; no more are made ready.
    `kernel`: one with a kernel that waits. `coming`: which notebook will be next, where that is known.
    """
    mine = _Ahead(jobs, float("inf") if of is None else of, kernel, coming)
    with _lock:
        _wanted.append(mine)
    try:
        yield
    finally:
        with _lock:
            _wanted.remove(mine)
            left = [] if _wanted else [_ready.pop() for _ in range(len(_ready))]
        for child, words in left:
            assert child.stdin and child.stdout
            _close(child.stdin, child.stdout, words)  # by that it ends
            child.wait()


def _note(pid: int, folder: str) -> None:
    """One that was ready before has not the folder's name in its environment: whoever cleans the folder finds it by this."""
    import psutil

    with contextlib.suppress(psutil.Error), open(os.path.join(folder, EXECUTES), "a", encoding="ascii") as file:
        file.write(f"{pid} {psutil.Process(pid).create_time()}\n")


def _make_ready() -> None:
    """One of those that are wanted began to work: make the next one."""
    with _lock:
        for one in _wanted:
            one.left -= 1
        if len(_ready) < sum(max(0, min(one.jobs, one.left)) for one in _wanted):
            coming = next((found for one in _wanted if one.coming is not None and (found := one.coming()) is not None), None)
            _ready.append(_begun(None, dict(os.environ), kernel=any(one.kernel for one in _wanted), coming=coming))


def _taken() -> Child | None:
    with _lock:
        return _ready.pop() if _ready else None


def _begun(
    python: str | None, env: dict[str, str], *, kernel: bool = False, coming: tuple[Path, Path] | None = None
) -> Child:  # fmt: skip
    # A file: a pipe would stay open as long as whatever the notebook leaves running.
    words = tempfile.TemporaryFile()  # noqa: SIM115 - closed by whoever waits for the child
    # -P: what stands in the folder it works in is the notebook's, and no module of ours.
    line = [python or sys.executable, "-P", "-m", "nbmlops.pipelines.child", *(["--kernel", *map(str, coming or ())] if kernel else [])]
    pipe = subprocess.PIPE
    return subprocess.Popen(line, stdin=pipe, stdout=pipe, stderr=words, env=env, text=True, start_new_session=True), words


def _close(*streams: IO[Any]) -> None:
    for stream in streams:
        with contextlib.suppress(BrokenPipeError):
            stream.close()


def _last(words: IO[bytes]) -> str:
    words.seek(max(0, words.seek(0, os.SEEK_END) - 8000))
    return words.read().decode("utf-8", "replace").strip()[-2000:]
