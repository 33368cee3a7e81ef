"""A real kernel process, driven as a front end drives it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jupyter_client.manager import KernelManager


class Kernel:
    """Cells go in; what they print and how they end comes out."""

    def __init__(self, folder: Path, env: dict[str, str], kernel_name: str = "python3") -> None:
        self.manager = KernelManager(
            kernel_name=kernel_name, transport="ipc", ip=str(folder / ".k"), connection_file=str(folder / ".kernel.json")
        )
        self.manager.start_kernel(cwd=str(folder), env=env)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def run(self, code: str, cell_id: str | None = None, timeout: float = 60) -> tuple[str, str]:
        """(status, printed text) of one cell."""
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": True,
            "stop_on_error": True,
        }
        message = self.client.session.msg("execute_request", content, metadata={"cellId": cell_id} if cell_id else {})
        self.client.shell_channel.send(message)
        asked, printed = message["header"]["msg_id"], []
        while True:
            seen = self.client.get_iopub_msg(timeout=timeout)
            if seen["parent_header"].get("msg_id") != asked:
                continue
            if seen["msg_type"] == "stream":
                printed.append(seen["content"]["text"])
            if seen["msg_type"] == "error":
                printed.append("\n".join(seen["content"]["traceback"]))
            if seen["msg_type"] == "status" and seen["content"]["execution_state"] == "idle":
                break
        while True:
            reply = self.client.get_shell_msg(timeout=timeout)
            if reply["parent_header"].get("msg_id") == asked:
                return reply["content"]["status"], "".join(printed)

    def send(self, code: str) -> None:
        """Ask without waiting: the kernel may not live to answer."""
        self.client.execute(code)

    @property
    def pid(self) -> int:
        """The kernel's process."""
        return int(self.manager.provisioner.pid)

    def shut_down(self) -> None:
        """As a user who closes the notebook."""
        self.manager.shutdown_wait_time = 60
        self.manager.shutdown_kernel(now=False)

    def close(self) -> None:
        """Whatever happened, nothing is left."""
        self.client.stop_channels()
        if self.manager.has_kernel:
            self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()


@contextmanager
def kernel(folder: Path, kernel_name: str = "python3", **env: str) -> Iterator[Kernel]:
    """A kernel that works in `folder`."""
    base = {name: value for name, value in os.environ.items() if not name.startswith("NBMLOPS")}
    made = Kernel(folder, {**base, "IPYTHONDIR": str(folder / ".ipython"), "PYTHONWARNINGS": "default", **env}, kernel_name)
    try:
        yield made
    finally:
        made.close()
