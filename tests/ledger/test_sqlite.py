"""The embedded ledger: many writers, nothing half written, nothing lost."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nbmlops import settings
from nbmlops.errors import Damaged, Invalid, NewerWorkspace, Unwritable
from nbmlops.ledger.sqlite import SqliteLedger, migrations
from nbmlops.runs import workspace_verbs
from nbmlops.runs.book import RunBook
from nbmlops.workspace import Workspace, opened


def test_a_failed_transaction_leaves_nothing(workspace):
    with pytest.raises(RuntimeError), workspace.ledger.write() as tx:
        tx.changed("run", "a")
        raise RuntimeError
    assert workspace.ledger.read("SELECT * FROM change") == []


def _write_rows(folder: str, name: str, count: int) -> None:
    place = Workspace.at(folder)
    for number in range(count):
        with place.ledger.write(durable=False) as tx:
            tx.changed("run", f"{name}-{number}")
            tx.audit(actor=name, verb="test", subject=str(number), evidence={})


def test_eight_processes_write_at_once_and_nothing_is_lost(workspace):
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write_rows, args=(str(workspace.root), f"w{n}", 40)) for n in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0] * 8
    subjects = {row["subject"] for row in workspace.ledger.read("SELECT subject FROM change WHERE topic = 'run'")}
    assert subjects == {f"w{n}-{number}" for n in range(8) for number in range(40)}
    from nbmlops.runs.audit_verbs import check

    assert check(workspace=workspace).whole
    assert check(workspace=workspace).events == 320


def test_a_child_that_forks_writes_on_its_own_connection(workspace):
    with workspace.ledger.write() as tx:
        tx.changed("run", "parent")
    child = os.fork()
    if child == 0:
        with workspace.ledger.write() as tx:
            tx.changed("run", "child")
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    with workspace.ledger.write() as tx:
        tx.changed("run", "parent again")
    assert [row["subject"] for row in workspace.ledger.read("SELECT subject FROM change ORDER BY cursor")] == [
        "parent",
        "child",
        "parent again",
    ]


@pytest.mark.slow
def test_what_was_acknowledged_survives_a_kill(workspace):
    code = (
        "import sys; from nbmlops.workspace import Workspace; place = Workspace.at(sys.argv[1]); n = 0\n"
        "while True:\n"
        "    with place.ledger.write(durable=False) as tx: tx.changed('run', str(n))\n"
        "    print(n, flush=True); n += 1"
    )
    acknowledged = []
    for _ in range(8):
        process = subprocess.Popen([sys.executable, "-c", code, str(workspace.root)], stdout=subprocess.PIPE, text=True)
        process.stdout.readline()
        time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read()
        process.stdout.close()
        process.wait()
        acknowledged.append(1 + rest.count("\n"))
    kept = workspace.ledger.read_one("SELECT count(*) FROM change")[0]
    assert sum(acknowledged) <= kept <= sum(acknowledged) + 8


def test_the_cursor_moves_only_forward_and_names_what_changed(workspace):
    start = workspace_verbs.changes(workspace=workspace)
    with workspace.ledger.write() as tx:
        tx.changed("model", "churn")
        tx.changed("model", "churn")
        tx.changed("endpoint", "live")
    after = workspace_verbs.changes(since=start.cursor, workspace=workspace)
    assert after.topics == {"endpoint": ["live"], "model": ["churn"]}
    assert workspace_verbs.changes(since=after.cursor, workspace=workspace).topics == {}


def test_an_event_taken_out_of_the_audit_trail_is_seen(workspace):
    from nbmlops.runs.audit_verbs import check

    for number in range(4):
        with workspace.ledger.write() as tx:
            tx.audit(actor="ada", verb="test", subject=str(number), evidence={"n": number})
    assert check(workspace=workspace).whole
    with workspace.ledger.write() as tx:
        tx.run("UPDATE audit SET evidence = '{}' WHERE seq = 2")
    assert check(workspace=workspace).first_broken == 2


def test_a_workspace_by_a_newer_version_is_refused_and_left_untouched(workspace):
    with workspace.ledger.write() as tx:
        tx.changed("run", "x")
    workspace.close()
    path = workspace.folder / settings.FILE
    path.write_text(json.dumps({**json.loads(path.read_text()), "schema_version": 99}))
    before = _bytes_of(workspace.folder)
    with pytest.raises(NewerWorkspace, match="schema 99"):
        Workspace.at(workspace.root)
    assert _bytes_of(workspace.folder) == before


def test_a_ledger_by_a_newer_version_is_refused(tmp_path):
    ledger = SqliteLedger(tmp_path / "ledger.sqlite")
    with ledger.write() as tx:
        tx.run("PRAGMA user_version = 99")
    ledger.close()
    with pytest.raises(NewerWorkspace):
        SqliteLedger(tmp_path / "ledger.sqlite").read("SELECT 1")


def test_the_settings_know_the_last_migration():
    assert len(migrations("ledger")) == settings.SCHEMA_VERSION


def test_the_workspace_is_found_by_walking_up(workspace, monkeypatch):
    deep = workspace.root / "a" / "b"
    deep.mkdir(parents=True)
    assert opened(deep).root == workspace.root
    monkeypatch.setenv(settings.ENVIRONMENT, str(workspace.root / "other"))
    assert opened(deep).root == workspace.root / "other"


def test_a_workspace_is_kept_out_of_git_and_from_other_users(workspace):
    assert (workspace.folder / ".gitignore").read_text() == "*\n"
    assert workspace.folder.stat().st_mode & 0o077 == 0


def test_settings_that_are_no_json_are_said_to_be(workspace):
    (workspace.folder / settings.FILE).write_text("{")
    with pytest.raises(Invalid, match="cannot be read"):
        Workspace.at(workspace.root)


def test_a_file_that_is_no_database_is_damaged_not_overwritten(workspace):
    path = workspace.folder / "ledger.sqlite"
    path.write_bytes(b"not a database, but somebody's bytes" * 100)
    with pytest.raises(Damaged):
        workspace.ledger.read("SELECT 1")
    assert path.read_bytes().startswith(b"not a database")


def test_a_full_disk_is_said_in_plain_words(workspace):
    workspace.ledger.read("SELECT 1")
    pages = workspace.ledger.read_one("PRAGMA page_count")[0]
    workspace.ledger.read(f"PRAGMA max_page_count = {pages + 1}")
    with pytest.raises(Unwritable, match="full"):
        for _ in range(200):
            with workspace.ledger.write() as tx:
                tx.changed("run", "x" * 1000)


def test_a_folder_that_cannot_be_written_is_said_to_be(tmp_path):
    (tmp_path / ".nbmlops").write_text("a file where the folder should be")
    with pytest.raises(Unwritable, match="No workspace can be made"):
        Workspace.at(tmp_path)


READER = """
import json, sys
from nbmlops import audit, run
from nbmlops.errors import Unwritable
from nbmlops.workspace import Workspace
place = Workspace.at(sys.argv[1])
names = [one.name for one in run.find(workspace=place)]
try:
    place.ledger.write().__enter__()
except Unwritable as error:
    print(json.dumps([names, audit.verify(workspace=place).events, str(error)]))
"""


@pytest.mark.parametrize("writing", [False, True])
def test_what_cannot_be_written_can_be_read(tmp_path, writing):
    place = Workspace.at(tmp_path)
    with place.ledger.write() as tx:
        tx.audit(actor="ada", verb="model.promote", subject="m", evidence={})
    RunBook(place).open("there", experiment="e", kind="explicit", tags={}, params={})
    if not writing:
        place.close()
    held = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.getuid() == 0 else []  # rights hold for root too then
    try:
        for one in (*tmp_path.rglob("*"), tmp_path):
            one.chmod(0o555 if one.is_dir() else 0o444)
        command = [*held, sys.executable, "-c", READER, str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr
        names, events, said = json.loads(done.stdout)
        assert (names, events) == (["there"], 1) and "cannot be written" in said
    finally:
        for one in (tmp_path, *tmp_path.rglob("*")):
            one.chmod(0o755)
        place.close()


def test_blobs_are_found_by_digest_and_checked(workspace):
    digest = workspace.blobs.put(b"abc")
    assert workspace.blobs.put(b"abc") == digest
    assert workspace.blobs.get(digest) == b"abc"
    path = next(path for path in (workspace.folder / "blobs").rglob("*") if path.is_file())
    path.write_bytes(b"abd")
    with pytest.raises(Damaged):
        workspace.blobs.get(digest)
    with pytest.raises(Invalid):
        workspace.blobs.get("../../etc/passwd")


def _bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_copied_workspace_opens(workspace, tmp_path_factory):
    with workspace.ledger.write() as tx:
        tx.changed("run", "x")
    workspace.close()
    other = tmp_path_factory.mktemp("copy")
    shutil.copytree(workspace.folder, other / ".nbmlops")
    assert Workspace.at(other).ledger.read("SELECT subject FROM change")[0]["subject"] == "x"
