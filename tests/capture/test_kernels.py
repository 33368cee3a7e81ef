"""Truthful status, with real kernels that end in every way a kernel ends."""

from __future__ import annotations

import os
import signal
import time

import pandas as pd
import pytest

from nbmlops.runs.book import RunBook
from nbmlops.workspace import Workspace

from .kernel import kernel

pytestmark = pytest.mark.slow

LOAD = "%load_ext nbmlops"
FIT = "import pandas as pd\nfrom sklearn.linear_model import Ridge\nd = pd.read_csv('x.csv')\nm = Ridge().fit(d[['a']], d.b)"


@pytest.fixture
def folder(tmp_path):
    pd.DataFrame({"a": range(20), "b": range(20)}).to_csv(tmp_path / "x.csv", index=False)
    return tmp_path


def book(folder):
    return RunBook(Workspace.at(folder))


def test_a_kernel_that_is_shut_down_leaves_a_finished_run(folder):
    with kernel(folder) as k:
        k.run(LOAD)
        assert k.run(FIT)[0] == "ok"
        assert book(folder).find()[0].status == "running"
        k.shut_down()
        (run,) = book(folder).find()
    assert run.status == "finished" and run.kind == "live"


def test_a_kernel_whose_last_cell_raised_leaves_a_failed_run(folder):
    with kernel(folder) as k:
        k.run(LOAD)
        k.run(FIT)
        assert k.run("raise RuntimeError('no')")[0] == "error"
        k.shut_down()
        (run,) = book(folder).find()
    assert (run.status, run.error) == ("failed", "RuntimeError: no")


@pytest.mark.parametrize("end", ["sigkill", "os._exit", "segfault"])
def test_a_kernel_that_dies_leaves_a_killed_run_with_all_it_had_written(folder, end):
    with kernel(folder) as k:
        k.run(LOAD)
        k.run(FIT)
        k.manager.stop_restarter() if hasattr(k.manager, "stop_restarter") else None
        if end == "sigkill":
            os.kill(k.pid, signal.SIGKILL)
        else:
            k.send("import os\nos._exit(3)" if end == "os._exit" else "import ctypes\nctypes.string_at(0)")
        limit = time.monotonic() + 20
        while k.manager.is_alive() and time.monotonic() < limit:
            time.sleep(0.05)
        (run,) = book(folder).find()
        record = book(folder).record(run.id)
    assert run.status == "killed" and "gone" in (run.error or "")
    assert record.fits and record.files and record.run.data_hash


def test_an_interrupt_is_a_failure_of_its_cell(folder):
    with kernel(folder) as k:
        k.run(LOAD)
        k.run(FIT)
        k.send("import time\ntime.sleep(30)")
        time.sleep(1)
        k.manager.interrupt_kernel()
        time.sleep(0.5)
        k.run("pass")
        k.shut_down()
        (run,) = book(folder).find()
    assert run.status == "failed" and (run.error or "").startswith("KeyboardInterrupt")


def test_two_kernels_on_one_notebook_are_two_runs(folder):
    (folder / "one").mkdir()
    (folder / "two").mkdir()
    (folder / "same.ipynb").write_text("{}")
    with kernel(folder, JPY_SESSION_NAME=str(folder / "same.ipynb")) as k:
        # the second kernel's sockets stand in a folder of their own; both work in the same one
        with kernel(folder / "two", JPY_SESSION_NAME=str(folder / "same.ipynb")) as other:
            other.run(f"import os\nos.chdir({str(folder)!r})")
            for each in (k, other):
                each.run(LOAD)
                each.run(FIT)
            runs = book(folder).find()
            assert len(runs) == 2 and {run.notebook for run in runs} == {str(folder / "same.ipynb")}
            assert {run.notebook_known_from for run in runs} == {"session name"}


def test_errors_show_message_and_hint_and_no_traceback_of_ours(folder):
    with kernel(folder) as k:
        k.run(LOAD)
        status, shown = k.run("%mlops model show nothing")
        assert status == "error"
        assert "is not registered" in shown and "Registered: none yet" in shown
        assert "nbmlops/" not in shown and len(shown.strip().splitlines()) <= 12


# A kernel that is shut down waits half a minute for what joblib leaves behind, which heeds no signal.
END_JOBLIB = """
from multiprocessing import resource_tracker as of_python
from joblib.externals.loky import get_reusable_executor
from joblib.externals.loky.backend import resource_tracker
get_reusable_executor().shutdown(wait=True)
for tracker in (resource_tracker._resource_tracker, of_python._resource_tracker):
    tracker._stop()
"""


def test_capture_survives_a_fork_inside_a_cell(folder):
    with kernel(folder) as k:
        k.run(LOAD)
        k.run(FIT)
        status, shown = k.run(
            "from joblib import Parallel, delayed\n"
            "def one(alpha):\n    return Ridge(alpha=alpha).fit(d[['a']], d.b).coef_[0]\n"
            "print([round(float(x), 1) for x in Parallel(n_jobs=2)(delayed(one)(a) for a in (0.1, 0.2))])",
            timeout=120,
        )
        assert status == "ok" and "[1.0, 1.0]" in shown
        assert k.run(END_JOBLIB)[0] == "ok"
        status, shown = k.run("import os\npid = os.fork()\nif pid == 0:\n    os._exit(0)\nos.waitpid(pid, 0)[1]")
        assert status == "ok"
        k.shut_down()
        (run,) = book(folder).find()
    assert run.status == "finished"


def test_a_read_only_workspace_costs_one_line_and_no_cell(folder):
    (folder / ".nbmlops").write_text("a file where the folder would be")
    with kernel(folder) as k:
        k.run(LOAD)
        status, shown = k.run(FIT)
        assert status == "ok" and shown.count("nbmlops: not recorded") == 1
        assert k.run("m.coef_[0] > 0") == ("ok", "")
