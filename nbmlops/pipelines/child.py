"""`python -m nbmlops.pipelines.child`: execute notebooks as asked on standard input, tell of each cell on standard output.

Standard input stays open as long as whoever asks lives: when it closes, an execution is stopped, and no kernel is left. It is
stopped too when a line there says so, and why. One that came to its end leaves the process ready for the next, which need not load
anything again; after any other the process ends.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from nbmlops.lean import leave_out

WARM = "--kernel"  # have a kernel ready too; then the notebook that will come, and its folder, where they are known
_GRACE_S = 10.0
_parent: Any = sys.stdout
_stopped = ""
_asked: SimpleQueue[Any] = SimpleQueue()  # what comes next; None at the end
_executing = threading.Event()  # something is, or will be at once


class OutOfTime(KeyboardInterrupt):
    """The whole execution took longer than it may. It interrupts as a person would, so that nothing swallows it."""


class Stopped(KeyboardInterrupt):
    """Whoever asked for the execution does not want it any more, or is gone."""

    status = "killed"


def main() -> int:
    """0: executed (the run says how); 1: it could not be executed."""
    global _parent
    # Nobody else has this one: the kernel, and what a cell leaves running, would hold it open.
    _parent = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    leave_out()
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.engines import NotebookExecutionManager

    from nbmlops.ledger import secrets

    importlib.import_module("nbmlops.pipelines.engine")  # all there is to load, before anything is asked: one made ready is ready
    logging.getLogger("papermill").setLevel(logging.ERROR)
    begin = NotebookExecutionManager.cell_start

    def cell_start(self: Any, cell: Any, cell_index: int | None = None, **more: Any) -> None:
        begin(self, cell, cell_index, **more)
        _tell({"cell": cell_index, "of": len(self.nb.cells)})

    NotebookExecutionManager.cell_start = cell_start
    signal.signal(signal.SIGINT, _interrupted)
    threading.Thread(target=_listen, daemon=True).start()
    first = dict(os.environ)
    warm = _warm(sys.argv[2:]) if sys.argv[1:2] == [WARM] else None
    while (asked := _asked.get()) is not None:
        if WARM in asked:
            os.environ.clear()
            os.environ.update(first)  # not what the last notebook was given
            warm = warm or _warm(asked[WARM])
            continue
        given, warm = warm, None
        os.environ.clear()
        os.environ.update(asked["env"])
        os.chdir(asked["cwd"])
        _limit(asked.get("timeout_s"))
        try:
            papermill.execute_notebook(
                _literally(asked["notebook"]), None, parameters=asked["params"], engine_name="nbmlops", progress_bar=False,
                request_save_on_cell_execute=False, kernel_name=asked.get("kernel"), language=asked.get("language"), tags=asked.get("tags"),
                begin=asked.get("begin"), scratch=asked.get("scratch"), checkpoints=asked.get("checkpoints"), warm=given,
                printed=(lambda text: _tell({"printed": text})) if asked.get("tell") else None,
            )  # fmt: skip
        except papermill.PapermillExecutionError as error:
            _tell({"failed": f"{error.ename}: {error.evalue}"[:2000]})
        except (DeadKernelError, CellTimeoutError, OutOfTime, Stopped) as error:
            _tell({"failed": f"{type(error).__name__}: {error}"[:2000]})
            return 0
        _limit(None)
        os.chdir(tempfile.gettempdir())  # where it was may be removed
        secrets.forget()  # the next has its own
        if not asked.get("more"):
            return 0
        _executing.clear()
        _tell({"over": True})
    if warm is not None:
        warm.stop()
    return 0  # nothing more is asked


def _warm(coming: list[str]) -> Any:
    from nbmlops.pipelines.warm import Warm, wanted_by

    importlib.import_module("nbmlops.pipelines.recording")
    return Warm.started(wanted_by(*map(Path, coming)) if coming else ())


def _lines() -> Iterator[bytes]:
    """What comes on standard input, as it comes: a stream of Python's own could not be left alone at the process's end."""
    held = b""
    while part := os.read(0, 1 << 16):
        *whole, held = (held + part).split(b"\n")
        yield from whole


def _listen() -> None:
    """Hand on what is asked; when that ends, or something is to be stopped, end what is executed."""
    for line in _lines():
        told = json.loads(line)
        if "stop" in told:
            _stop(str(told["stop"]))
            return
        if WARM not in told:
            _executing.set()
        _asked.put(told)
    if _executing.is_set():
        _stop("Whoever asked for it is gone.")
    _asked.put(None)


def _stop(why: str) -> None:
    global _stopped
    _stopped = why
    os.kill(os.getpid(), signal.SIGINT)  # as a person would: the kernel is shut down, the run is ended
    time.sleep(_GRACE_S)
    os._exit(1)


def _interrupted(*_: Any) -> None:
    raise Stopped(_stopped) if _stopped else KeyboardInterrupt


def _limit(seconds: float | None) -> None:
    if not hasattr(signal, "setitimer"):
        return  # the parent's limit holds
    if seconds is None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        return

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
