"""Digests of files: known again, made beside the user's work, kept for the next kernel, and never a nuisance."""

from __future__ import annotations

import multiprocessing
import os
import stat
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

from nbmlops.capture.reading import hashing
from nbmlops.capture.reading.reads import HASHING, MANY, reads
from nbmlops.ledger.blobs import digest_bytes

from .files import old, taken


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
    from nbmlops.capture.reading import kept

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
    from nbmlops.capture.reading import waiting

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
