"""The whole loop on a year of flights, as `make demo` runs it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from nbmlops.endpoints import verbs as endpoint
from nbmlops.workspace import Workspace

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "images"
MONTHS = 3  # of the pipeline's ten


@pytest.fixture(scope="module")
def year(tmp_path_factory):
    """The folder a run of the demo leaves, and what it printed."""
    folder = tmp_path_factory.mktemp("demo") / "out"
    env = {name: value for name, value in os.environ.items() if not name.startswith("NBMLOPS_")}
    done = subprocess.run([sys.executable, "-m", "demo", str(folder), str(MONTHS)], cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return folder, done.stdout


@pytest.mark.slow
def test_the_managed_model_is_at_most_three_quarters_as_wrong(year):
    folder, said = year
    figures = json.loads((folder / "report.json").read_text("utf-8"))
    assert figures["april_to_december"]["ratio"] <= 0.75
    assert len(figures["months"]) == 10 and sum(month["flights"] for month in figures["months"]) > 250_000
    assert f"ratio {figures['april_to_december']['ratio']:.3f}" in said


@pytest.mark.slow
def test_it_retrains_refuses_and_rolls_back_each_with_its_reason(year):
    folder, _ = year
    decisions = json.loads((folder / "report.json").read_text("utf-8"))["decisions"]
    actions = Counter(decision["action"] for decision in decisions)
    assert actions["promoted"] >= 1 and actions["refused"] >= 1 and actions["rolled_back"] >= 1
    for decision in decisions:
        assert decision["reason"] and decision["evidence"]
    for decision in decisions:
        if decision["action"] in ("promoted", "refused"):
            assert decision["run"] and decision["candidate"]


@pytest.mark.slow
def test_a_champion_is_challenged_and_what_is_wrong_with_a_candidate_refuses_it(year):
    folder, _ = year
    lines, cleaned, crew, trees = json.loads((folder / "report.json").read_text("utf-8"))["challenge"]
    assert [one["passed"] for one in (lines, cleaned, crew, trees)] == [True, False, False, True]
    assert "carrier = HA" in cleaned["said"] and "crew_hours alone predicts" in crew["said"]
    better = [check for check in cleaned["report"]["checks"] if check["kind"] == "performance"]
    assert all(check["passed"] for check in better), "it is better than the champion on average, and refused all the same"
    card = (folder / "challenge" / "card.html").read_text("utf-8")
    assert "carrier" in card and "Winds change" in card and "<script" not in card and not re.search(r"(src|href)=.?http", card)


def test_nothing_is_scripted_by_month():
    story = (ROOT / "demo" / "__main__.py").read_text("utf-8")
    assert ".rollback(" not in story and "force" not in story
    assert ".month ==" not in story and ".month in" not in story


@pytest.mark.slow
def test_everything_is_in_the_ledger_and_nothing_runs_on(year):
    folder, _ = year
    place = Workspace.at(folder)
    figures = json.loads((folder / "report.json").read_text("utf-8"))
    (served,) = endpoint.find(workspace=place)
    assert served.status == "stopped"
    assert served.predictions == served.labelled == sum(month["flights"] for month in figures["months"])
    assert figures["audit_whole"]
    place.close()


@pytest.mark.slow
def test_the_report_needs_no_network_and_is_worth_looking_at(year):
    from playwright.sync_api import sync_playwright

    from tests.browser.lab import CHROMIUM_ARGS, chromium

    folder, _ = year
    asked = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_ARGS)
        page = browser.new_page(viewport={"width": 1150, "height": 900})
        page.on("request", lambda request: asked.append(request.url))
        page.goto((folder / "report.html").as_uri())
        pictures = page.locator("svg")
        assert pictures.count() == 2
        for at in range(2):
            box = pictures.nth(at).bounding_box()
            assert box and box["width"] > 600 and box["height"] > 150
        if os.environ.get("NBMLOPS_PICTURES"):
            PICTURES.mkdir(parents=True, exist_ok=True)
            pictures.nth(0).screenshot(path=PICTURES / "year.png")
            pictures.nth(1).screenshot(path=PICTURES / "drift.png")
        browser.close()
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


@pytest.mark.slow
def test_the_pipeline_goes_through_the_year_and_skips_what_has_not_changed(year):
    from demo import monthly

    folder, said = year
    assert said.count("prepare, train, evaluate, register in") == MONTHS
    lines: list[str] = []
    again = monthly.through_the_year(folder / "pipeline", lines.append, monthly.MONTHS[:MONTHS])
    assert all(step.status == "skipped" for found in again for step in found.steps) and len(again) == MONTHS
    assert sum("all skipped: nothing changed since" in line for line in lines) == MONTHS, lines
