"""The panel in a real JupyterLab: what it shows, that it follows by itself, that it promotes and rolls back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from nbmlops.ledger.ids import new_id
from nbmlops.models import verbs as model_verbs
from nbmlops.models.registry import Registry
from nbmlops.replay.book import keep
from nbmlops.replay.records import Verification
from nbmlops.runs import audit_verbs
from nbmlops.runs.book import RunBook
from nbmlops.runs.facts import Facts
from nbmlops.runs.records import MetricPoint
from nbmlops.workspace import Workspace
from tests.browser.lab import INSTALL, chromium

pytestmark = pytest.mark.slow
HOSTILE = "<img src=x onerror=alert(1)>"


def add_run(workspace: Workspace, notebook: Path, name: str, *, status: str = "finished", **metrics: float) -> str:
    """A run of the notebook, as papermill would leave it."""
    book = RunBook(workspace)
    points = [MetricPoint(name=key, step=0, value=value, at=workspace.clock()) for key, value in metrics.items()]
    run = book.open(name, experiment="air-time", kind="papermill", notebook=str(notebook.resolve()), params={"depth": 4, "month": [1, 2]})
    failure = {"error": "KeyError: 'tailnum'", "failed_cell": 4} if status == "failed" else {}
    book.end(run, status, facts=Facts(metrics=points), **failure)
    return run


def add_versions(workspace: Workspace, *maes: float) -> None:
    """Versions of a real small model, each with its recorded error."""
    import pandas
    from sklearn.linear_model import LinearRegression

    frame = pandas.DataFrame({"distance": [100.0, 800.0, 2400.0, 500.0], "month": [1, 2, 3, 4]})
    fitted = LinearRegression().fit(frame, [30.0, 120.0, 340.0, 80.0])
    for mae in maes:
        model_verbs.register("air-time", fitted, data=frame, metrics={"mae": mae, "rmse": mae * 1.4}, workspace=workspace)


def champion(workspace: Workspace) -> int | None:
    alias = Registry(workspace).alias("air-time", "champion")
    return alias.version if alias else None


def test_an_empty_folder_says_how_to_begin_and_stays_empty(look: Any, project: Path):
    sight = look()
    expect(sight.panel).to_contain_text("Nothing is recorded here yet")
    expect(sight.panel).to_contain_text("%load_ext nbmlops")
    assert not (project / ".nbmlops").exists()
    sight.picture("panel-empty")


def test_a_verdict_stands_with_the_run_and_with_the_version_made_of_it(look: Any, project: Path, workspace: Workspace):
    import pandas
    from sklearn.linear_model import LinearRegression

    run = add_run(workspace, project / "train.ipynb", "depth 4", mae=8.125)
    frame = pandas.DataFrame({"distance": [100.0, 800.0, 2400.0]})
    fitted = LinearRegression().fit(frame, [30.0, 120.0, 340.0])
    model_verbs.register("air-time", fitted, run=run, data=frame, workspace=workspace)
    with workspace.ledger.write() as tx:  # as where the session saw the run fit it
        tx.run("UPDATE model_version SET fit = 0")
    sight = look()
    expect(sight.section("runs").locator(".nbmlops-Run")).to_have_count(1)
    assert sight.panel.locator(".nbmlops-Chip[data-kind=VERIFIED], .nbmlops-Chip[data-kind=DIFFERS]").count() == 0
    for verdict, words in (("VERIFIED", "verified"), ("DIFFERS", "differs")):  # it follows by itself
        said = Verification(
            id=new_id("verification"), run=run, name="depth 4", verdict=verdict, sentence=HOSTILE, cause=None, cell=None, compared=[],
            deviations=[], missing=[], data=None, environment="here", at=workspace.clock(), duration_s=1.0,
        )  # fmt: skip
        keep(workspace, said)
        for section in ("runs", "models"):
            expect(sight.section(section).locator(f".nbmlops-Chip[data-kind={verdict}]")).to_have_text(words)


def test_it_shows_the_open_notebooks_runs_with_what_they_measured(look: Any, project: Path, workspace: Workspace):
    add_run(workspace, project / "train.ipynb", "depth 4", mae=8.125)
    add_run(workspace, project / "train.ipynb", "depth 6", status="failed")
    add_run(workspace, project / "other.ipynb", "of another notebook", mae=1.0)
    sight = look()
    runs = sight.section("runs")
    expect(runs.locator(".nbmlops-Run")).to_have_count(2)
    expect(runs).to_contain_text("8.125")
    expect(runs.get_by_role("img", name="failed")).to_be_visible()
    runs.get_by_role("button", name="All", exact=True).click()
    expect(runs.locator(".nbmlops-Run")).to_have_count(3)
    runs.get_by_role("button", name="depth 6").focus()
    sight.page.keyboard.press("Enter")
    expect(runs).to_contain_text("KeyError: 'tailnum'")
    expect(runs).to_contain_text("[1,2]")
    assert not sight.errors
    assert not sight.abroad


def test_the_runs_are_narrowed_by_a_filter_and_what_is_wrong_with_one_is_shown(look: Any, project: Path, workspace: Workspace):
    add_run(workspace, project / "train.ipynb", "depth 4", mae=8.125)
    add_run(workspace, project / "train.ipynb", "depth 6", mae=7.5)
    sight = look()
    runs = sight.section("runs")
    expect(runs.locator(".nbmlops-Run")).to_have_count(2)
    box = runs.get_by_role("searchbox", name="Filter runs")
    box.fill("metrics.mae < 8")
    expect(runs.locator(".nbmlops-Run")).to_have_count(1)
    expect(runs).to_contain_text("depth 6")
    box.fill("metrics.meo < 8")
    expect(runs.get_by_role("alert")).to_contain_text("No run has a metric 'meo'")
    expect(runs.get_by_role("alert")).to_contain_text("Did you mean mae?")
    sight.picture("panel-filter")
    box.fill("name = nobody")
    expect(runs).to_contain_text("No run passes this filter.")
    box.fill("")
    expect(runs.locator(".nbmlops-Run")).to_have_count(2)
    assert not sight.abroad


def test_picked_runs_stand_side_by_side(look: Any, project: Path, workspace: Workspace):
    add_run(workspace, project / "train.ipynb", "one", mae=8.0)
    add_run(workspace, project / "train.ipynb", "two", mae=6.0)
    sight = look()
    runs = sight.section("runs")
    for name in ("one", "two"):
        runs.get_by_role("button", name=name).first.click()
        runs.locator(".nbmlops-Run", has_text=name).get_by_role("button", name="Pick to compare").click()
    shown = runs.get_by_role("region", name="Comparison")
    expect(shown).to_contain_text("8 → 6 (-25.0 %) better")
    sight.picture("panel-compare")
    shown.get_by_role("button", name="Pick none").click()
    expect(shown).to_have_count(0)
    assert not sight.errors


def test_it_follows_a_change_made_by_another_process(look: Any, project: Path, workspace: Workspace):
    add_run(workspace, project / "train.ipynb", "first", mae=8.0)
    sight = look()
    runs = sight.section("runs")
    expect(runs.locator(".nbmlops-Run")).to_have_count(1)
    code = "from nbmlops import run; run.start('from a script', params={'depth': 9}); run.log({'mae': 7.25}); run.end()"
    subprocess.run([sys.executable, "-c", code], cwd=project, check=True)
    runs.get_by_role("button", name="All", exact=True).click()
    expect(runs.locator(".nbmlops-Run")).to_have_count(2, timeout=20_000)
    add_run(workspace, project / "train.ipynb", "third", mae=6.5)
    expect(runs.locator(".nbmlops-Run")).to_have_count(3, timeout=20_000)
    expect(runs).to_contain_text("6.5")


def test_it_asks_for_nothing_while_nobody_looks(look: Any, project: Path, workspace: Workspace):
    sight = look()
    expect(sight.section("runs")).to_be_visible()
    sight.page.locator(".jp-SideBar.jp-mod-right li[data-id='nbmlops-panel']").click()
    expect(sight.panel).to_be_hidden()
    asked: list[str] = []
    sight.page.on("request", lambda request: asked.append(request.url) if "/nbmlops/" in request.url else None)
    sight.page.wait_for_timeout(4000)
    assert not asked


def test_a_first_run_in_an_open_notebook_ends_the_emptiness(look: Any, project: Path):
    sight = look()
    expect(sight.panel).to_contain_text("Nothing is recorded here yet")
    Workspace.at(project).close()
    sight.page.locator(".jp-Notebook .jp-CodeCell").first.click()
    sight.page.keyboard.press("Shift+Enter")
    expect(sight.section("runs")).to_be_visible(timeout=40_000)


def test_promoting_from_the_panel_moves_the_alias_and_says_why(look: Any, workspace: Workspace):
    add_versions(workspace, 8.0, 7.0)
    model_verbs.promote("air-time", 1, workspace=workspace)
    sight = look()
    models = sight.section("models")
    expect(models.locator("[data-version='1']")).to_contain_text("champion")
    models.get_by_role("button", name="Promote version 2 of air-time").click()
    dialog = sight.page.get_by_role("dialog")
    expect(dialog).to_contain_text("now v1")
    dialog.get_by_role("textbox").fill("a month of better numbers")
    sight.picture("panel-promote")
    dialog.get_by_role("button", name="Promote").click()
    expect(models.locator("[data-version='2']")).to_contain_text("champion", timeout=20_000)
    assert champion(workspace) == 2
    told = audit_verbs.find(workspace=workspace)
    assert any("a month of better numbers" in str(event.evidence) for event in told if event.verb == "model.promote")
    assert not sight.errors
    assert not sight.abroad


def test_rolling_back_from_the_panel_points_the_alias_where_it_was(look: Any, workspace: Workspace):
    add_versions(workspace, 8.0, 7.0)
    model_verbs.promote("air-time", 1, workspace=workspace)
    model_verbs.promote("air-time", 2, workspace=workspace)
    sight = look()
    models = sight.section("models")
    models.get_by_role("button", name="Roll back air-time").click()
    sight.page.get_by_role("dialog").get_by_role("button", name="Roll back").click()
    expect(models.locator("[data-version='1']")).to_contain_text("champion", timeout=20_000)
    expect(models.get_by_role("button", name="Roll back air-time")).to_have_count(0)
    assert champion(workspace) == 1


def test_cancelling_moves_nothing(look: Any, workspace: Workspace):
    add_versions(workspace, 8.0, 7.0)
    model_verbs.promote("air-time", 1, workspace=workspace)
    sight = look()
    sight.section("models").get_by_role("button", name="Promote version 2 of air-time").click()
    sight.page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(sight.page.get_by_role("dialog")).to_have_count(0)
    assert champion(workspace) == 1


def test_a_refusal_by_the_gate_is_shown_and_can_be_overruled_with_a_reason(look: Any, workspace: Workspace):
    add_versions(workspace, 7.0, 9.0)
    model_verbs.promote("air-time", 1, workspace=workspace)
    model_verbs.gate("air-time", "mae", better_percent=0.0, workspace=workspace)
    sight = look()
    models = sight.section("models")
    models.get_by_role("button", name="Promote version 2 of air-time").click()
    sight.page.get_by_role("dialog").get_by_role("button", name="Promote").click()
    dialog = sight.page.get_by_role("dialog").filter(has_text="gate_refused")
    expect(dialog).to_contain_text("The gate refused version 2")
    sight.picture("panel-refused")
    assert champion(workspace) == 1
    dialog.get_by_role("textbox").fill("the old one cannot be served")
    dialog.get_by_role("button", name="Promote anyway").click()
    expect(models.locator("[data-version='2']")).to_contain_text("champion", timeout=20_000)
    assert champion(workspace) == 2


def test_names_are_text_whatever_they_look_like(look: Any, project: Path, workspace: Workspace):
    add_run(workspace, project / "train.ipynb", HOSTILE, mae=1.0)
    add_run(workspace, project / "train.ipynb", "🚀 " + "n" * 240, mae=float("nan"))
    sight = look()
    alarms: list[str] = []
    sight.page.on("dialog", lambda dialog: (alarms.append(dialog.message), dialog.dismiss()))
    runs = sight.section("runs")
    expect(runs.get_by_text(HOSTILE)).to_be_visible()
    runs.get_by_role("button", name=HOSTILE).click()
    expect(runs.locator("img")).to_have_count(0)
    assert not alarms
    width = sight.panel.evaluate("node => [node.scrollWidth, node.clientWidth]")
    assert width[0] <= width[1], "a long name widens the panel"
    assert not sight.errors
    assert not sight.abroad


def test_the_palette_opens_it(look: Any, workspace: Workspace):
    sight = look()
    sight.page.locator(".jp-SideBar.jp-mod-right li[data-id='nbmlops-panel']").click()
    expect(sight.panel).to_be_hidden()
    sight.page.evaluate("() => window.jupyterapp.commands.execute('nbmlops:show')")
    expect(sight.panel).to_be_visible()
    labels = sight.page.evaluate("() => window.jupyterapp.commands.label('nbmlops:show')")
    assert labels == "Show runs, models and drift"


def test_a_missing_browser_is_told_with_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("NBMLOPS_CHROMIUM", raising=False)
    with pytest.raises(RuntimeError, match="apt-get install chromium"):
        chromium()
    assert "apt-get install chromium" in INSTALL
