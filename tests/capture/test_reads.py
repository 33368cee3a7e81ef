"""What is heard of files, and what is known of them when they change, vanish, or never were files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbmlops.capture.reading import hashing
from nbmlops.capture.reading.datafiles import counts
from nbmlops.capture.reading.reads import reads
from nbmlops.ledger.blobs import digest_bytes

from .files import old, taken


def test_a_file_that_is_read_and_then_written_has_the_digest_of_both(here):
    old(here / "x.csv", b"before")
    with reads.watching():
        Path("x.csv").read_bytes()
        Path("x.csv").write_bytes(b"after")
    found = taken()
    assert found["x.csv", "read"].digest == digest_bytes(b"before") and found["x.csv", "read"].size_bytes == 6
    assert found["x.csv", "write"].digest == digest_bytes(b"after")


def test_a_file_that_is_written_and_then_read_is_both(here):
    with reads.watching():
        Path("x.csv").write_bytes(b"new")
        Path("x.csv").read_bytes()
    assert {use.digest for use in taken().values()} == {digest_bytes(b"new")}
    with reads.watching():
        with open("x.csv", "r+") as file:
            file.write("NEW")
    found = taken()
    assert found["x.csv", "read"].digest == digest_bytes(b"new") and found["x.csv", "write"].digest == digest_bytes(b"NEW")


def test_a_file_that_is_read_and_removed_or_replaced_was_hashed_before(here):
    for name in "abc":
        old(here / name, name.encode())
    with reads.watching():
        for name in "abc":
            Path(name).read_bytes()
        os.remove("a")
        Path("new").write_bytes(b"n")
        os.replace("new", "b")
        shutil.move("c", "d")
    found = taken()
    assert [found[name, "read"].digest for name in "abc"] == [digest_bytes(name.encode()) for name in "abc"]
    assert found["b", "write"].digest == digest_bytes(b"n")
    assert ("new", "write") not in found


def test_a_file_that_another_process_changes_has_no_digest_rather_than_a_wrong_one(here):
    old(here / "x.csv", b"before")
    old(here / "y.csv", b"before")
    with reads.watching():
        Path("x.csv").read_bytes()
        Path("y.csv").read_bytes()
        subprocess.run([sys.executable, "-c", "open('x.csv', 'w').write('after!'); import os; os.remove('y.csv')"], check=True)
    found = taken()
    assert (found["x.csv", "read"].digest, found["y.csv", "read"].digest) == (None, None)
    assert "changed after it was read" in found["x.csv", "read"].note and "gone" in found["y.csv", "read"].note


def test_a_file_that_changes_while_it_is_hashed_has_no_digest(here, monkeypatch):
    path = old(here / "x.csv", b"0" * (3 << 20))
    true, changed = os.read, []

    def read(file, size):
        if threading.current_thread().name == "nbmlops-hashing" and not changed:
            changed.append(True)
            subprocess.run([sys.executable, "-c", f"open({str(path)!r}, 'r+').write('1')"], check=True)
        return true(file, size)

    monkeypatch.setattr(hashing.os, "read", read)
    with reads.watching():
        path.read_bytes()
    use = taken()["x.csv", "read"]
    assert use.digest is None and use.note == "changed while it was hashed"


def test_what_is_made_and_gone_within_a_cell_is_nothing(here):
    with reads.watching():
        with tempfile.NamedTemporaryFile(dir=here) as file:
            file.write(b"x")
            file.flush()
            Path(file.name).read_bytes()
        Path("t").write_text("x")
        os.remove("t")
    assert taken() == {}


def test_opening_for_writing_is_no_writing(here):
    old(here / "x.csv", b"x")
    time.sleep(0.05)  # longer than a tick of the file system's clock
    with reads.watching():
        with open("x.csv", "a"), open("x.csv", "r+") as file:
            file.read()
    assert set(taken()) == {("x.csv", "read")}


def test_a_file_that_changes_while_a_library_reads_it_has_no_digest(here):
    import polars

    old(here / "x.csv", b"a\n1\n")
    with reads.watching():
        began = time.perf_counter()
        frame = polars.read_csv("x.csv")
        time.sleep(0.05)
        with reads.deaf():  # somebody else does
            old(here / "x.csv", b"b").touch()
        reads.called("read_csv", "polars.io.csv", polars.read_csv, {0: "x.csv"}, frame, began)
    use = taken()["x.csv", "read"]
    assert use.digest is None and use.note == "changed while it was read"


def test_only_regular_files_are_files(here):
    os.mkfifo("fifo")
    os.mkdir("folder")
    with reads.watching():
        end = os.open("fifo", os.O_RDWR)
        os.close(end)
        Path("/dev/null").read_bytes()
        Path("/proc/self/status").read_bytes()
        os.listdir("folder")
        os.close(os.open("folder", os.O_RDONLY))
        os.fdopen(os.open(os.devnull, os.O_WRONLY), "w").close()
        for missing in ("missing", "", "a" * 5000):
            with pytest.raises(OSError):
                open(missing)  # noqa: SIM115
        with pytest.raises(ValueError):
            open("a\0b")  # noqa: SIM115
        with pytest.raises(TypeError):
            open(3.5)  # noqa: SIM115
        reads.note("fifo", "read")
        reads.note(3, "read")
        reads.note("a\0b", "read")
    assert taken() == {}


def test_a_file_that_nobody_may_read_was_not_read(here):
    with tempfile.TemporaryDirectory() as open_to_all:
        os.chmod(open_to_all, 0o755)
        closed = old(Path(open_to_all, "x.csv"), b"x")
        closed.chmod(0)
        was = os.geteuid()
        if was == 0:
            os.seteuid(65534)  # root may read everything
        try:
            with reads.watching(), pytest.raises(PermissionError):
                closed.read_bytes()
            assert taken() == {}
        finally:
            os.seteuid(was)


def test_names_are_as_the_user_gave_them(here):
    old(here / "x.csv", b"x")
    os.symlink("x.csv", "link.csv")
    os.mkdir("inside")
    with reads.watching():
        Path("link.csv").read_bytes()
        open(b"x.csv", "rb").close()
        os.chdir("inside")
        open("../x.csv").close()
        Path("y.csv").write_text("y")
        os.chdir("..")
    found = taken()
    assert {use.path for use in found.values()} == {str(here / "x.csv"), str(here / "link.csv"), str(here / "inside" / "y.csv")}
    assert found["link.csv", "read"].digest == found["x.csv", "read"].digest == digest_bytes(b"x")


@settings(max_examples=150, deadline=None)
@given(
    name=st.binary(min_size=1, max_size=40).filter(lambda name: not set(name) & set(b"\0/") and name.strip(b".")),
    content=st.binary(max_size=99),
)
def test_any_name_a_file_can_have(name, content):
    reads.take(None)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(os.fsencode(folder), name)
        with open(path, "wb") as file:
            file.write(content)
        with reads.watching():
            with open(path, "rb") as file:
                assert file.read() == content
        if not counts(os.fsdecode(path)):
            assert reads.take(0) == []
            return
        (use,) = taken().values()
        assert os.fsencode(use.path) == path and use.digest == digest_bytes(content) and use.size_bytes == len(content)


@settings(max_examples=300, deadline=None)
@given(
    given=st.one_of(st.text(max_size=60), st.binary(max_size=60), st.integers(), st.none(), st.lists(st.text(max_size=5))), result=st.none()
)
def test_whatever_a_reader_is_given_is_no_trouble(given, result):
    from nbmlops.capture.reading import readers

    def read_csv(*_):
        """Stands for a library's reader."""

    with reads.watching():
        readers.called(reads, "read_csv", "polars.io.csv.functions", read_csv, {0: given, "columns": given}, result)
        readers.called(reads, "sql", "duckdb._relation", read_csv, {0: given}, result)
        readers.called(reads, "read_sql", "pandas", read_csv, {0: given, 1: given}, result)
        readers.called(reads, "savefig", "matplotlib.pyplot", read_csv, {0: given}, result)
    taken()


def test_what_counts_as_data():
    import sklearn

    home, project = os.path.expanduser("~"), "/home/ada/churn"
    package = os.path.dirname(sklearn.__file__)
    data = [
        f"{project}/x.csv", f"{project}/settings.json", f"{project}/notes", f"{project}/.data/x.csv", f"{home}/.cache/hub/x.parquet",
        f"{package}/datasets/data/iris.csv", f"{package}/datasets/data/digits.csv.gz", "/mnt/data/x", "/tmp/x", "/dev/shm/x.csv", "/run/media/ada/stick/x.csv", f"{project}/model.pth",
    ]  # fmt: skip
    not_data = [
        f"{project}/features.py", f"{project}/churn.ipynb", f"{project}/.git/index", f"{project}/.env", f"{project}/.nbmlops/ledger.db",
        f"{project}/__pycache__/x.pyc", f"{home}/.config/matplotlib/matplotlibrc", f"{home}/.cache/matplotlib/fontlist-v390.json",
        f"{home}/.ipython/profile_default/history.sqlite", f"{home}/.jupyter/lab.json", f"{home}/.local/share/jupyter/runtime/kernel-1.json",
        "/proc/meminfo", "/dev/urandom", "/dev/shm/joblib_memmapping_folder_1/x.pkl", "/run/user/1/x", "/etc/mime.types", "/usr/share/fonts/x.ttf", "/usr/share/zoneinfo/UTC", f"{package}/x.json",
        f"{os.path.dirname(package)}/matplotlib/mpl-data/matplotlibrc", f"{os.path.dirname(package)}/certifi/cacert.pem",
        f"{project}/.ipynb_checkpoints/x.csv", os.path.join(os.path.dirname(counts.__code__.co_filename), "x.csv"),
    ]  # fmt: skip
    assert [path for path in data if not counts(path)] == []
    assert [path for path in not_data if counts(path)] == []
    asked = ["/etc/hosts", "/usr/share/dict/words", f"{home}/.config/tool.json"]
    assert [path for path in asked if counts(path)] == [] and all(counts(path, asked=True) for path in asked)
    assert not counts(f"{project}/.nbmlops/ledger.db", asked=True)


def test_importing_and_plotting_read_no_data(tmp_path):
    code = (
        "from nbmlops.capture.reading.reads import reads\n"
        "with reads.watching():\n"
        "    import matplotlib; matplotlib.use('agg')\n"
        "    import pandas, sklearn.linear_model, matplotlib.pyplot as plt, plotly.graph_objects, zoneinfo, mimetypes, ssl\n"
        "    plt.plot([1, 2]); plt.title('x'); plt.gcf().canvas.draw(); mimetypes.guess_type('a.b')\n"
        "    pandas.Timestamp('2020', tz='Europe/Berlin'); ssl.create_default_context()\n"
        "    from sklearn.datasets import load_wine; load_wine()\n"
        "print([(use.path.rsplit('/')[-1], use.mode) for use in reads.take(0)])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert done.stdout.strip() == "[('wine_data.csv', 'read')]", done.stdout


def test_threads_and_forked_processes_are_heard(here):
    for name in "abc":
        old(here / name, name.encode())
    with reads.watching():
        thread = threading.Thread(target=lambda: Path("a").read_bytes())
        thread.start()
        thread.join()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # later Pythons warn of forking beside threads
            child = os.fork()
            if child == 0:
                Path("b").read_bytes()
                Path("w").write_bytes(b"w")
                os._exit(0)
            os.waitpid(child, 0)
    assert set(taken()) == {("a", "read"), ("b", "read"), ("w", "write")}
    Path("c").read_bytes()
    assert taken() == {}


def test_what_a_program_is_started_with_is_read_or_written(here):
    for name in ("a.csv", "b.csv", "c.csv", "d.csv"):
        old(here / name, name.encode())
    with reads.watching():
        subprocess.run(["wc", "-l", "a.csv"], capture_output=True, check=True)
        subprocess.run("sort < b.csv", shell=True, capture_output=True, check=True)
        subprocess.run([sys.executable, "-c", "import sys; open(sys.argv[1], 'a').write('more')", "c.csv"], check=True)
        os.system("cat d.csv > /dev/null")
    found = taken()
    assert set(found) == {("a.csv", "read"), ("b.csv", "read"), ("c.csv", "read"), ("c.csv", "write"), ("d.csv", "read")}
    assert all("program" in use.note for use in found.values() if use.digest)
    assert found["c.csv", "read"].digest is None and found["c.csv", "write"].digest == digest_bytes(b"c.csvmore")
    assert found["b.csv", "read"].digest == digest_bytes(b"b.csv")


def test_what_the_notebooks_shell_is_given_is_read_or_written(here):
    from nbmlops.capture.reading import readers

    def system(line):
        """Stands for the shell's own."""

    old(here / "a.csv", b"a")
    with reads.watching():
        (here / "b.csv").write_bytes(b"b")
        readers.called(reads, "system_piped", "ipykernel.zmqshell", system, {0: "sort a.csv -o b.csv"}, None)
    assert set(taken()) == {("a.csv", "read"), ("b.csv", "write")}
    with reads.watching():
        readers.called(reads, "run_cell_magic", "IPython.core.interactiveshell", system, {0: "bash", 1: "", 2: "cd .\ncat a.csv\n"}, None)
        readers.called(reads, "run_cell_magic", "IPython.core.interactiveshell", system, {0: "time", 1: "", 2: "b.csv"}, None)
    assert set(taken()) == {("a.csv", "read")}


def test_names_that_are_only_handed_round_are_not_read(watched):
    old(watched.folder / "x.csv", b"a\n1\n")
    watched.did("import itertools, numpy as np, joblib, pandas as pd, pickle, unittest.mock as mock")
    for source in (
        "list(itertools.chain.from_iterable([['x.csv']]))",
        "np.save('w.npy', ['x.csv'])",
        "joblib.dump(['x.csv'], 'w.joblib')",
        "joblib.dump('x.csv', 'w.joblib')",
        "pd.DataFrame.from_records([('x.csv',)])",
        "pickle.dumps('x.csv')",
        "seen = mock.Mock(); pd.read_csv.__class__; mock.Mock().read_csv(seen)",
    ):
        assert "x.csv" not in {os.path.basename(use.path) for use in watched.did(source)}, source
    assert watched.value("seen").mock_calls == []


def test_a_file_that_an_earlier_cell_opened_is_read_by_the_cell_that_reads_it(watched):
    old(watched.folder / "x.csv", b"a\n1\n")
    old(watched.folder / "o.json", b"{}")
    watched.did("import json, pandas as pd\nf, g = open('x.csv'), open('o.json')")
    assert [os.path.basename(use.path) for use in watched.did("pd.read_csv(f)")] == ["x.csv"]
    assert [os.path.basename(use.path) for use in watched.did("json.load(g)")] == ["o.json"]
    watched.did("f.close(), g.close()")
    assert [(os.path.basename(use.path), use.mode) for use in watched.did("h = open('h.txt', 'w')")] == [("h.txt", "write")]
    (use,) = watched.did("h.write('x' * 100_000)")
    assert (os.path.basename(use.path), use.mode) == ("h.txt", "write")
    watched.did("h.close()\nr = open('x.csv')")
    assert [(os.path.basename(use.path), use.mode) for use in watched.did("r.readline()\nr.read()\nr.close()")] == [("x.csv", "read")]


def test_a_deaf_thread_is_not_heard_and_the_others_are(here):
    old(here / "a", b"a")
    old(here / "b", b"b")
    with reads.watching():
        with reads.deaf():
            Path("a").read_bytes()
            thread = threading.Thread(target=lambda: Path("b").read_bytes())
            thread.start()
            thread.join()
    assert set(taken()) == {("b", "read")}


def test_the_code_of_a_python_program_that_is_started_is_read_with_what_it_names(tmp_path, monkeypatch):
    from nbmlops.capture.reading.programs import named

    for name, text in {
        "prepare.py": "import tools.clean\nfrom helper import f\nf('raw.csv')", "helper.py": "import prepare", "raw.csv": "a\n1",
        "tools/__init__.py": "", "tools/clean.py": "from tools import more", "tools/more.py": "import json", "json.csv": "", "b.csv": "",
    }.items():  # fmt: skip
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    ours = ["prepare.py", "tools/__init__.py", "tools/clean.py", "tools/more.py", "helper.py"]

    def found(words):
        code, files = named(words)
        return sorted(os.path.relpath(path) for path in code), [path for path in map(os.path.relpath, files) if os.path.isfile(path)]

    assert found("python3.11 -u -W ignore prepare.py x | tee log") == (sorted(ours), ["prepare.py", "raw.csv"])
    assert found(["/usr/bin/python", "-c", "import helper; open('b.csv')"]) == (sorted(ours), ["raw.csv", "b.csv"])
    assert found("python -m tools.clean")[0] == ["tools/__init__.py", "tools/clean.py", "tools/more.py"]
    assert found("python -c") == found("python") == ([], [])
    assert found("wc -l prepare.py") == ([], ["prepare.py"])
    assert found("cat *.csv") == ([], ["b.csv", "json.csv", "raw.csv"]) and found("ls *.csv") == ([], [])
