"""What the ledger says of a pipeline that another tool executed, and whether all of it was."""

from __future__ import annotations

import json
from pathlib import Path

from nbmlops.pipelines.journal import Journal
from nbmlops.workspace import Workspace
from tests.exports.conftest import CITY


def steps(place: Workspace) -> list[tuple[str, str, int]]:
    """Each step that was asked for, the oldest first: its name, how it ended, at which attempt of one asking."""
    found = reversed(Journal(place).find(100))
    return [(step.step, step.status, step.attempts) for run in found for step in run.steps]


def all_is_made(place: Workspace) -> bool:
    """Whether the last step has made what it makes of what the first was given."""
    given = json.loads((Path(place.root) / "city.json").read_text())
    assert given == CITY, given
    return (Path(place.root) / "out" / "report.txt").read_text() == "7 rows"
