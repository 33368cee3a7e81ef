"""A model of every flavor, registered as a person does it: in a notebook, by the magic; and asked where there is no notebook."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from jupyter_client.manager import start_new_kernel

from nbmlops.data import book
from nbmlops.models.registry import Registry
from nbmlops.pipelines import runner
from nbmlops.runs.book import RunBook
from nbmlops.workspace import Workspace
from tests.models.every_flavor import FEATURES, NAMES, SCRIPT
from tests.pipelines.notebooks import written

pytestmark = pytest.mark.slow
ENV = os.environ.get("NBMLOPS_TEST_ENV", "here")  # `recreate`: each is proved in an environment that is made for it, in minutes
ASKED = """
import json, sys
from nbmlops.models import portable
from nbmlops.models.fixtures import read
from nbmlops.models.loading import load
from nbmlops.models.package import said_columns
from nbmlops.models.registry import Registry
from nbmlops.workspace import Workspace
place, differing = Workspace.at(".", actor="ben"), {}
for name in sys.argv[1:]:
    version = Registry(place).model(name).versions[0]
    kept = read(place.blobs.get(version.fixtures))
    answered = load(place, version).predict(portable.frame_of(kept.rows, said_columns(version.signature)))
    differing[name] = portable.differing(kept.predictions, answered.tolist())
print(json.dumps(differing))
"""
SCALED = """\
class Scaled:
    def __init__(self, by):
        self.by = by
    def predict(self, rows):
        return rows["number"].to_numpy() * self.by + rows["whole"].to_numpy()
scaled = Scaled(2.5)"""


def test_every_flavor_is_registered_in_a_notebook_and_answers_its_rows_without_one(tmp_path: Path) -> None:
    place = Workspace.at(tmp_path, actor="ada")
    (tmp_path / "features.py").write_text(FEATURES)
    setting, _, _ = SCRIPT.partition('if __name__ == "__main__":')
    cells = ["%load_ext nbmlops", setting, SCALED]
    for name in NAMES:
        cells += [f"made, rows = MODELS[{name!r}]", f"%mlops model register {name} made --data rows --code --env {ENV}"]
    cells.append(f"%mlops model register class scaled --data mixed --code --env {ENV}")
    done = runner.execute(written(tmp_path / "models.ipynb", *cells, parameters=None), {}, workspace=place)
    assert done.status == "finished", done.error
    versions = {name: Registry(place).model(name).versions for name in (*NAMES, "class")}
    assert [len(found) for found in versions.values()] == [1] * 10
    assert {name: found[0].flavor for name, found in versions.items()} == {
        "pipeline": "sklearn", "own-code": "sklearn", "function": "python", "array": "sklearn", "xgboost": "xgboost", "lightgbm": "lightgbm",
        "statsmodels": "statsmodels", "torch": "torch", "onnx": "onnx", "class": "python",
    }  # fmt: skip
    assert {found[0].run for found in versions.values()} == {done.id}, "a version is made of the notebook's run"
    assert RunBook(place).run(done.id).status == "finished"
    (tmp_path / "features.py").unlink()  # what travels with a model needs nothing of where it was made
    told = subprocess.run(
        [sys.executable, "-c", ASKED, *versions], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
        env={**os.environ, "PYTHONPATH": ""},
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    for name, differs in json.loads(told.stdout).items():
        assert differs is None, (name, differs)
    place.close()


def test_what_a_cell_fits_it_registers(tmp_path: Path) -> None:
    place = Workspace.at(tmp_path, actor="ada")
    cells = [
        "%load_ext nbmlops\nimport numpy as np, pandas as pd\nfrom nbmlops import model\nfrom sklearn.linear_model import Ridge",
        "X = pd.DataFrame(np.arange(300.0).reshape(100, 3) % 7, columns=list('abc'))",
        "one = Ridge(1).fit(X[:90], X.a[:90])\nother = Ridge(2).fit(X[:91], X.a[:91])\nmodel.register('two', other);",
        "many = [Ridge(alpha).fit(X[:80 + alpha], X.a[:80 + alpha]) for alpha in (1, 2, 3)]\n%mlops model register many many[1]",
        "from scipy import sparse\nfrom sklearn.linear_model import LinearRegression\nS = sparse.random(90, 6, density=0.3, format='csr')",
        "linear = LinearRegression().fit(S, np.arange(90))",
        "model.register('sparse', linear);",
    ]
    session(tmp_path, *cells)
    found = Registry(place).model("sparse").versions[0]
    assert found.run and found.fixtures and [column.name for column in found.signature.inputs] == [f"x{at}" for at in range(6)]
    for name, rows in (("two", 91), ("many", 82)):
        version = Registry(place).model(name).versions[0]
        assert version.run and version.fit is not None and version.fixtures
        assert book.dataset(place, str(version.dataset)).rows == rows
    place.close()


def session(folder: Path, *cells: str) -> None:
    """Execute cells one by one in a live kernel, as a person does."""
    kernel, client = start_new_kernel(cwd=str(folder))
    try:
        for cell in cells:
            reply = client.execute_interactive(cell, timeout=60)["content"]
            assert reply["status"] == "ok", reply
    finally:
        client.stop_channels()
        kernel.shutdown_kernel(now=True)
