"""A real jupyter_server with real kernels, asked over REST as JupyterLab asks it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_client.blocking import BlockingKernelClient

from tests.faults.looking import until


@dataclass
class Server:
    """Kernels of it are made by `kernel`, and restarted and shut down by it."""

    base: str
    runtime: Path
    process: subprocess.Popen[bytes]

    def ask(self, method: str, address: str, /, **body: Any) -> Any:
        """One request."""
        data = json.dumps(body).encode() if method == "POST" else None
        request = urllib.request.Request(f"{self.base}/api/{address}", data, {"Authorization": "token t"}, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            told = answer.read()
        return json.loads(told) if told else None

    def kernel(self, path: str) -> tuple[str, BlockingKernelClient]:
        """A kernel that works in a folder of the server's, and a client that talks to it."""
        found = self.ask("POST", "kernels", name="python3", path=f"{path}/x.ipynb")["id"]
        return found, self.client(found)

    def client(self, kernel: str) -> BlockingKernelClient:
        """Somebody who talks to a kernel."""
        made = BlockingKernelClient(connection_file=str(until(lambda: next(self.runtime.glob(f"kernel-{kernel}.json"), None))))
        made.load_connection_file()
        made.hb_channel.time_to_dead = 30.0  # a machine that has much to do lets a heart beat late
        made.start_channels()
        made.wait_for_ready(timeout=60)
        return made

    def pid(self, kernel: BlockingKernelClient) -> int:
        """A kernel's process."""
        told = kernel.execute_interactive("", user_expressions={"pid": "__import__('os').getpid()"}, timeout=60, output_hook=lambda _: None)
        return int(told["content"]["user_expressions"]["pid"]["data"]["text/plain"])

    def end(self, number: int = signal.SIGTERM) -> None:
        """Stop it."""
        if self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait(30)


@contextmanager
def server(root: Path) -> Iterator[Server]:
    """A server whose root is this folder."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    runtime = root / ".runtime"
    env = {name: value for name, value in os.environ.items() if not name.startswith(("JPY_", "NBMLOPS_"))}
    env |= {"JUPYTER_RUNTIME_DIR": str(runtime), "JUPYTER_CONFIG_DIR": str(root / ".config"), "IPYTHONDIR": str(root / ".ipython")}
    command = [
        sys.executable, "-m", "jupyter_server", "--no-browser", "--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0",
        "--IdentityProvider.token=t", f"--ServerApp.root_dir={root}", "--allow-root", "--ServerApp.jpserver_extensions={}",
    ]  # fmt: skip
    with (root / ".log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=env, cwd=root, start_new_session=True)
    made = Server(f"http://127.0.0.1:{port}", runtime, process)

    def answers() -> bool:
        assert process.poll() is None, (root / ".log").read_text()[-2000:]
        try:
            return bool(made.ask("GET", "status"))
        except OSError:
            return False

    try:
        until(answers)
        yield made
    finally:
        made.end()
