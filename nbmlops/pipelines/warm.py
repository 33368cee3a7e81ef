"""A kernel that is started before anybody needs it, in a folder of its own, and takes over the folder and variables it is given."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

KERNEL = "python3"
_SOCKET_LIMIT = 90  # bytes a Unix socket's path may have, less a file name
# What an interpreter or a library goes by when it begins: with another of these a kernel must be started anew.
_AT_THE_START = ("PYTHON", "LD_", "DYLD_", "IPYTHON", "JUPYTER", "OMP_", "OPENBLAS_", "MKL_", "MALLOC_", "LC_", "LANG", "TZ")
_READY = "for _ in ('capture.headless', 'pipelines.checkpoints.kernel', 'pipelines.warm'): __import__('nbmlops.' + _)\ndel _"
_START_S = 60


def manager(folder: str, kernel: str) -> Any:
    """What starts a kernel on sockets in a private folder; None where its path is too long for sockets."""
    from jupyter_client.manager import AsyncKernelManager

    if os.name != "posix" or len(folder) >= _SOCKET_LIMIT:
        return None
    return AsyncKernelManager(
        kernel_name=kernel, transport="ipc", ip=str(Path(folder, "k")), connection_file=str(Path(folder, "kernel.json"))
    )


class Warm:
    """A kernel that waits."""

    def __init__(self, manager: Any, folder: str, env: dict[str, str]) -> None:
        self.manager, self.folder, self.env = manager, folder, env

    @classmethod
    def started(cls) -> Warm | None:
        """Start one; None where that cannot be: then it is started when it is needed, and what is wrong is said there."""
        from jupyter_core.utils import run_sync

        folder = tempfile.mkdtemp(prefix="nbmlops-")
        env = dict(os.environ)
        made = manager(folder, KERNEL)
        try:
            if made is None:
                raise OSError("no socket can be made there")
            run_sync(_start)(made, env, folder)
        except Exception:  # whatever a kernel's start may raise; nothing depends on it
            shutil.rmtree(folder, ignore_errors=True)
            return None
        return cls(made, folder, env)

    def fits(self, kernel: str, env: Mapping[str, str]) -> bool:
        """Whether it may stand for a kernel that would be started with these variables now."""
        names = {name for name in (*env, *self.env) if name.startswith(_AT_THE_START)}
        return kernel == KERNEL and all(env.get(name) == self.env.get(name) for name in names)

    def words(self, env: Mapping[str, str], folder: str) -> str:
        """Code by which it takes over, told to nobody."""
        return f"__import__('nbmlops.pipelines.warm', fromlist=['take_over']).take_over({dict(env)!r}, {sorted(self.env)!r}, {folder!r})"

    def stop(self) -> None:
        """Nobody needs it."""
        from jupyter_core.utils import run_sync

        run_sync(self.manager.shutdown_kernel)(now=True)
        shutil.rmtree(self.folder, ignore_errors=True)


async def _start(made: Any, env: dict[str, str], folder: str) -> None:
    await made.start_kernel(env=env, cwd=folder, extra_arguments=["--HistoryManager.hist_file=:memory:"])
    client = made.client()
    client.start_channels()
    try:
        await client.wait_for_ready(timeout=_START_S)
        asked = client.execute(_READY, silent=True, store_history=False)
        while (await client.get_shell_msg(timeout=_START_S))["parent_header"].get("msg_id") != asked:
            pass
    finally:
        client.stop_channels()


def take_over(env: dict[str, str], started_with: list[str], folder: str) -> None:
    """In the kernel: these variables and this folder, as if it had been started with them; what it set itself stays."""
    own = {name: value for name, value in os.environ.items() if name not in started_with and name not in env}
    os.environ.clear()
    os.environ.update({**env, **own})
    os.chdir(folder)
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    if shell is not None and "_dh" in shell.user_ns:
        shell.user_ns["_dh"][:] = [Path.cwd()]  # where `%cd -` goes back to
