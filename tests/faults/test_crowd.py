"""Twenty kernels write to one workspace: nothing is lost, nobody is told of a lock, nobody waits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nbmlops.workspace import Workspace
from tests.faults.looking import seen

ROOT = Path(__file__).parents[2]
KERNELS, SECONDS, WAIT_S = 20, 20, 2.0


def crowd(folder, seconds, *more):
    """Start them all, let them go at once; gives what each tells at its end."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("NBMLOPS")}
    env |= {"IPYTHONDIR": str(folder / ".ipython"), "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "tests.faults.crowd", str(folder), str(seconds)]
    kernels = [
        subprocess.Popen([*command, f"k{n}", *more], cwd=ROOT, env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for n in range(KERNELS)
    ]
    for kernel in kernels:
        assert kernel.stdout.readline().split() == [f"k{kernels.index(kernel)}", "ready"]
    for kernel in kernels:
        kernel.stdin.write("go\n")
        kernel.stdin.flush()
    return kernels


@pytest.mark.slow
def test_twenty_kernels_write_and_nothing_is_lost_nobody_waits_and_readers_see_them(tmp_path):
    Workspace.at(tmp_path).close()
    kernels = crowd(tmp_path, SECONDS)
    looks = []
    end = time.monotonic() + SECONDS - 4
    while time.monotonic() < end:  # somebody looks meanwhile, from a further process
        looks.append([len(run.numbers) for run in seen(tmp_path)[-KERNELS:]])
        time.sleep(5)
    told = [json.loads(kernel.communicate(timeout=120)[0].splitlines()[-1]) for kernel in kernels]
    assert [kernel.returncode for kernel in kernels] == [0] * KERNELS
    assert all(one["said"] == "" for one in told), [one["said"] for one in told if one["said"]]
    slowest = max(max(one["taken"][2:]) for one in told)
    assert slowest < WAIT_S, slowest
    assert len(looks) >= 2 and all(len(look) == KERNELS for look in looks) and sum(looks[-1]) > 0
    runs = seen(tmp_path)
    assert {run.status for run in runs} == {"finished"}
    assert len(runs) == sum(one["kinds"].count("train") for one in told)
    points = sorted(value for run in runs for _, _, value in run.numbers)
    assert points == sorted(float(number) for one in told for number in one["logged"])
    assert not list((tmp_path / ".nbmlops" / "spool").iterdir())
