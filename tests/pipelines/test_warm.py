"""Kernels that are started before they are needed: they stand where the notebook stands, and nothing is left of them."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import threading

import psutil
import pytest

from nbmlops import pipeline
from nbmlops.pipelines.executor import Stop, one_ahead
from nbmlops.pipelines.runner import execute
from nbmlops.pipelines.warm import Warm, wanted_by
from nbmlops.runs.book import RunBook
from nbmlops.workspace import Workspace
from tests.pipelines.notebooks import written

pytestmark = pytest.mark.slow
TELLS = (
    "import json, os, psutil, subprocess, sys\n"
    "last = subprocess.Popen(['true'])\n"  # which began, by the same clock, at the end
    "told = {'folder': os.getcwd(), 'variables': sorted(os.environ), 'stage': os.environ.get('STAGE'), 'began': psutil.Process().create_time(), 'ended': psutil.Process(last.pid).create_time(),\n"
    "        'path': sys.path[0], 'history': [str(one) for one in get_ipython().user_ns['_dh']], 'names': sorted(n for n in dir() if n[0] != '_')}\n"
    "json.dump(told, open(f'{name}.json', 'w'))"
)


def test_a_kernel_that_waited_is_as_one_that_did_not_and_none_is_left(tmp_path, monkeypatch):
    aside = tempfile.mkdtemp(prefix="w", dir=tempfile.gettempdir())  # a short path: sockets are made in it
    monkeypatch.setenv("TMPDIR", aside)
    monkeypatch.setenv("STAGE", "live")
    place = Workspace.at(tmp_path)
    for name in ("one", "two", "three"):
        written(tmp_path / f"{name}.ipynb", f"import time; time.sleep({0 if name == 'three' else 5})", TELLS, parameters=f"name = '{name}'")
    (tmp_path / "p.yaml").write_text(
        "steps:\n  one: {notebook: one.ipynb}\n  two: {notebook: two.ipynb, after: [one]}\n  three: {notebook: three.ipynb, after: [two]}\n"
    )
    done = pipeline.run(str(tmp_path / "p.yaml"), workspace=place)
    assert done.passed, done
    first, second, third = (json.loads((tmp_path / f"{name}.json").read_text()) for name in ("one", "two", "three"))
    assert second["began"] < first["ended"] and third["began"] < second["ended"]  # they waited
    for told in (first, second, third):
        del told["began"], told["ended"]
    for told in (second, third):
        assert told == first | {"history": told["history"]} and told["history"] == [str(tmp_path)]
    assert not os.listdir(aside)
    assert not [one for one in psutil.process_iter() if aside in " ".join(_words(one))]
    place.close()
    shutil.rmtree(aside)


def test_one_that_would_have_begun_otherwise_is_not_taken():
    waiting = Warm(None, "", {"OMP_NUM_THREADS": "1", "HOME": "/a"})
    assert waiting.fits("python3", {"OMP_NUM_THREADS": "1", "HOME": "/b", "NEW": "1"})
    assert not waiting.fits("ir", {"OMP_NUM_THREADS": "1"}) and not waiting.fits("python3", {"OMP_NUM_THREADS": "2"})
    assert not waiting.fits("python3", {}) and not waiting.fits("python3", {"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"})


def test_what_the_next_notebook_imports_is_loaded_unless_it_goes_by_what_the_notebook_sets(tmp_path):
    def wanted(*cells):
        return wanted_by(written(tmp_path / "n.ipynb", *cells), tmp_path)

    imports = "import pandas as pd, json\nfrom sklearn.linear_model import Ridge\nif late:\n    import polars\nimport matplotlib.pyplot"
    assert wanted(imports) == ("pandas", "sklearn.linear_model")
    for sets in ("import os; os.environ['OMP_NUM_THREADS'] = '1'", "%env A=1", "import sys; sys.path.insert(0, 'own')"):
        assert wanted(sets, imports) == ()
    (tmp_path / "pandas.py").write_text("")
    assert wanted(imports) == ("sklearn.linear_model",)
    (tmp_path / "n.ipynb").write_text("nothing")
    assert wanted_by(tmp_path / "n.ipynb", tmp_path) == wanted_by(tmp_path / "none.ipynb", tmp_path) == ()


def test_libraries_are_there_when_the_next_notebook_begins_and_never_those_of_another(tmp_path):
    told = "import json; from sys import modules; json.dump(sorted({m.partition('.')[0] for m in modules.copy()} & {'pandas', 'sklearn', 'skops'}), open(f'{name}.json', 'w'))"
    place = Workspace.at(tmp_path)
    slow = "import time; time.sleep(6)"
    for name, cells in {"one": [told, slow], "two": [told, "from sklearn.linear_model import Ridge", slow], "three": [told]}.items():
        written(tmp_path / f"{name}.ipynb", *cells, parameters=f"name = '{name}'")
    (tmp_path / "p.yaml").write_text(
        "steps:\n  one: {notebook: one.ipynb}\n  two: {notebook: two.ipynb, after: [one]}\n  three: {notebook: three.ipynb, after: [two]}\n"
    )
    done = pipeline.run(str(tmp_path / "p.yaml"), workspace=place)
    assert done.passed, done
    plain, loaded, other = (set(json.loads((tmp_path / f"{name}.json").read_text())) for name in ("one", "two", "three"))
    assert loaded >= {"sklearn", "skops"} and "skops" not in plain and "skops" not in other
    place.close()


def test_a_kernel_that_died_while_it_waited_is_not_taken():
    waiting = Warm.started(("numpy",))
    assert waiting is not None and waiting.fits("python3", os.environ, ("numpy", "pandas")) and not waiting.fits("python3", os.environ)
    pid = waiting.manager.provisioner.process.pid
    os.kill(pid, 9)
    psutil.wait_procs([psutil.Process(pid)], timeout=5)
    assert not waiting.fits("python3", os.environ, ("numpy",))
    waiting.stop()


def test_who_executed_is_asked_again_as_if_it_were_new_and_not_where_it_was_stopped_or_died(tmp_path, monkeypatch):
    place = Workspace.at(tmp_path)
    tells = "import os\nprint(os.getppid(), os.environ.get('STAGE'))"
    path = written(tmp_path / "n.ipynb", tells, "if long:\n    import time; time.sleep(60)", parameters="long = False")

    def executed(**asked):
        done = execute(path, asked.pop("params", {}), workspace=place, **asked)
        (kept,) = [one for one in RunBook(place).record(done.id).artifacts if one.name == "notebook.ipynb"]
        shown = [output for cell in json.loads(place.blobs.get(kept.digest))["cells"] for output in cell.get("outputs", ())]
        return done.status, *"".join(shown[0]["text"]).split()

    with one_ahead(0):  # none is made ready: those that were asked are there
        monkeypatch.setenv("STAGE", "first")
        status, first, stage = executed()
        assert (status, stage) == ("finished", "first")
        monkeypatch.delenv("STAGE")
        assert executed() == ("finished", first, "None")
        stop = Stop()
        threading.Timer(4, stop.ask, ["Not wanted."]).start()
        assert executed(params={"long": True}, stop=stop)[:2] == ("killed", first)
        status, second, _ = executed()
        assert status == "finished" and second != first
        os.kill(int(second), 9)
        psutil.wait_procs([psutil.Process(int(second))], timeout=5)
        status, third, _ = executed()
        assert status == "finished" and third not in (first, second)
        assert executed(timeout_s=60)[1] == third
    assert not psutil.pid_exists(int(third))
    place.close()


def _words(process):
    try:
        return process.cmdline()
    except psutil.Error:
        return []
