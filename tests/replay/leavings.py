"""What is on the disk and running before and after: what a command that is killed leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from nbmlops.settings import ENVIRONMENT


def tree(folder: Path) -> dict[str, object]:
    """Everything in a folder but the workspace: names, bytes, times, rights."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if not name.startswith((".nbmlops", ".ipynb_checkpoints")):
            state = path.lstat()
            found[name] = (path.is_symlink() and os.readlink(path)) or (path.is_dir() or (path.read_bytes(), state.st_mtime_ns), state.st_mode)
    return found


def killed(words: Sequence[str], *, folder: Path, temporary: Path, how: signal.Signals, after_s: float) -> None:
    """Run `nbmlops` with these words in a folder, kill it after so many seconds; it must leave no process and no temporary file."""
    asked = subprocess.Popen(
        [str(Path(sys.executable).with_name("nbmlops")), *words], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    time.sleep(after_s)
    asked.send_signal(how)
    asked.wait(30)
    end = time.monotonic() + 20
    while list(temporary.iterdir()) and time.monotonic() < end:
        time.sleep(0.1)
    left = [process for process in psutil.process_iter() if str(temporary) in _environment(process).get(ENVIRONMENT, "")]
    assert not left and not list(temporary.iterdir())


def _environment(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ()
    except psutil.Error:
        return {}
