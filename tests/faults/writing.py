"""`python -m tests.faults.writing`: a warm process that forks writers, which write until they are killed.

Each line on standard input, `KIND FOLDER FILE`, is a writer; its process number is the answer. Into FILE goes, one JSON line
each, what it is about to do (`"will"`) and what has returned (`"did"`): whatever has returned is acknowledged.
"""

from __future__ import annotations

import json
import mimetypes
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec  # noqa: F401 - imported once, before any writer is forked
import pandas as pd  # noqa: F401
from IPython.core.interactiveshell import InteractiveShell

from nbmlops import capture, plugins
from nbmlops.capture import session  # noqa: F401
from nbmlops.data import looks  # noqa: F401
from nbmlops.runs import current, spooled, surroundings, verbs  # noqa: F401
from nbmlops.runs.book import RunBook
from nbmlops.workspace import Workspace, opened

MODEL = "class Mean:\n    def fit(self, X, y):\n        return self\n    def predict(self, X):\n        return X"
TRAIN = "text = open('x.csv').read()\nmodel = Mean().fit([text], [1])"
Say = Callable[..., None]


def api(say: Say) -> None:
    """Runs from Python: started, logged to, ended, over and over."""
    number = 0
    while True:
        say("will", "open", None)
        run = verbs.start(f"r{number}", params={"n": number}, tags={"t": str(number)}).id
        say("did", "open", run)
        for step in range(number % 7):
            say("will", "metric", run, "loss", step, step / 2)
            verbs.log({"loss": step / 2})
            say("did", "metric", run, "loss", step, step / 2)
        Path(f"{os.getpid()}.bin").write_bytes(os.urandom(2000))
        say("will", "artifact", run, f"{os.getpid()}.bin")
        verbs.log(artifact=[f"{os.getpid()}.bin"], params={"late": number})
        say("did", "artifact", run, f"{os.getpid()}.bin")
        say("will", "end", run, "finished")
        verbs.end()
        say("did", "end", run, "finished")
        number += 1


def cells(say: Say) -> None:
    """Cells of an observed shell: one trains, the others log; training again ends the run."""
    shell = InteractiveShell()
    shell.history_manager.enabled = False
    capture.attach(shell)
    for source in ("from nbmlops import run", MODEL):
        shell.run_cell(source, store_history=True).raise_error()
    before = None
    while True:
        if before is not None:
            say("will", "end", before, "finished")
        say("will", "open", None)
        shell.run_cell(TRAIN, store_history=True, cell_id="train").raise_error()
        opened_now = current.current()
        assert opened_now is not None
        if before is not None:
            say("did", "end", before, "finished")
        before = opened_now.id
        say("did", "open", before)
        say("did", "cell", before, TRAIN)
        for step in range(3):
            source = f"step = {step}\nlogged = run.log({{'mae': model.predict({step}) + 0.5}})"
            say("will", "metric", before, "mae", step, step + 0.5)
            shell.run_cell(source, store_history=True, cell_id=f"log{step}").raise_error()
            say("did", "metric", before, "mae", step, step + 0.5)
            say("did", "cell", before, source)


def settle(say: Say) -> None:
    """Takes in what others have left, over and over."""
    place = Workspace.at(Path.cwd())
    while True:
        say("will", "settle", None)
        RunBook(place).settle()
        say("did", "settle", None)


def main() -> None:
    """Fork a writer for each line."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    mimetypes.init()
    for kind, name in (("ledger", "sqlite"), ("blobs", "folder")):
        plugins.adapter(kind, name)
    for line in sys.stdin:
        kind, folder, told = line.split()
        pid = os.fork()
        if not pid:
            _write(kind, folder, told)
        print(pid, flush=True)


def _write(kind: str, folder: str, told: str) -> None:
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.chdir(folder)
        opened(Path.cwd())
        parent = os.getppid()
        file = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

        def say(*what: Any) -> None:
            if os.getppid() != parent:
                os._exit(0)  # nobody is left to kill it
            os.write(file, (json.dumps(what) + "\n").encode())

        {"api": api, "cells": cells, "settle": settle}[kind](say)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(1)


if __name__ == "__main__":
    main()
