"""Who looks at a study while it is executed: a bar and lines in a shell, and whatever a notebook puts among the views."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from nbmlops.pipelines.progress import trials_bar
from nbmlops.pipelines.sweeps.records import Study
from nbmlops.pipelines.sweeps.study import Look
from nbmlops.pipelines.sweeps.views import views
from nbmlops.runs.records import Trial


@contextmanager
def looked_at(what: str) -> Iterator[tuple[Look, Callable[[Study], None]]]:
    """Show a study as it fills. Gives what to call as it goes, and once with how it ended."""
    with ExitStack() as over:
        bar = over.enter_context(trials_bar(what))
        shows = [over.enter_context(view()) for view in views]

        def look(study: Study, trial: Trial | None) -> None:
            best = "" if study.best is None else f"best {study.metric} {study.best:.6g}, trial {study.best_trial}"
            bar(study.complete + study.pruned + study.failed, study.asked, best, line_of(study, trial) if trial else "")
            for show in shows:
                show(study)

        def last(study: Study) -> None:
            bar(0, study.asked, "", f"the best: {study.register}" if study.register else "")
            for show in shows:
                show(study)

        yield look, last


def line_of(study: Study, trial: Trial) -> str:
    """A trial that has ended, on one line without control characters."""
    values = " ".join(f"{name}={_short(value)}" for name, value in trial.params.items())
    value = trial.metrics.get(study.metric)
    how = f"{study.metric} {value:.6g}" if trial.state == "complete" and value is not None else f"{trial.state}: {trial.note}"
    took = "" if trial.duration_s is None else f"  ({trial.duration_s:.1f} s)"
    text = f"trial {trial.number}  {how}  {values}{took}"
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def _short(value: object) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
