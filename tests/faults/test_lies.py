"""Small moments in which a record could come to lie: interrupted, half written, refused, closed, taken in twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from nbmlops.errors import NbmlopsError
from nbmlops.ledger.owner import this_process
from nbmlops.ledger.spool import Spool, owner_of, records
from nbmlops.runs import spooled
from nbmlops.runs import verbs as run
from nbmlops.runs.book import RunBook
from nbmlops.runs.facts import Facts
from nbmlops.workspace import Workspace
from tests.faults.looking import one, seen

pytestmark = pytest.mark.usefixtures("nothing_stays_open")

INTERRUPTED = """
import json, os, random, signal, sys, time
from nbmlops import run
chance, returned = random.Random(3), []
def interrupt(*_):
    raise KeyboardInterrupt
run.start("warm"); run.end()
signal.signal(signal.SIGALRM, interrupt)
end, number = time.monotonic() + 2, 0
while time.monotonic() < end:
    try:
        signal.setitimer(signal.ITIMER_REAL, chance.random() * 0.02 + 0.0005)
        for _ in range(5):
            number += 1
            name = run.start(f"r{number}").id
            for step in range(5):
                run.log({"loss": step / 2})
                returned.append((name, step))
            run.end()
            returned.append((name, "end"))
        signal.setitimer(signal.ITIMER_REAL, 0)
    except KeyboardInterrupt:
        pass
signal.signal(signal.SIGALRM, signal.SIG_IGN)
from nbmlops.runs import current
while (found := current.current()) is not None:
    current.end(found)
run.start("after"); run.log({"loss": 1.0}); run.end()
print(json.dumps(returned))
"""


def script(folder, code):
    env = {name: value for name, value in os.environ.items() if not name.startswith("NBMLOPS")}
    return subprocess.run([sys.executable, "-c", code], cwd=folder, env=env, capture_output=True, text=True, timeout=120)


@pytest.mark.slow
def test_interrupts_at_random_moments_leave_no_lock_no_double_and_no_gap(tmp_path):
    done = script(tmp_path, INTERRUPTED)
    assert done.returncode == 0, done.stderr
    returned = json.loads(done.stdout)
    found = {record["run"]["id"]: record for record in seen(tmp_path)}
    assert found and len(returned) > 50
    for record in found.values():
        points = [(point["name"], point["step"]) for point in record["history"]]
        assert len(set(points)) == len(points)
    for name, what in returned:
        if what == "end":
            assert found[name].status == "finished"
        else:
            assert ("loss", what, what / 2) in found[name].numbers
    assert list(found.values())[-1]["run"]["name"] == "after" and list(found.values())[-1].status == "finished"


def test_a_spool_that_nobody_wrote_to_yet_is_no_obstacle(workspace):
    run.start("a", workspace=workspace)
    run.end(workspace=workspace)
    for name, content in (("zeros", bytes(1 << 16)), ("nothing", b""), ("noise", os.urandom(500))):
        (workspace.folder / "spool" / f"{name}.spool").write_bytes(content)
        assert owner_of(workspace.folder / "spool" / f"{name}.spool") is None
    assert [found.status for found in run.find(workspace=workspace)] == ["finished"]


def test_a_spool_tells_its_owner_at_once_and_ends_where_a_death_cut_it(tmp_path):
    spool = Spool(tmp_path / "s", "x")
    assert owner_of(spool.path) == this_process()
    for content in (b"one", b"two", b"x" * 200_000):
        spool.append(content)
    assert [number for number, _ in records(spool.path)] == [0, 1, 2, 3]
    whole = spool.path.read_bytes()
    for cut in (spool.size - 1, spool.size - 150_000):
        (tmp_path / "cut").write_bytes(whole[:cut])
        assert [content for _, content in records(tmp_path / "cut")][1:] == [b"one", b"two"]
    spool.clear()
    spool.append(b"new")
    assert [(number, content) for number, content in records(spool.path)][1:] == [(4, b"new")]
    spool.close(remove=True)
    assert not spool.path.exists()


def test_a_number_that_the_ledger_refuses_costs_no_other(workspace, capsys):
    run.start("a", workspace=workspace)
    for step in (0, 1, 2**70, 3):
        try:
            run.log({"loss": step / 2}, step=step, workspace=workspace)
        except NbmlopsError:
            assert step == 2**70
    ended = run.end(workspace=workspace)
    assert [point.step for point in run.show(ended.id, workspace=workspace).history] == [0, 1, 3]
    assert capsys.readouterr().err.count("not recorded") <= 1


def test_of_two_workspaces_opened_at_one_folder_either_may_be_closed_first(tmp_path):
    one_, other = Workspace.at(tmp_path), Workspace.at(tmp_path)
    run.start("a", workspace=one_)
    run.log({"loss": 1.0}, workspace=other)
    one_.close()
    run.log({"loss": 2.0}, workspace=other)
    ended = run.end(workspace=other)
    assert ended.status == "finished" and [point.value for point in run.show(ended.id, workspace=other).history] == [1.0, 2.0]
    one_.close()  # what was opened anew by the run's own word
    other.close()


@pytest.mark.parametrize("of_another", [False, True])
def test_what_a_kernel_did_is_kept_though_its_runner_has_not_yet_written_that_the_run_began(workspace, of_another):
    book, folder = RunBook(workspace), spooled.folder(workspace)
    begun = spooled.Opened("a", "e", "papermill", datetime.now(UTC), this_process().as_text(), None, "unknown")
    runner = Spool(folder, "z-runner")
    runner.append(spooled._encoded(spooled.Event("run-1", opened=begun)))
    if of_another:
        kernel = Spool(folder, "a-kernel")
        kernel.append(spooled._encoded(spooled.Event("run-1", facts=Facts(tags={"did": "it"}))))
        book.settle()
    else:
        book.add("run-1", Facts(tags={"did": "it"}))
        spooled.flush(workspace)
    assert book.run("run-1").tags == {"did": "it"}
    book.end("run-1", "finished")


@pytest.mark.slow
def test_an_end_that_was_said_before_the_death_is_the_end(tmp_path):
    code = (
        "import os\nfrom nbmlops import run\nfrom nbmlops.runs import current, spooled\nfrom datetime import datetime, UTC\n"
        "run.start('a'); run.log({'loss': 1.0})\nplace = current.current().workspace\n"
        "spooled.writer(place).say(spooled.Event(current.current().id, ended=spooled.Ended('finished', datetime.now(UTC))))\nos.kill(os.getpid(), 9)"
    )
    script(tmp_path, code)
    assert one(tmp_path).told == ("finished", "", None)


@pytest.mark.slow
def test_a_killed_run_ended_when_it_last_gave_a_sign_not_when_somebody_looked(tmp_path):
    code = "import os\nfrom nbmlops import run\nrun.start('a')\nrun.log({'loss': 1.0})\nos.kill(os.getpid(), 9)"
    script(tmp_path, code)
    found = one(tmp_path)
    assert found.status == "killed"
    assert datetime.fromisoformat(found["run"]["ended_at"].replace("Z", "+00:00")) == datetime.fromisoformat(
        found["history"][0]["at"].replace("Z", "+00:00")
    )
    assert found["run"]["duration_s"] < 60 and datetime.now(UTC).year >= 2026


@pytest.mark.slow
def test_the_shortest_script_has_its_environment_all_the_same(tmp_path):
    script(tmp_path, "from nbmlops import run\nrun.start('a')\nrun.end()")
    assert one(tmp_path)["environment"]["python"]


def test_a_run_is_marked_once_however_often_somebody_looks(workspace):
    book = RunBook(workspace)
    from nbmlops.ledger.owner import Owner

    me = this_process()
    gone = book.open("a", experiment="e", kind="explicit", owner=Owner(me.pid, "1", me.boot, me.host))
    assert book.settle() == [gone] and book.settle() == []
    assert book.run(gone).status == "killed"
