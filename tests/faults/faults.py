"""The ways a cell, a kernel or a machine lets a run down, for tests and for the comparison in `benchmarks/`.

Each is done to a kernel that has trained a model and logged a number. What a recorder says of it afterwards is compared with
what happened.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from typing import Any

import psutil

from tests.capture.kernel import Kernel
from tests.faults.looking import until

FIT = "import pandas as pd\nfrom sklearn.linear_model import Ridge\nd = pd.read_csv('x.csv')\nm = Ridge().fit(d[['a']], d.b)"
LONG = "import time\nopen('started', 'w').close()\ntime.sleep(600)"
SLOW = (
    "import time\nclass Slow(Ridge):\n    def fit(self, X, y):\n        open('started', 'w').close()\n        time.sleep(600)\n"
    "        return super().fit(X, y)\n"
)
OOM_BYTES = 500 << 20


def through(kernel: Kernel, code: str, seconds: float = 120) -> bool:
    """Run a cell to its end or the kernel's: whether the kernel still lives."""
    asked = kernel.client.execute(code)

    def over() -> str | None:
        try:
            message = kernel.client.get_iopub_msg(timeout=0.1)
        except Empty:
            return None if kernel.manager.is_alive() else "dead"
        idle = message["msg_type"] == "status" and message["content"]["execution_state"] == "idle"
        return "idle" if idle and message["parent_header"].get("msg_id") == asked else None

    return bool(until(over, seconds) == "idle")


def _signal(number: int) -> Callable[[Kernel, Path], None]:
    def send(kernel: Kernel, folder: Path) -> None:
        os.kill(kernel.pid, number)

    return send


def _interrupt(kernel: Kernel, folder: Path) -> None:
    kernel.manager.interrupt_kernel()


def _out_of_memory(kernel: Kernel, folder: Path) -> None:
    """As the kernel's own killer and the daemons for it do: SIGKILL, once the process is larger than it may be."""
    process = psutil.Process(kernel.pid)
    until(lambda: process.memory_info().rss > OOM_BYTES)
    os.kill(kernel.pid, signal.SIGKILL)


def _sleep(kernel: Kernel, folder: Path) -> None:
    """A laptop is closed and opened: stopped in a cell, and going on."""
    os.kill(kernel.pid, signal.SIGSTOP)
    threading.Timer(1.5, os.kill, (kernel.pid, signal.SIGCONT)).start()


@dataclass(frozen=True)
class Fault:
    """`cell` is executed after a model was trained; `then` is done to the kernel while it runs (once `started` is there).

    `happened` is how the run truly ended; `error` and `at` are what can be known of why and where: the position of the cell
    among those executed. `first`: the faulty cell is the first that trains.
    """

    name: str
    cell: str | None
    happened: str
    error: str = ""
    at: int | None = None
    then: Callable[[Kernel, Path], Any] | None = None
    first: bool = False


GONE = "The process that ran it is gone."
FAULTS = (
    Fault("nothing goes wrong", "1 + 1", "finished"),
    Fault("a cell raises", "raise ValueError('no rows')", "failed", "ValueError: no rows", 2),
    Fault("the training cell raises after its fit", FIT + "\nm.nothing", "failed", "AttributeError: 'Ridge' object has no attribute 'nothing'", 0, first=True),
    Fault("a fit raises", "m.fit(d[['a']], None)", "failed", "ValueError: ", 2),
    Fault("a syntax error", "def broken(:", "failed", "SyntaxError: ", 2),
    Fault("a long cell is interrupted", LONG, "failed", "KeyboardInterrupt: ", 2, _interrupt),
    Fault("a fit is interrupted", SLOW + "Slow().fit(d[['a']], d.b)", "failed", "KeyboardInterrupt: ", 2, _interrupt),
    Fault("SIGKILL between two cells", None, "killed", GONE, None, _signal(signal.SIGKILL)),
    Fault("SIGKILL in a cell", LONG, "killed", GONE, None, _signal(signal.SIGKILL)),
    Fault("SIGKILL in a fit", SLOW + "Slow().fit(d[['a']], d.b)", "killed", GONE, None, _signal(signal.SIGKILL)),
    Fault("SIGKILL in the first fit", f"{FIT.rsplit(chr(10), 1)[0]}\n{SLOW}Slow().fit(d[['a']], d.b)", "killed", GONE, None, _signal(signal.SIGKILL), first=True),
    Fault("SIGTERM in a cell", LONG, "killed", GONE, None, _signal(signal.SIGTERM)),
    Fault("out of memory, killed", "held = [bytearray(1 << 20) for _ in range(1 << 20)]", "killed", GONE, None, _out_of_memory),
    Fault(
        "out of memory, raised",
        f"import resource\nresource.setrlimit(resource.RLIMIT_AS, ({4 << 30}, {4 << 30}))\nheld = bytearray(8 << 30)",
        "failed", "MemoryError: ", 2,
    ),
    Fault("os._exit", "import os\nos._exit(0)", "killed", GONE),
    Fault("os.abort", "import os\nos.abort()", "killed", GONE),
    Fault("a segmentation fault", "import ctypes\nctypes.string_at(0)", "killed", GONE),
    Fault("sys.exit with an error", "import sys\nsys.exit('no rows')", "failed", "SystemExit: no rows", 2),
    Fault("sys.exit without one", "import sys\nsys.exit(0)", "finished"),
    Fault("the machine sleeps in a cell", "import time\nopen('started', 'w').close()\ntime.sleep(1)", "finished", "", None, _sleep),
)  # fmt: skip
