"""A pipeline executed: in order, only what changed, whatever fails or is killed on the way."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
import pytest

from nbmlops import data, pipeline
from nbmlops.errors import Conflict, Invalid, NotFound
from nbmlops.ledger.owner import this_process
from nbmlops.pipelines.journal import Journal
from nbmlops.runs.book import RunBook
from nbmlops.workspace import Workspace
from tests.pipelines.notebooks import written

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("children_stay")]
COUNT = "open('count.txt', 'a').write('{}\\n');"  # what was executed, and how often
PIPELINE = """
params: {month: 2}
steps:
  report: {notebook: report.ipynb, inputs: [out/model.json], outputs: [out/report.txt]}
  train:
    notebook: train.ipynb
    params: {rows: "${prepare.rows}"}
    inputs: [out/clean.csv]
    outputs: [out/model.json]
    variables: [STAGE]
  prepare: {notebook: prepare.ipynb, params: {month: "${params.month}"}, outputs: [out/clean.csv]}
"""


@pytest.fixture
def place(tmp_path):
    """Three notebooks in a row, and their workspace."""
    written(
        tmp_path / "prepare.ipynb", COUNT.format("prepare"), "import lib, pathlib\nfrom nbmlops import run\npathlib.Path('out').mkdir(exist_ok=True)",
        "lines = [str(n * lib.STEP) for n in range(month * 5)]\npathlib.Path('out/clean.csv').write_text('a\\n' + '\\n'.join(lines) + '\\n')",
        "run.log({'rows': len(lines)});", parameters="month = 1",
    )  # fmt: skip
    written(
        tmp_path / "train.ipynb", COUNT.format("train"),
        "import json\nvalues = [int(line) for line in open('out/clean.csv').readlines()[1:]]\nassert len(values) == rows and type(rows) is int",
        "json.dump({'mean': sum(values) // 10}, open('out/model.json', 'w'))", parameters="rows: int = 0",
    )  # fmt: skip
    written(
        tmp_path / "report.ipynb", COUNT.format("report"),
        "import json\nopen('out/report.txt', 'w').write('mean ' + str(json.load(open('out/model.json'))['mean']));", parameters=None,
    )  # fmt: skip
    (tmp_path / "lib.py").write_text("STEP = 1\n")
    (tmp_path / "p.yaml").write_text(PIPELINE)
    found = Workspace.at(tmp_path)
    yield found
    found.close()


def went(place, **more):
    """How a pipeline went: status by step, and what was executed for it."""
    count = place.root / "count.txt"
    count.unlink(missing_ok=True)
    found = pipeline.run(str(place.root / "p.yaml"), workspace=place, **more)
    executed = count.read_text().split() if count.exists() else []
    return found, {step.step: step.status for step in found.steps}, executed


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["1", "import sys; sys.exit(3)"], "Step 's', cell 1: SystemExit: 3"),
        (["1", "import sys; sys.exit(0)", "open('o', 'w')"], "Step 's': it came to its end, and its output 'o' was not made."),
        (["name = input('name? ')"], "Step 's', cell 0: StdinNotImplementedError: raw_input was called, but this frontend does not support input requests."),
        (["1", "import os; os._exit(7)"], "Step 's', cell 1: The kernel died."),
        (["%nosuchmagic"], "Step 's', cell 0: UsageError: Line magic function `%nosuchmagic` not found."),
        (["import os, time\nif os.fork() == 0: time.sleep(0.2); os._exit(0)", "open('o', 'w').write('x');"], None),
    ],
)
def test_what_a_notebook_does_to_its_step_is_told_in_one_line(place, cells, said):
    written(place.root / "n.ipynb", *cells, parameters=None)
    (place.root / "p.yaml").write_text("steps: {s: {notebook: n.ipynb, outputs: [o], timeout_s: 60}}")
    found = pipeline.run(str(place.root / "p.yaml"), workspace=place)
    assert found.error == said and found.passed == (said is None), found


def test_a_notebook_that_names_no_kernel_is_python(place):
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("open('o', 'w').write(str(n));")])
    book.cells.insert(0, nbformat.v4.new_code_cell("n = 1", metadata={"tags": ["parameters"]}))
    nbformat.write(book, place.root / "n.ipynb")
    (place.root / "p.yaml").write_text("steps: {s: {notebook: n.ipynb, params: {n: 5}, outputs: [o]}}")
    assert pipeline.run(str(place.root / "p.yaml"), workspace=place).passed and (place.root / "o").read_text() == "5"


def test_one_step_alone_finds_done_what_it_needs(place):
    found, statuses, executed = went(place, only="train")
    assert not found.passed and "'train' needs 'prepare', which is not done: never executed" in found.error and not executed
    for step in ("prepare", "train", "report"):
        found, statuses, executed = went(place, only=step)
        assert (found.passed, statuses, executed) == (True, {step: "finished"}, [step]), found
    assert went(place)[2] == []
    clean = place.root / "out" / "clean.csv"
    before = clean.read_bytes()
    clean.write_text("a\n99\n")  # somebody's, not what prepare made
    found, statuses, executed = went(place, only="train")
    assert statuses == {"train": "skipped"} and clean.read_bytes() == before, found
    found, statuses, executed = went(place, only="train", force=True)
    assert executed == ["train"]
    found, statuses, executed = went(place, only="report", params={"month": 3})
    assert "'report' needs 'prepare', which is not done: month is 3, was 2" in found.error and not executed
    with pytest.raises(NotFound, match=r"no step 'trian'"):
        went(place, only="trian")


def test_whoever_asks_for_a_step_may_try_again_himself_and_says_that_a_lost_machine_is_gone(place):
    written(place.root / "prepare.ipynb", COUNT.format("prepare"), "raise ValueError('no')", parameters="month = 1")
    (place.root / "p.yaml").write_text(PIPELINE.replace("prepare.ipynb,", "prepare.ipynb, retries: 1, backoff_s: 0,"))
    assert went(place, only="prepare")[2] == ["prepare", "prepare"]
    found, statuses, executed = went(place, only="prepare", once=True)
    assert (found.passed, statuses, executed) == (False, {"prepare": "failed"}, ["prepare"])

    with place.ledger.write() as tx:  # as a container leaves it that ran out of memory
        owner = json.dumps({"pid": 7, "started": "7", "boot": "another", "host": "another", "space": "pid:[7]"})
        tx.run("UPDATE pipeline_run SET status = 'running', owner = ? WHERE id = ?", owner, found.id)
    with pytest.raises(Conflict, match=r"is being executed already: .* on another"):
        went(place, only="prepare", once=True)
    assert went(place, only="report", alone=True)[0].status == "failed"  # another step: what is executed elsewhere goes on
    assert pipeline.show(found.id, workspace=place).status == "running"
    assert went(place, only="prepare", once=True, alone=True)[2] == ["prepare"]
    assert pipeline.show(found.id, workspace=place).status == "killed"
    with place.ledger.write() as tx:  # of one that lives it is known
        tx.run("UPDATE pipeline_run SET status = 'running', owner = ? WHERE id = ?", this_process().as_text(), found.id)
    with pytest.raises(Conflict, match="is being executed already"):
        went(place, only="prepare", alone=True)


def test_what_a_cell_prints_is_heard_as_it_comes_and_one_that_floods_is_cut(place, monkeypatch):
    from nbmlops.pipelines import definition, flow

    said = []
    cells = ["import time\nfor n in range(4):\n    print(f'round {n}\\r'); time.sleep(0.3)", "for n in range(300):\n    print('x' * 100_000)", "1 + 1"]
    written(place.root / "loud.ipynb", *cells, parameters=None)
    (place.root / "p.yaml").write_text("steps: {loud: {notebook: loud.ipynb}}")
    done = flow.run(definition.read(place.root / "p.yaml"), {}, workspace=place, say=lambda step, how: said.append(how))
    assert done.passed and {"cell 1 of 3  round 0", "cell 1 of 3  round 2"} <= set(said), said
    (artifact,) = [one for one in RunBook(place).record(done.steps[0].run).artifacts if one.name == "notebook.ipynb"]
    assert 20_000_000 < artifact.size_bytes < 21_000_000
    assert b"the first 20,000,000 letters are kept" in place.blobs.get(artifact.digest)


def why(found, step):
    return next(one.why for one in found.steps if one.step == step)


def test_only_what_changed_is_executed_and_the_reason_is_said(place, monkeypatch):
    root = place.root
    found, statuses, executed = went(place)
    assert found.passed and list(statuses.items()) == [("prepare", "finished"), ("train", "finished"), ("report", "finished")], found
    assert executed == ["prepare", "train", "report"] and (root / "out" / "report.txt").read_text() == "mean 4"
    assert found.steps[0].values == {"month": 2, "rows": 10} and why(found, "train") == "never executed to its end"
    runs = RunBook(place).find(experiment="p")
    assert {run.tags["step"] for run in runs} == {"prepare", "train", "report"} and {run.tags["pipeline"] for run in runs} == {found.id}

    found, statuses, executed = went(place)
    assert set(statuses.values()) == {"skipped"} and not executed and why(found, "train").startswith("nothing changed since")

    (root / "out" / "report.txt").unlink()  # what is gone comes from what was kept
    (root / "out" / "clean.csv").write_text("tampered")
    found, statuses, executed = went(place)
    assert not executed and (root / "out" / "report.txt").read_text() == "mean 4" and "put back: out/report.txt" in why(found, "report")
    assert (root / "out" / "clean.csv").read_text().startswith("a\n0\n1\n")

    # A module that nobody declared; it makes no difference to what comes out, so what follows is not executed.
    (root / "lib.py").write_text("STEP = 1  # as before\n")
    found, statuses, executed = went(place)
    assert executed == ["prepare"] and why(found, "prepare") == "lib.py, which it loaded, changed" and statuses["train"] == "skipped"
    (root / "lib.py").write_text("STEP = 3\n")
    found, _, executed = went(place)
    assert executed == ["prepare", "train", "report"] and why(found, "train") == "out/clean.csv changed"

    monkeypatch.setenv("STAGE", "test")
    found, _, executed = went(place)
    assert executed == ["train"] and why(found, "train") == "the variable STAGE changed"

    planned = {step.step: (step.status, step.why) for step in pipeline.plan(str(root / "p.yaml"), params={"month": 3}, workspace=place)}
    assert planned["prepare"] == ("waiting", "month is 3, was 2") and planned["report"] == ("waiting", "train is executed before it")
    assert {step.status for step in pipeline.plan(str(root / "p.yaml"), workspace=place)} == {"skipped"}
    found, _, executed = went(place, params={"month": 3})
    assert pipeline.show(found.id, workspace=place) == found == pipeline.find(workspace=place)[0]
    assert executed == ["prepare", "train", "report"] and why(found, "prepare") == "month is 3, was 2"
    found, _, executed = went(place, params={"month": 2})  # that is known already
    assert not executed and (root / "out" / "report.txt").read_text() == "mean 13"

    found, _, executed = went(place, force=True)
    assert executed == ["prepare", "train", "report"] and why(found, "report") == "asked for"


def test_what_fails_ends_what_needs_it_and_nothing_else(place):
    root = place.root
    (root / "p.yaml").write_text(PIPELINE + "  apart: {notebook: apart.ipynb, outputs: [apart.txt]}\n")
    written(root / "apart.ipynb", COUNT.format("apart"), "open('apart.txt', 'w').write('done');", parameters=None)
    written(root / "train.ipynb", COUNT.format("train"), "1 / 0", parameters="rows: int = 0")
    found, statuses, executed = went(place)
    assert statuses == {"prepare": "finished", "apart": "finished", "train": "failed", "report": "cancelled"}, found
    assert found.status == "failed" and "Step 'train', cell 3: ZeroDivisionError" in found.error and sorted(executed) == ["apart", "prepare", "train"]
    # Mended, it goes on where it was.
    written(root / "train.ipynb", COUNT.format("train"), "open('out/model.json', 'w').write('{\"mean\": 1}');", parameters="rows: int = 0")
    found, statuses, executed = went(place)
    assert found.passed and executed == ["train", "report"]
    # An output that is not made.
    written(root / "train.ipynb", COUNT.format("train"), parameters="rows: int = 0")
    (root / "out" / "model.json").write_text("by hand")
    found, statuses, executed = went(place)
    assert statuses["train"] == "failed" and "its output 'out/model.json' was not made" in found.error and executed == ["train"]
    assert {place.blobs.get(one.digest) for one in data.versions(str(root / "out" / "model.json"), workspace=place)} == {b"by hand"}


def test_a_step_is_tried_again_as_often_as_is_said_and_not_longer_than_is_said(place):
    root = place.root
    (root / "p.yaml").write_text(
        "steps:\n  flaky: {notebook: flaky.ipynb, retries: 2, backoff_s: 0.1}\n  slow: {notebook: slow.ipynb, timeout_s: 2}\n"
        "  dies: {notebook: dies.ipynb, retries: 1, backoff_s: 0}\n"
    )
    written(root / "flaky.ipynb", COUNT.format("flaky"), "assert open('count.txt').read().count('flaky') > 1", parameters=None)
    written(root / "slow.ipynb", "import time; time.sleep(60)", parameters=None)
    written(root / "dies.ipynb", COUNT.format("dies"), "import os; os._exit(3)", parameters=None)
    found, statuses, executed = went(place)
    by_name = {step.step: step for step in found.steps}
    assert statuses == {"flaky": "finished", "slow": "failed", "dies": "failed"} and by_name["flaky"].attempts == 2
    assert "Stopped after 2 s" in by_name["slow"].error and by_name["slow"].duration_s < 30
    assert sorted(executed) == ["dies", "dies", "flaky", "flaky"] and "kernel died" in by_name["dies"].error


def test_values_come_from_cells_that_are_tagged_so_with_their_types(place):
    root = place.root
    book = nbformat.read(written(root / "prepare.ipynb", "x = 3", "split: list = ['a', 'b']\nname = 'ok'; flag = True\nbig = 2 ** 40", "mae", parameters=None), 4)
    book.cells[0].source = "mae = 0.25"
    book.cells[1].metadata["tags"] = ["values"]
    book.cells[2].metadata["tags"] = ["pipeline-metrics"]
    nbformat.write(book, root / "prepare.ipynb")
    written(
        root / "train.ipynb", "assert (split, name, flag, big, mae) == (['a', 'b'], 'ok', True, 2 ** 40, 0.25) and type(big) is int",
        parameters="split = []\nname = ''\nflag = False\nbig = 0\nmae = 0.0",
    )  # fmt: skip
    given = ", ".join(f"{name}: '${{a.{name}}}'" for name in ("split", "name", "flag", "big", "mae"))
    (root / "p.yaml").write_text(f"steps: {{a: {{notebook: prepare.ipynb}}, b: {{notebook: train.ipynb, params: {{{given}}}}}}}")
    found, _, _ = went(place)
    assert found.passed, found
    (run,) = (run for run in RunBook(place).find() if run.tags["step"] == "a")
    assert run.metrics == {"big": 2.0**40, "mae": 0.25} and run.params == {"split": ["a", "b"], "name": "ok", "flag": True}


BEFORE = {
    "a notebook that is not there": ("steps: {a: {notebook: nope.ipynb}}", {}, "Step 'a': There is no notebook"),
    "a parameter that it has not": ("steps: {a: {notebook: prepare.ipynb, params: {mnth: 1}}}", {}, "Step 'a': prepare.ipynb has no parameter 'mnth'"),
    "a parameter of another type": ("steps: {a: {notebook: prepare.ipynb, params: {month: may}}}", {}, "month is 'may', not a whole number"),
    "an input that is not there": ("steps: {a: {notebook: prepare.ipynb, inputs: [x.csv]}}", {}, "needs 'x.csv', which is not there"),
    "a parameter of the pipeline's": (PIPELINE, {"year": 1}, "has no parameter 'year'"),
    "its type": (PIPELINE, {"month": "x"}, "month is 'x', not a whole number"),
}


@pytest.mark.parametrize("name", BEFORE)
def test_what_is_wrong_is_found_before_anything_starts(name, place):
    text, params, words = BEFORE[name]
    (place.root / "p.yaml").write_text(text)
    with pytest.raises(Exception, match=words):
        pipeline.run(str(place.root / "p.yaml"), params=params, workspace=place)
    assert not RunBook(place).find() and not Journal(place).find(10)


def test_one_at_a_time(place):
    journal = Journal(place)
    from nbmlops.pipelines.definition import read

    found = read(place.root / "p.yaml")
    first = journal.begin(found, {})
    with pytest.raises(Conflict, match="is being executed already"):
        pipeline.run(str(place.root / "p.yaml"), workspace=place)
    journal.end(first, "cancelled")
    assert {step.status for step in journal.show(first).steps} == {"cancelled"}
    with pytest.raises(Invalid, match="at a time execute nothing"):
        pipeline.run(str(place.root / "p.yaml"), jobs=0, workspace=place)


def test_killed_at_any_moment_it_goes_on_and_gives_the_same(place, tmp_path_factory):
    root = place.root
    went(place)
    expected = {path.name: path.read_bytes() for path in (root / "out").iterdir()}
    other = tmp_path_factory.mktemp("other")
    for name in ("prepare.ipynb", "train.ipynb", "report.ipynb", "lib.py", "p.yaml"):
        (other / name).write_bytes((root / name).read_bytes())
    there, chance = Workspace.at(other), random.Random(5)
    words = [str(Path(sys.executable).with_name("nbmlops")), "pipeline", "run", "p.yaml", "--json"]
    for how in (signal.SIGKILL, signal.SIGKILL, signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        asked = subprocess.Popen(words, cwd=other, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        time.sleep(chance.uniform(0.5, 7))
        asked.send_signal(how)
        asked.wait(60)
        assert asked.stdout is not None
        asked.stdout.close()
    last = subprocess.run(words, cwd=other, capture_output=True, text=True)
    assert last.returncode == 0 and json.loads(last.stdout)["status"] == "finished", last.stderr
    assert {path.name: path.read_bytes() for path in (other / "out").iterdir()} == expected
    rows = there.ledger.read("SELECT step, COUNT(*) AS times FROM pipeline_step WHERE status = 'finished' GROUP BY step")
    assert {row["step"]: row["times"] for row in rows} == {"prepare": 1, "train": 1, "report": 1}
    assert {run.status for run in Journal(there).find(10)} <= {"finished", "killed", "cancelled"}
    there.close()
    assert not [process for process in psutil.process_iter() if _works_in(process, other)]


def _works_in(process: psutil.Process, folder: Path) -> bool:
    try:
        return process.cwd() == str(folder) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
