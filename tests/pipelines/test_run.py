"""`pipeline run`: from Python and from the shell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from nbmlops.errors import Invalid, NotFound, TooLarge, Unavailable, Unwritable
from nbmlops.pipelines import verbs
from nbmlops.pipelines.runner import EXECUTED, execute
from nbmlops.runs.book import RunBook
from nbmlops.workspace import Workspace
from tests.pipelines.notebooks import TRAIN, written


@pytest.fixture
def place(folder):
    made = Workspace.at(folder, actor="ada")
    yield made
    made.close()


@pytest.mark.parametrize(
    ("notebook", "more", "error", "words"),
    [
        ("other.ipynb", {}, NotFound, "no notebook 'other.ipynb'"), ("../x", {}, NotFound, "no notebook"), ("x.csv", {}, Invalid, "not a notebook"),
        ("in.ipynb", {"params": {"mnoth": 3}}, Invalid, "no parameter 'mnoth'"), ("in.ipynb", {"params": {"month": object()}}, Invalid, "plain values"),
        ("in.ipynb", {"timeout_s": 0}, Invalid, "cannot be stopped"), ("in.ipynb", {"timeout_s": float("nan")}, Invalid, "cannot be stopped"),
        ("in.ipynb", {"output": "."}, Invalid, "is a folder"), ("in.ipynb", {"output": "x.csv/out.ipynb"}, Unwritable, "cannot be written"),
        ("in.ipynb", {"experiment": "a\nb"}, Invalid, "control character"), ("in.ipynb", {"experiment": "x" * 10_000}, TooLarge, "characters"),
    ],
)  # fmt: skip
def test_what_cannot_be_executed_is_refused_before_anything_runs(place, folder, monkeypatch, notebook, more, error, words):
    monkeypatch.chdir(folder)
    written(folder / "in.ipynb", "1")
    with pytest.raises(error, match=words) as refused:
        verbs.run(notebook, workspace=place, **more)
    assert refused.value.hint and RunBook(place).find() == []


def test_the_parameters_there_are_are_named(place, folder):
    written(folder / "in.ipynb", "1")
    with pytest.raises(Invalid) as refused:
        verbs.run(str(folder / "in.ipynb"), params={"x": 1}, workspace=place)
    assert "alpha, month" in refused.value.hint


@pytest.mark.slow
def test_a_run_with_its_output_its_progress_and_its_tags(place, folder):
    written(folder / "{in} [1].ipynb", TRAIN)
    told = []
    run = execute(
        folder / "{in} [1].ipynb", {"month": 3}, output=folder / "deep" / "er" / "out.ipynb", experiment="months", tags={"why": "test"},
        workspace=place, progress=lambda cell, cells: told.append((cell, cells)),
    )  # fmt: skip
    assert (run.status, run.params["month"], run.experiment, run.tags["why"]) == ("finished", 3, "months", "test")
    assert told == [(0, 3), (1, 3), (2, 3)], "the parameters cell, the injected one, and the training"
    assert nbformat.read(folder / "deep" / "er" / "out.ipynb", 4).cells[-1].execution_count
    assert [path.name for path in (folder / "deep" / "er").iterdir()] == ["out.ipynb"]


@pytest.mark.slow
def test_a_notebook_that_fails_gives_a_failed_run_and_its_output_all_the_same(place, folder):
    written(folder / "in.ipynb", "print('pw', api_key)", "raise ValueError('no')", parameters="api_key = ''")
    (folder / "out.ipynb").write_text("what was there before")
    run = verbs.run(str(folder / "in.ipynb"), params={"api_key": "abcdef123"}, output=str(folder / "out.ipynb"), workspace=place)
    assert (run.status, run.error, run.failed_cell) == ("failed", "ValueError: no", 3)
    text = (folder / "out.ipynb").read_text()
    assert "abcdef123" not in text and nbformat.reads(text, 4).cells[3].outputs[0].ename == "ValueError"


@pytest.mark.slow
def test_a_notebook_that_takes_too_long_is_stopped_and_leaves_nothing(place, folder):
    written(folder / "in.ipynb", "print('before', flush=True)", "import time; time.sleep(300)")
    run = verbs.run(str(folder / "in.ipynb"), timeout_s=6, output=str(folder / "out.ipynb"), workspace=place)
    assert (run.status, run.error, run.failed_cell) == ("failed", "Stopped after 6 s.", 2)
    assert nbformat.read(folder / "out.ipynb", 4).cells[1].outputs[0].text == "before\n"
    assert not [found for found in (folder.parent / "t").iterdir() if found.name.startswith("nbmlops-")]


@pytest.mark.slow
def test_a_kernel_that_dies_and_one_that_is_not_there(place, folder):
    written(folder / "in.ipynb", "import os; os._exit(3)")
    run = verbs.run(str(folder / "in.ipynb"), workspace=place)
    assert (run.status, run.failed_cell) == ("killed", 1)
    written(folder / "r.ipynb", "1", kernel="no-such-kernel")
    with pytest.raises(Unavailable, match="no-such-kernel") as refused:
        verbs.run(str(folder / "r.ipynb"), workspace=place)
    assert "python3" in refused.value.hint


@pytest.mark.slow
def test_a_notebook_outside_of_the_workspace_is_recorded_in_it(place, folder, tmp_path):
    away = tmp_path / "away"
    away.mkdir()
    written(away / "in.ipynb", "import os; print(os.getcwd())", "from pathlib import Path; Path('made.txt').write_text('x')")
    run = verbs.run(str(away / "in.ipynb"), workspace=place)
    assert run.status == "finished" and run.notebook == str(away / "in.ipynb")
    assert (away / "made.txt").exists() and not (away / ".nbmlops").exists()
    assert any(artifact.name == EXECUTED for artifact in RunBook(place).record(run.id).artifacts)


@pytest.mark.slow
def test_a_model_is_registered_from_a_run_whose_kernel_is_gone(place, folder):
    from nbmlops.models import verbs as models
    from nbmlops.models.loading import load
    from nbmlops.models.signature import rows_to_frame

    written(folder / "in.ipynb", TRAIN)
    run = verbs.run(str(folder / "in.ipynb"), params={"alpha": 3}, workspace=place)
    version = models.register("m", run=run.id, workspace=place)
    assert (version.run, version.metrics, [column.name for column in version.signature.inputs]) == (run.id, run.metrics, ["a"])
    assert version.signature.named and version.dataset
    assert load(place, version).predict(rows_to_frame(version.signature, [{"a": 10}])).shape == (1,)
    assert models.register("m", run=run.id, workspace=place).version == 1


@pytest.mark.slow
def test_the_shell_runs_a_notebook_and_answers_json(folder):
    written(folder / "in.ipynb", TRAIN)
    command = [str(Path(sys.executable).with_name("nbmlops")), "pipeline", "run", "in.ipynb", "-p", "alpha=3", "--json"]
    ended = subprocess.run(command, cwd=folder, env=dict(os.environ), capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    run = json.loads(ended.stdout)
    assert (run["status"], run["params"]["alpha"]) == ("finished", 3)
