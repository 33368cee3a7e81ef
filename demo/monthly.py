"""The pipeline of `demo/pipeline`, month by month over the year; what has not changed is skipped, and it is said why."""

from __future__ import annotations

import calendar
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

PIPELINE = Path(__file__).parent / "pipeline"
MONTHS = range(2, 12)  # the last that is known; the one after is what the model is asked


def through_the_year(folder: Path, say: Callable[[str], None], months: Iterable[int] = MONTHS) -> list[Any]:
    """Execute the pipeline for each month, in a workspace that is there still when the demo is run again."""
    from nbmlops import pipeline
    from nbmlops.workspace import Workspace

    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(PIPELINE.iterdir()):
        if path.suffix in (".ipynb", ".yaml"):
            shutil.copyfile(path, folder / path.name)
    place = Workspace.at(folder, actor="demo")
    say("The pipeline prepare → train → evaluate → register, for one month after the other:")
    done = []
    for month in months:
        found = pipeline.run(str(folder / "flights.yaml"), params={"month": month}, workspace=place)
        say(f"  {calendar.month_name[month]:<10}{_told(found, month)}")
        done.append(found)
        if not found.passed:
            break
    place.close()
    return done


def _told(found: Any, month: int) -> str:
    if not found.passed:
        return f"{found.status}: {found.error}"
    executed = [step.step for step in found.steps if step.status != "skipped"]
    off = next(step.values["mae_next"] for step in found.steps if step.step == "evaluate")
    said = f"{off:5.2f} min off in {calendar.month_name[month + 1]}"
    if not executed:
        return f"{said}  all skipped: {found.steps[0].why}"
    why = next(step.why for step in found.steps if step.step == executed[0])
    return f"{said}  {', '.join(executed)} in {found.duration_s:.1f} s: {why}"
