"""What is heard of files, and what is known of them when they change, vanish, or never were files."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import stat
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

from nbmlops.capture import hashing
from nbmlops.capture.datafiles import counts
from nbmlops.capture.reads import HASHING, MANY, reads
from nbmlops.ledger.blobs import digest_bytes


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    reads.take(None)
    yield tmp_path
    reads.wait(60)
    reads.later()


def taken(position=0):
    """By file name and mode, all hashed."""
    uses = reads.take(position)
    if any(use.note == HASHING for use in uses):
        reads.wait(60)
        later = {(use.path, use.mode, use.detail): use for use in reads.later()}
        uses = [later.get((use.path, use.mode, use.detail), use) for use in uses]
    return {(os.path.basename(use.path.rstrip("/")), use.mode): use for use in uses}


def old(path: Path, content: bytes) -> Path:
    """A file that was written a while ago."""
    path.write_bytes(content)
    os.utime(path, (1_700_000_000.5, 1_700_000_000.5))
    return path


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
        subprocess.run([sys.executable, "-c", "open('x.csv', 'w').write('b')"], check=True)
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


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_nobody_may_read_was_not_read(here):
    old(here / "x.csv", b"x").chmod(0)
    with reads.watching(), pytest.raises(PermissionError):
        Path("x.csv").read_bytes()
    assert taken() == {}


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
    from nbmlops.capture import readers

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
        "from nbmlops.capture.reads import reads\n"
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
    from nbmlops.capture import readers

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


def test_a_second_look_at_an_unchanged_file_does_not_open_it(here, monkeypatch):
    path = old(here / "x.csv", b"x" * 1000)
    os.utime(path)
    monkeypatch.setattr(hashing, "_TICK_NS", 0)
    with reads.watching():
        path.read_bytes()
    first = taken()["x.csv", "read"]
    monkeypatch.setattr(hashing, "_opened", None)
    with reads.watching():
        path.read_bytes()
    (second,) = reads.take(0)
    assert second == first and second.digest == digest_bytes(b"x" * 1000)


def test_a_change_that_size_and_time_do_not_show_is_seen(here):
    path = old(here / "x.csv", b"one")
    with reads.watching():
        path.read_bytes()
    assert taken()["x.csv", "read"].digest == digest_bytes(b"one")
    old(path, b"two")  # the same size, the same time of change
    with reads.watching():
        path.read_bytes()
    assert taken()["x.csv", "read"].digest == digest_bytes(b"two")


def test_what_was_written_a_moment_ago_is_not_kept_as_known(here):
    hasher = hashing.Hasher()
    path = here / "x.csv"
    for content in (b"one", b"two"):  # within one tick of the clock they may look the same
        path.write_bytes(content)
        job = hasher.file(str(path), hashing.state_of(os.stat(path)))
        assert job.over.wait(10) and job.digest == digest_bytes(content)


def test_a_huge_file_is_hashed_later_and_the_cell_goes_on(here):
    with open("huge", "wb") as file:
        file.truncate(2 << 30)
    old(here / "small", b"s")
    with reads.watching():
        for name in ("huge", "small"):
            with open(name, "rb") as file:
                file.read(10)
    uses = {os.path.basename(use.path): use for use in reads.take(7)}
    assert (uses["huge"].digest, uses["huge"].note) == (None, HASHING)
    assert uses["huge"].size_bytes == 2 << 30 and reads.later() == []
    told: list[tuple[int, int, str]] = []
    reads.wait(0.1)
    reads.wait(120, lambda done, total, path: told.append((done, total, path)))
    (use,) = reads.later()
    assert (use.path, use.mode, use.position, use.note) == (uses["huge"].path, "read", 7, None)
    assert use.digest.startswith("blake3:") and len(use.digest) == 71
    assert told == sorted(told) and all(total == 2 << 30 for _, total, _ in told)


def test_the_next_kernel_does_not_hash_a_large_file_again(here, monkeypatch):
    monkeypatch.setattr(hashing, "SMALL", 10)
    path = old(here / "x.csv", b"x" * 1000)
    time.sleep(0.05)  # longer than a tick of the file system's clock
    state = hashing.state_of(os.stat(path))

    def digest(hasher):
        job = hasher.file(str(path), hashing.state_of(os.stat(path)))
        assert job.over.wait(10)
        return job.digest

    first = hashing.Hasher()
    first.keep_in(here)
    assert digest(first) == digest_bytes(b"x" * 1000)
    (here / "digests.txt").write_bytes((here / "digests.txt").read_bytes() + b"\xff broken\n\n" + b"half a li")
    second = hashing.Hasher()
    second.keep_in(here)
    with monkeypatch.context() as patch:
        patch.setattr(hashing, "_opened", None)  # it is not opened
        assert digest(second) == digest_bytes(b"x" * 1000)
    old(path, b"y" * 1000)
    assert hashing.state_of(os.stat(path)) != state
    assert digest(second) == digest_bytes(b"y" * 1000)
    assert str(path).encode() not in (here / "digests.txt").read_bytes()


def test_kept_digests_stay_few(tmp_path, monkeypatch):
    from nbmlops.capture import kept

    monkeypatch.setattr(kept, "MOST_BYTES", 2_000)
    monkeypatch.setattr(kept, "MOST_KEPT", 5)
    one, other = kept.Kept(tmp_path), kept.Kept(tmp_path)
    digests = {number: digest_bytes(b"%d" % number) for number in range(50)}
    for number, digest in digests.items():
        (one, other)[number % 2].keep("/x", (1, number, 3, 4, 5), digest)
        assert other.digest("/x", (1, number, 3, 4, 5)) == digest
    assert (tmp_path / "digests.txt").stat().st_size < 2_500
    assert one.digest("/x", (1, 49, 3, 4, 5)) == digests[49] and one.digest("/y", (1, 49, 3, 4, 5)) is None


def test_a_worker_that_lives_through_many_cells_tells_each(here):
    old(here / "a", b"a")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        with reads.watching(), multiprocessing.get_context("fork").Pool(1) as pool:
            pool.apply(len, ["a"])
            found = []
            for _ in range(2):
                time.sleep(0.25)  # longer than what counts as the same reading
                assert pool.apply(Path.read_bytes, [Path("a")]) == b"a"
                found.append(set(taken()))
    assert found == [{("a", "read")}] * 2


def test_a_child_that_closes_everything_finds_its_own_files_as_it_wrote_them(here):
    old(here / "a", b"a")
    with reads.watching():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:
            os.closerange(3, 256)
            for number in range(200):
                os.open(f"own{number}", os.O_WRONLY | os.O_CREAT)
            Path("a").read_bytes()
            os._exit(0)
        os.waitpid(child, 0)
    taken()
    assert {path.stat().st_size for path in here.glob("own*")} == {0}


def test_whoever_waits_sees_how_far_it_is(capsys, monkeypatch):
    from nbmlops.capture import waiting

    monkeypatch.setattr(waiting, "PATIENCE_S", 0.0)
    job = hashing.Job("/data/big\n\udcff.parquet", (0, 0, 2_000_000_000, 0, 0), lambda job: "")
    job.bytes_done = 500_000_000
    waiting.wait_for([job], 0.5, None, sys.stderr)
    said = capsys.readouterr().err
    assert "hashing" in said and "25 % of 2.0 GB" in said and said.endswith("\r")


def test_thousands_of_files_are_a_row_for_each_folder(here):
    os.mkdir("images")
    for number in range(MANY + 5):
        (here / "images" / f"{number}.png").write_bytes(b"%d" % number)
    old(here / "labels.csv", b"l")

    def read_all():
        with reads.watching():
            Path("labels.csv").read_bytes()
            for path in Path("images").iterdir():
                path.read_bytes()
        return taken()

    found = read_all()
    assert set(found) == {("images", "read"), ("labels.csv", "read")}
    folder = found["images", "read"]
    assert folder.detail == f"{MANY + 5:,} files" and folder.digest.startswith("blake3:") and folder.path.endswith("images/")
    assert read_all()["images", "read"].digest == folder.digest
    (here / "images" / "7.png").write_bytes(b"other")
    assert read_all()["images", "read"].digest != folder.digest


def test_a_lock_that_the_user_holds_is_still_held_after_hashing(here):
    import fcntl

    path = old(here / "x.csv", b"x")
    with reads.watching():
        file = open(path, "r+")  # noqa: SIM115
        fcntl.lockf(file, fcntl.LOCK_EX)
    assert taken()["x.csv", "read"].digest == digest_bytes(b"x")
    code = f"import fcntl; fcntl.lockf(open({str(path)!r}, 'r+'), fcntl.LOCK_EX | fcntl.LOCK_NB)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode != 0
    file.close()


def test_hashing_leaves_no_trace_in_the_file(here):
    path = old(here / "x.csv", b"x")
    with reads.watching():
        path.read_bytes()
    before = os.stat(path)
    taken()
    after = os.stat(path)
    assert before == after and stat.S_ISREG(after.st_mode)


def test_no_thread_stays_behind(here):
    with reads.watching():
        old(here / "x.csv", b"x").read_bytes()
    taken()
    for thread in threading.enumerate():
        if thread.name == "nbmlops-hashing":
            thread.join(10)
    assert "nbmlops-hashing" not in {thread.name for thread in threading.enumerate()}
