"""Notebooks that programs execute: one execution is one run, whichever program, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import nbformat
import psutil
import pytest

from tests.faults.ahead import ahead
from tests.faults.faults import GONE
from tests.faults.looking import one, seen, until
from tests.pipelines.notebooks import written

LOAD = "%load_ext nbmlops"
FIT = (
    "class Mean:\n    def fit(self, X, y):\n        return self\n    def predict(self, X):\n        return X\nm = Mean().fit([1.0], [2.0])"
)
CLIENT = (
    "import nbformat, nbclient, sys; book = nbformat.read('in.ipynb', 4)\n"
    "nbclient.NotebookClient(book, allow_errors='--allow-errors' in sys.argv).execute()"
)
PROGRAMS = {
    "papermill": [sys.executable, "-m", "papermill", "in.ipynb", "out.ipynb", "--no-progress-bar"],
    "nbclient": [sys.executable, "-c", CLIENT],
    "nbconvert": [sys.executable, "-m", "nbconvert", "--execute", "--to", "notebook", "--output", "out.ipynb", "in.ipynb"],
    "jupyter execute": [sys.executable, "-c", "from nbclient.cli import main; main()", "in.ipynb"],
}


def started(folder, program, *words):
    env = {name: value for name, value in os.environ.items() if not name.startswith(("NBMLOPS", "JPY_"))}
    env |= {"IPYTHONDIR": str(folder / ".ipython"), "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    command = [*PROGRAMS[program], *words]
    return subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


def executed(folder, program, *words):
    process = started(folder, program, *words)
    out, said = process.communicate(timeout=120)
    assert "not recorded" not in out + said
    return process.returncode


@pytest.mark.parametrize("program", PROGRAMS)
@ahead
def test_an_execution_is_one_run_with_all_its_cells_and_a_failing_cell_fails_it(folder, program):
    written(folder / "in.ipynb", LOAD, "before = 1", FIT, "after = 2", parameters=None)
    assert executed(folder, program) == 0
    written(folder / "in.ipynb", LOAD, FIT, "raise ValueError('no rows')", "never = 1", parameters=None)
    assert executed(folder, program) != 0
    good, bad = seen(folder)
    assert good.told == ("finished", "", None) and good["run"]["kind"] == bad["run"]["kind"] == "headless"
    assert [source for source in good.sources if source != LOAD] == ["before = 1", FIT, "after = 2"]
    assert bad.told == ("failed", "ValueError: no rows", bad.sources.index("raise ValueError('no rows')"))
    assert good["fits"] and bad["fits"]


@pytest.mark.parametrize("program", ["nbclient", "nbconvert"])
@ahead
def test_an_error_that_is_let_pass_is_still_a_failure_unless_its_cell_is_meant_to_raise(folder, program):
    written(folder / "in.ipynb", LOAD, "raise ValueError('no rows')", FIT, parameters=None)
    assert executed(folder, program, "--allow-errors") == 0
    written(folder / "in.ipynb", LOAD, "#raises\n1 / 0", FIT, parameters=None)
    assert executed(folder, program) == 0
    passed, meant = seen(folder)
    assert passed.told == ("failed", "ValueError: no rows", passed.sources.index("raise ValueError('no rows')")) and passed["fits"]
    assert meant.told == ("finished", "", None) and meant["fits"]
    assert [cell["error"] for cell in meant["cells"] if cell["source"].startswith("#raises")] == ["ZeroDivisionError: division by zero"]


@ahead
def test_leaving_early_of_its_own_will_is_finished_for_papermill_and_for_the_record(folder):
    written(folder / "in.ipynb", LOAD, FIT, "import sys; sys.exit(0)", "never = 1", parameters=None)
    assert executed(folder, "papermill") == 0
    assert one(folder).told == ("finished", "", None)


@pytest.mark.parametrize("engine", [(), ("--engine", "nbmlops")], ids=["stock", "nbmlops"])
@ahead
def test_an_execution_that_is_stopped_by_time_or_by_force_is_not_running_for_ever(folder, engine):
    long = "open('kernel', 'w').write(str(__import__('os').getpid())); __import__('time').sleep(600)"
    written(folder / "in.ipynb", *([] if engine else [LOAD]), FIT, long, parameters=None)
    assert executed(folder, "papermill", "--execution-timeout", "5", *engine) != 0
    (first,) = seen(folder)
    # papermill interrupts what takes too long; only who executes can know why.
    assert first.status == "failed" and first["fits"] and first.told[2] is not None
    assert first.told[1].startswith("Timed out" if engine else "KeyboardInterrupt")
    (folder / "kernel").unlink()
    process = started(folder, "papermill", *engine)
    until(lambda: (folder / "kernel").exists() and (folder / "kernel").read_text())
    kernel = psutil.Process(int((folder / "kernel").read_text()))
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    until(lambda: not kernel.is_running() or kernel.status() == psutil.STATUS_ZOMBIE)
    assert [run.told for run in seen(folder)][1] == ("killed", GONE, None)


@ahead
def test_a_whole_execution_that_takes_too_long_has_failed_and_says_so(folder):
    written(folder / "in.ipynb", FIT, "__import__('time').sleep(600)", parameters=None)
    words = [sys.executable, "-m", "nbmlops.doors.shell", "pipeline", "run", "in.ipynb", "--timeout-s", "25"]
    code = "import sys; from nbmlops.doors.shell import main; sys.exit(main(sys.argv[1:]))"
    subprocess.run([sys.executable, "-c", code, *words[3:]], cwd=folder, capture_output=True, timeout=120)
    status, error, at = one(folder).told
    assert (status, at) == ("failed", 1) and "25 s" in error


@ahead
def test_a_notebook_inside_a_notebook_is_a_run_of_its_own_or_part_of_the_cell_that_ran_it(folder):
    written(folder / "inner.ipynb", LOAD, FIT, "inner = 1", parameters=None)
    inside = "import papermill\nnone = papermill.execute_notebook('inner.ipynb', None, progress_bar=False)"
    recorded = inside.replace("None, ", "None, engine_name='nbmlops', ")
    written(folder / "in.ipynb", "outer = 1", inside, recorded, "%run inner.ipynb", "outer = 2", parameters=None)
    code = "import sys; from nbmlops.doors.shell import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, "pipeline", "run", "in.ipynb"], cwd=folder, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    outer, stock, engine = seen(folder)
    assert [run.status for run in (outer, stock, engine)] == ["finished"] * 3
    assert outer.sources == ["outer = 1", inside, recorded, "%run inner.ipynb", "outer = 2"]
    assert "inner = 1" in stock.sources and "inner = 1" in engine.sources and "outer = 1" not in stock.sources + engine.sources
    assert outer["run"]["notebook"] == str(folder / "in.ipynb") and engine["run"]["notebook"] == str(folder / "inner.ipynb")
    assert stock["run"]["notebook"] in (None, str(folder / "inner.ipynb"))
    assert nbformat.read(folder / "in.ipynb", 4).cells[0].source == "outer = 1"
