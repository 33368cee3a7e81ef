"""A notebook that died goes on after a cell, if what its kernel held there can be had back as it was; if not, it is said."""

from __future__ import annotations

import json

import pytest

from nbmlops import run
from nbmlops.pipelines.checkpoints.book import Checkpoints
from nbmlops.pipelines.runner import execute
from nbmlops.runs.book import RunBook
from nbmlops.workspace import Workspace
from tests.pipelines.notebooks import written

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("children_stay")]
DIES = "import os, pathlib, signal\nif pathlib.Path('die').exists(): os.kill(os.getpid(), signal.SIGKILL)"
COUNT = "# cell {}"
LONG = [
    f"{COUNT.format('a')}\nimport pandas as pd, numpy as np, random\npd.set_option('display.precision', 3)\n%matplotlib inline\n"
    "np.random.seed(alpha); random.seed(alpha)",
    f"{COUNT.format('b')}\nimport own\nframe = pd.read_csv('x.csv')\nalias = frame\nview = frame['b'].to_numpy()\n"
    "class Scale:\n    def __init__(self, by): self.by = by\n    def __call__(self, x): return x * self.by * factor\n"
    "def twice(x): return own.double(x) + offset\n"
    "factor, offset = 1, 0\nscale = Scale(3)\nmake = lambda n: (lambda x: x + n)\nadd = make(5)",
    f"{COUNT.format('c')}\nfrom sklearn.linear_model import Ridge\nmodel = Ridge(alpha).fit(frame[['a']], frame['b'])\n"
    "open('made.txt', 'w').write('made\\n');\nprint('fitted')",
    DIES,
    f"{COUNT.format('d')}\nfactor, offset = 10, 100\nalias.loc[0, 'b'] = 7\nopen('made.txt', 'a').write('more\\n');\n"
    "from sklearn.metrics import mean_absolute_error\nmae = mean_absolute_error(frame['b'], model.predict(frame[['a']]))",
    "print(scale(2), twice(4), add(1), frame is alias, frame['b'][0], np.random.rand(), random.random(), frame.mean(), mae)",
]

SHORT = [f"{COUNT.format('a')}\nimport own\nrows = open('x.csv').read()", DIES, f"{COUNT.format('b')}\nprint(own.double(len(rows)))"]


@pytest.fixture
def place(tmp_path):
    (tmp_path / "x.csv").write_text("a,b\n" + "".join(f"{n},{2 * n + n % 3}\n" for n in range(50)))
    (tmp_path / "own.py").write_text("def double(x): return 2 * x\n")
    made = Workspace.at(tmp_path)
    yield made
    made.close()


def went(place, cells, *, dies, resume=False, after_s=0, tags=None):
    """A notebook executed: its run, what its cells showed, and which of its cells were executed."""
    path = written(place.root / "n.ipynb", *cells, parameters="alpha = 2")
    if tags:
        book = json.loads(path.read_text())
        for at, named in tags.items():
            book["cells"][at]["metadata"]["tags"] = [named]
        path.write_text(json.dumps(book))
    (place.root / "die").unlink(missing_ok=True)
    if dies:
        (place.root / "die").touch()
    done = execute(path, {"alpha": 3}, workspace=place, checkpoints={"after_s": after_s, "resume": resume})
    record = RunBook(place).record(done.id)
    executed = [cell.source.split("# cell ")[1].split()[0] for cell in record.cells if "# cell" in cell.source and cell.started_at >= done.started_at]
    (kept,) = [one for one in record.artifacts if one.name == "notebook.ipynb"]
    shown = [cell["outputs"] for cell in json.loads(place.blobs.get(kept.digest))["cells"] if cell["cell_type"] == "code"]
    texts = ["".join("".join(output.get("text", "")) for output in outputs) for outputs in shown]
    return done, texts, executed


def test_a_notebook_whose_kernel_was_killed_goes_on_and_gives_the_same(place):
    whole, said, executed = went(place, LONG, dies=False)
    made = (place.root / "made.txt").read_bytes()
    assert whole.status == "finished" and executed == ["a", "b", "c", "d"], whole
    assert not list((place.root / ".nbmlops" / "checkpoints").glob("*"))  # nothing to go on from is left
    died, _, executed = went(place, LONG, dies=True)
    assert died.status == "killed" and executed == ["a", "b", "c"], died
    (place.root / "made.txt").write_text("in pieces")
    done, again, executed = went(place, LONG, dies=False, resume=True)
    assert done.status == "finished" and executed == ["d"], (done.error, done.tags)
    assert again == said and (place.root / "made.txt").read_bytes() == made
    assert done.tags["resumed"].startswith(f"from {died.id}, after cell ")
    one, other = RunBook(place).record(whole.id), RunBook(place).record(done.id)
    assert [cell.source for cell in other.cells] == [cell.source for cell in one.cells]
    assert other.run.data_hash == one.run.data_hash and other.run.params == one.run.params and other.run.metrics == one.run.metrics
    assert [(fit.number, fit.frame, fit.state) for fit in other.fits] == [(fit.number, fit.frame, fit.state) for fit in one.fits]
    assert [point.fit for point in other.history] == [0]
    assert run.verify(done.id, workspace=place).verdict == "VERIFIED"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda root: (root / "x.csv").write_text("a,b\n1,2\n3,5\n"), "x.csv changed"),
        (lambda root: (root / "own.py").write_text("def double(x): return 3 * x\n"), "own.py changed"),
        (lambda root: next((root / ".nbmlops" / "checkpoints").glob("*.pickle")).write_bytes(b"cos\nsystem\n"), "its bytes are others"),
    ],
)
def test_what_changed_since_is_not_gone_on_from(place, change, why):
    asked = {"tags": {1: "checkpoint"}, "after_s": 1000}
    assert went(place, SHORT, dies=True, **asked)[0].status == "killed"
    change(place.root)
    done, _, executed = went(place, SHORT, dies=False, resume=True, **asked)
    assert executed == ["a", "b"] and why in done.tags["resumed"], done.tags


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("numbers = (n for n in range(9))", "numbers"),
        ("file = open('x.csv')", "file"),
        ("import sqlite3; there = sqlite3.connect('x.db')", "there"),
        ("import threading, time\nslow = None\nthreading.Thread(target=time.sleep, args=(60,), daemon=False).start()", "a thread still works"),
        ("import threading, time\ndef looks(): time.sleep(60)\nthreading.Thread(target=looks, daemon=True).start()", "a thread still works"),
        ("import subprocess\nprocess = None\nsubprocess.Popen(['sleep', '20']).pid", "a process still works (sleep 20)"),
        ("import own; own.seen = []; own.seen.append(1)", "own is not the same when it is read back"),
        ("api_key = 'sk-proj-" + "a1B2c3D4e5" * 4 + "'", "a secret is in it"),
        ("class Odd:\n    def __setstate__(self, held): self.x = 2\nodd = Odd(); odd.x = 1", "odd is not the same"),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_is_said_and_nothing_is_kept(place, cell, why):
    done, *_ = went(place, [cell, DIES, "1"], dies=True, tags={1: "checkpoint"}, after_s=1000)
    assert why in done.tags["checkpoint"] and done.tags["checkpoint"].startswith("none after cell 2"), done.tags
    assert not list((place.root / ".nbmlops").glob("checkpoints/*"))
    assert Checkpoints(place).find(str(place.root / "n.ipynb"), [])[0] is None


def test_a_cell_that_must_be_is_executed_again(place):
    cells = [f"import sqlite3\n{COUNT.format('connects')}\nthere = sqlite3.connect('x.db')", f"{COUNT.format('works')}\nx = 5", DIES,
             "print(there.execute('select ?', [x]).fetchall())"]  # fmt: skip
    assert went(place, cells, dies=True, tags={1: "always", 2: "checkpoint"}, after_s=1000)[2] == ["connects", "works"]
    done, said, executed = went(place, cells, dies=False, resume=True, tags={1: "always", 2: "checkpoint"}, after_s=1000)
    assert executed == ["connects"] and said[-1] == "[(5,)]\n", (done.error, done.tags, said)


def test_what_a_notebook_calls_its_names_is_its_own_affair(place):
    cells = [f"{COUNT.format('a')}\nget_ipython = None\nimport threading, queue\nfor _ in range(3): pass\nlast = _", DIES,
             f"{COUNT.format('b')}\nfor _ in range(last): pass\nprint(last, _)"]  # fmt: skip
    assert went(place, cells, dies=True)[0].status == "killed"
    done, said, executed = went(place, cells, dies=False, resume=True)
    assert executed == ["b"] and said[-1] == "2 1\n", (done.error, done.tags)
    done, *_ = went(place, ["x = 4", "x", "print(Out)"], dies=False, tags={1: "checkpoint"}, after_s=1000)
    assert "IPython's history" in done.tags["checkpoint"], done.tags


def test_where_no_checkpoint_can_be_written_the_notebook_is_executed_all_the_same(place):
    (place.root / ".nbmlops" / "checkpoints").write_text("in the way")
    done, *_ = went(place, ["x = 1", "x += 1", "print(x)"], dies=False)
    assert done.status == "finished" and done.tags["checkpoint"].startswith("none after cell"), (done.error, done.tags)


def test_what_was_kept_and_cannot_be_read_any_more_begins_anew(place):
    cells = [f"{COUNT.format('a')}\nx = 1", DIES, f"{COUNT.format('b')}\nprint(x)"]
    assert went(place, cells, dies=True)[0].status == "killed"
    digest = place.ledger.read("SELECT executed FROM checkpoint")[0]["executed"]
    next(path for path in (place.root / ".nbmlops").rglob(f"*{digest[-40:]}*") if path.is_file()).unlink()
    done, said, executed = went(place, cells, dies=False, resume=True)
    assert executed == ["a", "b"] and said[-1] == "1\n" and "not from a checkpoint" in done.tags["resumed"], done.tags
