"""The local executor: one notebook, one process of its own on this machine."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

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
        child = subprocess.Popen(
            [sys.executable, "-m", "nbmlops.pipelines.child"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=env, cwd=cwd, text=True, start_new_session=True,
        )  # fmt: skip
        assert child.stdin and child.stdout and child.stderr
        words: deque[str] = deque(maxlen=30)
        listener = threading.Thread(target=lambda: words.extend(child.stderr), daemon=True)  # type: ignore[arg-type]
        listener.start()
        timer = threading.Timer(timeout_s + _GRACE_S, self._stop, [child]) if timeout_s else None
        if timer:
            timer.start()
        try:
            with contextlib.suppress(BrokenPipeError):  # it ended already; its last words say why
                child.stdin.write(json.dumps(request))
                child.stdin.close()
            for line in child.stdout:
                with contextlib.suppress(ValueError):  # a library that prints on import
                    told = json.loads(line)
                    if progress and isinstance(told, dict) and told.get("cell") is not None:
                        progress(told["cell"], told["of"])
            child.wait()
        except BaseException:
            self._stop(child)
            raise
        finally:
            if timer:
                timer.cancel()
            listener.join(timeout=5)
            child.stdout.close()
            child.stderr.close()
        return None if child.returncode == 0 else "".join(words).strip()[-2000:] or f"exit {child.returncode}"

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
