"""`python -m nbmlops.pipelines.child`: execute one notebook as asked on standard input, tell of each cell on standard output.

Standard input stays open as long as whoever asked lives: when it closes, the execution is stopped, and no kernel is left.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import signal
import sys
import threading
import time
from typing import Any

_GRACE_S = 10.0
_parent: Any = sys.stdout


class OutOfTime(KeyboardInterrupt):
    """The whole execution took longer than it may. It interrupts as a person would, so that nothing swallows it."""


def main() -> int:
    """0: executed (the run says how); 1: it could not be executed."""
    global _parent
    # Nobody else has this one: the kernel, and what a cell leaves running, would hold it open.
    _parent = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    # jsonschema loads it where it is there, to check IRIs, which notebooks have none of: its grammar takes a second to compile.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.engines import NotebookExecutionManager

    importlib.import_module("nbmlops.pipelines.engine")  # all there is to load, before anything is asked: one made ready is ready
    line = sys.stdin.readline()
    if not line:
        return 0  # it was made ready, and not needed
    asked = json.loads(line)
    threading.Thread(target=_stop_when_alone, daemon=True).start()
    os.environ.clear()
    os.environ.update(asked["env"])
    os.chdir(asked["cwd"])
    logging.getLogger("papermill").setLevel(logging.ERROR)
    begin = NotebookExecutionManager.cell_start

    def cell_start(self: Any, cell: Any, cell_index: int | None = None, **more: Any) -> None:
        begin(self, cell, cell_index, **more)
        _tell({"cell": cell_index, "of": len(self.nb.cells)})

    NotebookExecutionManager.cell_start = cell_start
    _limit(asked.get("timeout_s"))
    try:
        papermill.execute_notebook(
            _literally(asked["notebook"]), None, parameters=asked["params"], engine_name="nbmlops", progress_bar=False,
            request_save_on_cell_execute=False, kernel_name=asked.get("kernel"), begin=asked.get("begin"), scratch=asked.get("scratch"),
        )  # fmt: skip
    except papermill.PapermillExecutionError as error:
        _tell({"failed": f"{error.ename}: {error.evalue}"[:2000]})
    except (DeadKernelError, CellTimeoutError, OutOfTime) as error:
        _tell({"failed": f"{type(error).__name__}: {error}"[:2000]})
    return 0


def _stop_when_alone() -> None:
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGINT)  # as a person would: the kernel is shut down, the run is ended
    time.sleep(_GRACE_S)
    os._exit(1)


def _limit(seconds: float | None) -> None:
    if seconds is None or not hasattr(signal, "setitimer"):
        return  # the parent's limit holds

    def out(*_: Any) -> None:
        raise OutOfTime(f"Stopped after {seconds:g} s.")

    signal.signal(signal.SIGALRM, out)
    signal.setitimer(signal.ITIMER_REAL, seconds)


def _literally(path: str) -> str:
    """papermill fills in `{name}` in a path; a file may be called so."""
    return path.replace("{", "{{").replace("}", "}}")


def _tell(what: dict[str, Any]) -> None:
    print(json.dumps(what), file=_parent, flush=True)


if __name__ == "__main__":
    sys.exit(main())
