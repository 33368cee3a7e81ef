"""The table of runs in a notebook: somebody types a filter, clicks a head, picks rows, and sees what they asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import expect

from nbmlops.runs import verbs
from nbmlops.workspace import Workspace

pytestmark = pytest.mark.slow


def test_runs_are_filtered_sorted_and_compared_in_a_live_notebook(project: Path, workspace: Workspace, look: Any):
    for number, name in enumerate(("one", "<img src=x onerror=alert(1)>", "three")):
        verbs.start(name, params={"lr": 0.1 * (number + 1)}, workspace=workspace)
        for step in range(3):
            verbs.log({"mae": 9.0 - number - step}, workspace=workspace)
    verbs.end(workspace=workspace)
    path = project / "train.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells = [nbformat.v4.new_code_cell("%load_ext nbmlops\n%mlops run find")]
    nbformat.write(notebook, path)
    sight = look(height=1100)
    alarms: list[str] = []
    sight.page.on("dialog", lambda dialog: (alarms.append(dialog.message), dialog.dismiss()))
    expect(sight.page.locator("#jp-main-statusbar")).to_contain_text("| Idle", timeout=60_000)
    sight.page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")
    table = sight.page.locator(".nbmlops-x")
    rows = table.locator("tbody tr")
    expect(rows).to_have_count(3, timeout=90_000)
    expect(rows.first).to_contain_text("three")
    expect(rows.nth(1)).to_contain_text("<img src=x")
    expect(table.locator("img")).to_have_count(0)

    by = table.locator("th", has=sight.page.get_by_role("button", name="mae"))
    by.get_by_role("button").click()
    expect(by).to_have_attribute("aria-sort", "ascending")
    expect(rows.first).to_contain_text("three")
    by.get_by_role("button").click()
    expect(by).to_have_attribute("aria-sort", "descending")
    expect(rows.first).to_contain_text("one", timeout=30_000)

    box = table.get_by_role("searchbox", name="Filter runs")
    box.fill("params.lr < 0.15")
    expect(rows).to_have_count(1)
    box.fill("metrics.meo < 9")
    expect(table.get_by_role("alert")).to_contain_text("Did you mean mae?")
    expect(table.get_by_role("alert").locator("pre")).to_contain_text("^")
    box.fill("")
    expect(rows).to_have_count(3)

    for at in (0, 2):
        rows.nth(at).get_by_role("checkbox").check()
    expect(table).to_contain_text("2 picked")
    table.get_by_role("button", name="Compare").click()
    expect(sight.page.locator(".jp-Notebook")).to_contain_text("better", timeout=30_000)
    table.get_by_role("button", name="Parallel").click()
    expect(sight.page.locator(".jp-Notebook").get_by_text("Runs by parameters and metrics").first).to_be_visible(timeout=30_000)
    sight.picture("explorer")
    assert not alarms
    assert [error for error in sight.errors if "404" not in error] == []
