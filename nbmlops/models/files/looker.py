"""The process that looks into files: it forks for each, and the fork has limits. What becomes of the fork is told in any case.

python -P -m nbmlops.models.files.looker     lines of questions on standard input, a line of JSON for each question on standard output
"""

from __future__ import annotations

import importlib.util
import os
import resource
import select
import signal
import sys
import time

import msgspec

from nbmlops.errors import NbmlopsError
from nbmlops.models.files.looking import look, no_memory
from nbmlops.models.files.records import Limits, Question, Told

_MANY = 8
_MAX_ANSWER = 64 << 20


class Asked(msgspec.Struct):
    """What comes in: files, and what each may take."""

    questions: list[Question]
    limits: Limits


class Outcome(msgspec.Struct):
    """What came of one file: what was told; or an error (the name of its class, message, hint); or how the fork ended.

    `ended` stands beside `over` where a library that lacked memory brought the fork down.
    """

    told: Told | None = None
    error: tuple[str, str, str] | None = None
    over: str | None = None  # the limit it went over: memory, cpu, wall
    ended: str | None = None
    peak_bytes: int = 0


def main() -> None:
    """Answer what standard input asks, line by line."""
    for line in sys.stdin.buffer:
        asked = msgspec.json.decode(line, type=Asked)
        if len(asked.questions) > _MANY:
            _load_what_is_there()
        for question in asked.questions:
            sys.stdout.buffer.write(msgspec.json.encode(_forked(question, asked.limits)) + b"\n")
            sys.stdout.buffer.flush()


def _load_what_is_there() -> None:
    """Once for all forks."""
    for module in ("pandas", "sklearn.ensemble", "skops.io", "xgboost", "lightgbm", "onnx", "onnxruntime"):
        if importlib.util.find_spec(module.partition(".")[0]) is not None:
            importlib.import_module(module)


def _forked(question: Question, limits: Limits) -> Outcome:
    answers, answer = os.pipe()
    words, said = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(answers)
        os.close(words)
        _inside(question, limits, answer, said)
    os.close(answer)
    os.close(said)
    heard, in_time = _heard(child, (answers, words), limits)
    _, status, used = os.wait4(child, 0)
    outcome = _outcome(heard[0], heard[1].decode("utf-8", "replace"), status, in_time=in_time)
    outcome.peak_bytes = used.ru_maxrss * 1024
    return outcome


def _inside(question: Question, limits: Limits, answer: int, said: int) -> None:
    """The fork: never comes back."""
    try:
        _limited(limits, said)
        outcome = Outcome(told=look(question, limits))
    except BaseException as error:  # whatever a file makes its library raise is told
        outcome = _raised(error)
    try:
        with open(answer, "wb", closefd=False) as out:
            out.write(msgspec.json.encode(outcome))
    finally:
        os._exit(0)


def _limited(limits: Limits, said: int) -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.dup2(said, 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # What it may write to, not address space: the libraries alone map gigabytes that they never touch.
    resource.setrlimit(resource.RLIMIT_DATA, (limits.memory_bytes, limits.memory_bytes))
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(used.ru_utime + used.ru_stime)
    resource.setrlimit(resource.RLIMIT_CPU, (spent + limits.cpu_s, spent + limits.cpu_s + 5))


def _raised(error: BaseException) -> Outcome:
    if no_memory(error):
        return Outcome(over="memory")
    if isinstance(error, NbmlopsError):
        return Outcome(error=(type(error).__name__, error.message, error.hint))
    return Outcome(ended=f"{type(error).__name__}: {str(error)[:300]}")


def _heard(child: int, pipes: tuple[int, int], limits: Limits) -> tuple[list[bytes], bool]:
    """What the fork writes until it ends, or is ended because its time is over."""
    end = time.monotonic() + limits.wall_s
    heard = {pipe: bytearray() for pipe in pipes}
    waiting, in_time = set(pipes), True
    while waiting:
        ready, _, _ = select.select(waiting, [], [], max(0.0, end - time.monotonic()))
        if not ready:
            os.kill(child, signal.SIGKILL)
            in_time = False
            break
        for pipe in ready:
            piece = os.read(pipe, 1 << 16)
            if not piece:
                waiting.discard(pipe)
            elif len(heard[pipe]) < _MAX_ANSWER:
                heard[pipe] += piece
    for pipe in pipes:
        os.close(pipe)
    return [bytes(heard[pipe]) for pipe in pipes], in_time


def _outcome(answer: bytes, words: str, status: int, *, in_time: bool) -> Outcome:
    if not in_time:
        return Outcome(over="wall")
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number == signal.SIGXCPU:
            return Outcome(over="cpu")
        if no_memory(words):
            return Outcome(over="memory", ended=_signal(number))
        return Outcome(ended=_signal(number))
    try:
        return msgspec.json.decode(answer, type=Outcome)
    except msgspec.DecodeError:
        return Outcome(over="memory" if no_memory(words) else None, ended=f"it ended with {os.WEXITSTATUS(status)}")


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


if __name__ == "__main__":
    main()
