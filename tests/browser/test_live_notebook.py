"""A person works in a notebook; the panel beside it tells what the record holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import expect

from nbmlops.runs.book import RunBook
from nbmlops.workspace import Workspace

pytestmark = pytest.mark.slow

CELLS = [
    "import pandas as pd\nfrom sklearn.datasets import load_diabetes\nload_diabetes(as_frame=True).frame.to_csv('d.csv')\nd = pd.read_csv('d.csv')",
    "from sklearn.linear_model import Ridge\nridge = Ridge(alpha=month).fit(d[['bmi', 's5']], d.target)",
    "from sklearn.metrics import mean_absolute_error\nmae = mean_absolute_error(d.target, ridge.predict(d[['bmi', 's5']]))",
    "%mlops run find",
]


@pytest.fixture
def written(project: Path) -> Path:
    """The project's notebook with an experiment in it."""
    path = project / "train.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells += [nbformat.v4.new_code_cell(source) for source in CELLS]
    nbformat.write(notebook, path)
    return path


def test_with_nothing_but_load_ext_the_notebook_is_recorded_and_the_panel_shows_it(written: Path, look: Any, project: Path):
    sight = look(height=1100)
    expect(sight.page.locator("#jp-main-statusbar")).to_contain_text("| Idle", timeout=60_000)
    sight.page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")  # not waited for
    runs = sight.section("runs")
    expect(runs).to_be_visible(timeout=90_000)
    expect(runs).to_contain_text("mae", timeout=60_000)
    expect(sight.page.locator(".jp-OutputArea-output table").first).to_be_visible(timeout=60_000)
    sight.picture("notebook")
    place = Workspace.at(project)
    (run,) = RunBook(place).find()
    record = RunBook(place).record(run.id)
    place.close()
    assert run.notebook == str(written) and run.notebook_known_from == "server"
    assert run.kind == "live" and run.status == "running"
    assert run.params == {"month": 3}  # the cell is tagged; nothing in its source says so
    assert "mae" in run.metrics
    assert record.fits[0].parameters["alpha"] == 3
    assert {Path(file.path).name for file in record.files} >= {"d.csv"}
    assert all(cell.cell_id for cell in record.cells)
    # Until the first run there is no workspace, and the browser notes each 404 that says so.
    assert sight.abroad == [] and [error for error in sight.errors if "404" not in error] == []

    # A new attempt is a new run; restarting the kernel ends it.
    training = sight.page.locator(".jp-Notebook .jp-CodeCell").nth(3)
    training.click()
    sight.page.keyboard.press("Shift+Enter")
    expect(runs.locator("[data-run]")).to_have_count(2, timeout=60_000)
    expect(runs).to_contain_text("running", timeout=30_000)
    sight.page.evaluate("() => { window.jupyterapp.serviceManager.sessions.shutdownAll(); }")
    expect(runs).not_to_contain_text("running", timeout=60_000)
    place = Workspace.at(project)
    assert sorted(found.status for found in RunBook(place).find()) == ["finished", "finished"]
    place.close()
