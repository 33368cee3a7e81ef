"""The notebook's path, under every program that executes notebooks, and never a wrong one."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from types import SimpleNamespace

import nbformat
import pytest
from jupyter_client.blocking import BlockingKernelClient

from nbmlops.capture.showing import where
from nbmlops.capture.showing.notebook_files import holding, in_folder
from nbmlops.capture.showing.where import driven, notebook_of

from .kernel import kernel

ASK = """import json
from nbmlops.capture.showing.where import driven, notebook_of
json.dump([*notebook_of(get_ipython()), driven(get_ipython())], open("where.json", "w"))"""
KERNEL = {"kernelspec": {"name": "python3", "display_name": "", "language": "python"}}


def write(path, *sources, ids=(), **metadata):
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    for cell, cell_id in zip(cells, ids, strict=False):
        cell.id = cell_id
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={**KERNEL, **metadata}), path)
    return path


def run(folder, *command, **env):
    base = {name: value for name, value in os.environ.items() if not name.startswith(("NBMLOPS", "JPY_"))}
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env={**base, "NBMLOPS_WORKSPACE": str(folder), **env},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "where.json").read_text())


# -- executed by a program


@pytest.mark.slow
def test_under_each_program_the_executed_notebook_is_told_and_nobody_is_taken_for_typing(tmp_path):
    other = write(tmp_path / "other.ipynb", "something = 'else entirely'")
    for name in ("here.ipynb", "twin.ipynb"):
        write(tmp_path / name, ASK)
    here = str(tmp_path / "here.ipynb")
    for command, told in (
        (["-m", "jupyter", "execute", "here.ipynb"], "nbclient"),
        (["-m", "jupyter", "nbconvert", "--execute", "--to", "notebook", "--output", "twin.ipynb", "here.ipynb"], "nbconvert"),
        (["-m", "papermill", "here.ipynb", "out.ipynb", "-p", "x", "3"], "papermill"),
        (["-m", "papermill", "here.ipynb", "out.ipynb", "--inject-paths"], "papermill"),
        (["-m", "papermill", "--engine", "nbmlops", "here.ipynb", "out.ipynb"], "papermill"),
    ):
        assert run(tmp_path, *command) == [here, told, "headless"], command
    assert other.exists()


@pytest.mark.slow
def test_a_program_that_names_no_notebook_is_known_by_what_it_executes_or_not_at_all(tmp_path):
    write(
        tmp_path / "here.ipynb",
        "first = 'a cell of its own'",
        ASK.replace("notebook_of(get_ipython())", "notebook_of(get_ipython(), executed=In[1:2])"),
    )
    write(tmp_path / "other.ipynb", "something = 'else entirely'")
    script = "import nbformat, nbclient; nbclient.NotebookClient(nbformat.read('here.ipynb', 4)).execute()"
    assert run(tmp_path, "-c", script) == [str(tmp_path / "here.ipynb"), "contents", "headless"]
    papermill = "import papermill; papermill.execute_notebook('here.ipynb', 'out.ipynb', {'x': 1}, progress_bar=False)"
    assert run(tmp_path, "-c", papermill) == [str(tmp_path / "here.ipynb"), "contents", "headless"]
    (tmp_path / "copy.ipynb").write_bytes((tmp_path / "here.ipynb").read_bytes())
    assert run(tmp_path, "-c", script) == [None, "unknown", "headless"]


@pytest.mark.slow
def test_the_environments_word_and_several_notebooks_on_one_command_line(tmp_path):
    write(tmp_path / "a.ipynb", "a = 1", ASK)
    write(tmp_path / "b.ipynb", "b = 2", ASK.replace("get_ipython())", "get_ipython(), executed=In[1:2])", 1))
    assert run(tmp_path, "-m", "jupyter", "execute", "a.ipynb", "b.ipynb") == [str(tmp_path / "b.ipynb"), "nbclient", "headless"]
    assert run(tmp_path, "-m", "jupyter", "execute", "a.ipynb", NBMLOPS_NOTEBOOK="~/x.ipynb")[:2] == [
        os.path.expanduser("~/x.ipynb"),
        "environment",
    ]


@pytest.mark.slow
def test_what_another_program_names_is_taken_only_if_a_telling_cell_was_executed(tmp_path):
    write(tmp_path / "shown.ipynb", ASK.splitlines()[0], "model = 'a long cell of its own'")
    write(tmp_path / "here.ipynb", ASK)
    script = "import sys, nbformat, nbclient; nbclient.NotebookClient(nbformat.read('here.ipynb', 4)).execute()"
    assert run(tmp_path, "-c", script, "shown.ipynb") == [None, "unknown", "headless"]
    assert run(tmp_path, "-c", script, "here.ipynb") == [str(tmp_path / "here.ipynb"), "command line", "headless"]


# -- a person at a front end


@contextmanager
def server(folder, *options):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    runtime = folder / ".runtime"
    env = {name: value for name, value in os.environ.items() if not name.startswith(("NBMLOPS", "JPY_"))}
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", f"--ServerApp.port={port}", f"--ServerApp.root_dir={folder}", *options],
        env={**env, "JUPYTER_RUNTIME_DIR": str(runtime), "NBMLOPS_WORKSPACE": str(folder)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield Server(folder, runtime, port)
    finally:
        process.terminate()
        process.wait(30)


class Server:
    """A real server, asked as the front end asks it."""

    def __init__(self, folder, runtime, port):
        self.folder, self.runtime, self.port = folder, runtime, port
        for _ in range(300):
            try:
                self.ask("GET", "status")
                break
            except OSError:
                time.sleep(0.1)

    def ask(self, method, path, body=None):
        import urllib.request

        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/base/api/{path}", method=method, data=json.dumps(body).encode() if body is not None else None,
            headers={"Authorization": "token secret-word", "Content-Type": "application/json"},
        )  # fmt: skip
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or b"null")

    def open(self, path, kernel=None, kind="notebook"):
        kernel = {"id": kernel} if kernel else {"name": "python3"}
        return self.ask("POST", "sessions", {"path": path, "name": os.path.basename(path), "type": kind, "kernel": kernel})


@contextmanager
def client(file):
    made = BlockingKernelClient(connection_file=str(file))
    made.load_connection_file()
    made.hb_channel.time_to_dead = 30.0  # a machine that has much to do lets a heart beat late
    made.start_channels()
    made.wait_for_ready(timeout=60)
    try:
        yield made
    finally:
        made.stop_channels()


def told(made, folder, code=ASK, cell_id=None):
    (folder / "where.json").unlink(missing_ok=True)
    content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": True, "stop_on_error": True}
    message = made.session.msg("execute_request", content, metadata={"cellId": cell_id} if cell_id else {})
    made.shell_channel.send(message)
    while True:
        reply = made.get_shell_msg(timeout=60)
        if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
            assert reply["content"]["status"] == "ok", reply["content"]
            return json.loads((folder / "where.json").read_text())


TOKEN = ("--IdentityProvider.token=secret-word", "--ServerApp.base_url=/base/")


@pytest.mark.slow
def test_a_server_tells_also_after_renaming_for_one_kernel_of_two_notebooks_and_for_consoles(tmp_path):
    sub = tmp_path / "sub"
    sub.mkdir()
    write(sub / "one.ipynb", ids=())
    with server(tmp_path, *TOKEN) as s:
        session = s.open("sub/one.ipynb")
        kernel_id = session["kernel"]["id"]
        with client(s.runtime / f"kernel-{kernel_id}.json") as c:
            assert told(c, sub) == [str(sub / "one.ipynb"), "server", "live"]
            s.ask("PATCH", "contents/sub/one.ipynb", {"path": "sub/two.ipynb"})
            s.ask("PATCH", f"sessions/{session['id']}", {"path": "sub/two.ipynb", "name": "two.ipynb"})
            assert told(c, sub) == [str(sub / "two.ipynb"), "server", "live"]
            write(sub / "third.ipynb", ASK, ids=["cell-of-third"])
            s.open("sub/third.ipynb", kernel=kernel_id)
            assert told(c, sub) == [None, "unknown", "live"]
            assert told(c, sub, cell_id="cell-of-third") == [str(sub / "third.ipynb"), "server", "live"]
            s.ask("PATCH", f"sessions/{session['id']}", {"path": "sub/gone.ipynb", "name": "gone.ipynb"})
            assert told(c, sub) == [str(sub / "third.ipynb"), "server", "live"]
        console = s.open("sub/third.ipynb-1", kind="console")
        with client(s.runtime / f"kernel-{console['kernel']['id']}.json") as c:
            assert told(c, sub) == [None, "unknown", "live"]


@pytest.mark.slow
def test_a_server_behind_a_password_does_not_tell_and_the_sessions_name_holds_while_its_file_is_there(tmp_path):
    write(tmp_path / "one.ipynb", "x = 1", ids=["cell-of-one"])
    with server(tmp_path, *TOKEN) as s:
        # The kernel sees a server's file without its token, as behind a password.
        session = s.open("one.ipynb")
        for file in s.runtime.glob("jpserver-*.json"):
            known = json.loads(file.read_text())
            file.write_text(json.dumps({**known, "token": "", "password": True}))
        with client(s.runtime / f"kernel-{session['kernel']['id']}.json") as c:
            assert told(c, tmp_path, cell_id="not-saved-yet") == [str(tmp_path / "one.ipynb"), "session name", "live"]
            os.rename(tmp_path / "one.ipynb", tmp_path / "two.ipynb")
            assert told(c, tmp_path, cell_id="not-saved-yet") == [None, "unknown", "live"]
            assert told(c, tmp_path, cell_id="cell-of-one") == [str(tmp_path / "two.ipynb"), "contents", "live"]


@pytest.mark.slow
def test_a_server_that_never_answers_is_not_waited_for_and_tells_nothing(tmp_path):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        runtime = tmp_path / "runtime"
        runtime.mkdir()
        for at in range(3):
            known = {"url": f"http://127.0.0.1:{silent.getsockname()[1]}/", "token": "t", "root_dir": str(tmp_path), "pid": 1}
            (runtime / f"jpserver-{at}.json").write_text(json.dumps(known))
        asked = "from nbmlops.capture.showing import servers\nprint(servers.ask('0' * 36).told)"
        with kernel(tmp_path, JUPYTER_RUNTIME_DIR=str(runtime)) as k:
            assert k.run(asked) == ("ok", "False\n")


@pytest.mark.slow
def test_vs_code_and_a_bare_kernel(tmp_path):
    here = write(tmp_path / "here.ipynb", "x = 1")
    with kernel(tmp_path) as k:
        k.run(ASK)
        assert json.loads((tmp_path / "where.json").read_text()) == [None, "unknown", "live"]
        k.run(f"__vsc_ipynb_file__ = {str(here)!r}\n{ASK}")
        assert json.loads((tmp_path / "where.json").read_text()) == [str(here), "vscode", "live"]
        k.run(f"__vsc_ipynb_file__ = 'Untitled-1.ipynb'\n{ASK}")
        assert json.loads((tmp_path / "where.json").read_text()) == [None, "unknown", "live"]


def test_a_terminal_has_no_notebook():
    shell = SimpleNamespace(user_ns={})
    assert notebook_of(shell) == (None, "terminal") and driven(shell) == "live"


# -- files


def test_files_hold_what_was_executed_in_order_and_executed_copies_are_left_out(tmp_path):
    one = write(tmp_path / "one.ipynb", "a = 1", "b = 'ü'", "c = 3")
    write(tmp_path / "two.ipynb", "b = 'ü'", "a = 1")
    write(
        tmp_path / "out.ipynb", "a = 1", "# Parameters\nx = 1", "b = 'ü'", papermill={"input_path": "one.ipynb", "output_path": "out.ipynb"}
    )
    (tmp_path / "broken.ipynb").write_text('{"cells": [ "a = 1" "b = ')
    (tmp_path / "odd.ipynb").write_text('["a = 1", "b = \\u00fc"]')
    files = in_folder(str(tmp_path))
    assert files is not None and len(files) == 5
    assert holding(files, ["a = 1\n", "# Parameters\nx = 1", "b = 'ü'", "a = 1"]) == [str(one)]
    assert holding(files, ["b = 'ü'", "c = 3", "a = 1"]) == []


def test_too_many_files_are_not_looked_through(tmp_path):
    for at in range(201):
        (tmp_path / f"{at}.ipynb").write_text("{}")
    assert in_folder(str(tmp_path)) is None
    assert in_folder(str(tmp_path / "nothing")) is None


def test_an_address_that_papermill_was_given_is_told_without_its_secrets():
    assert where._papermills("https://ada:hunter2@x.org/a.ipynb", where._Program("papermill", None, [])) == "https://ada:•••@x.org/a.ipynb"
