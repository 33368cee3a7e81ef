"""What stands around a run: git as it is and nothing of it run, the environment as a lock that can be made again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from nbmlops import run
from nbmlops.errors import NotFound, Unwritable
from nbmlops.runs import environment as environments
from nbmlops.runs import git as repositories
from nbmlops.runs import surroundings
from nbmlops.runs.environment import environment
from nbmlops.runs.git import git


@pytest.fixture(autouse=True)
def _asked_anew(monkeypatch):
    monkeypatch.setattr(repositories, "_FRESH_S", -1.0)


def sh(folder, *words):
    env = {
        **os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "a@x.org", "GIT_COMMITTER_NAME": "Ada",
        "GIT_COMMITTER_EMAIL": "a@x.org",
    }  # fmt: skip
    return subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True, text=True, env=env).stdout.strip()


@pytest.fixture
def repository(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    sh(folder, "init", "-q", "-b", "main")
    (folder / "train.py").write_text("x = 1\n")
    sh(folder, "add", ".")
    sh(folder, "commit", "-q", "-m", "first")
    return folder


# -- git


def test_outside_a_repository_there_is_nothing(tmp_path):
    assert git(tmp_path) == ({}, None)


def test_a_clean_repository_and_the_notebooks_place_in_it(repository):
    (repository / "notebooks").mkdir()
    facts, diff = git(repository / "notebooks", repository / "notebooks" / "one.ipynb")
    assert facts == {
        "commit": sh(repository, "rev-parse", "HEAD"),
        "branch": "main",
        "remote": None,
        "dirty": False,
        "notebook": "notebooks/one.ipynb",
    }
    assert diff is None


def test_before_the_first_commit_there_is_a_branch_and_a_diff_of_what_is_added(tmp_path):
    sh(tmp_path, "init", "-q", "-b", "trunk")
    (tmp_path / "a.py").write_text("first\n")
    sh(tmp_path, "add", "a.py")
    facts, diff = git(tmp_path)
    assert (facts["commit"], facts["branch"], facts["dirty"]) == (None, "trunk", True)
    assert b"+first" in diff


def test_the_diff_has_what_is_staged_and_what_is_not_and_applies_again(repository):
    (repository / "train.py").write_text("x = 2\n")
    (repository / "new.py").write_bytes("# caf\xe9\n".encode("latin-1"))
    sh(repository, "add", "new.py")
    facts, diff = git(repository)
    assert facts["dirty"] is True
    shutil.copytree(repository / ".git", repository.parent / "again" / ".git")
    sh(repository.parent / "again", "reset", "-q", "--hard")
    (repository.parent / "it.diff").write_bytes(diff)
    sh(repository.parent / "again", "apply", str(repository.parent / "it.diff"))
    assert (repository.parent / "again" / "train.py").read_text() == "x = 2\n"
    assert (repository.parent / "again" / "new.py").read_bytes() == b"# caf\xe9\n"


def test_a_detached_head_has_no_branch(repository):
    sh(repository, "checkout", "-q", "--detach")
    facts, _ = git(repository)
    assert facts["branch"] is None and facts["commit"]


def test_a_linked_worktree_and_a_submodule_say_so(repository, tmp_path):
    sh(repository, "worktree", "add", "-q", str(tmp_path / "side"), "-b", "side")
    assert git(tmp_path / "side")[0]["worktree"] is True and git(tmp_path / "side")[0]["branch"] == "side"
    outer = tmp_path / "outer"
    outer.mkdir()
    sh(outer, "init", "-q")
    sh(outer, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(repository), "inner")
    sh(outer, "commit", "-q", "-m", "outer")
    assert git(outer / "inner")[0]["superproject"] == {"commit": sh(outer, "rev-parse", "HEAD")}
    assert "worktree" not in git(outer / "inner")[0]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("https://ada:hunter2hunter2@x.org/a.git", "https://x.org/a.git"),
        ("https://ghp_abcdefghijklmnopqrstuvwxyz0123456789@github.com/a/b.git", "https://github.com/a/b.git"),
        ("https://x.org/a.git?private_token=abcdef0123456789abcd", "https://x.org/a.git?private_token=•••"),
        ("git@github.com:a/b.git", "git@github.com:a/b.git"),
        ("ssh://git@x.org:22/a.git", "ssh://git@x.org:22/a.git"),
        ("ssh://ada:hunter2hunter2@x.org/a.git", "ssh://x.org/a.git"),
    ],
)
def test_a_remote_is_told_without_credentials(repository, said, kept):
    sh(repository, "remote", "add", "origin", said)
    assert git(repository)[0]["remote"] == kept


def test_several_remotes_are_all_told_and_origin_is_the_one(repository):
    sh(repository, "remote", "add", "fork", "https://u:hunter2hunter2@fork.org/a.git")
    assert git(repository)[0]["remote"] == "https://fork.org/a.git"
    sh(repository, "remote", "add", "origin", "https://x.org/a.git")
    facts, _ = git(repository)
    assert facts["remote"] == "https://x.org/a.git"
    assert facts["remotes"] == {"fork": "https://fork.org/a.git", "origin": "https://x.org/a.git"}


def test_code_no_commit_knows_is_listed_by_gits_own_digest_within_bounds(repository, monkeypatch):
    (repository / ".gitignore").write_text("ignored.py\n")
    for name in ("ignored.py", "data.csv", "sub dir/ü.py", "one.ipynb"):
        (repository / name).parent.mkdir(exist_ok=True)
        (repository / name).write_text(name)
    facts, _ = git(repository)
    assert set(facts["untracked"]) == {"sub dir/ü.py", "one.ipynb"} and "incomplete" not in facts
    assert facts["untracked"]["one.ipynb"] == "git:" + sh(repository, "hash-object", "one.ipynb")
    monkeypatch.setattr(repositories, "MAX_UNTRACKED", 1)
    facts, _ = git(repository)
    assert len(facts["untracked"]) == 1 and facts["incomplete"] == ["untracked"]


def test_a_diff_too_large_is_cut_and_said_to_be(repository):
    (repository / "train.py").write_text("y = 'a long line of the program'\n" * 300_000)
    facts, diff = git(repository)
    assert len(diff) == repositories.MAX_DIFF and facts["incomplete"] == ["diff"]


def test_no_program_of_the_repositorys_runs(repository, tmp_path):
    touched = tmp_path / "touched"
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {touched}\ncat\n")
    trap.chmod(0o755)
    hooks = repository / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("post-index-change", "fsmonitor-watchman", "post-checkout"):
        shutil.copy(trap, hooks / name)
    (repository / ".gitattributes").write_text("*.py diff=own\n")
    for key in ("core.fsmonitor", "core.pager", "diff.external", "diff.own.textconv", "diff.own.command", "core.editor", "core.askPass"):
        sh(repository, "config", key, str(trap))
    (repository / "train.py").write_text("x = 3\n")
    facts, diff = git(repository)
    assert facts["dirty"] and b"+x = 3" in diff and not touched.exists()


def test_the_environment_of_a_program_under_git_does_not_lead_elsewhere(repository, tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path))
    assert git(repository)[0]["branch"] == "main"


def test_without_git_nothing_is_known(repository, monkeypatch):
    monkeypatch.setenv("PATH", str(repository))
    assert git(repository) == ({}, None)


def test_a_git_that_hangs_costs_its_time_and_no_more(repository, tmp_path, monkeypatch):
    slow = tmp_path / "bin"
    slow.mkdir()
    (slow / "git").write_text("#!/bin/sh\nexec /bin/sleep 60\n")
    (slow / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(slow))
    monkeypatch.setattr(repositories, "_PATIENCE_S", 0.3)
    assert git(repository) == ({}, None)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a folder away")
def test_a_repository_of_somebody_elses_is_refused_and_that_is_said(repository, monkeypatch):
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    for place in (repository, repository / ".git"):
        os.chown(place, 12345, 12345)
    facts, diff = git(repository)
    assert "safe.directory" in facts["refused"] and "commit" not in facts and diff is None


def test_runs_that_begin_within_a_second_ask_once(repository, monkeypatch):
    monkeypatch.setattr(repositories, "_FRESH_S", 60.0)
    asked = []
    plain = repositories._ask
    monkeypatch.setattr(repositories, "_ask", lambda folder: asked.append(folder) or plain(folder))
    threads = [threading.Thread(target=git, args=(repository,)) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert len(asked) == 1
    sh(repository, "commit", "-q", "--allow-empty", "-m", "second")
    assert git(repository)[0]["commit"] == sh(repository, "rev-parse", "HEAD")


# -- a run


def test_a_runs_end_waits_for_nothing_and_who_looks_sees_all(workspace, repository, monkeypatch):
    monkeypatch.chdir(repository)
    held = threading.Event()
    monkeypatch.setattr(surroundings, "environment", lambda: held.wait(30) and environment())
    begun = run.start("slow", workspace=workspace)
    assert run.end(workspace=workspace).status == "finished"
    assert surroundings.settled(timeout_s=0.01) is False
    held.set()
    record = run.show(begun.id, workspace=workspace)
    assert record.git["branch"] == "main" and record.environment["python"]


# -- the environment


def installed(folder, name, version, origin=None):
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    if origin is not None:
        (info / "direct_url.json").write_text(origin if isinstance(origin, str) else json.dumps(origin))


def test_the_first_of_two_versions_counts_and_origins_are_told_without_secrets(tmp_path, monkeypatch):
    first, second = tmp_path / "first", tmp_path / "second"
    installed(first, "My.Package_x", "2.0")
    installed(second, "my_package_x", "1.0")
    token = "ghp_abcdefghijklmnopqrstuvwxyz0123456789"
    vcs = {"vcs": "git", "commit_id": "ab" * 20, "requested_revision": "main"}
    installed(first, "from_git", "1", {"url": f"https://{token}@github.com/a/b.git", "vcs_info": vcs, "subdirectory": "py"})
    installed(first, "archive", "1", {"url": "https://x.org/a.whl", "archive_info": {"hash": "sha256=00", "hashes": {"sha256": "00"}}})
    installed(first, "here", "1", {"url": "file:///home/a%20b/here", "dir_info": {"editable": True}})
    installed(first, "broken", "1", "{")
    (second / "old.egg-info").mkdir()
    (second / "old.egg-info" / "PKG-INFO").write_text("Name: old\nVersion: 0.3\n")
    (second / "older-0.4-py3.11.egg-info").write_text("")
    monkeypatch.setattr(sys, "path", [str(first), str(second), str(tmp_path / "nothing")])
    found = environment()
    assert found["distributions"] == {
        "archive": "1", "broken": "1", "from-git": "1", "here": "1", "my-package-x": "2.0", "old": "0.3", "older": "0.4",
    }  # fmt: skip
    assert found["origins"] == {
        "archive": {"url": "https://x.org/a.whl", "hash": "sha256=00"},
        "broken": {"unreadable": True},
        "from-git": {"url": "https://github.com/a/b.git", "vcs": "git", "commit": "ab" * 20, "subdirectory": "py"},
        "here": {"path": "/home/a b/here", "editable": True},
        "old": {"path": str(second), "editable": True},
    }
    installed(first, "later", "1")
    assert "later" in environment()["distributions"]


def test_what_changes_numbers_is_told_and_a_secret_among_it_is_not(monkeypatch):
    import numpy as np

    np.ones(2) @ np.ones(2)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setenv("TZ", "Europe/Berlin")
    monkeypatch.setenv("JAX_TOKEN", "hunter2hunter2hunter2")
    found = environment()
    assert found["variables"]["OMP_NUM_THREADS"] == "3" and found["time_zone"] == "Europe/Berlin"
    assert "hunter2" not in json.dumps(found)
    assert any(library["user_api"] == "blas" and library["num_threads"] >= 1 for library in found["blas"])


def test_condas_packages_are_told_with_their_builds(tmp_path):
    (tmp_path / "conda-meta").mkdir()
    for name in ("numpy-2.1.0-py311h1_0.json", "ca-certificates-2026.1-h0.json", "history"):
        (tmp_path / "conda-meta" / name).touch()
    assert environments._conda(str(tmp_path)) == {"ca-certificates": "2026.1=h0", "numpy": "2.1.0=py311h1_0"}


# -- the lock


def recorded(workspace, **change):
    begun = run.start("locked", workspace=workspace)
    run.end(workspace=workspace)
    record = run.show(begun.id, workspace=workspace)
    return replace(record, environment={**record.environment, **change})


def test_a_lock_pins_what_an_index_or_an_address_gives_and_names_the_rest(workspace):
    from nbmlops.runs.lock import lock_of

    distributions = {name: "1.0" for name in ("plain", "git-one", "wheel", "gone", "mine", "deb")} | {"torch": "2.1.0+cpu", "e\nvil": "1"}
    origins = {
        "git-one": {"url": "https://x.org/a.git", "vcs": "git", "commit": "ab12", "subdirectory": "py"},
        "wheel": {"url": "https://x.org/w.whl", "hash": "sha256=00"},
        "gone": {"url": "file:///nowhere/g.whl", "hash": "sha256=00"},
        "mine": {"path": "/home/ada/mine", "editable": True},
        "deb": {"system": True},
    }
    found = lock_of(recorded(workspace, distributions=distributions, origins=origins, conda={"mkl": "2026=h1"}))
    lines = [line for line in found.text.splitlines() if line and not line.startswith("#")]
    assert lines == [
        "plain==1.0", "git-one @ git+https://x.org/a.git@ab12#subdirectory=py", "wheel @ https://x.org/w.whl#sha256=00", "torch==2.1.0+cpu",
    ]  # fmt: skip
    assert found.pinned == 4 and found.python.startswith(f"CPython {sys.version_info.major}.")
    for part in (
        "gone==1.0: its file is gone",
        "mine==1.0: an editable project: /home/ada/mine",
        "deb==1.0",
        "torch==2.1.0+cpu: a local",
        "mkl=2026=h1: conda",
    ):
        assert any(part in line for line in found.left_out), part


def test_a_lock_is_written_where_one_says_or_the_reason_is_told(workspace, tmp_path):
    begun = run.start("locked", workspace=workspace)
    run.end(workspace=workspace)
    found = run.lock(begun.id, output=str(tmp_path / "requirements.lock"), workspace=workspace)
    assert (tmp_path / "requirements.lock").read_text() == found.text and "\nnumpy==" in found.text
    with pytest.raises(Unwritable, match="cannot be written"):
        run.lock(begun.id, output=str(tmp_path), workspace=workspace)


def test_a_run_without_an_environment_has_no_lock(workspace):
    from nbmlops.runs.lock import lock_of

    with pytest.raises(NotFound, match="was not recorded"):
        lock_of(recorded(workspace, distributions={}))


RECORD = """
import json, sys
sys.path.append({ours!r})
from nbmlops.runs.environment import environment
sys.path.remove({ours!r})
print(json.dumps({{name: value for name, value in environment().items() if name in ("python", "distributions", "origins")}}))
"""


@pytest.mark.slow
def test_an_environment_made_from_its_lock_has_the_same_lock(workspace, tmp_path):
    from nbmlops.runs.lock import lock_of

    def made(name):
        subprocess.run([sys.executable, "-m", "venv", tmp_path / name], check=True, timeout=120)
        return str(tmp_path / name / "bin" / "python")

    def told(python):
        # What nbmlops itself needs stands beside the environment, not in it.
        code = RECORD.format(ours=str(tmp_path / "ours"))
        done = subprocess.run([python, "-c", code], capture_output=True, text=True, timeout=60, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    package = Path(environments.__file__).parents[1]
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "nbmlops").symlink_to(package)
    wheel = tmp_path / "tiny-1.0-py3-none-any.whl"
    _write_wheel(wheel)
    first = made("first")
    subprocess.run([first, "-m", "pip", "install", "-q", "six==1.16.0", str(wheel)], check=True, timeout=120)
    before = told(first)
    assert before["distributions"]["six"] == "1.16.0" and before["origins"]["tiny"]["hash"].startswith("sha256=")
    lock = lock_of(recorded(workspace, **before, conda={}))
    assert lock.left_out == []
    (tmp_path / "requirements.lock").write_text(lock.text)
    again = made("again")
    subprocess.run([again, "-m", "pip", "install", "-q", "--no-deps", "-r", tmp_path / "requirements.lock"], check=True, timeout=120)
    assert told(again) == before


@pytest.mark.slow
def test_under_a_runner_the_environment_is_the_kernels(tmp_path):
    import nbformat

    from nbmlops.runs.book import RunBook
    from nbmlops.workspace import Workspace

    spec = tmp_path / "jupyter" / "kernels" / "elsewhere"
    spec.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(
        json.dumps({"argv": argv, "display_name": "", "language": "python", "env": {"TZ": "Pacific/Auckland"}})
    )
    cell = nbformat.v4.new_code_cell("x = 1")
    nbformat.write(
        nbformat.v4.new_notebook(cells=[cell], metadata={"kernelspec": {"name": "elsewhere", "display_name": ""}}), tmp_path / "a.ipynb"
    )
    subprocess.run(
        [sys.executable, "-m", "papermill", "--engine", "nbmlops", "a.ipynb", "out.ipynb"], cwd=tmp_path, check=True, timeout=120,
        env={**os.environ, "JUPYTER_PATH": str(tmp_path / "jupyter"), "TZ": "Europe/Berlin"}, capture_output=True,
    )  # fmt: skip
    book = RunBook(Workspace.at(tmp_path))
    assert book.record(book.find()[0].id).environment["time_zone"] == "Pacific/Auckland"


def _write_wheel(path):
    import zipfile

    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("tiny.py", "x = 1\n")
        wheel.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        wheel.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(
            "tiny-1.0.dist-info/RECORD",
            "tiny.py,,\ntiny-1.0.dist-info/METADATA,,\ntiny-1.0.dist-info/WHEEL,,\ntiny-1.0.dist-info/RECORD,,\n",
        )
