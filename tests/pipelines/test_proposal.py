"""A pipeline proposed for notebooks that are there, by what their code says."""

from __future__ import annotations

import json
import re

import nbformat
import pytest

from nbmlops import pipeline
from nbmlops.errors import Invalid, NotFound, Untrusted
from nbmlops.pipelines.between import take
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


def test_a_notebook_with_kales_tags_becomes_a_notebook_for_each_block(place):
    book = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}})
    for source, *tags in (
        ("import json", "imports"), ("def scaled(rows, by):\n    return [by * row for row in rows]", "functions"),
        ("rows, by = 4, 2\nby = 3", "pipeline-parameters"), ("print('looking')", "skip"),
        ("held = {'made': list(range(rows))}", "block:make"), ("held['made'].append(99)",),
        ("held['left'] = scaled(held['made'], by)", "block:left", "prev:make"), ("right = len(held['made'])", "step:right", "prev:make"),
        ("total = sum(held['left']) + right\njson.dump(total, open('total.json', 'w'))", "block:join", "prev:left", "prev:right"),
        ("print(total)", "pipeline-metrics"),
    ):  # fmt: skip
        book.cells.append(nbformat.v4.new_code_cell(source, metadata={"tags": tags}))
    folder = place.root / "kale"
    folder.mkdir()
    nbformat.write(book, folder / "all.ipynb")
    found = pipeline.init([str(folder / "all.ipynb")], output=str(folder / "p.yaml"), workspace=place)
    assert {step.name: step.after for step in found.steps} == {
        "make": [], "left": ["make"], "right": ["make"], "join": ["left", "right"]
    }, found  # fmt: skip
    done = pipeline.run(str(folder / "p.yaml"), params={"by": 10}, workspace=place)
    assert done.passed and json.loads((folder / "total.json").read_text()) == 10 * (0 + 1 + 2 + 3 + 99) + 5, done
    assert done.steps[-1].values["total"] == 1055
    with pytest.raises(Invalid, match="is there already"):
        pipeline.init([str(folder / "all.ipynb")], output=str(folder / "q.yaml"), workspace=place)
    between = sorted(path.name for path in (folder / "between").iterdir())
    assert between == ["left-held.pickle", "make-held.pickle", "right-right.pickle"]
    hostile = folder / "between" / "make-held.pickle"
    hostile.write_bytes(b"cos\nsystem\n(S'touch " + str(folder / "pwned").encode() + b"'\ntR.")
    with pytest.raises(Untrusted, match="no output that a step has made here"):
        take(str(hostile), workspace=place)
    assert pipeline.run(str(folder / "p.yaml"), params={"by": 11}, workspace=place).passed  # make is skipped, and what it made put back
    assert take(str(hostile), workspace=place)["made"] == [0, 1, 2, 3, 99] and not (folder / "pwned").exists()
    with pytest.raises(NotFound, match="The step before makes it"):
        take(str(folder / "nope"), workspace=place)


def test_a_python_file_describes_a_pipeline_in_a_process_of_its_own(place):
    file = place.root / "p.py"
    file.write_text("print('hello')\nmonths = [1, 2]\npipeline = {'steps': {f'm{n}': {'notebook': 'a.ipynb', 'params': {'n': n}} for n in months}}\n")
    assert [step.name for step in read(file).steps] == ["m1", "m2"]
    for text, said in (
        ("x = 1", "binds no `pipeline`"), ("a = 1\npipeline = {'steps': b}", "p.py, line 2: NameError: name 'b' is not defined"),
        ("import sys\nsys.exit(3)", "line 2: SystemExit: 3"), ("import os\nos._exit(0)", "ended before its last line"), ("pipeline = (", "line 1: SyntaxError"),
        ("pipeline = {1, 2}", "not JSON serializable"),
    ):  # fmt: skip
        file.write_text(text)
        with pytest.raises(Invalid, match=re.escape(said)):
            read(file)
