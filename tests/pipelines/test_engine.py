"""Plain `papermill --engine nbmlops`, for notebooks that do not mention nbmlops."""

from __future__ import annotations

import json
import os
import signal
import sys
import time

import nbformat
import psutil
import pytest
from blake3 import blake3

from nbmlops.runs.book import RunBook
from nbmlops.workspace import Workspace
from tests.pipelines.notebooks import FIGURE, TRAIN, done, executed, papermill, runs, written

pytestmark = pytest.mark.slow


def until(what, seconds=60):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def left_behind(folder):
    return [found.name for found in (folder.parent / "t").iterdir() if found.name.startswith("nbmlops-")]


def test_a_notebook_that_does_not_mention_nbmlops_is_recorded(folder):
    written(folder / "in.ipynb", TRAIN, FIGURE)
    code, said = done(papermill(folder, "in.ipynb", "out.ipynb", "-p", "month", "3", "-p", "alpha", "0.5"))
    assert code == 0, said
    (run,) = runs(folder)
    assert (run.status, run.kind, run.params["month"], run.params["alpha"]) == ("finished", "papermill", 3, 0.5)
    assert run.notebook == str(folder / "in.ipynb") and run.data_hash and run.metrics["mae"] > 0
    record = RunBook(Workspace.at(folder)).record(run.id)
    (read,) = [use for use in record.files if use.mode == "read" and use.path.endswith("x.csv")]
    assert read.digest == "blake3:" + blake3((folder / "x.csv").read_bytes()).hexdigest()
    assert record.fits[0].estimator.endswith("Ridge") and record.fits[0].artifact
    kinds = {artifact.media_type for artifact in record.artifacts}
    assert "image/png" in kinds and "application/x-ipynb+json" in kinds
    assert executed(folder, run).cells[-1].execution_count
    assert nbformat.read(folder / "out.ipynb", 4).metadata.papermill.exception is None
    assert not left_behind(folder)


def test_a_failing_notebook_is_failed_with_its_cell_and_papermill_says_what_it_always_says(folder):
    written(folder / "in.ipynb", "1", "raise ValueError('no rows')", "2")
    code, said = done(papermill(folder, "in.ipynb", "out.ipynb"))
    plain, words = done(papermill(folder, "in.ipynb", "plain.ipynb", engine=""))
    assert code == plain != 0 and "ValueError: no rows" in said and said.count("ValueError: no rows") == words.count("ValueError: no rows")
    (run,) = runs(folder)
    assert (run.status, run.error, run.failed_cell) == ("failed", "ValueError: no rows", 2)
    assert executed(folder, run).cells[2].outputs[0].ename == "ValueError"
    assert not left_behind(folder)


@pytest.mark.parametrize("deaths", [1, 2])
def test_a_kernel_that_dies_before_it_was_asked_anything_is_started_once_more(folder, deaths):
    spec, count = folder / "jupyter" / "kernels" / "weak", folder / "count"
    spec.mkdir(parents=True)
    begin = f"import runpy; open({str(count)!r}, 'a').write('x'); assert len(open({str(count)!r}).read()) > {deaths}; "
    begin += "runpy.run_module('ipykernel_launcher', run_name='__main__')"
    spec.joinpath("kernel.json").write_text(
        json.dumps({"argv": [sys.executable, "-c", begin, "-f", "{connection_file}"], "display_name": "", "language": "python"})
    )
    written(folder / "in.ipynb", "open('once', 'a').write('x');", kernel="weak")
    code, said = done(papermill(folder, "in.ipynb", "out.ipynb", env={"JUPYTER_PATH": str(folder / "jupyter")}))
    (run,) = runs(folder)
    assert count.read_text() == "xx" and not left_behind(folder)
    if deaths == 1:
        assert (code, run.status, (folder / "once").read_text()) == (0, "finished", "x"), said
        assert "started twice" in run.tags["note"]
    else:
        assert code != 0 and run.status == "failed" and "died" in run.error and not (folder / "once").exists()


def test_a_kernel_that_dies_is_a_killed_run(folder):
    written(folder / "in.ipynb", TRAIN, "import os; os._exit(1)")
    code, said = done(papermill(folder, "in.ipynb", "out.ipynb"))
    assert code != 0 and "DeadKernelError" in said
    (run,) = runs(folder)
    assert (run.status, run.error, run.failed_cell) == ("killed", "The kernel died.", 2)
    assert run.metrics and not left_behind(folder)


def test_an_execution_that_takes_too_long_is_failed_and_says_so(folder):
    written(folder / "in.ipynb", "import time; time.sleep(60)")
    code, _ = done(papermill(folder, "in.ipynb", "out.ipynb", "--execution-timeout", "2"))
    (run,) = runs(folder)
    assert code != 0 and run.status == "failed" and run.error.startswith("Timed out") and run.failed_cell == 1
    assert not left_behind(folder)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_runner_that_is_stopped_leaves_no_kernel_and_a_true_status(folder, number):
    mark = folder / "started"
    written(folder / "in.ipynb", f"import os, time; open({str(mark)!r}, 'w').write(str(os.getpid())); time.sleep(120)")
    process = papermill(folder, "in.ipynb", "out.ipynb", start_new_session=True)
    until(lambda: mark.exists() and mark.read_text())
    kernel = psutil.Process(int(mark.read_text()))
    os.kill(process.pid, number)
    process.communicate(timeout=60)
    assert process.returncode != 0
    until(lambda: not kernel.is_running() or kernel.status() == psutil.STATUS_ZOMBIE)
    (run,) = runs(folder)
    assert run.status == ("failed" if number == signal.SIGINT else "killed") and run.ended_at
    if number == signal.SIGINT:
        assert run.error == "Interrupted." and not left_behind(folder)


def test_two_notebooks_at_once_are_two_right_runs(folder):
    started = []
    for name in ("one", "two"):
        written(folder / f"{name}.ipynb", TRAIN, "1" if name == "one" else "raise KeyError('two')")
        started.append(papermill(folder, f"{name}.ipynb", f"{name}-out.ipynb", "-p", "month", "1" if name == "one" else "2"))
    codes = [done(process)[0] for process in started]
    found = {run.name: run for run in runs(folder)}
    assert codes[0] == 0 != codes[1] and len(found) == 2
    assert (found["one"].status, found["one"].params["month"], found["two"].status, found["two"].params["month"]) == ("finished", 1, "failed", 2)
    assert found["one"].metrics == found["two"].metrics and found["one"].data_hash == found["two"].data_hash


def test_a_workspace_that_cannot_be_written_costs_a_line_not_the_execution(folder):
    written(folder / "in.ipynb", TRAIN, "print('all the same')")
    env = {"NBMLOPS_WORKSPACE": str(folder / "x.csv" / "below")}
    code, said = done(papermill(folder, "in.ipynb", "out.ipynb", env=env))
    assert code == 0 and said.count("not recorded") == 1, said
    assert "all the same" in nbformat.read(folder / "out.ipynb", 4).cells[-1].outputs[0].text
    assert not (folder / ".nbmlops").exists()


def test_a_cell_that_is_expected_to_raise_does_not_fail_the_run(folder):
    written(folder / "in.ipynb", "#raises\n1 / 0", TRAIN)
    done(papermill(folder, "in.ipynb", "out.ipynb"))
    (run,) = runs(folder)
    assert run.status == "finished" and run.metrics and run.error is None


def test_a_notebook_that_ends_early_of_its_own_will_is_finished(folder):
    written(folder / "in.ipynb", "import sys; sys.exit(0)", "never = 1")
    code, _ = done(papermill(folder, "in.ipynb", "out.ipynb"))
    assert code == 0 and runs(folder)[0].status == "finished"


def test_secrets_among_parameters_are_neither_in_the_record_nor_in_the_kept_notebook(folder):
    words = ["-p", "db_password", "hunter2hunter2", "-p", "api_key", "kq83", "-p", "note", "<img src=x onerror=alert(1)>"]
    written(folder / "in.ipynb", "print('with', db_password)", "raise ValueError(db_password)", parameters="db_password = ''\napi_key = ''\nnote = ''")
    done(papermill(folder, "in.ipynb", "out.ipynb", *words))
    (run,) = runs(folder)
    assert run.params["db_password"] == run.params["api_key"] == "•••" and run.params["note"] == words[-1]
    assert run.error == "ValueError: •••"
    for path in (folder / ".nbmlops").rglob("*"):
        if path.is_file():
            assert b"hunter2" not in path.read_bytes() and b"kq83" not in path.read_bytes(), path
