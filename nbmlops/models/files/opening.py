"""What a file is, told by a process with limits: a bomb, a crash or an endless loop ends there, and is an error here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from nbmlops import errors
from nbmlops.errors import Damaged, NbmlopsError, TooLarge, Unavailable
from nbmlops.models.files.looker import Asked, Outcome
from nbmlops.models.files.records import Limits, Question, Told
from nbmlops.models.flavors.zipped import shown

_START_S = 60.0
# One thread each: a thread's stack and arena count as memory, of which a machine with many cores would take more than the limit.
_ALONE = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "ARROW_NUM_THREADS", "MALLOC_ARENA_MAX")}
_MORE = 'If you know where it comes from, allow more in .nbmlops/workspace.json: "file_memory_bytes": {}.'


def look(asked: Question, limits: Limits | None = None) -> Told:
    """What a file is. Raises what is wrong with it; TooLarge where looking takes more than the limits."""
    (found,) = look_at([asked], limits)
    if isinstance(found, NbmlopsError):
        raise found
    return found


def look_at(asked: Sequence[Question], limits: Limits | None = None) -> list[Told | NbmlopsError]:
    """What many files are, or what is wrong with each."""
    limits = limits or Limits()
    return [_said(one, outcome, limits) for one, outcome in zip(asked, outcomes(asked, limits), strict=True)]


def outcomes(asked: Sequence[Question], limits: Limits) -> list[Outcome]:
    """What came of looking into files: one process for all, and a fork of it for each."""
    line = [sys.executable, "-P", "-m", "nbmlops.models.files.looker"]
    given = msgspec.json.encode(Asked(list(asked), limits))
    env = {**os.environ, **_ALONE}
    pipe = subprocess.PIPE
    process = subprocess.Popen(line, stdin=pipe, stdout=pipe, stderr=pipe, env=env, start_new_session=True)
    try:
        out, words = process.communicate(given, timeout=_START_S + limits.wall_s * len(asked))
    except BaseException as error:
        os.killpg(process.pid, signal.SIGKILL)  # its own group: itself and its forks
        process.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            raise Unavailable("The process that looks into files does not answer.", hint="Ask again.") from error
        raise
    try:
        found = [msgspec.json.decode(one, type=Outcome) for one in out.splitlines()]
    except msgspec.DecodeError:
        found = []
    if len(found) != len(asked):
        last = (words.decode("utf-8", "replace").strip() or f"it ended with {process.returncode}").splitlines()[-1]
        raise Unavailable(f"The process that looks into files did not come to its end: {shown(last, 300)}", hint="Ask again.")
    return found


def _said(asked: Question, outcome: Outcome, limits: Limits) -> Told | NbmlopsError:
    if outcome.told is not None:
        return replace(outcome.told, peak_bytes=outcome.peak_bytes)
    name = repr(shown(Path(asked.path).name))
    if outcome.over == "memory":
        return TooLarge(
            f"To be opened, {name} needs more than {limits.memory_bytes:,} bytes of memory.", hint=_MORE.format(2 * limits.memory_bytes)
        )
    if outcome.over is not None:
        took = f"{limits.cpu_s:g} s of computing" if outcome.over == "cpu" else f"{limits.wall_s:g} s"
        return TooLarge(f"To be opened, {name} needs more than {took}.", hint="It is damaged, or made to keep you waiting.")
    if outcome.error is not None:
        kind, message, hint = outcome.error
        raised: type[NbmlopsError] = getattr(errors, kind)
        return raised(message, hint=hint)
    return Damaged(f"{name} cannot be opened: what reads it crashes ({shown(str(outcome.ended), 300)}).", hint="Get it again.")
