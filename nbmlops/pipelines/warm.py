"""A kernel that is started before anybody needs it, in a folder of its own, and takes over the folder and variables it is given.

Where it is known which notebook comes, the libraries that this imports are loaded already: those alone that say nothing when they
are loaded, and go by nothing that a notebook can set before, unless it sets it.
"""

from __future__ import annotations

import ast
import importlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from nbmlops.capture.slicing.parsing import parsed

KERNEL = "python3"
_SOCKET_LIMIT = 90  # bytes a Unix socket's path may have, less a file name
# What an interpreter or a library goes by when it begins: with another of these a kernel must be started anew.
_AT_THE_START = (
    "PYTHON", "LD_", "DYLD_", "IPYTHON", "JUPYTER", "OMP_", "OPENBLAS_", "MKL_", "MALLOC_", "LC_", "LANG", "TZ", "BLIS_", "GOTO_", "KMP_A",
    "KMP_B", "KMP_S", "NPY_", "NUMPY", "NUMEXPR_", "PANDAS_", "SCIPY_", "SKLEARN_", "SKOPS_", "JOBLIB_", "LOKY_", "ARROW_", "POLARS_",
)  # fmt: skip
_QUIET = frozenset({"numpy", "pandas", "scipy", "sklearn", "pyarrow", "polars", "joblib"})
_FOR_FITTED = ("skops.io", "nbmlops.models.flavors.sklearn", "nbmlops.data.values")  # what a fitted estimator is kept by, at the end
_SETS = re.compile(r"environ|putenv|%(?:set_)?env\b|sys\s*\.\s*(?:path|modules|meta_path|setdl)|simplefilter|filterwarnings\W+error")
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

    def __init__(self, manager: Any, folder: str, env: dict[str, str], loaded: Collection[str] = ()) -> None:
        self.manager, self.folder, self.env, self.loaded = manager, folder, env, loaded

    @classmethod
    def started(cls, load: Collection[str] = ()) -> Warm | None:
        """Start one, with some modules loaded; None where that cannot be: what is wrong is said when one is needed."""
        from jupyter_core.utils import run_sync

        folder = tempfile.mkdtemp(prefix="nbmlops-")
        env = dict(os.environ)
        made = manager(folder, KERNEL)
        try:
            if made is None:
                raise OSError("no socket can be made there")
            run_sync(_start)(made, env, folder, [_READY, *([words_to_load(load)] if load else [])])
        except Exception:  # whatever a kernel's start may raise; nothing depends on it
            shutil.rmtree(folder, ignore_errors=True)
            return None
        return cls(made, folder, env, load)

    def fits(self, kernel: str, env: Mapping[str, str], wants: Collection[str] = ()) -> bool:
        """Whether it lives, and may stand for a kernel that would be started with these variables now, for what `wants` some modules."""
        if not (set(self.loaded) <= set(wants) and self._lives()):
            return False
        names = {name for name in (*env, *self.env) if name.startswith(_AT_THE_START)}
        return kernel == KERNEL and all(env.get(name) == self.env.get(name) for name in names)

    def _lives(self) -> bool:
        from jupyter_core.utils import run_sync

        return self.manager is None or bool(run_sync(self.manager.is_alive)())

    def words(self, env: Mapping[str, str], folder: str) -> str:
        """Code by which it takes over, told to nobody."""
        return f"__import__('nbmlops.pipelines.warm', fromlist=['take_over']).take_over({dict(env)!r}, {sorted(self.env)!r}, {folder!r})"

    def stop(self) -> None:
        """Nobody needs it."""
        from jupyter_core.utils import run_sync

        run_sync(self.manager.shutdown_kernel)(now=True)
        shutil.rmtree(self.folder, ignore_errors=True)


async def _start(made: Any, env: dict[str, str], folder: str, says: Iterable[str]) -> None:
    await made.start_kernel(env=env, cwd=folder, extra_arguments=["--HistoryManager.hist_file=:memory:"])
    client = made.client()
    client.start_channels()
    try:
        await client.wait_for_ready(timeout=_START_S)
        for words in says:
            asked = client.execute(words, silent=True, store_history=False)
            while (await client.get_shell_msg(timeout=_START_S))["parent_header"].get("msg_id") != asked:
                pass
    finally:
        client.stop_channels()


def wanted_by(notebook: Path, folder: Path) -> tuple[str, ...]:
    """The modules that a notebook, executed in a folder, imports whatever happens, and that may be loaded before it begins.

    None for a notebook that sets what they go by, and none that another of this name stands before.
    """
    try:
        cells = json.loads(notebook.read_text("utf-8"))["cells"]
        sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (OSError, ValueError, KeyError, TypeError):
        return ()  # what is wrong with it is said when it is executed
    found: dict[str, None] = {}
    for source in sources:
        if _SETS.search(source):
            return ()
        tree, _ = parsed(source)
        for node in tree.body if tree is not None else ():
            if isinstance(node, ast.Import):
                found.update(dict.fromkeys(alias.name for alias in node.names))
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found[node.module] = None
    own = {name: any((folder / part).exists() for part in (name, f"{name}.py")) for name in _QUIET}
    return tuple(name for name in found if (first := name.partition(".")[0]) in _QUIET and not own[first])


def words_to_load(modules: Iterable[str]) -> str:
    """Code by which a kernel loads them, told to nobody."""
    return f"__import__('nbmlops.pipelines.warm', fromlist=['load']).load({list(modules)!r})"


def load(modules: Iterable[str]) -> None:
    """In the kernel: load what the notebook will import, and what keeps the estimators that it will fit."""
    more = _FOR_FITTED if any(name.partition(".")[0] == "sklearn" for name in modules) else ()
    for name in (*modules, *more):
        with suppress(Exception):  # the notebook's own import says what is wrong
            importlib.import_module(name)


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
