"""All of the panel at once, from a workspace that has been lived in: for the eye, and for the documentation's pictures."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy
import pandas
import pytest
from playwright.sync_api import expect
from sklearn.linear_model import LinearRegression

from nbmlops.endpoints import verbs as endpoint_verbs
from nbmlops.models import verbs as model_verbs
from nbmlops.monitoring import policy_verbs
from nbmlops.monitoring import verbs as drift_verbs
from nbmlops.pipelines.journal import Journal
from nbmlops.pipelines.records import Pipeline, Step
from nbmlops.runs.book import RunBook
from nbmlops.runs.facts import Facts
from nbmlops.runs.records import MetricPoint
from nbmlops.workspace import Workspace

pytestmark = pytest.mark.slow
BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
WEEKS = 5


def flights(rows: int, *, week: int, seed: int) -> tuple[pandas.DataFrame, numpy.ndarray]:
    """Minutes in the air by distance and wind; the wind, and with it the truth, changes from week to week."""
    chance = numpy.random.default_rng(seed)
    frame = pandas.DataFrame(
        {
            "distance": chance.gamma(3.0, 300.0, rows),
            "head_wind": chance.normal(10.0 + 4.0 * week, 6.0, rows),
            "temperature": chance.normal(2.0 + 3.5 * week, 5.0, rows),
            "plane_year": chance.integers(1995, 2026, rows),
            "departure_hour": chance.integers(5, 23, rows),
        }
    )
    return frame, frame["distance"].to_numpy() / 7.6 + frame["head_wind"].to_numpy() * (1 + 0.02 * week) + chance.normal(0, 4, rows)


def add_runs(workspace: Workspace, notebook: Path) -> None:
    book = RunBook(workspace)
    for number, (name, mae) in enumerate(
        [("depth 4", 9.1), ("depth 6", 8.4), ("depth 6, all columns", None), ("depth 8", 7.7), ("depth 8, wind", 7.2)]
    ):
        began = workspace.clock() - timedelta(minutes=37 - 8 * number)
        metrics = [] if mae is None else [("mae", mae), ("rmse", mae * 1.37), ("r2", 1 - mae / 120)]
        run = book.open(
            name, experiment="air-time", kind="papermill", notebook=str(notebook.resolve()), started_at=began,
            params={"months": [1, 2], "max_depth": 4 + 2 * (number // 2), "learning_rate": 0.1},
        )  # fmt: skip
        facts = Facts(metrics=[MetricPoint(name=metric, step=0, value=value, at=began) for metric, value in metrics])
        failure: dict[str, Any] = {"error": "KeyError: 'tailnum'", "failed_cell": 4} if mae is None else {}
        book.end(run, "failed" if mae is None else "finished", facts=facts, **failure)
    book.open("depth 10, wind", experiment="air-time", kind="papermill", notebook=str(notebook.resolve()), params={"max_depth": 10})


def add_pipeline(workspace: Workspace, folder: Path) -> None:
    """An execution of this month: the first step had nothing to do, the second did it."""
    steps = [Step(name="prepare", notebook="prepare.ipynb"), Step(name="train", notebook="train.ipynb", after=["prepare"])]
    asked = Pipeline(name="monthly", file=str(folder / "monthly.yaml"), params={"month": 3}, steps=steps)
    journal = Journal(workspace)
    run = journal.begin(asked, asked.params)
    journal.say(run, "prepare", "skipped", why="nothing changed since 2026-03-02 06:30", told={"rows": 2000})
    journal.say(run, "train", "running", why="month is 3, was 2", attempts=1)
    journal.say(run, "train", "finished", told={"mae": 7.2})
    journal.end(run, "finished")


@pytest.fixture
def lived_in(workspace: Workspace, project: Path) -> Iterator[Workspace]:
    """Runs, three versions, a served model that was asked and told the truth for weeks, drift and decisions."""
    add_runs(workspace, project / "train.ipynb")
    add_pipeline(workspace, project)
    train, minutes = flights(2000, week=0, seed=1)
    for version, columns in enumerate((["distance"], ["distance", "head_wind"], list(train.columns)), start=1):
        fitted = LinearRegression().fit(train[columns], minutes)
        error = float(numpy.abs(fitted.predict(train[columns]) - minutes).mean())
        model_verbs.register("air-time", fitted, data=train[columns], metrics={"mae": error, "rmse": error * 1.3}, workspace=workspace)
        if version in (2, 3):
            model_verbs.promote("air-time", version, reason="better on February", workspace=workspace)
    model_verbs.promote("air-time", 1, alias="challenger", workspace=workspace)
    endpoint_verbs.start("air-time", workspace=workspace)
    try:
        policy_verbs.set_("air-time", "train.ipynb", metric="mae", decay_percent=60.0, workspace=workspace)
        for week in range(WEEKS):
            rows, truth = flights(400, week=week, seed=week + 7)
            begin = BEGIN + timedelta(days=7 * week)
            times = [begin + timedelta(minutes=25 * number) for number in range(len(rows))]
            answers = endpoint_verbs.predict("air-time", rows, times=times, workspace=workspace)
            endpoint_verbs.label("air-time", answers.ids, truth.tolist(), workspace=workspace)
            end = begin + timedelta(days=7)
            drift_verbs.check("air-time", endpoint="air-time", start=begin, end=end, workspace=workspace)
            policy_verbs.apply("air-time", end=end, workspace=workspace)
        yield workspace
    finally:
        endpoint_verbs.stop("air-time", workspace=workspace)


def test_a_workspace_that_was_lived_in_is_shown_whole(look: Any, lived_in: Workspace):
    sight = look(height=1480)
    expect(sight.section("runs").locator(".nbmlops-Run")).to_have_count(6)
    expect(sight.section("pipelines").locator("[data-pipeline=monthly]").get_by_role("img", name="finished")).to_be_visible()
    expect(sight.section("models").locator("[data-version='3']")).to_contain_text("champion")
    endpoint = sight.section("endpoints").locator("[data-endpoint='air-time']")
    expect(endpoint.get_by_role("img", name="serving")).to_be_visible()
    expect(endpoint).to_contain_text("2,000 predictions, 2,000 labelled")
    expect(endpoint).to_contain_text("v3")
    drift = sight.section("drift")
    expect(drift.locator("[data-drifted=true]").filter(has_text="temperature")).to_have_count(1)
    expect(drift.locator("[data-drifted=false]").filter(has_text="distance")).to_have_count(1)
    expect(drift.get_by_role("img", name="mae over time")).to_be_visible()
    expect(sight.section("decisions").locator("li")).to_have_count(WEEKS)
    sight.picture("panel")
    sight.picture("panel-light", sight.panel)
    assert not sight.errors
    assert not sight.abroad


def test_it_fits_a_dark_theme(look: Any, lived_in: Workspace):
    sight = look(theme="JupyterLab Dark", height=1480)
    expect(sight.section("decisions").locator("li")).to_have_count(WEEKS)
    lightness = sight.panel.evaluate(
        "node => getComputedStyle(node).backgroundColor.match(/\\d+/g).slice(0, 3).reduce((a, b) => a + +b, 0)"
    )
    assert lightness < 200
    sight.picture("panel-dark", sight.panel)


def test_a_stopped_endpoint_is_seen_by_itself(look: Any, lived_in: Workspace):
    sight = look()
    endpoint = sight.section("endpoints").locator("[data-endpoint='air-time']")
    expect(endpoint).to_contain_text("serving")
    endpoint_verbs.stop("air-time", workspace=lived_in)
    expect(endpoint).to_contain_text("stopped", timeout=20_000)
