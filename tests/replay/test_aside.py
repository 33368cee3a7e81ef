"""An execution aside: what it changes is put back, what it started is stopped, whoever is killed."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from nbmlops import run
from nbmlops.pipelines.runner import execute
from nbmlops.replay.aside import Keeper, aside, keep_all
from nbmlops.settings import ENVIRONMENT
from nbmlops.workspace import Workspace
from tests.pipelines.notebooks import written
from tests.replay.leavings import killed, tree


def test_what_was_noted_is_put_back(tmp_path):
    (tmp_path / "old.txt").write_text("before")
    (tmp_path / "gone.txt").write_text("was here")
    os.utime(tmp_path / "old.txt", ns=(1, 10**18 + 7))
    (tmp_path / "old.txt").chmod(0o640)
    os.link(tmp_path / "old.txt", tmp_path / "same.txt")
    os.symlink("old.txt", tmp_path / "link.txt")
    before = tree(tmp_path)
    with aside() as folder:
        keeper = Keeper(folder)
        for name in ("old.txt", "gone.txt", "new.txt", "a/b/c.txt", "old.txt", "link.txt"):
            keeper.keep(str(tmp_path / name))
        (tmp_path / "old.txt").write_text("after")
        (tmp_path / "gone.txt").unlink()
        (tmp_path / "link.txt").unlink()
        (tmp_path / "new.txt").write_text("new")
        (tmp_path / "a" / "b").mkdir(parents=True)
        (tmp_path / "a" / "b" / "c.txt").write_text("deep")
        keeper.close()
    assert tree(tmp_path) == before and not folder.exists()
    assert (tmp_path / "same.txt").read_text() == "before"


def test_what_somebody_else_made_meanwhile_stays(tmp_path):
    with aside() as folder:
        keep_all(folder, [str(tmp_path / "made" / "by us.txt")])
        (tmp_path / "made").mkdir()
        (tmp_path / "made" / "by us.txt").write_text("1")
        (tmp_path / "made" / "by others.txt").write_text("2")
    assert [path.name for path in (tmp_path / "made").iterdir()] == ["by others.txt"]


def test_processes_of_the_execution_are_stopped_and_no_others(tmp_path):
    sleeping = [sys.executable, "-c", "import time; time.sleep(60)"]
    other = subprocess.Popen(sleeping)
    with aside() as folder:
        ours = subprocess.Popen(sleeping, env={**os.environ, ENVIRONMENT: str(folder)}, start_new_session=True)
        while not psutil.Process(ours.pid).environ():
            time.sleep(0.01)
    assert ours.wait(5) == -signal.SIGKILL and other.poll() is None
    other.kill()
    other.wait()


CHANGES = [
    "import os, shutil, sqlite3, pathlib, tempfile, subprocess\nimport pandas as pd",
    "data = pd.read_csv('x.csv')\nprint(len(data), data.b.sum())",
    "data.assign(c=1).to_csv('x.csv', index=False)",
    "open('log.txt', 'a').write('once more\\n');",
    "os.remove('gone.txt'); os.rename('moved.txt', 'elsewhere.txt'); shutil.rmtree('tree')",
    "pathlib.Path('deep/er').mkdir(parents=True); pathlib.Path('deep/er/f.txt').write_text('x');",
    "base = sqlite3.connect('base.sqlite')\nbase.execute('INSERT INTO t VALUES (2)'); base.commit(); base.close()",
    "shutil.copy('log.txt', 'copied.txt'); os.symlink('log.txt', 'link.txt'); os.truncate('cut.txt', 1)",
    "data.to_parquet('out.parquet'); pd.to_pickle(data, 'out.pkl')",
    "made = tempfile.mkdtemp(dir='.'); pathlib.Path(made, 'in.txt').write_text('x'); os.rename(made, 'whole');",
    "%%writefile helpers.py\nX = 2",
    "left = subprocess.Popen(['sleep', '300'], start_new_session=True)",
]


def furnish(folder: Path) -> None:
    """What the cells above change."""
    (folder / "x.csv").write_text("a,b\n" + "".join(f"{n},{2 * n}\n" for n in range(50)))
    for name in ("log.txt", "gone.txt", "moved.txt", "cut.txt", "helpers.py"):
        (folder / name).write_text(f"# {name}\n")
    (folder / "tree" / "twig").mkdir(parents=True)
    (folder / "tree" / "twig" / "leaf.txt").write_text("green")
    base = sqlite3.connect(folder / "base.sqlite")
    base.execute("CREATE TABLE t (n)")
    base.commit()
    base.close()


def sleepers() -> set[int]:
    found = psutil.process_iter(["name", "status"])  # one that is gone meanwhile has neither
    return {one.pid for one in found if one.info["name"] == "sleep" and one.info["status"] != psutil.STATUS_ZOMBIE}


@pytest.mark.slow
def test_verifying_changes_nothing_on_the_disk_and_leaves_nothing_running(tmp_path, temporary):
    furnish(tmp_path)
    shutil.copytree(tmp_path, temporary.parent / "as it was")
    there = Workspace.at(tmp_path)
    before = execute(written(tmp_path / "n.ipynb", *CHANGES), {}, workspace=there)
    assert before.status == "finished", before.error
    for path in tmp_path.iterdir():  # as it was before it ran
        if path.name not in (".nbmlops", "n.ipynb"):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    shutil.copytree(temporary.parent / "as it was", tmp_path, dirs_exist_ok=True)
    state, asleep = tree(tmp_path), sleepers()
    found = run.verify(before.id, workspace=there)
    assert found.verdict == "VERIFIED", found
    assert tree(tmp_path) == state
    assert sleepers() == asleep and not list(temporary.iterdir())
    there.close()


@pytest.mark.slow
def test_killed_at_any_moment_it_leaves_nothing(tmp_path, temporary):
    furnish(tmp_path)
    there = Workspace.at(tmp_path)
    cells = [*CHANGES[:4], "import time; time.sleep(1.5)"]
    before = execute(written(tmp_path / "n.ipynb", *cells), {}, workspace=there)
    (tmp_path / "x.csv").write_text("a,b\n" + "".join(f"{n},{2 * n}\n" for n in range(50)))
    record, state = run.show(before.id, workspace=there), tree(tmp_path)
    chance = random.Random(7)
    for how in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGKILL, signal.SIGKILL, signal.SIGKILL, signal.SIGKILL):
        killed(["run", "verify", before.id], folder=tmp_path, temporary=temporary, how=how, after_s=chance.uniform(0.3, 6))
        assert tree(tmp_path) == state
    found = run.show(before.id, workspace=there)  # one may have come to its end before it was killed
    assert replace(found, run=replace(found.run, verdict=None)) == record
    there.close()
