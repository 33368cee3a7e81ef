"""Five hundred kills at random moments: what had returned is there, once and whole, and nothing is said of the rest."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from nbmlops.runs.book import RunBook
from nbmlops.workspace import Workspace
from tests.faults.looking import until

KILLS = {"api": 300, "cells": 140, "settle": 60}
AT_ONCE = {"api": 2, "cells": 2, "settle": 1}
ROOT = Path(__file__).parents[2]


class Warm:
    """The process that forks writers."""

    def __init__(self, folder):
        self.folder, self.lock = folder, threading.Lock()
        env = {name: value for name, value in os.environ.items() if not name.startswith("NBMLOPS")}
        self.said = (folder / "said").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.writing"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.said, text=True,
            cwd=ROOT, env={**env, "IPYTHONDIR": str(folder / ".ipython"), "PYTHONPATH": str(ROOT)},
        )  # fmt: skip

    def begin(self, kind, told):
        with self.lock:
            self.process.stdin.write(f"{kind} {self.folder / 'work'} {told}\n")
            self.process.stdin.flush()
            return int(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()
        self.said.seek(0)
        said = self.said.read()
        self.said.close()
        return said


def killed_over_and_over(warm, kind, number, kills, seed):
    """Begin a writer, let it do something, kill it."""
    chance = random.Random(seed)
    for kill in range(kills):
        told = warm.folder / "told" / f"{kind}-{number}-{kill}"
        pid = warm.begin(kind, told)
        first = b"will" if chance.random() < 0.1 else b"did"  # some die in their very first step
        until(lambda: told.exists() and first in told.read_bytes())
        time.sleep(chance.random() * 0.15)
        os.kill(pid, signal.SIGKILL)


@pytest.mark.slow
def test_no_acknowledged_record_is_lost_in_500_kills_at_random_moments(tmp_path):
    for name in ("work", "told"):
        (tmp_path / name).mkdir()
    (tmp_path / "work" / "x.csv").write_text("a\n1\n")
    Workspace.at(tmp_path / "work").close()
    warm = Warm(tmp_path)
    workers = [
        threading.Thread(target=killed_over_and_over, args=(warm, kind, number, KILLS[kind] // AT_ONCE[kind], hash((kind, number))))
        for kind in KILLS
        for number in range(AT_ONCE[kind])
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert warm.close() == ""
    told = [
        [json.loads(line) for line in path.read_text().splitlines() if line.endswith("]")] for path in sorted((tmp_path / "told").iterdir())
    ]
    assert len(told) == sum(KILLS.values())
    place = Workspace.at(tmp_path / "work")
    book = RunBook(place)
    book.settle()
    assert not list((place.folder / "spool").iterdir())
    runs = {run.id: run for run in book.find(limit=1_000_000)}
    acknowledged = 0
    for lines in told:
        acknowledged += check(book, runs, lines)
    assert acknowledged > 500, acknowledged
    begun = Counter(line[1] for lines in told for line in lines if line[0] == "will")
    assert len(runs) <= begun["open"]
    for digest in {row["digest"] for row in place.ledger.read("SELECT digest FROM artifact")}:
        place.blobs.get(digest)  # reading checks it
    place.close()
    ledger = sqlite3.connect(tmp_path / "work" / ".nbmlops" / "ledger.sqlite")
    assert ledger.execute("PRAGMA integrity_check").fetchall() == [("ok",)] and not ledger.execute("PRAGMA foreign_key_check").fetchall()
    ledger.close()


def check(book, runs, lines):
    """One writer's word against the ledger's; gives how many facts it had acknowledged."""
    did = [line[1:] for line in lines if line[0] == "did"]
    will = [line[1:] for line in lines if line[0] == "will"]
    ended = {what[1] for what in did if what[0] == "end"}
    ending = {what[1] for what in will if what[0] == "end"}
    mine = {what[1] for what in did if what[0] == "open"}
    for run in mine:
        record = book.record(run)
        assert runs[run].status == ("finished" if run in ended else runs[run].status if run in ending else "killed")
        assert runs[run].status in ("finished", "killed") and runs[run].ended_at
        points = [(point.name, point.step, point.value) for point in record.history]
        said = [tuple(what[2:]) for what in did if what[:2] == ["metric", run]]
        begun = [tuple(what[2:]) for what in will if what[:2] == ["metric", run]]
        assert set(said) <= set(points) <= set(begun) and len(set(points)) == len(points)
        sources = [cell.source for cell in record.cells]
        for what in did:
            if what[:2] == ["cell", run]:
                assert what[2] in sources
            if what[:2] == ["artifact", run]:
                assert [artifact.name for artifact in record.artifacts if artifact.name != "git.diff"] == [what[2]]
                assert record.run.params["late"] == record.run.params["n"]
        counts = [cell.execution_count for cell in record.cells]
        assert len(set(counts)) == len(counts)
        if record.run.kind == "explicit":
            assert record.run.tags == {"t": str(record.run.params["n"])}
        if sources:
            assert len(record.fits) == 1 and record.files
    return sum(what[0] != "settle" for what in did)
