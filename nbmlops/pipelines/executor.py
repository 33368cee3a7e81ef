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
from collections.abc import Callable
from typing import IO, Any

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
            # A file: a pipe would stay open as long as whatever the notebook leaves running.
            words = over.enter_context(tempfile.TemporaryFile())
            child = subprocess.Popen(
                [request.get("python") or sys.executable, "-m", "nbmlops.pipelines.child"], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=words, env=env, cwd=cwd, text=True, start_new_session=True,
            )  # fmt: skip
            assert child.stdin and child.stdout
            over.callback(_close, child.stdin, child.stdout)
            if timeout_s:
                timer = threading.Timer(timeout_s + _GRACE_S, self._stop, [child])
                over.callback(timer.cancel)
                timer.start()
            try:
                with contextlib.suppress(BrokenPipeError):  # it ended already; its last words say why
                    child.stdin.write(json.dumps(request) + "\n")
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


def _close(*streams: IO[str]) -> None:
    for stream in streams:
        with contextlib.suppress(BrokenPipeError):
            stream.close()


def _last(words: IO[bytes]) -> str:
    words.seek(max(0, words.seek(0, os.SEEK_END) - 8000))
    return words.read().decode("utf-8", "replace").strip()[-2000:]
