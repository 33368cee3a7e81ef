"""Runs executed again: what holds is VERIFIED, what does not is told with its first cell and its cause."""

from __future__ import annotations

import os
import shutil
import tempfile

import pytest

from nbmlops import data, model, run
from nbmlops.errors import GateRefused, NotFound
from nbmlops.pipelines.runner import execute
from nbmlops.replay import book
from nbmlops.workspace import Workspace
from tests.capture.kernel import kernel
from tests.notebooks.corpus_data import make
from tests.notebooks.test_corpus import CORPUS, NAMES
from tests.pipelines.notebooks import written

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("children_stay")]
HEAD = "import pandas as pd, numpy as np\nfrom sklearn.linear_model import Ridge\nfrom sklearn.metrics import mean_absolute_error"
READ = "data = pd.read_csv('x.csv')\ndata.head()"
FIT = "model = Ridge(alpha=alpha).fit(data[['a']], data['b'])"
ASK = "mae = mean_absolute_error(data['b'], model.predict(data[['a']]))\nprint(mae)"
CLEAN = [HEAD, READ, FIT, ASK]


@pytest.fixture
def place(tmp_path):
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "x.csv").write_text("a,b\n" + "".join(f"{n},{2 * n + n % 3}\n" for n in range(50)))
    made = Workspace.at(tmp_path / "w")
    yield made
    made.close()


def recorded(place, cells, **more):
    """The run of a notebook of these cells, by papermill."""
    return execute(written(place.root / "n.ipynb", *cells, parameters="alpha = 0.5"), {}, workspace=place, **more).id


def verified(place, cells):
    return run.verify(recorded(place, cells), workspace=place)


@pytest.mark.parametrize("name", NAMES[::6])  # more of them: python -m benchmarks proof
def test_notebooks_of_every_style_hold(name, tmp_path):
    make(tmp_path)
    shutil.copy(CORPUS / f"{name}.ipynb", tmp_path)
    there = Workspace.at(tmp_path)
    before = execute(tmp_path / f"{name}.ipynb", {}, workspace=there)
    found = run.verify(before.id, workspace=there)
    assert (found.verdict, found.deviations, found.missing) == ("VERIFIED", [], []), found
    assert sum(one.things for one in found.compared if one.part in ("file", "frame", "output")) > 3
    after = run.find(workspace=there)
    assert [(one.id, one.verdict) for one in after] == [(before.id, "VERIFIED")]
    there.close()


@pytest.mark.parametrize(("seed", "verdict"), [("random_state=0", "VERIFIED"), ("", "DIFFERS")])
def test_what_was_fitted_is_compared_though_nothing_shows_it(place, seed, verdict):
    cells = [
        "import pandas as pd\nfrom sklearn.ensemble import RandomForestRegressor\ndata = pd.read_csv('x.csv')",
        f"model = RandomForestRegressor(5, n_jobs=2, {seed}).fit(data[['a']], data.b)",
    ]
    found = verified(place, cells)
    assert found.verdict == verdict, found
    if verdict == "DIFFERS":
        assert (found.cause, {one.part for one in found.deviations}) == ("randomness", {"fitted"}), found
    assert next(one.things for one in found.compared if one.part == "fitted") == 1


def test_what_was_predicted_is_compared_though_nothing_shows_it(place):
    asked = "noise = np.random.normal(size=len(data))\nanswer = model.predict(data[['a']].add(noise, axis=0))"
    found = verified(place, [HEAD, READ, FIT, asked])
    assert (found.verdict, found.cause, found.cell) == ("DIFFERS", "randomness", 4), found
    assert [(one.part, one.name) for one in found.deviations] == [("prediction", "Ridge.predict")]


def test_where_the_data_changed_is_told_by_column_and_row(place):
    path = place.root / "x.csv"
    path.write_text("a,b\n" + "".join(f"{n},{2 * n + n % 3}\n" for n in range(20_000)))
    run_id = recorded(place, CLEAN)
    rows = path.read_text().split("\n")
    path.write_text("\n".join([*rows[:4001], "4000,99", *rows[4002:]]))
    found = run.verify(run_id, workspace=place)
    assert (found.verdict, found.cause, found.cell) == ("DIFFERS", "data", 2)
    assert "x.csv (column b, in rows 0–16,383), first in cell 2" in found.sentence, found.sentence
    assert found.data is not None and {frame.part: frame.diff.same for frame in found.data.frames} == {"frame": True, "target": False}
    assert book.of_run(place, run_id)[0] == found
    path.write_text("\n".join(rows[:19_001]) + "\n")
    assert "(20,000 rows, now 19,000" in run.verify(run_id, workspace=place).sentence


def test_a_version_that_was_kept_stands_in_for_what_changed_or_is_gone(place):
    path = place.root / "x.csv"
    run_id = recorded(place, CLEAN)
    was = path.read_bytes()
    data.add(str(path), workspace=place)
    path.write_text("a,b\n1,2\n")
    found = run.verify(run_id, workspace=place)
    assert found.verdict == "VERIFIED" and "x.csv is another by now: the version that was kept was read" in found.sentence, found
    assert path.read_text() == "a,b\n1,2\n"
    path.unlink()
    found = run.verify(run_id, workspace=place)
    assert found.verdict == "VERIFIED" and "x.csv is gone" in found.sentence, found
    assert not path.exists()
    path.write_bytes(was)
    found = run.verify(run_id, workspace=place)
    assert found.verdict == "VERIFIED" and "kept" not in found.sentence


def changed_byte(folder):
    path = folder / "x.csv"
    path.write_text(path.read_text().replace("\n7,", "\n8,"))


def other_order(folder):
    path = folder / "x.csv"
    head, *rows = path.read_text().splitlines()
    path.write_text("\n".join([head, *reversed(rows)]) + "\n")


def edited_function(folder):
    (folder / "helpers.py").write_text("def clean(data):\n    return data.assign(a=data.a + 1)\n")


FAULTS = {
    "a byte of the data": (CLEAN, changed_byte, "data", 2, "x.csv"),
    "the order of its rows": (CLEAN, other_order, "data", 2, "x.csv"),
    "a function of a module": ([HEAD, "from helpers import clean", READ, "data = clean(data)", FIT, ASK], edited_function, "code", 2, "helpers.py"),
    "no seed": ([HEAD, READ, "data['a'] += np.random.rand(len(data))", FIT, ASK], None, "randomness", 4, "seed"),
    "the clock": ([*CLEAN, "import time\nprint(time.time_ns())"], None, "time or network", 5, "clock"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_with_its_first_cell_and_its_cause(name, place):
    cells, fault, cause, cell, word = FAULTS[name]
    (place.root / "helpers.py").write_text("def clean(data):\n    return data.assign(a=data.a * 1)\n")
    before = recorded(place, cells)
    if fault is not None:
        fault(place.root)
    found = run.verify(before, workspace=place)
    assert (found.verdict, found.cause, found.cell) == ("DIFFERS", cause, cell), found
    assert word in found.sentence
    assert run.find(workspace=place)[0].verdict == "DIFFERS" and len(run.find(workspace=place)) == 1


def test_another_version_of_a_package_is_named_and_one_that_does_not_matter_too(place, tmp_path, monkeypatch):
    def install(version, answer):
        folder = tmp_path / "packages"
        shutil.rmtree(folder, ignore_errors=True)
        (folder / f"grading-{version}.dist-info").mkdir(parents=True)
        (folder / "grading.py").write_text(f"def grade(x):\n    return x * {answer}\n")

    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(tmp_path / "packages"), os.environ.get("PYTHONPATH", "")])))
    install("1.0", 2)
    before = recorded(place, ["import grading\nprint(grading.grade(3))"])
    install("1.1", 2)
    found = run.verify(before, workspace=place)
    assert found.verdict == "VERIFIED" and "grading" in found.sentence and [one.name for one in found.deviations] == ["grading"]
    install("2.0", 5)
    found = run.verify(before, workspace=place)
    assert (found.verdict, found.cause, found.cell) == ("DIFFERS", "environment", 1)
    assert "grading was 1.0, is 2.0" in found.sentence


def test_what_is_missing_is_said_and_nothing_is_executed(place):
    before = recorded(place, CLEAN)
    (place.root / "x.csv").unlink()
    found = run.verify(before, workspace=place)
    assert found.verdict == "CANNOT" and found.missing == [f"a file it read is gone: {place.root / 'x.csv'}"]
    with_secret = recorded(place, ["password = 'kitten-77x-Horse'", "print(len(password))"])
    found = run.verify(with_secret, workspace=place)
    assert found.verdict == "CANNOT" and found.missing == ["cell 1 holds a secret, which was not written down"]
    assert [one.verdict for one in book.of_run(place, before)] == ["CANNOT"]
    with pytest.raises(NotFound):
        run.verify("run-nothing", workspace=place)


def test_a_live_session_s_run_holds_whatever_happened_between(tmp_path):
    (tmp_path / "x.csv").write_text("a,b\n" + "".join(f"{n},{2 * n + n % 3}\n" for n in range(50)))
    with kernel(tmp_path) as k:
        for at, cell in enumerate(["%load_ext nbmlops", HEAD, "alpha = 5", "print('a dead end')", READ, "data.nothing", "alpha = 0.5", FIT, ASK]):
            k.run(cell, f"c{at}")
        k.shut_down()
    there = Workspace.at(tmp_path)
    (live,) = run.find(workspace=there)
    assert live.kind == "live"
    found = run.verify(live.id, workspace=there)
    assert found.verdict == "VERIFIED", found
    assert run.show(live.id, workspace=there).run.verdict == "VERIFIED"
    there.close()


def test_nothing_is_left_of_a_verification(place, tmp_path, monkeypatch):
    (tmp_path / "t").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "t"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    assert verified(place, CLEAN).verdict == "VERIFIED"
    assert not [path for path in (tmp_path / "t").iterdir() if path.name.startswith("nbmlops")]


def test_the_verdict_reaches_the_version_and_a_gate_that_demands_it_refuses_without(place):
    before = recorded(place, CLEAN)
    first = model.register("rides", run=before, workspace=place)
    assert first.verdict is None
    model.gate("rides", "mae", verified=True, workspace=place)
    with pytest.raises(GateRefused, match=r"nobody has executed its run again\. Ask: %mlops run verify run-"):
        model.promote("rides", 1, workspace=place)
    assert run.verify(before, workspace=place).verdict == "VERIFIED"
    assert model.show("rides", workspace=place).versions[0].verdict == "VERIFIED"
    assert model.promote("rides", 1, workspace=place).version == 1
    changed_byte(place.root)
    assert run.verify(before, workspace=place).verdict == "DIFFERS"
    report = model.check("rides", 1, workspace=place)
    assert not report.passed and "comes out otherwise" in report.checks[-1].reason
