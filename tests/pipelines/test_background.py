"""A pipeline that is executed in the background: it begins, tells where it is, is stopped; what is wrong is said before it begins."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from nbmlops import pipeline
from nbmlops.doors.completion import complete
from nbmlops.errors import Conflict, Invalid, NotFound
from nbmlops.ledger.owner import this_process
from nbmlops.pipelines import definition, flow
from nbmlops.pipelines.journal import Journal
from nbmlops.pipelines.places import Places
from nbmlops.pipelines.python_file import _MOST_S
from nbmlops.settings import FOLDER
from nbmlops.workspace import Workspace
from tests.pipelines.notebooks import written

pytestmark = pytest.mark.slow
WAITS = "import os, time\nprint('epoch 4', flush=True)\nwhile not os.path.exists('go'): time.sleep(0.05)"
PIPELINE = """
params: {month: 2, db_password: none}
steps:
  prepare: {notebook: prepare.ipynb, params: {month: "${params.month}", db_password: "${params.db_password}"}}
  train: {notebook: train.ipynb, after: [prepare]}
  report: {notebook: report.ipynb, after: [train]}
"""
SECRET = "correct-horse-41-battery"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Workspace]:
    """Three notebooks, the second of which waits for a file; what is left running is ended."""
    told = "print('begun')\nassert month != 9\nopen('known', 'w').write(str(len(db_password)));"
    written(tmp_path / "prepare.ipynb", told, parameters="month = 1\ndb_password = ''")
    written(tmp_path / "train.ipynb", "1 + 1", WAITS, parameters=None)
    written(tmp_path / "report.ipynb", "open('report', 'w').write('done');", parameters=None)
    (tmp_path / "p.yaml").write_text(PIPELINE)
    found = Workspace.at(tmp_path)
    yield found
    for process in working(tmp_path):
        process.kill()
    found.close()


def working(folder: Path) -> list[psutil.Process]:
    """The processes that work for a folder's workspace, this one aside."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get("NBMLOPS_WORKSPACE") == str(folder):
                found.append(process)
        except psutil.Error:
            continue
    return found


def until(what: Callable[[], Any]) -> Any:
    """What comes true, once it does."""
    end = time.monotonic() + 90
    while not (found := what()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)
    return found


def at(place: Workspace, run: str, words: str) -> Any:
    """An execution, once one of its steps is there."""

    def there() -> Any:
        found = pipeline.show(run, workspace=place)
        return found if any(words in step.at for step in found.steps) else None

    return until(there)


def statuses(found: Any) -> dict[str, str]:
    return {step.step: step.status for step in found.steps}


def test_it_begins_tells_where_it_is_and_is_stopped(place: Workspace, monkeypatch: pytest.MonkeyPatch):
    began = pipeline.start("p.yaml", params={"month": 3}, workspace=place)
    assert began.status == "running" and began.params["month"] == 3
    owner, _ = Journal(place).owner(began.id)
    assert owner.pid != os.getpid() and os.getsid(owner.pid) == owner.pid != os.getsid(0)

    now = at(place, began.id, "cell 2 of 2  epoch 4")
    assert statuses(now) == {"prepare": "finished", "train": "running", "report": "waiting"}
    assert [step.at for step in now.steps] == ["", "cell 2 of 2  epoch 4", ""]
    monkeypatch.chdir(place.root)
    assert complete("pipeline stop ", {})[1][:1] == [began.id]
    with pytest.raises(Conflict, match="is being executed already"):
        pipeline.start("p.yaml", workspace=place)

    ended = pipeline.stop(began.id[:-3], workspace=place)
    assert (ended.id, ended.status) == (began.id, "cancelled")
    assert statuses(ended) == {"prepare": "finished", "train": "killed", "report": "cancelled"}
    assert {step.at for step in ended.steps} == {""}
    until(lambda: not working(place.root))
    assert began.id not in complete("pipeline stop ", {})[1]
    with pytest.raises(Conflict, match="it is cancelled"):
        pipeline.stop(began.id, workspace=place)
    with pytest.raises(NotFound):
        pipeline.stop("nobody", workspace=place)

    (place.root / "go").touch()
    again = pipeline.start("p.yaml", params={"month": 3}, workspace=place)
    done = until(lambda: next((found for found in [pipeline.show(again.id, workspace=place)] if found.status != "running"), None))
    assert statuses(done) == {"prepare": "skipped", "train": "finished", "report": "finished"}, done
    assert [found.id for found in pipeline.find(workspace=place)] == [again.id, began.id]
    assert [found.id for found in pipeline.find(last=True, workspace=place)] == [again.id]


def test_stopped_before_its_first_cell_no_step_has_failed(place: Workspace):
    began = pipeline.start("p.yaml", workspace=place)
    until(lambda: pipeline.show(began.id, workspace=place).steps[0].status == "running")
    ended = pipeline.stop(began.id, workspace=place)
    assert ended.status == "cancelled" and statuses(ended) == {"prepare": "killed", "train": "cancelled", "report": "cancelled"}
    assert ended.steps[0].error == "Interrupted."
    until(lambda: not working(place.root))


def test_what_is_wrong_is_said_and_nothing_begins(place: Workspace):
    for file, params, error, words in (
        ("nobody.yaml", {}, NotFound, "There is no pipeline"),
        ("prepare.ipynb", {}, Invalid, "prepare.ipynb"),
        ("p.yaml", {"moth": 3}, Invalid, "p has no parameter 'moth'"),
        ("p.yaml", {"month": "March"}, Invalid, "month is 'March'"),
        ("p.yaml", {"db_password": "•••"}, Invalid, "db_password is a secret and was not kept"),
        ("p.yaml", {"month": object()}, Invalid, "must be plain values"),
    ):
        with pytest.raises(error, match=words) as raised:
            pipeline.start(file, params=params, workspace=place)
        assert raised.value.hint
    assert not pipeline.find(workspace=place)
    until(lambda: not working(place.root))


def test_a_secret_among_the_parameters_is_on_no_command_line_and_in_no_file(place: Workspace):
    began = pipeline.start("p.yaml", params={"db_password": SECRET}, workspace=place)
    at(place, began.id, "epoch 4")
    words = subprocess.run(["ps", "-eww", "-o", "args"], capture_output=True, text=True, check=True).stdout
    assert "nbmlops.pipelines.background" in words and SECRET not in words
    assert (place.root / "known").read_text() == str(len(SECRET))
    assert pipeline.stop(began.id, workspace=place).params == {"month": 2, "db_password": "•••"}
    planned = pipeline.plan("p.yaml", params={"db_password": SECRET + "2"}, workspace=place)
    assert SECRET not in planned[0].why and planned[0].status == "waiting"
    held = [path for path in (place.root / FOLDER).rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    assert not held


def test_an_execution_of_the_shell_is_stopped_as_by_ctrl_c(place: Workspace):
    words = [str(Path(sys.executable).with_name("nbmlops")), "pipeline", "run", "p.yaml"]
    shell = subprocess.Popen(words, cwd=place.root, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        (found,) = until(lambda: pipeline.find(workspace=place))
        at(place, found.id, "epoch 4")
        assert pipeline.stop(found.id, workspace=place).status == "cancelled"
        assert shell.wait(60) == 130
    finally:
        shell.kill()
        shell.communicate()


def test_two_who_stop_it_interrupt_it_once(place: Workspace):
    began = pipeline.start("p.yaml", workspace=place)
    at(place, began.id, "epoch 4")
    ended: list[Any] = []
    asking = [threading.Thread(target=lambda: ended.append(pipeline.stop(began.id, workspace=place))) for _ in range(3)]
    for one in asking:
        one.start()
    for one in asking:
        one.join()
    assert [found.status for found in ended] == ["cancelled"] * 3
    assert statuses(ended[0])["train"] == "killed"
    until(lambda: not working(place.root))


def test_what_no_interrupt_stops_alone_is_not_interrupted(place: Workspace):
    """A study's trial, a request of a server: the process has other work too."""
    ended: list[Any] = []
    asked = definition.read(place.root / "p.yaml")
    beside = threading.Thread(target=lambda: ended.append(flow.run(asked, {}, workspace=place)))
    beside.start()
    try:
        (found,) = until(lambda: pipeline.find(workspace=place))
        at(place, found.id, "epoch 4")
        with pytest.raises(Conflict, match=f"is executed by process {os.getpid()}"):
            pipeline.stop(found.id, workspace=place)
    finally:
        (place.root / "go").touch()
        beside.join()
    assert ended[0].passed


def test_one_of_another_machine_is_stopped_there_and_one_that_an_interrupt_left_is_ended_here(place: Workspace):
    journal, asked = Journal(place), definition.read(place.root / "p.yaml")
    run = journal.begin(asked, {})
    mine = this_process().as_text()
    with place.ledger.write() as tx:
        elsewhere = replace(this_process(), host="another", boot="another").as_text()
        tx.run("UPDATE pipeline_run SET owner = ? WHERE id = ?", elsewhere, run)
    with pytest.raises(Conflict, match="is executed on another") as refused:
        pipeline.stop(run, workspace=place)
    assert f"nbmlops pipeline stop {run}" in refused.value.hint
    with place.ledger.write() as tx:
        tx.run("UPDATE pipeline_run SET owner = ? WHERE id = ?", mine, run)
    assert pipeline.stop(run, workspace=place).status == "cancelled"


def test_where_a_step_is_fails_nothing_and_is_gone_when_it_ends(place: Workspace):
    journal, asked = Journal(place), definition.read(place.root / "p.yaml")
    run = journal.begin(asked, {})
    journal.say(run, "prepare", "running")
    before = place.ledger.read_one("SELECT count(*) AS rows FROM change WHERE topic = 'pipeline'")["rows"]
    for number in range(3):
        with Places(journal, run) as places:
            places.say("prepare", f"cell {number + 1} of 3  \udc80\0")
            at(place, run, f"cell {number + 1} of 3")
            places.say("train", "it does not run")
    now = place.ledger.read_one("SELECT count(*) AS rows, max(cursor) AS cursor FROM change WHERE topic = 'pipeline'")
    assert now["rows"] <= before and now["cursor"] > before
    assert [step.at for step in journal.show(run).steps[1:]] == ["", ""]
    with Places(journal, "no such execution") as places:
        places.say("prepare", "nowhere")
    journal.say(run, "prepare", "finished")
    journal.note(run, {"prepare": "late"})
    assert {step.at for step in journal.show(run).steps} == {""}
    place.close()
    (place.folder / "ledger.sqlite").rename(place.folder / "aside")
    (place.folder / "ledger.sqlite").mkdir()
    with Places(journal, run) as places:
        places.say("prepare", "cell 1 of 3")
        until(lambda: not places._now)
    (place.folder / "ledger.sqlite").rmdir()
    (place.folder / "aside").rename(place.folder / "ledger.sqlite")


@pytest.mark.parametrize("waits_on", [False, True], ids=["interruptible", "a library lets system calls go on"])
def test_a_start_that_is_interrupted_has_started_nothing(place: Workspace, waits_on: bool):
    waits = "import os, time\nopen('begun', 'w')\nwhile not os.path.exists('go'): time.sleep(0.05)\n"
    (place.root / "p.py").write_text(waits + "pipeline = {'steps': {'report': {'notebook': 'report.ipynb'}}}\n")

    def interrupt() -> None:
        until((place.root / "begun").exists)
        os.kill(os.getpid(), signal.SIGINT)

    signal.siginterrupt(signal.SIGINT, not waits_on)
    beside = threading.Thread(target=interrupt)
    beside.start()
    asked = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        pipeline.start("p.py", workspace=place)
    beside.join()
    signal.siginterrupt(signal.SIGINT, True)
    assert time.monotonic() - asked < _MOST_S, "the interrupt was seen only when the file had been given up"
    (place.root / "go").touch()
    until(lambda: not working(place.root))
    assert not pipeline.find(workspace=place)
