"""A clean process that has loaded what models need, and forks for each model that is to be proved. Imports nothing of nbmlops.

    python -I prover.py MODULE …      one request a line: {"folder", "environ"}; one answer a line: {"status", "out", "err"}

What forked has nothing of what another model left. It ends when nobody has asked for a minute, and with whoever started it.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import runpy
import select
import sys
import tempfile
from typing import Any, BinaryIO

IDLE_S = 60
MOST = 1 << 20  # of what a model prints, the last bytes


def main(modules: list[str]) -> None:
    """Load the modules, then answer requests."""
    for name in modules:
        with contextlib.suppress(Exception):  # whoever needs it says what it lacks
            importlib.import_module(name)
    while select.select([0], [], [], IDLE_S)[0]:
        line = sys.stdin.readline()
        if not line:
            return
        sys.stdout.write(json.dumps(_answered(json.loads(line))) + "\n")
        sys.stdout.flush()


def _answered(asked: dict[str, Any]) -> dict[str, object]:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if child == 0:
            _prove(asked, out.fileno(), err.fileno())
        _, status = os.waitpid(child, 0)
        return {"status": os.waitstatus_to_exitcode(status), "out": _said(out), "err": _said(err)}


def _prove(asked: dict[str, Any], out: int, err: int) -> None:
    """In the fork: be the model's own program."""
    status = 1
    try:
        os.dup2(out, 1)
        os.dup2(err, 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.environ.clear()
        os.environ.update(asked["environ"])
        os.chdir(asked["folder"])
        script = os.path.join(asked["folder"], "code", "nbmlops_model.py")
        sys.argv = [script, asked["folder"], "--json"]
        runpy.run_path(script, run_name="__main__")
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def _said(file: BinaryIO) -> str:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - MOST))
    return file.read().decode("utf-8", "replace")


if __name__ == "__main__":
    main(sys.argv[1:])
