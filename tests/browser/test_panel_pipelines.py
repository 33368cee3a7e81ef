"""Pipelines in the panel: executed again, followed while they are executed, stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from nbmlops import pipeline
from nbmlops.workspace import Workspace
from tests.browser.test_panel import HOSTILE
from tests.pipelines.notebooks import written

pytestmark = pytest.mark.slow
WAITS = "import os, time\nprint('epoch 4', flush=True)\nwhile not os.path.exists('go'): time.sleep(0.05)"
PIPELINE = """
params: {month: 2, label: "<img src=x onerror=alert(1)>"}
steps:
  prepare: {notebook: prepare.ipynb, params: {month: "${params.month}"}}
  fit: {notebook: fit.ipynb, after: [prepare]}
"""


@pytest.fixture
def executed(project: Path, workspace: Workspace) -> Any:
    """A pipeline of two steps that was executed once; the second waits for a file, which is gone since."""
    written(project / "prepare.ipynb", "from nbmlops import run\nrun.log({'rows': month * 5});", parameters="month = 1")
    written(project / "fit.ipynb", "1 + 1", WAITS, parameters=None)
    (project / "monthly.yaml").write_text(PIPELINE)
    (project / "go").touch()
    done = pipeline.run(str(project / "monthly.yaml"), params={"month": 3}, workspace=workspace)
    assert done.passed, done
    (project / "go").unlink()
    yield done
    (project / "go").touch()  # whatever still waits comes to its end


def test_a_pipeline_is_run_again_followed_and_stopped(look: Any, workspace: Workspace, executed: Any):
    sight = look()
    section = sight.section("pipelines")
    row = section.locator("[data-pipeline=monthly]")
    expect(row).to_have_attribute("data-status", "finished")
    expect(row.get_by_role("progressbar")).to_have_count(0)
    row.get_by_role("button", name="monthly", exact=False).first.click()
    expect(row.locator("[data-step=prepare]")).to_contain_text("rows15")
    expect(row).to_contain_text(HOSTILE)

    row.get_by_role("button", name="Run monthly again").click()
    dialog = sight.page.get_by_role("dialog")
    expect(dialog).to_contain_text("month3")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)
    assert [run.id for run in pipeline.find(workspace=workspace)] == [executed.id]

    row.get_by_role("button", name="Run monthly again").click()
    dialog.get_by_role("checkbox", name="Every step").check()
    dialog.get_by_role("button", name="Run again").click()
    fit = row.locator("[data-step=fit]")
    expect(fit).to_contain_text("cell 2 of 2  epoch 4", timeout=60_000)
    expect(fit).to_have_attribute("data-status", "running")
    expect(row.get_by_role("progressbar", name="Steps of monthly")).to_have_attribute("aria-valuenow", "1")
    (now, _) = pipeline.find(workspace=workspace)
    assert (now.status, now.params) == ("running", executed.params)

    row.get_by_role("button", name="Stop monthly").click()
    expect(row).to_have_attribute("data-status", "cancelled", timeout=60_000)
    expect(row.get_by_role("button", name="monthly").first).to_contain_text("cancelled")
    expect(fit).to_contain_text("killed")
    expect(fit).not_to_contain_text("epoch 4")
    expect(row.get_by_role("button", name="Run monthly again")).to_be_enabled()
    assert pipeline.show(now.id, workspace=workspace).status == "cancelled"
    assert not sight.errors
    assert not sight.abroad


def test_what_cannot_be_run_again_says_why(look: Any, project: Path, executed: Any):
    (project / "monthly.yaml").write_text(PIPELINE.replace("month: 2", "year: 2").replace("params.month", "params.year"))
    sight = look(theme="JupyterLab Dark")
    sight.section("pipelines").get_by_role("button", name="Run monthly again").click()
    sight.page.get_by_role("dialog").get_by_role("button", name="Run again").click()
    refused = sight.page.get_by_role("dialog").filter(has_text="Not started")
    expect(refused).to_contain_text("monthly has no parameter 'month'", timeout=30_000)


def test_one_that_is_executed_elsewhere_is_followed_and_none_says_how_to_begin(look: Any, project: Path, workspace: Workspace):
    sight = look()
    section = sight.section("pipelines")
    expect(section).to_contain_text("%mlops pipeline run FILE.yaml")
    written(project / "fit.ipynb", "raise ValueError('no rows')", parameters=None)
    (project / "p.yaml").write_text("steps: {fit: {notebook: fit.ipynb}}")
    pipeline.run(str(project / "p.yaml"), workspace=workspace)
    row = section.locator("[data-pipeline=p]")
    expect(row).to_have_attribute("data-status", "failed", timeout=20_000)
    row.get_by_role("button").first.click()
    expect(row.locator("[data-step=fit]")).to_contain_text("ValueError: no rows")
    expect(row.get_by_role("img", name="failed").first).to_be_visible()
