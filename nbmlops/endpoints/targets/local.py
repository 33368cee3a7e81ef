"""The local target: a server process of its own on this machine, which outlives the kernel that started it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from nbmlops.endpoints import book
from nbmlops.errors import Unavailable
from nbmlops.ledger.owner import Owner, alive
from nbmlops.runs.current import OF_A_KERNEL
from nbmlops.settings import ENVIRONMENT
from nbmlops.workspace import Workspace

START_S, STOP_S = 60.0, 20.0


class LocalTarget:
    """Starts and stops `python -m nbmlops.serving`."""

    name = "local"

    def start(self, workspace: Workspace, endpoint: str, *, port: int = 0) -> None:
        """Start the endpoint's server and wait until it answers. Unavailable with its last words when it does not."""
        log = workspace.folder / "endpoints" / f"{endpoint}.log"
        log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        env = {name: value for name, value in os.environ.items() if name not in OF_A_KERNEL}
        env[ENVIRONMENT] = str(workspace.root)
        words = [sys.executable, "-m", "nbmlops.serving", "--workspace", str(workspace.root), "--endpoint", endpoint, "--port", str(port)]
        with log.open("wb") as out:
            process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env, cwd=workspace.root, start_new_session=True, close_fds=True
            )
        # Whoever lives long enough to see it end takes note of that: else a dead server would stay in the process table.
        threading.Thread(target=process.wait, daemon=True, name=f"server-{process.pid}").start()
        try:
            self._await(workspace, endpoint, process, log)
        except BaseException:  # an interrupted start has started nothing
            process.kill()
            raise

    def _await(self, workspace: Workspace, endpoint: str, process: subprocess.Popen[bytes], log: Path) -> None:
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            if book.status_of(book.row_of(workspace, endpoint)) == "serving":
                return
            if process.poll() is not None and book.status_of(book.row_of(workspace, endpoint)) != "serving":
                raise Unavailable(f"The server of {endpoint!r} did not start: {_last_words(log)}", hint=f"Its log: {log}")
            time.sleep(0.05)
        raise Unavailable(f"The server of {endpoint!r} did not answer within {START_S:.0f} s: {_last_words(log)}", hint=f"Its log: {log}")

    def stop(self, workspace: Workspace, endpoint: str) -> None:
        """Ask the server to finish what it has and end; end it when it does not.

        Unavailable when it runs on another machine, or cannot be ended.
        """
        row = book.row_of(workspace, endpoint)
        # Until it serves, the row's owner is who starts it: that one is not to be ended.
        if not row["owner"] or row["status"] != "serving":
            return
        owner = Owner.from_text(row["owner"])
        if alive(owner) is None:
            raise Unavailable(f"Endpoint {endpoint!r} runs on {owner.host}.", hint=f"Stop it there: nbmlops endpoint stop {endpoint}")
        for number, patience in ((signal.SIGTERM, STOP_S), (signal.SIGKILL, 5.0)):
            # Checked before each signal: the number may be another process's by now.
            if not alive(owner):
                return
            with contextlib.suppress(ProcessLookupError):
                os.kill(owner.pid, number)
            end = time.monotonic() + patience
            while alive(owner) and time.monotonic() < end:
                time.sleep(0.02)
        if alive(owner):
            raise Unavailable(f"The server of {endpoint!r} does not end.", hint=f"It is process {owner.pid}.")


def _last_words(log: Path) -> str:
    try:
        text = log.read_text("utf-8", "replace").strip()
    except OSError:
        return "it said nothing."
    return text[-800:] or "it said nothing."
