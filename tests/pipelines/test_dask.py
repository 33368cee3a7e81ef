"""A pipeline on the workers of a real Dask scheduler: the same results as here, and one of two workers killed on the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from nbmlops import pipeline
from nbmlops.errors import Invalid, Unavailable
from nbmlops.runs.book import RunBook
from nbmlops.workspace import Workspace
from tests.pipelines.notebooks import written

pytestmark = pytest.mark.slow
STEPS = """
params: {month: 3}
steps:
  prepare: {notebook: prepare.ipynb, params: {month: "${params.month}"}, outputs: [rows.txt]}
  one: {notebook: square.ipynb, params: {rows: "${prepare.rows}", power: 2}, inputs: [rows.txt], outputs: [one.txt]}
"""
TWO = "  two: {notebook: cube.ipynb, params: {rows: \"${prepare.rows}\", power: 3}, inputs: [rows.txt], outputs: [two.txt], variables: [STAGE]}\n"


@pytest.fixture
def cluster(tmp_path):
    """A scheduler and two worker processes, stopped by their ids."""
    import distributed

    words = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
             "--scheduler-file", str(tmp_path / "scheduler.json")]  # fmt: skip
    started = [subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=tmp_path)]
    for _ in range(2):
        words = [sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file", str(tmp_path / "scheduler.json"), "--no-nanny",
                 "--nthreads", "1", "--no-dashboard", "--local-directory", str(tmp_path / "dask")]  # fmt: skip
        started.append(subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=tmp_path))
    end = time.monotonic() + 60
    while not (tmp_path / "scheduler.json").exists() and time.monotonic() < end:
        time.sleep(0.1)
    with distributed.Client(scheduler_file=str(tmp_path / "scheduler.json"), set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
        yield client.scheduler.address, started[1:]
    for process in started:
        process.kill()
        process.wait(30)


@pytest.fixture
def place(tmp_path):
    (tmp_path / "w").mkdir()
    root = tmp_path / "w"
    written(root / "prepare.ipynb", "from nbmlops import run\nopen('rows.txt', 'w').write(str(month * 4))\nrun.log({'rows': month * 4});", parameters="month = 1")
    for name, out in (("square", "one"), ("cube", "two")):
        slow = "import time, pathlib\npathlib.Path(f'began-{power}').touch()\nprint('works'); time.sleep(3)"
        stage = " {os.environ['STAGE']}" if name == "cube" else ""  # declared by that step alone: it goes along
        last = f"import os\nopen('{out}.txt', 'w').write(f\"{{rows ** power}}{stage}\");"
        written(root / f"{name}.ipynb", slow, last, parameters="rows: int = 0\npower: int = 1")
    (root / "p.yaml").write_text(STEPS + TWO)
    made = Workspace.at(root)
    yield made
    made.close()


def results(place):
    return {name: (place.root / name).read_bytes() for name in ("rows.txt", "one.txt", "two.txt")}


def test_two_workers_give_what_this_machine_gives_though_one_is_killed_on_the_way(place, cluster, monkeypatch):
    monkeypatch.setenv("STAGE", "live")
    address, workers = cluster
    assert pipeline.run(str(place.root / "p.yaml"), workspace=place).passed
    here = results(place)
    for path in place.root.glob("*.txt"):
        path.unlink()
    for path in place.root.glob("began-*"):
        path.unlink()

    def kill_one() -> None:
        end = time.monotonic() + 60
        while len(list(place.root.glob("began-*"))) < 2 and time.monotonic() < end:
            time.sleep(0.05)
        workers[0].send_signal(signal.SIGKILL)

    killing = threading.Thread(target=kill_one)
    killing.start()
    found = pipeline.run(str(place.root / "p.yaml"), executor="dask", scheduler=address, force=True, workspace=place)
    killing.join()
    assert found.passed and results(place) == here, found
    assert sorted(step.attempts for step in found.steps) == [1, 1, 2], found  # the worker that died cost one more
    book = RunBook(place)
    assert [book.run(step.run).status for step in found.steps] == ["finished"] * 3
    assert not [one for one in book.find(status="running")]
    assert pipeline.run(str(place.root / "p.yaml"), workspace=place).steps[1].status == "skipped"  # what was made there counts here


def test_what_is_cancelled_leaves_nothing_on_a_worker(place, cluster):
    address, _ = cluster
    nbmlops = str(Path(sys.executable).with_name("nbmlops"))
    words = [nbmlops, "pipeline", "run", "p.yaml", "--executor", "dask", "--scheduler", address]
    asked = subprocess.Popen(words, cwd=place.root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 60
    while not list(place.root.glob("began-*")) and time.monotonic() < end:
        time.sleep(0.05)
    asked.send_signal(signal.SIGINT)
    asked.wait(60)
    end = time.monotonic() + 30
    while (left := _working(place)) and time.monotonic() < end:
        time.sleep(0.2)
    assert not left and pipeline.find(workspace=place)[0].status == "cancelled"
    assert not RunBook(place).find(status="running")


def _working(place):
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.cwd() == str(place.root) and "kernel" in " ".join(process.cmdline()):
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


def test_who_executes_is_named_and_answers(place):
    file = str(place.root / "p.yaml")
    with pytest.raises(Invalid, match="none is named"):
        pipeline.run(file, executor="dask", workspace=place)
    with pytest.raises(Invalid, match="have no scheduler"):
        pipeline.run(file, scheduler="tcp://127.0.0.1:9", workspace=place)
    with pytest.raises(Unavailable, match="No scheduler answers"):
        pipeline.run(file, executor="dask", scheduler="tcp://127.0.0.1:9", workspace=place)
