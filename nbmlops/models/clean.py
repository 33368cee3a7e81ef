"""Processes that have nothing of this one, to ask a model in: a fork of one that stands by, where the system can; else a new one."""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbmlops.errors import Unavailable
from nbmlops.runs.environment import environment

LOADER = "nbmlops_model.py"


@dataclass(frozen=True)
class Said:
    """What a process said, and how it ended."""

    status: int
    out: str
    err: str


def ask(folder: Path, *, modules: Iterable[str], python: Path | None, timeout_s: float) -> Said:
    """Have the loader in a model's folder answer the rows there. `modules` are loaded before, where a process stands by.

    Unavailable after `timeout_s`.
    """
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "NBMLOPS"))}
    if python is None and sys.platform == "linux":
        with _standing:
            try:
                return _prover(tuple(modules)).ask(folder, environ, timeout_s)
            except _Ended:  # it had stood by for long enough, at this very moment
                return _prover(tuple(modules)).ask(folder, environ, timeout_s)
    child = [str(python or sys.executable), "-I", str(folder / "code" / LOADER), str(folder), "--json"]
    try:
        done = subprocess.run(child, capture_output=True, text=True, timeout=timeout_s, cwd=folder, env=environ, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired as error:
        raise _late(timeout_s) from error
    return Said(done.returncode, done.stdout, done.stderr)


_GONE, _GONE_HINT = "The process that was to ask the model ended.", "Ask again; is there memory enough?"
_standing = threading.Lock()
_last: _Prover | None = None


def _prover(modules: tuple[str, ...]) -> _Prover:
    """The process that stands by; another where this one asks for other libraries, or something was installed meanwhile."""
    global _last
    key = (os.getpid(), modules, json.dumps(environment()["distributions"], sort_keys=True))
    if _last is None or _last.key != key or _last.process.poll() is not None:
        if _last is not None and _last.key[0] == os.getpid():
            _last.end()
        _last = _Prover(key)
    return _last


@atexit.register
def _end() -> None:
    if _last is not None and _last.key[0] == os.getpid():
        _last.end()


class _Ended(Unavailable):
    """The process that stood by is gone, and has answered nothing."""


class _Prover:
    """A process that stands by, in a group of its own: what it forked ends with it."""

    def __init__(self, key: tuple[int, tuple[str, ...], str]) -> None:
        self.key = key
        program = Path(__file__).with_name("prover.py")
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "NBMLOPS"))}
        self.process = subprocess.Popen(
            [sys.executable, "-I", str(program), *key[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=environ, cwd="/", start_new_session=True,
        )  # fmt: skip

    def ask(self, folder: Path, environ: dict[str, str], timeout_s: float) -> Said:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps({"folder": str(folder), "environ": environ}).encode() + b"\n")
            self.process.stdin.flush()
            told = self._told(timeout_s)
        except BrokenPipeError as error:
            self.end()
            raise _Ended(_GONE, hint=_GONE_HINT) from error
        except BaseException:  # an interrupt too: what is still under way must not answer the next question
            self.end()
            raise
        return Said(told["status"], told["out"], told["err"])

    def _told(self, timeout_s: float) -> dict[str, Any]:
        assert self.process.stdout is not None
        end, got = time.monotonic() + timeout_s, b""
        while not got.endswith(b"\n"):
            if not select.select([self.process.stdout], [], [], max(0.0, end - time.monotonic()))[0]:
                raise _late(timeout_s)
            more = os.read(self.process.stdout.fileno(), 1 << 16)
            if not more:
                raise _Ended(_GONE, hint=_GONE_HINT)
            got += more
        told: dict[str, Any] = json.loads(got)
        return told

    def end(self) -> None:
        with suppress(OSError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()


def _late(timeout_s: float) -> Unavailable:
    return Unavailable(f"The model did not answer {timeout_s:g} s long in a clean process.", hint="What does it do when it is loaded?")
