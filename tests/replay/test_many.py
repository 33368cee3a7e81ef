"""Many runs verified at once, for a table, for CI, for scripts."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest

from nbmlops import run
from nbmlops.errors import Invalid, NotFound
from nbmlops.pipelines.runner import execute
from nbmlops.replay.many import sharing_none, verify_many
from nbmlops.replay.records import Deviation, Verification, Verifications
from nbmlops.replay.report import junit, markdown
from nbmlops.runs.records import FileUse
from nbmlops.workspace import Workspace
from tests.pipelines.notebooks import written


def verification(name, verdict="VERIFIED", **more):
    given = {"sentence": "It holds.", "cause": None, "cell": None, "compared": [], "deviations": [], "missing": [], "data": None, **more}
    return Verification(
        id="verification-1", run=f"run-{len(name)}", name=name, verdict=verdict, environment="here",
        at=datetime(2026, 1, 2, tzinfo=UTC), duration_s=1.5, **given,
    )  # fmt: skip


def records(tmp_path, **files):
    """Records of runs that read and wrote files: name=(reads, writes)."""
    there = Workspace.at(tmp_path)
    found = []
    for name, (reads, writes) in files.items():
        run.start(name, workspace=there)
        ended = run.end()
        uses = [
            FileUse(path=path, mode=mode, digest="blake3:0", size_bytes=1, modified_at=None, position=0, note=None)
            for mode, paths in (("read", reads), ("write", writes))
            for path in paths
        ]
        found.append(replace(run.show(ended.id, workspace=there), files=uses))
    there.close()
    return found


def test_runs_that_share_files_take_turns(tmp_path):
    found = records(tmp_path, a=("x", ""), b=("x", "y"), c=("y", ""), d=("z", ""), e=("", "z"), f=("x", ""))
    groups = [[record.run.name for record in group] for group in sharing_none(found)]
    assert sorted(map(sorted, groups)) == [["a"], ["b", "c"], ["d", "e"], ["f"]]
    assert ["b", "c"] in groups and ["d", "e"] in groups


def test_as_many_at_a_time_as_asked_for_and_in_the_order_asked_for(tmp_path):
    found = records(tmp_path, **{name: ("", "") for name in "abcdef"})
    now, most, lock, told = [0], [0], threading.Lock(), []

    def one(record):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.1)
        with lock:
            now[0] -= 1
        return verification(record.run.name, "DIFFERS" if record.run.name == "c" else "VERIFIED")

    def kept(record):
        return replace(one(record), run=record.run.id)

    done = verify_many(found, kept, jobs=3, progress=told.append)
    assert [each.name for each in done.verifications] == list("abcdef") and most[0] == 3
    assert (done.verified, done.differs, done.cannot, done.passed, len(told)) == (5, 1, 0, False, 6)


def test_what_goes_wrong_in_one_ends_them_all(tmp_path):
    found = records(tmp_path, **{name: ("", "") for name in "abcdefgh"})
    begun = []

    def one(record):
        begun.append(record.run.name)
        time.sleep(0.05)
        if record.run.name == "b":
            raise RuntimeError("the disk is full")
        return replace(verification(record.run.name), run=record.run.id)

    with pytest.raises(RuntimeError, match="disk"):
        verify_many(found, one, jobs=2)
    assert len(begun) < 8


def test_junit_and_markdown_say_what_was_said_whatever_is_in_it():
    odd = "price | <b>x</b> `y` \x00 \ud800 *z*"
    found = Verifications.of(
        [
            verification("good"),
            verification(
                odd, "DIFFERS", sentence=f"The data changed: {odd}", cause="data", cell=2,
                deviations=[Deviation(part="file", name=odd, cell=2, before="blake3:1", after="blake3:2")],
            ),
            verification("gone", "CANNOT", missing=["a file it read is gone: x.csv"]),
        ],
        4.0,
    )  # fmt: skip
    suite = ElementTree.fromstring(junit(found).encode("utf-8"))[0]
    assert [suite.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["3", "1", "1", "0"]
    assert [[child.tag for child in case] for case in suite] == [[], ["failure"], ["error"]]
    assert suite[1][0].get("type") == "data" and "price | <b>" in suite[1][0].get("message") and "blake3:1 -> blake3:2" in suite[1][0].text
    table = markdown(found).splitlines()
    assert "1 verified, 1 differ, 1 cannot" in table[0]
    assert [line.count(" | ") for line in table[4:]] == [5, 5, 5] and "<b>" not in table[5]


def test_which_runs_must_be_said(tmp_path):
    there = Workspace.at(tmp_path)
    for asked in ({}, {"run": "r", "experiment": "e"}, {"run": "r", "filter": "status = finished"}):
        with pytest.raises(Invalid, match="Which runs"):
            run.verify(**asked, workspace=there)
    with pytest.raises(NotFound, match="No run is like that"):
        run.verify(experiment="nobody's", workspace=there)
    with pytest.raises(Invalid, match="0 runs at a time"):
        run.verify(experiment="e", jobs=0, workspace=there)
    with pytest.raises(NotFound, match="no folder"):
        run.verify(experiment="e", junit=str(tmp_path / "no" / "x.xml"), workspace=there)
    there.close()


@pytest.mark.slow
def test_an_experiment_s_runs_from_the_shell_with_exit_code_and_reports(tmp_path):
    there = Workspace.at(tmp_path)
    (tmp_path / "x.csv").write_text("a\n1\n2\n")
    read = "import pandas as pd\nprint(pd.read_csv('x.csv').a.sum())"
    good = execute(written(tmp_path / "good.ipynb", "print(6 * 7)"), {}, experiment="nightly", workspace=there)
    reads = execute(written(tmp_path / "reads.ipynb", read), {}, experiment="nightly", workspace=there)
    execute(written(tmp_path / "other.ipynb", "print('of another')"), {}, experiment="other", workspace=there)
    words = [str(Path(sys.executable).with_name("nbmlops")), "run", "verify", "--experiment", "nightly"]
    words += ["--junit", "report.xml", "--markdown", "summary.md"]
    env = {name: value for name, value in os.environ.items() if not name.startswith("NBMLOPS")} | {"COLUMNS": "200"}
    first = subprocess.run(words, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert first.returncode == 0, first.stdout + first.stderr
    assert first.stdout.count("VERIFIED") == 2 and good.id in first.stdout and reads.id in first.stdout
    (tmp_path / "x.csv").write_text("a\n1\n3\n")
    second = subprocess.run(words, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert second.returncode == 1 and "DIFFERS" in second.stdout and "x.csv" in second.stdout
    suite = ElementTree.parse(tmp_path / "report.xml").getroot()[0]
    assert {case.get("name"): [child.get("type") for child in case] for case in suite} == {good.id: [], reads.id: ["data"]}
    assert f"❌ DIFFERS | {reads.id}" in (tmp_path / "summary.md").read_text()
    assert [one.id for one in run.find("verdict = differs", workspace=there)] == [reads.id]
    assert len(run.find("verdict != VERIFIED", workspace=there)) == 2
    there.close()
