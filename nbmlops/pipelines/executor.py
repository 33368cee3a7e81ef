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
from typing import IO, Any

EXECUTES = "executes"  # in a folder aside: the process that executes there, and when it began
_GRACE_S = 10.0
Progress = Callable[[int, int], None]


class LocalExecutor:
    """Runs a request in a child process and waits for it."""

    name = "local"

    def run(
        self, request: dict[str, Any], *, env: dict[str, str], cwd: str, timeout_s: float | None, progress: Progress | None
    ) -> str | None:
        """Execute; gives None, or the last words of a child that could not execute.

        Progress is called with (cell, cells). After `timeout_s` the child stops by itself; one that does not is interrupted,
        and killed if it does not end.
        """
        with contextlib.ExitStack() as over:
            python = request.get("python")
            child, words = (None if python else _taken()) or _begun(python, env)
            over.callback(words.close)
            _working.add(child)
            over.callback(_working.discard, child)
            if request.get("scratch"):
                _note(child.pid, request["scratch"])
            if _wanted:
                _make_ready()
            assert child.stdin and child.stdout
            over.callback(_close, child.stdin, child.stdout)
            if timeout_s:
                timer = threading.Timer(timeout_s + _GRACE_S, self._stop, [child])
                over.callback(timer.cancel)
                timer.start()
            try:
                with contextlib.suppress(BrokenPipeError):  # it ended already; its last words say why
                    child.stdin.write(json.dumps({**request, "env": env, "cwd": cwd}) + "\n")
                    child.stdin.flush()
                for line in child.stdout:
                    with contextlib.suppress(ValueError):
                        told = json.loads(line)
                        if progress and isinstance(told, dict) and told.get("cell") is not None:
                            progress(told["cell"], told["of"])
                child.wait()
            except BaseException:
                self._stop(child)
                raise
            return None if child.returncode == 0 else _last(words) or f"exit {child.returncode}"

    @staticmethod
    def _stop(child: subprocess.Popen[str]) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            if child.poll() is not None:
                return
            with contextlib.suppress(ProcessLookupError):
                os.kill(child.pid, number)
            end = time.monotonic() + 5
            while child.poll() is None and time.monotonic() < end:
                time.sleep(0.05)


_working: set[subprocess.Popen[str]] = set()


def stop_all() -> None:
    """Stop what this process executes, in whatever thread: whoever waits finds that it has ended."""
    for child in list(_working):
        LocalExecutor._stop(child)


Child = tuple[subprocess.Popen[str], IO[bytes]]  # with the file that its last words go to
_ready: list[Child] = []
_wanted = 0
_lock = threading.Lock()


@contextlib.contextmanager
def one_ahead() -> Iterator[None]:
    """While the block lasts, the next child is made ready beside the one that works: who executes many waits less for each."""
    global _wanted
    with _lock:
        _wanted += 1
    try:
        yield
    finally:
        with _lock:
            _wanted -= 1
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
    with _lock:
        if _wanted and not _ready:
            _ready.append(_begun(None, dict(os.environ)))


def _taken() -> Child | None:
    with _lock:
        return _ready.pop() if _ready else None


def _begun(python: str | None, env: dict[str, str]) -> Child:
    # A file: a pipe would stay open as long as whatever the notebook leaves running.
    words = tempfile.TemporaryFile()  # noqa: SIM115 - closed by whoever waits for the child
    # -P: what stands in the folder it works in is the notebook's, and no module of ours.
    line = [python or sys.executable, "-P", "-m", "nbmlops.pipelines.child"]
    pipe = subprocess.PIPE
    return subprocess.Popen(line, stdin=pipe, stdout=pipe, stderr=words, env=env, text=True, start_new_session=True), words


def _close(*streams: IO[Any]) -> None:
    for stream in streams:
        with contextlib.suppress(BrokenPipeError):
            stream.close()


def _last(words: IO[bytes]) -> str:
    words.seek(max(0, words.seek(0, os.SEEK_END) - 8000))
    return words.read().decode("utf-8", "replace").strip()[-2000:]
