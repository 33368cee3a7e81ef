"""Owners told apart from their likes, and disks that fill up or are emptied."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess

from nbmlops.ledger.owner import Owner, alive, this_process
from tests.capture.kernel import kernel
from tests.faults.ahead import ahead
from tests.faults.faults import FIT, GONE
from tests.faults.looking import one, seen

LOAD = "%load_ext nbmlops"
LOG = "from nbmlops import run\nlogged = run.log({'mae': 1.5})"


def owned(folder, **changed):
    """Make the run one that another process, machine or boot began."""
    ledger = sqlite3.connect(folder / ".nbmlops" / "ledger.sqlite", timeout=30)
    (text,) = ledger.execute("SELECT owner FROM run").fetchone()
    ledger.execute("UPDATE run SET status = 'running', owner = ?", (json.dumps(json.loads(text) | changed),))
    ledger.commit()
    ledger.close()
    return text


@ahead
def test_a_process_is_told_from_a_later_one_with_its_number_and_from_one_before_the_machine_went_down(folder):
    with kernel(folder) as k:
        k.run(LOAD)
        k.run(FIT)
        assert one(folder).status == "running"
        for changed, expected in [
            ({"host": "another-machine", "space": "pid:[1]"}, "running"),  # whether it lives cannot be known from here
            ({"host": "another-machine", "space": ""}, "running"),
            ({"host": "another-name"}, "running"),  # this machine under another name: it lives
            ({"host": "another-name", "started": "1"}, "killed"),
            ({"started": "1"}, "killed"),
            ({"boot": "another-boot"}, "killed"),
        ]:
            before = owned(folder, **changed)
            assert one(folder).status == expected, changed
            owned(folder, **json.loads(before))
            assert one(folder).status == "running"


def test_an_owner_without_a_boot_is_told_by_its_start(monkeypatch):
    me = this_process()
    assert alive(me) and alive(Owner(me.pid, "1", me.boot, me.host)) is False
    assert alive(Owner(me.pid, me.started, "before", me.host)) is False and alive(Owner(2**22 + 1, "1", me.boot, me.host)) is False


FILL = """file = os.open('full', os.O_WRONLY | os.O_CREAT)
try:
    while True: n = os.write(file, bytes(4096))
except OSError: os.close(file)"""
LIMIT = """import resource, signal
_ = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
most = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, most))"""


@ahead
def test_a_full_disk_costs_a_line_and_nothing_that_was_acknowledged(folder):
    disk = folder / "disk"
    disk.mkdir()
    # A disk of its own where one can be mounted; elsewhere a limit on what the kernel's process may write.
    small = not os.getuid() and not subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "none", disk], capture_output=True).returncode
    try:
        (disk / ".nbmlops").mkdir()
        shutil.copy(folder / "x.csv", disk)
        with kernel(folder) as k:
            k.run(f"import os\nos.chdir({str(disk)!r})")
            k.run(LOAD)
            for cell in (FIT, LOG):
                assert k.run(cell) == ("ok", "")
            acknowledged = one(disk)
            assert k.run(FILL if small else LIMIT)[0] == "ok"
            printed = ""
            for number in range(60):
                status, words = k.run(f"n = {number}\nlogged = run.log({{'mae': {number}.0}})\ntext = '''{'x' * 4000}'''")
                printed += words
                assert status == "ok" or "cannot be written" in words, words
            assert printed.count("not recorded") <= 2, printed
            if small:
                os.truncate(disk / "full", 0)
            else:
                k.run("resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))")
            assert k.run("last = run.log({'last': 1.0})") == ("ok", "")
            k.shut_down()
        found = one(disk)
        assert found.status in ("finished", "failed")  # a log that could not be kept raised in its cell
        assert set(acknowledged.numbers) < set(found.numbers) and ("last", 0, 1.0) in found.numbers
        assert len(set(found.numbers)) == len(found.numbers)
    finally:
        if small:
            subprocess.run(["umount", "-l", disk], check=True)


@ahead
def test_a_workspace_that_is_deleted_in_mid_session_costs_a_line_and_what_follows_is_recorded_anew(folder):
    with kernel(folder) as k:
        k.run(LOAD)
        for cell in (FIT, LOG):
            assert k.run(cell) == ("ok", "")
        shutil.rmtree(folder / ".nbmlops")
        status, said = k.run("x = 1")
        again = k.run(FIT)
        after = k.run("logged = run.log({'rmse': 2.0})")
        assert (status, again[0], after[0]) == ("ok", "ok", "ok")
        assert (said + again[1] + after[1]).count("not recorded") == 1, (said, again, after)
        k.shut_down()
    found = one(folder)
    assert found.told == ("finished", "", None) and found.numbers == [("rmse", 0, 2.0)]
    assert found["fits"] and GONE not in found.told


@ahead
def test_a_session_that_works_on_in_another_folder_keeps_its_run_where_it_began(folder):
    (folder / "deep").mkdir()
    with kernel(folder) as k:
        k.run(LOAD)
        k.run(FIT)
        k.run("import os\nos.chdir('deep')")
        assert k.run(LOG) == ("ok", "")
        k.shut_down()
    assert [run.numbers for run in seen(folder)] == [[("mae", 0, 1.5)]]
