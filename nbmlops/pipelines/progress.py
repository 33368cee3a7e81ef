"""How far an execution is: a bar that counts its cells, or one that counts executions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[int, int], None]


@contextmanager
def cells_bar(what: str) -> Iterator[Progress]:
    """A bar while the block lasts, where somebody looks; gives what to call with (cell, cells). Executed again, it begins again."""
    with steps_bar(what) as (_, progress):
        yield progress


@contextmanager
def runs_bar(what: str, runs: int) -> Iterator[Callable[[object], object]]:
    """A bar while the block lasts, where somebody looks; gives what to call when one of so many is done."""
    from tqdm.auto import tqdm

    with tqdm(total=runs, desc=what, unit="run", disable=None, leave=False) as bar:
        yield lambda done: bar.update(1)


@contextmanager
def steps_bar(what: str) -> Iterator[tuple[Callable[[str], None], Progress]]:
    """A bar for executions one after another: gives what to call with what is executed next, and with (cell, cells) of it."""
    from tqdm.auto import tqdm

    with tqdm(total=None, desc=what, unit="cell", disable=None, leave=False) as bar:

        def say(now: str) -> None:
            bar.reset()
            bar.set_postfix_str(now)

        def progress(cell: int, cells: int) -> None:
            bar.total = cells
            bar.update(cell + 1 - bar.n)

        yield say, progress


@contextmanager
def trials_bar(what: str) -> Iterator[Callable[[int, int, str, str], None]]:
    """A bar for the trials of a study, where somebody looks, and a line for each that has ended.

    Gives what to call with how many have ended, of how many, what is best so far, and the line (or none).
    """
    from tqdm.auto import tqdm

    with tqdm(total=None, desc=what, unit="trial", disable=None, leave=False) as bar:

        def say(done: int, trials: int, best: str, line: str) -> None:
            bar.total = trials
            bar.update(done - bar.n)
            bar.set_postfix_str(best)
            if line and not bar.disable:
                bar.write(line)

        yield say


@contextmanager
def steps_lines() -> Iterator[Callable[[str, str], None]]:
    """A bar for each step that is being executed, a line for each that is done; gives what to call with (step, how it stands)."""
    from threading import Lock

    from tqdm.auto import tqdm

    bars: dict[str, tqdm[None]] = {}
    lock = Lock()

    def say(step: str, how: str) -> None:
        with lock:
            bar = bars.get(step)
            if bar is None:
                bar = bars[step] = tqdm(total=None, desc=step, bar_format="{desc}  {postfix}", disable=None, leave=True)
            bar.set_postfix_str(how)

    try:
        yield say
    finally:
        for bar in bars.values():
            bar.close()
