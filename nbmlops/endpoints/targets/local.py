"""The local target: a server process of its own on this machine, which outlives the kernel that started it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from nbmlops.endpoints import book
from nbmlops.endpoints.records import Endpoint
from nbmlops.errors import Unavailable
from nbmlops.ledger.owner import Owner, alive
from nbmlops.settings import ENVIRONMENT
from nbmlops.workspace import Workspace

START_S, STOP_S = 60.0, 20.0
_KERNEL_ONLY = ("NBMLOPS_RUN", "NBMLOPS_RUN_ID", "NBMLOPS_NOTEBOOK", "JPY_PARENT_PID", "JPY_SESSION_NAME", "MPLBACKEND")


class LocalTarget:
    """Starts and stops `python -m nbmlops.serving`."""

    name = "local"

    def start(self, workspace: Workspace, endpoint: str, *, port: int = 0) -> Endpoint:
        """Start the endpoint's server and wait until it answers. Unavailable with its last words when it does not."""
        log = workspace.folder / "endpoints" / f"{endpoint}.log"
        log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        env = {name: value for name, value in os.environ.items() if name not in _KERNEL_ONLY}
        env[ENVIRONMENT] = str(workspace.root)
        words = [sys.executable, "-m", "nbmlops.serving", "--workspace", str(workspace.root), "--endpoint", endpoint, "--port", str(port)]
        with log.open("wb") as out:
            process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env, cwd=workspace.root, start_new_session=True, close_fds=True
            )
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            found = book.endpoint(workspace, endpoint)
            if found.status == "serving":
                # Python would warn of a child that is never waited for; this one is meant to go on without us.
                process.returncode = 0
                return found
            if process.poll() is not None:
                raise Unavailable(f"The server of {endpoint!r} did not start: {_last_words(log)}", hint=f"Its log: {log}")
            time.sleep(0.05)
        process.kill()
        process.wait()
        raise Unavailable(f"The server of {endpoint!r} did not answer within {START_S:.0f} s: {_last_words(log)}", hint=f"Its log: {log}")

    def stop(self, workspace: Workspace, endpoint: str) -> None:
        """Ask the server to finish what it has and end; end it when it does not."""
        row = book.row_of(workspace, endpoint)
        if not row["owner"]:
            return
        owner = Owner.from_text(row["owner"])
        for number, patience in ((signal.SIGTERM, STOP_S), (signal.SIGKILL, 5.0)):
            # Checked before each signal: the number may be another process's by now.
            if alive(owner) is not True:
                break
            with contextlib.suppress(ProcessLookupError):
                os.kill(owner.pid, number)
            end = time.monotonic() + patience
            while alive(owner) and time.monotonic() < end:
                time.sleep(0.02)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(owner.pid, os.WNOHANG)


def _last_words(log: Path) -> str:
    try:
        text = log.read_text("utf-8", "replace").strip()
    except OSError:
        return "it said nothing."
    return text[-800:] or "it said nothing."
