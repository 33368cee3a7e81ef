"""Without any Jupyter server: a terminal's IPython, plain scripts, and VS Code's kernels."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from tests.capture.kernel import kernel
from tests.faults.ahead import ahead
from tests.faults.faults import FIT, GONE
from tests.faults.looking import one, seen, until
from tests.pipelines.notebooks import written

LOAD = "%load_ext nbmlops"
MODEL = "class Mean:\n    def fit(self, X, y):\n        return self\n    def predict(self, X):\n        return X\n\n"


def started(folder, *words, **more):
    env = {name: value for name, value in os.environ.items() if not name.startswith(("NBMLOPS", "JPY_"))}
    env |= {"IPYTHONDIR": str(folder / ".ipython")}
    return subprocess.Popen(
        [sys.executable, *words], cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more
    )


def typed(folder, *lines):
    process = started(folder, "-m", "IPython", "--simple-prompt", "--no-banner", stdin=subprocess.PIPE)
    said = process.communicate("\n".join([LOAD, MODEL, *lines]) + "\n", timeout=60)[0]
    assert "not recorded" not in said, said
    return process.returncode


@ahead
def test_a_terminals_ipython_says_how_its_session_ended(folder):
    fit = "m = Mean().fit([1], [2])"
    typed(folder, fit, "exit()")
    typed(folder, fit, "1 / 0", "exit()")
    typed(folder, fit, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    finished, failed, killed = seen(folder)
    assert finished.told == ("finished", "", None) and finished["run"]["notebook_known_from"] == "terminal"
    assert failed.told == ("failed", "ZeroDivisionError: division by zero", failed.sources.index("1 / 0"))
    assert killed.told == ("killed", GONE, None) and killed["fits"]


@pytest.mark.parametrize(
    ("last", "status", "error"),
    [
        ("", "finished", ""),
        ("raise ValueError('no rows')", "failed", "ValueError: no rows"),
        ("import os; os._exit(0)", "killed", GONE),
        ("import os; os.kill(os.getpid(), 9)", "killed", GONE),
        ("pid = os.fork()\nif pid == 0: raise SystemExit(3)\nos.waitpid(pid, 0)", "finished", ""),
        ("pid = os.fork()\nif pid == 0: raise ValueError('the child')\nos.waitpid(pid, 0)", "finished", ""),
        (
            "pid = os.fork()\nif pid == 0: run.start('the child'); run.log({'b': 2.0}); run.end(); os._exit(0)\nos.waitpid(pid, 0)",
            "finished",
            "",
        ),
    ],
    ids=["ends", "raises", "os._exit", "SIGKILL", "child-exits", "child-raises", "child-has-a-run"],
)
@ahead
def test_a_script_says_how_it_ended(folder, last, status, error):
    code = f"import os\nfrom nbmlops import run\nrun.start('a')\nrun.log({{'loss': 0.5}})\n{last}\n"
    if "the child" in last and "start" in last:
        code = code.replace("os.waitpid(pid, 0)", "os.waitpid(pid, 0); run.log({'loss': 0.25})")
    process = started(folder, "-c", code)
    process.communicate(timeout=60)
    found = seen(folder)
    assert found[0].told == (status, error, None)
    assert (found[0].numbers[0] == ("loss", 0, 0.5) and not (folder / ".nbmlops" / "spool").exists()) or not list(
        (folder / ".nbmlops" / "spool").iterdir()
    )
    if "start" in last:
        assert found[0].numbers == [("loss", 0, 0.5), ("loss", 1, 0.25)]
        assert found[1].told == ("finished", "", None) and found[1].numbers == [("b", 0, 2.0)]
    else:
        assert len(found) == 1 and len(found[0].numbers) == 1


@ahead
def test_a_block_fails_with_what_was_raised_in_it_and_not_by_leaving_early(folder):
    code = "import sys\nfrom nbmlops import run\nwith run.start('a'):\n    {}\n"
    for inside in ("sys.exit(0)", "sys.exit('no rows')", "raise KeyboardInterrupt"):
        started(folder, "-c", code.format(inside)).communicate(timeout=60)
    assert [run.told for run in seen(folder)] == [
        ("finished", "", None),
        ("failed", "SystemExit: no rows", None),
        ("failed", "KeyboardInterrupt: ", None),
    ]


@ahead
def test_vs_codes_kernel_knows_its_notebook_and_dies_as_any_other(folder):
    written(folder / "code.ipynb", FIT)
    with kernel(folder) as k:
        k.run(f"__vsc_ipynb_file__ = {str(folder / 'code.ipynb')!r}")
        k.run(LOAD)
        assert k.run(FIT) == ("ok", "")
        os.kill(k.pid, signal.SIGKILL)
        until(lambda: not k.manager.is_alive())
    found = one(folder)
    assert found.told == ("killed", GONE, None)
    assert (found["run"]["notebook"], found["run"]["notebook_known_from"]) == (str(folder / "code.ipynb"), "vscode")
