"""The notebooks run as a user would run them: real kernels, and the record of it is what they say."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from nbmlops.endpoints import verbs as endpoint
from nbmlops.models import verbs as model
from nbmlops.runs import verbs as run
from nbmlops.workspace import Workspace

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


@pytest.fixture
def there(tmp_path, monkeypatch):
    """A folder of its own, with the environment a kernel inherits."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / ".ipython"))
    monkeypatch.delenv("NBMLOPS_WORKSPACE", raising=False)
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


@pytest.mark.slow
def test_the_tour_runs_and_its_record_is_true(there):
    shutil.copy(NOTEBOOKS / "tour.ipynb", there)
    notebook = nbformat.read(there / "tour.ipynb", as_version=4)
    try:
        NotebookClient(notebook, timeout=180, resources={"metadata": {"path": str(there)}}).execute()
    finally:
        place = Workspace.at(there)
        for served in endpoint.find(workspace=place):
            endpoint.stop(served.name, workspace=place)
    runs = {found.name: found for found in run.find(workspace=place)}
    assert {found.status for found in runs.values()} == {"finished"}
    whole = run.show(next(found.id for found in runs.values() if found.kind == "headless"), workspace=place)
    assert whole.run.params == {"alpha": 1.0, "seed": 0}
    assert any(file.path.endswith("diabetes.csv") and file.mode == "read" for file in whole.files)
    assert whole.fits[0].parameters["ridge__alpha"] == 1.0
    assert runs["forest"].experiment == "diabetes" and runs["forest"].metrics["mae"] > 0
    found = model.show("diabetes", workspace=place)
    assert found.aliases == {"champion": 1}
    assert [move.way for move in found.moves] == ["rollback", "promote", "promote"]
    assert found.versions[-1].run == runs["forest"].id
    (served,) = endpoint.find(workspace=place)
    assert served.status == "stopped" and served.labelled == served.predictions == 111
    shown = json.dumps(notebook)
    assert "text/html" in shown and "image/svg+xml" in shown
    assert "Traceback" not in shown
    place.close()


@pytest.mark.slow
def test_plain_papermill_records_a_notebook_that_does_not_know_us(there):
    from demo import flights

    year = flights.load()
    flights.write_days(year, there / "data", date(2013, 1, 1), date(2013, 1, 15))
    shutil.copy(NOTEBOOKS / "air_time.ipynb", there)
    source = (there / "air_time.ipynb").read_text("utf-8")
    assert "nbmlops" not in json.dumps([cell["source"] for cell in json.loads(source)["cells"] if cell["cell_type"] == "code"])
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "papermill",
            "air_time.ipynb",
            "out.ipynb",
            "--engine",
            "nbmlops",
            "-p",
            "train_end",
            "2013-01-15",
            "-p",
            "max_iter",
            "20",
        ],
        cwd=there,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "default"},
    )
    assert done.returncode == 0, done.stderr
    place = Workspace.at(there)
    (found,) = run.find(workspace=place)
    record = run.show(found.id, workspace=place)
    assert found.status == "finished" and found.kind == "papermill"
    assert found.params["max_iter"] == 20 and found.params["learning_rate"] == 0.1
    assert set(found.metrics) == {"mae", "r2"} and found.data_hash
    assert len([file for file in record.files if file.mode == "read" and file.digest]) == 14
    assert record.fits[0].estimator == "sklearn.pipeline.Pipeline" and record.fits[0].artifact
    assert {artifact.media_type for artifact in record.artifacts} >= {"image/png", "application/x-ipynb+json"}
    place.close()


def test_the_notebooks_are_saved_without_outputs():
    for path in NOTEBOOKS.glob("*.ipynb"):
        cells = json.loads(path.read_text("utf-8"))["cells"]
        assert [cell for cell in cells if cell.get("outputs") or cell.get("execution_count")] == [], path.name
