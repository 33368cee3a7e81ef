"""What a cell forks or spawns neither ends its kernel's run nor writes into it."""

from __future__ import annotations

import os
import signal

from tests.capture.kernel import kernel
from tests.capture.test_kernels import END_JOBLIB
from tests.faults.ahead import ahead
from tests.faults.faults import FIT, GONE
from tests.faults.looking import one, seen, until
from tests.pipelines.notebooks import written

LOAD = "%load_ext nbmlops"
LOG = "from nbmlops import run\nlogged = run.log({'mae': 1.5})"
CHILD = "import os\npid = os.fork()\nif pid == 0:\n    try:\n        {}\n    finally:\n        os._exit(0)\nnone = os.waitpid(pid, 0)"
CELLS = (
    "from joblib import Parallel, delayed\nimport math\nnone = Parallel(n_jobs=2)(delayed(math.sqrt)(n) for n in range(4))",
    "def one(alpha):\n    return Ridge(alpha=alpha).fit(d[['a']], d.b).coef_[0]\nnone = Parallel(n_jobs=2)(delayed(one)(a) for a in (0.1, 0.2))",
    "import multiprocessing\nwith multiprocessing.get_context('fork').Pool(2) as pool:\n    none = pool.map(one, [0.1, 0.2])",
    "child = multiprocessing.get_context('spawn').Process(target=math.sqrt, args=(4,))\nchild.start(); child.join()",
    "child = multiprocessing.get_context('fork').Process(target=one, args=('x',))\nimport contextlib\nchild.start(); child.join()",
    CHILD.format("os._exit(3)"),
    CHILD.format("raise ValueError('the child')"),
    CHILD.format("m = Ridge().fit(d[['a']], d.b)"),
    CHILD.format("run.end()"),
    "told = multiprocessing.get_context('fork').Queue()\n"
    "def log():\n    try:\n        run.log({'mae': 9.0})\n    except Exception as error:\n        told.put(str(error))\n"
    "child = multiprocessing.get_context('fork').Process(target=log)\nchild.start(); child.join()\nassert 'No run is open here' in told.get()",
)


@ahead
def test_no_child_of_a_cell_ends_its_run_or_adds_to_it(folder):
    with kernel(folder, PYTHONWARNINGS="ignore") as k:
        k.run(LOAD)
        for cell in (FIT, LOG, *CELLS):
            status, said = k.run(cell, timeout=120)
            assert status == "ok" and "nbmlops" not in said, said
        assert one(folder).status == "running"
        assert k.run("logged = run.log({'mae': 0.5})") == ("ok", "")
        assert k.run(END_JOBLIB)[0] == "ok"
        k.shut_down()
    found = one(folder)
    assert found.told == ("finished", "", None)
    assert found.numbers == [("mae", 0, 1.5), ("mae", 1, 0.5)] and len(found["fits"]) == 1
    assert not list((folder / ".nbmlops" / "spool").iterdir())


@ahead
def test_a_child_that_outlives_its_killed_kernel_does_not_keep_its_run_alive(folder):
    with kernel(folder, PYTHONWARNINGS="ignore") as k:
        k.run(LOAD)
        k.run(FIT)
        k.run("import os, time\npid = os.fork()\nif pid == 0:\n    time.sleep(60)\n    os._exit(0)\nopen('child', 'w').write(str(pid));")
        os.kill(k.pid, signal.SIGKILL)
        until(lambda: not k.manager.is_alive())
        assert one(folder).told == ("killed", GONE, None)
        os.kill(int((folder / "child").read_text()), signal.SIGKILL)


@ahead
def test_of_two_kernels_on_one_notebook_one_dies_and_the_other_goes_on(folder):
    (folder / "second").mkdir()
    written(folder / "same.ipynb", FIT)
    with kernel(folder, JPY_SESSION_NAME=str(folder / "same.ipynb")) as k:
        with kernel(folder / "second", JPY_SESSION_NAME=str(folder / "same.ipynb")) as other:
            other.run(f"import os\nos.chdir({str(folder)!r})")
            for each in (k, other):
                each.run(LOAD)
                assert each.run(FIT) == ("ok", "")
            os.kill(k.pid, signal.SIGKILL)
            until(lambda: not k.manager.is_alive())
            assert [run.status for run in seen(folder)] == ["killed", "running"]
            assert other.run(LOG) == ("ok", "")
            other.shut_down()
    killed, finished = seen(folder)
    assert (killed.told, finished.told) == (("killed", GONE, None), ("finished", "", None))
    assert killed["run"]["notebook"] == finished["run"]["notebook"] == str(folder / "same.ipynb")
    assert finished.numbers == [("mae", 0, 1.5)] and not killed.numbers
