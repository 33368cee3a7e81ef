"""What `run extract` takes, refuses and says; what is left when it is killed."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import nbformat
import papermill
import pytest

from nbmlops import run
from nbmlops.errors import Invalid, NotFound
from nbmlops.pipelines.runner import execute
from nbmlops.replay.extracting.statements import Execution, statements
from nbmlops.workspace import Workspace
from tests.capture.kernel import kernel
from tests.pipelines.notebooks import written
from tests.replay.leavings import killed, tree

CELLS = [
    "import os\nimport numpy as np, pandas as pd\nfrom sklearn.linear_model import Lasso, Ridge",
    "data = pd.read_csv('x.csv')\nalpha = 0.5\nseen = []",
    "data.describe()",
    "X, y = data[['a']], data.b\nother = Lasso(alpha=2).fit(X, y)",
    "model = Ridge(alpha=alpha, tol=0.01).fit(X, y)\nscore = model.score(X, y)",
    "seen.append(score)\nprint(seen)",
    "noise = np.random.normal()",
]


SAY = "_said = %mlops run extract {}\nprint(_said.sentence)"


@pytest.fixture
def recorded(tmp_path):
    """A run of the cells above, and where it is."""
    (tmp_path / "x.csv").write_text("a,b\n" + "".join(f"{n},{2 * n + n % 3}\n" for n in range(50)))
    there = Workspace.at(tmp_path)
    done = execute(written(tmp_path / "n.ipynb", *CELLS), {}, workspace=there)
    assert done.status == "finished", done.error
    yield there, done.id, tmp_path
    there.close()


@pytest.mark.slow
def test_from_a_record_comes_a_notebook_that_papermill_can_set(recorded):
    there, run_id, folder = recorded
    before = tree(folder)
    found = run.extract("model", run=run_id, output=str(folder / "model.ipynb"), workspace=there)
    assert found.passed and found.exactly and found.tried == 2, found
    assert found.parameters == {"x_path": "x.csv", "alpha": 0.5, "tol": 0.01} and found.lines < found.session_lines
    book = nbformat.read(folder / "model.ipynb", 4)
    text = "\n".join(cell.source for cell in book.cells)
    assert "Lasso" not in text and "seen" not in text and "noise" not in text and "import os" not in text
    assert [cell.source for cell in book.cells if "parameters" in cell.metadata.get("tags", [])] == [
        "# parameters\nx_path: str = 'x.csv'  # a file that is read\nalpha: float = 0.5\ntol: float = 0.01"
    ]
    assert {path: what for path, what in tree(folder).items() if path != "model.ipynb"} == before
    inspected = papermill.inspect_notebook(str(folder / "model.ipynb"))
    assert {name: one["inferred_type_name"] for name, one in inspected.items()} == {"x_path": "str", "alpha": "float", "tol": "float"}
    # As it is it gives the same; with another parameter, or other data, it says that it compares nothing; with other code it fails.
    assert _last(folder, {}) == "'The same as it was.'"
    assert _last(folder, {"alpha": 3.0}) == "'Not compared: alpha is 3.0, was 0.5.'"
    (folder / "x.csv").write_text("a,b\n1,2\n2,3\n3,5\n")
    assert _last(folder, {}) == "'Not compared: x.csv holds something else.'"


def _last(folder: Path, parameters: dict[str, object]) -> str:
    done = papermill.execute_notebook(str(folder / "model.ipynb"), None, parameters=parameters, cwd=str(folder), progress_bar=False)
    return str(done.cells[-1].outputs[-1]["data"]["text/plain"])


@pytest.mark.slow
def test_what_cannot_be_made_again_is_not_handed_out(recorded):
    there, run_id, folder = recorded
    found = run.extract("noise", run=run_id, output=str(folder / "noise.ipynb"), workspace=there)
    assert not found.passed and not (folder / "noise.ipynb").exists()
    assert "No notebook gives the same noise" in found.sentence and "another result" in found.sentence
    (folder / "x.csv").write_text("a,b\n1,2\n2,3\n3,5\n")
    found = run.extract("score", run=run_id, workspace=there)
    assert not found.passed and "x.csv of cell 2 is another than recorded" in found.sentence, found
    with pytest.raises(NotFound, match="'nothing' was not made"):
        run.extract("nothing", run=run_id, workspace=there)
    for words in ("model.fit(X)", "1 + 1", "a b", "__import__('os')", "model._private", "[data]"):
        with pytest.raises((Invalid, NotFound)):
            run.extract(words, run=run_id, workspace=there)
    (folder / "there.ipynb").write_text("mine")
    with pytest.raises(Invalid, match="is there already"):
        run.extract("score", run=run_id, output=str(folder / "there.ipynb"), workspace=there)
    assert (folder / "there.ipynb").read_text() == "mine"
    with pytest.raises(Invalid, match="Of which session"):
        run.extract("score", workspace=there)


@pytest.mark.slow
def test_in_a_session_what_cannot_be_compared_is_said_and_secrets_are_not_written(tmp_path):
    with kernel(tmp_path, SOME_API_TOKEN="tok-5f3c9a7e21") as k:
        for cell in (
            "%load_ext nbmlops",
            "import os, pandas as pd",
            "stream = (n for n in range(3))",
            "key = 'tok-5f3c9a7e21'\nn = len(key)",
            "os.environ['STEPS'] = '4'",
            "m = int(os.environ.get('STEPS', 1))",
        ):
            assert k.run(cell)[0] == "ok"
        assert "known only by using it up" in k.run("%mlops run extract stream")[1]
        assert "a secret stands in a cell" in k.run(SAY.format("n"), timeout=120)[1]
        status, printed = k.run(SAY.format("m"), timeout=120)
        assert status == "ok" and "verified" in printed, printed
    assert not list(tmp_path.glob("n*.ipynb")) and not any(b"tok-5f3c" in path.read_bytes() for path in tmp_path.glob("*.ipynb"))
    # The variable that a cell set is set by the notebook too: it does not come with the kernel that executes it.
    assert "os.environ['STEPS'] = '4'" in (tmp_path / "m.ipynb").read_text()


@pytest.mark.slow
def test_killed_at_any_moment_it_leaves_nothing(recorded, temporary):
    there, run_id, folder = recorded
    record, state, chance = run.show(run_id, workspace=there), tree(folder), random.Random(11)
    for how in (signal.SIGKILL, signal.SIGINT, signal.SIGTERM, signal.SIGKILL, signal.SIGKILL):
        words = ["run", "extract", "model", "--run", run_id, "--output", "out.ipynb"]
        killed(words, folder=folder, temporary=temporary, how=how, after_s=chance.uniform(0.5, 6))
        (folder / "out.ipynb").unlink(missing_ok=True)  # it may have come to its end
        assert tree(folder) == state
    assert run.show(run_id, workspace=there) == record


def test_a_session_is_taken_apart_into_statements():
    cell = "x = 1; y = 2\n# about z\nz = (x +\n     y)\n@property\ndef f(a):\n    return a\nawait g()\n%matplotlib inline\nprint(z)"
    found = statements([Execution(position=3, source=cell, raised=True, stopped=9)])
    assert [one.source for one in found] == [
        "x = 1", "y = 2", "# about z\nz = (x +\n     y)", "@property\ndef f(a):\n    return a", "await g()", "%matplotlib inline",
    ]  # fmt: skip
    assert [one.raised for one in found] == [False] * 5 + [True]
    assert statements([Execution(position=0, source="x = = 1", raised=True, stopped=0)]) == []


@pytest.mark.slow
def test_the_shell_says_what_it_did(recorded):
    _, run_id, folder = recorded
    words = [str(Path(sys.executable).with_name("nbmlops")), "run", "extract", "score", "--run", run_id, "--json"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, env={**os.environ, "PYTHONWARNINGS": "default"})
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["notebook"] == str(folder / "score.ipynb") and "cells 8 → 5, lines 16 → 9, verified" in said["sentence"]
