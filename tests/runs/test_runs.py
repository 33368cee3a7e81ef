"""Runs from plain Python: opened, logged to, ended, found, compared."""

from __future__ import annotations

import math
import os
import subprocess
import sys

import pytest

from nbmlops.errors import Invalid, NotFound, TooLarge
from nbmlops.ledger.owner import Owner
from nbmlops.runs import verbs as run
from nbmlops.runs.book import RunBook

pytestmark = pytest.mark.usefixtures("nothing_stays_open")


def test_a_run_from_a_script_has_what_was_logged_and_stands_in_its_environment(workspace):
    run.start("first", experiment="q", params={"lr": 0.1}, tags={"kind": "quick"}, workspace=workspace)
    run.log({"loss": 0.5}, workspace=workspace)
    run.log({"loss": math.inf, "acc": 0.9}, workspace=workspace)
    ended = run.end(workspace=workspace)
    record = run.show(ended.id, workspace=workspace)
    assert ended.status == "finished" and ended.kind == "explicit" and ended.params == {"lr": 0.1} and ended.tags == {"kind": "quick"}
    assert ended.metrics == {"loss": math.inf, "acc": 0.9}
    assert [(point.name, point.step, point.value) for point in record.history] == [("acc", 0, 0.9), ("loss", 0, 0.5), ("loss", 1, math.inf)]
    assert "numpy" in record.environment["distributions"] and record.environment["python"]


def test_starting_twice_is_the_same_run_and_another_name_is_another(workspace):
    one = run.start("a", workspace=workspace)
    assert run.start("a", params={"n": 1}, workspace=workspace).id == one.id
    other = run.start("b", workspace=workspace)
    assert other.id != one.id
    assert run.show(one.id, workspace=workspace).run.status == "finished"


def test_logging_or_ending_without_a_run_says_how_to_open_one(workspace):
    with pytest.raises(NotFound, match="run start"):
        run.log({"a": 1.0}, workspace=workspace)
    with pytest.raises(Invalid, match="No run is open"):
        run.end(workspace=workspace)


def test_a_file_is_kept_whole_and_a_missing_one_is_named(workspace, tmp_path):
    (tmp_path / "note.txt").write_text("kept")
    run.start("a", workspace=workspace)
    run.log(artifact=[str(tmp_path / "note.txt")], workspace=workspace)
    artifact = next(a for a in run.show(run.end(workspace=workspace).id, workspace=workspace).artifacts if a.name == "note.txt")
    assert workspace.blobs.get(artifact.digest) == b"kept" and artifact.media_type == "text/plain"
    run.start("b", workspace=workspace)
    with pytest.raises(Invalid, match=r"no file 'gone\.txt'"):
        run.log(artifact=["gone.txt"], workspace=workspace)


def test_a_run_is_named_by_the_beginning_of_its_id(workspace):
    made = run.start("a", workspace=workspace)
    assert run.show(made.id.removeprefix("run-"), workspace=workspace).run.id == made.id
    with pytest.raises(NotFound, match=made.id):
        run.show("zzzz", workspace=workspace)


@pytest.mark.parametrize("name", ["../x", "<img src=x onerror=alert(1)>", "🚀 emoji", "a'; DROP TABLE run; --", "{{7*7}}"])
def test_names_are_text(workspace, name):
    made = run.start(name, experiment=name, params={name: name}, tags={name: name}, workspace=workspace)
    run.log({name: 1.0}, workspace=workspace)
    (found,) = run.find(experiment=name, workspace=workspace)
    assert (found.id, found.name, found.params, found.tags, found.metrics) == (made.id, name, {name: name}, {name: name}, {name: 1.0})


@pytest.mark.parametrize("name", ["x" * 10_000, "", "  ", "two\nlines", "\x1b[31mred", "\ud800"])
def test_names_that_are_no_names_are_refused(workspace, name):
    with pytest.raises((Invalid, TooLarge)):
        run.start(name, workspace=workspace)
    assert run.find(workspace=workspace) == []


def test_finding_filters_and_limits(workspace):
    for number in range(5):
        run.start(f"r{number}", experiment="odd" if number % 2 else "even", workspace=workspace)
    run.end(workspace=workspace)
    assert [found.name for found in run.find(experiment="even", workspace=workspace)] == ["r4", "r2", "r0"]
    assert [found.name for found in run.find(limit=2, workspace=workspace)] == ["r4", "r3"]
    assert run.find(status="failed", workspace=workspace) == []


def test_comparing_takes_two_and_shows_what_differs_only(workspace):
    ids = []
    for lr in (0.1, 0.2):
        run.start(f"lr {lr}", params={"lr": lr, "same": 1}, workspace=workspace)
        run.log({"loss": lr * 2}, workspace=workspace)
        ids.append(run.end(workspace=workspace).id)
    found = {(d.part, d.name): d.values for d in run.compare(ids, workspace=workspace).differences}
    assert found == {("parameter", "lr"): [0.1, 0.2], ("metric", "loss"): [0.2, 0.4]}
    with pytest.raises(Invalid, match="two runs"):
        run.compare(ids[:1], workspace=workspace)


def test_a_scripts_run_ends_as_the_script_did(workspace):
    code = "import os, sys; from nbmlops import run; run.start('s'); run.log({{'a': 1}}); {}"
    for ending in ("pass", "os.kill(os.getpid(), 9)", "1 / 0"):
        subprocess.run([sys.executable, "-c", code.format(ending)], cwd=workspace.root, check=False, capture_output=True)
    failed, killed, finished = run.find(workspace=workspace)
    assert (finished.status, killed.status) == ("finished", "killed")
    assert (failed.status, failed.error) == ("failed", "ZeroDivisionError: division by zero")


def test_a_run_that_another_machine_left_running_can_be_ended_and_no_other(workspace):
    book = RunBook(workspace)
    away = Owner(12, "1", "another-boot", "cluster-7", "pid:[1]")
    left = book.open("left", experiment="e", kind="headless", owner=away)
    assert run.find(workspace=workspace)[0].status == "running"
    ended = run.end(run=left[:12], workspace=workspace)
    assert ended.status == "killed" and ended.error == "Ended by ada; it was run on cluster-7." and ended.ended_at is not None
    with pytest.raises(Invalid, match="is killed"):
        run.end(run=left, workspace=workspace)
    own = run.start("own", workspace=workspace)
    with pytest.raises(Invalid, match=f"process {os.getpid()}"):
        run.end(run=own.id, workspace=workspace)
    assert run.end(workspace=workspace).status == "finished"
