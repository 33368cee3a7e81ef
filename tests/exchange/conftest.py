"""A real MLflow server, and a second workspace."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from nbmlops.workspace import Workspace


def environ(**more: str) -> dict[str, str]:
    """What a child has around it: nothing of ours, and MLflow tells nobody."""
    held = {name: value for name, value in os.environ.items() if not name.startswith(("NBMLOPS", "MLFLOW", "WANDB"))}
    return {**held, "MLFLOW_DISABLE_TELEMETRY": "true", **more}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an MLflow server with a database of its own."""
    folder = tmp_path_factory.mktemp("mlflow")
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    stores = ["--backend-store-uri", f"sqlite:///{folder}/mlflow.sqlite", "--artifacts-destination", str(folder / "artifacts")]
    command = [sys.executable, "-m", "mlflow", "server", *stores, "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, start_new_session=True, env=environ())
    try:
        while not _answers(f"http://127.0.0.1:{port}/health"):
            assert process.poll() is None, (folder / "log").read_text()[-3000:]
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # it waits long for its own workers; what it keeps is thrown away
        process.wait(30)


def _answers(url: str) -> bool:
    try:
        return bool(urllib.request.urlopen(url, timeout=5).status == 200)
    except OSError:
        return False


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Workspace]:
    """Somebody else's workspace."""
    (tmp_path / "other").mkdir()
    made = Workspace.at(tmp_path / "other", actor="ben")
    yield made
    made.close()
