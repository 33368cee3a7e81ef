"""A pipeline proposed for notebooks that are there, by what their code says."""

from __future__ import annotations

import pytest

from nbmlops import pipeline
from nbmlops.errors import Invalid, NotFound
from nbmlops.pipelines.definition import read
from nbmlops.workspace import Workspace
from tests.pipelines.notebooks import written


@pytest.fixture
def place(tmp_path):
    found = Workspace.at(tmp_path)
    yield found
    found.close()


def test_who_makes_what_comes_before_who_needs_it(place, tmp_path):
    (tmp_path / "raw.csv").write_text("a\n1\n")
    written(
        tmp_path / "z prepare.ipynb", "import pandas as pd\nd = pd.read_csv('raw.csv')", "d.to_parquet('out/clean.parquet')",
        "%matplotlib inline\nd.to_dict('x.y'); pd.to_datetime('1.1.2020')", parameters="month = 3",
    )  # fmt: skip
    written(
        tmp_path / "train.ipynb", "d = pd.read_parquet('./out/clean.parquet')\nwith open('out/model.json', 'w') as f: f.write('1')",
        parameters="alpha: float = 0.5\nmonth: int = 1",
    )  # fmt: skip
    found = pipeline.init(output=str(tmp_path / "p.yaml"), workspace=place)
    assert [(step.name, step.after) for step in found.steps] == [("z-prepare", []), ("train", ["z-prepare"])]
    assert (found.steps[0].inputs, found.steps[0].outputs) == (["raw.csv"], ["out/clean.parquet"])
    assert (found.steps[1].inputs, found.steps[1].outputs) == (["out/clean.parquet"], ["out/model.json"])
    assert found.params == {"alpha": 0.5, "month": 1} and found.steps[1].params == {"alpha": "${params.alpha}", "month": "${params.month}"}
    assert read(tmp_path / "p.yaml") == found
    with pytest.raises(Invalid, match="is there already"):
        pipeline.init(output=str(tmp_path / "p.yaml"), workspace=place)


def test_there_must_be_notebooks_in_the_folder(place, tmp_path):
    with pytest.raises(NotFound, match="no notebook in"):
        pipeline.init(output=str(tmp_path / "p.yaml"), workspace=place)
    with pytest.raises(NotFound, match="no notebook"):
        pipeline.init(["nope.ipynb"], output=str(tmp_path / "p.yaml"), workspace=place)
    (tmp_path / "in").mkdir()
    written(tmp_path / "out.ipynb", parameters=None)
    with pytest.raises(Invalid, match="is not in"):
        pipeline.init([str(tmp_path / "out.ipynb")], output=str(tmp_path / "in" / "p.yaml"), workspace=place)
