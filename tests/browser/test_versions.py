"""Versions of a model where a person looks at them: in the notebook, with its panel, and beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import expect

from nbmlops.models import verbs
from nbmlops.models.registry import Registry
from nbmlops.runs import audit_verbs
from nbmlops.workspace import Workspace
from tests.models.versions import add_version

pytestmark = pytest.mark.slow
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def gated(workspace: Workspace) -> Workspace:
    """Three versions, the first of which answers; the gate lets the second pass and refuses the third twice."""
    for mae in (8.0, 7.0, 9.0):
        add_version(workspace, "air-time", {"mae": mae}, description=HOSTILE, alpha=mae)
    verbs.promote("air-time", 1, workspace=workspace)
    verbs.gate("air-time", "mae", limit=8.5, workspace=workspace)
    return workspace


def champion(workspace: Workspace) -> int:
    return Registry(workspace).aliased("air-time", "champion").version


def test_a_version_is_promoted_in_the_notebook_after_its_gate_was_shown_and_the_move_confirmed(
    project: Path, gated: Workspace, look: Any
):  # fmt: skip
    path = project / "train.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells = [nbformat.v4.new_code_cell("%load_ext nbmlops\n%mlops model show air-time")]
    nbformat.write(notebook, path)
    sight = look(height=1500)
    alarms: list[str] = []
    sight.page.on("dialog", lambda dialog: (alarms.append(dialog.message), dialog.dismiss()))
    expect(sight.page.locator("#jp-main-statusbar")).to_contain_text("| Idle", timeout=60_000)
    sight.page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")
    box = sight.page.locator(".jp-Notebook .jp-OutputArea-output .widget-vbox").first
    button = {name: box.get_by_role("button", name=name, exact=True) for name in ("Promote …", "Promote", "Promote anyway", "Roll back …")}
    expect(button["Promote …"]).to_be_visible(timeout=90_000)
    expect(box).to_contain_text("7 (−1, −12.5 %, better)", timeout=30_000)

    box.get_by_role("combobox", name="Version").select_option(index=0)  # the newest, which is refused
    button["Promote …"].click()
    expect(box).to_contain_text("✗ mae at most 8.5 (performance)", timeout=30_000)
    expect(box).to_contain_text("✗ against the champion (performance)")
    expect(button["Promote anyway"]).to_be_disabled()
    sight.picture("model-panel-refused")

    box.get_by_role("combobox", name="Version").select_option(index=1)
    expect(button["Promote anyway"]).to_be_hidden()
    button["Promote …"].click()
    expect(box).to_contain_text("gate: passed", timeout=30_000)
    assert champion(gated) == 1
    box.get_by_role("textbox", name="Reason").fill("a better month")
    box.get_by_role("textbox", name="Reason").blur()
    sight.picture("model-panel")
    button["Promote"].click()
    expect(box).to_contain_text("points at version 2 (before: 1).", timeout=30_000)
    expect(box).to_contain_text("version 2 (champion)")
    assert champion(gated) == 2
    assert audit_verbs.find(subject="air-time", workspace=gated)[0].evidence["reason"] == "a better month"
    assert not alarms
    assert [error for error in sight.errors if "404" not in error] == []


def test_beside_the_notebook_versions_have_pages_and_stand_side_by_side_and_a_refusal_names_every_check(gated: Workspace, look: Any):
    sight = look(height=1500)
    models = sight.section("models")
    for version in (3, 1):
        models.get_by_role("button", name=f"Version {version} of air-time", exact=True).click()
        models.locator(f"[data-version='{version}']").get_by_role("button", name="Pick to compare").click()
    beside = models.get_by_role("region", name="Versions side by side")
    expect(beside).to_contain_text("8 → 9 (+12.5 %) worse")  # against the champion, though it was picked last
    expect(beside.locator("[data-part=parameter]")).to_contain_text("8 → 9")
    page = models.get_by_role("region", name="Page of version 3 of air-time")
    expect(page).to_contain_text("Example rows")
    expect(page).to_contain_text(HOSTILE)
    expect(page.get_by_role("row", name="distance float")).to_contain_text("100 … 2,400")
    page.get_by_text("Load it").click()
    expect(page).to_contain_text("loaded.predict(frame)")
    expect(page.get_by_role("region", name="Gate")).to_have_count(0)
    sight.picture("panel-version", of=sight.panel)

    models.get_by_role("button", name="Promote version 3 of air-time").click()
    asked = sight.page.get_by_role("dialog")
    expect(asked.locator("li[data-passed=false]")).to_have_count(2)
    expect(asked).to_contain_text("9 / 8.5")
    expect(page.get_by_role("region", name="Gate")).to_contain_text("mae at most 8.5", timeout=20_000)  # it follows by itself
    asked.get_by_role("button", name="Promote").click()
    refused = sight.page.get_by_role("dialog").filter(has_text="gate_refused")
    expect(refused.locator("li[data-passed=false]")).to_have_count(2)
    expect(refused).to_contain_text("as good is asked")
    refused.get_by_role("button", name="Keep").click()
    expect(sight.page.get_by_role("dialog")).to_have_count(0)
    assert champion(gated) == 1
    width = sight.panel.evaluate("node => [node.scrollWidth, node.clientWidth]")
    assert width[0] <= width[1], "a page widens the panel"
    assert [error for error in sight.errors if "409" not in error] == [] and not sight.abroad  # the browser notes the refusal
