"""What a session's cells did, as the record tells it."""

from __future__ import annotations

import builtins
import time
import traceback

import pandas as pd
import pytest

from nbmlops import capture
from nbmlops.capture.calls import BUILTIN
from nbmlops.data.fingerprint import fingerprint
from nbmlops.ledger.blobs import digest_bytes
from nbmlops.runs import verbs as run

from .shell import observed

READ = "import pandas as pd\nd = pd.read_csv('x.csv')"
FIT = "from sklearn.linear_model import Ridge\nm = Ridge(alpha=2.0).fit(d[['a']], d.b)"
SCORE = "from sklearn.metrics import mean_absolute_error as error\nmae = error(d.b, m.predict(d[['a']]))"


@pytest.fixture
def book(tmp_path, monkeypatch):
    pd.DataFrame({"a": range(50), "b": [x * 2.0 for x in range(50)]}).to_csv(tmp_path / "x.csv", index=False)
    with observed(tmp_path, monkeypatch) as found:
        yield found


def test_a_fit_opens_a_run_that_knows_what_came_before_and_after(book):
    book.cell("# parameters\nalpha = 2.0\nkind = 'ridge'")
    book.cell(READ)
    book.cell(FIT)
    book.cell(SCORE)
    (record,) = book.records()
    assert record.run.status == "running" and record.run.kind == "live"
    assert record.run.params == {"alpha": 2.0, "kind": "ridge"}
    assert record.run.metrics == {"mae": pytest.approx(0, abs=0.1)}
    assert [cell.source for cell in record.cells][1] == READ
    (file,) = record.files
    assert file.path.endswith("x.csv") and file.digest == digest_bytes((book.workspace.root / "x.csv").read_bytes())
    (fit,) = record.fits
    assert fit.estimator == "sklearn.linear_model._ridge.Ridge" and fit.parameters["alpha"] == 2.0
    frame = pd.read_csv(book.workspace.root / "x.csv")
    assert fit.frame == fingerprint(frame[["a"]]).digest
    assert record.run.data_hash.startswith("blake3:")


def test_running_the_training_cell_again_is_a_new_run(book):
    book.cell(READ, "read")
    for _ in range(3):
        book.cell(FIT, "fit")
    book.cell(SCORE, "score")
    records = book.records()
    assert [record.run.status for record in records] == ["finished", "finished", "running"]
    assert [len(record.fits) for record in records] == [1, 1, 1]
    assert [list(record.run.metrics) for record in records] == [[], [], ["mae"]]
    assert all(record.files for record in records)


def test_a_parameter_changed_after_the_fit_is_the_next_runs(book):
    book.cell(READ, "read")
    book.cell("# parameters\nalpha = 1.0", "parameters")
    book.cell("from sklearn.linear_model import Ridge\nm = Ridge(alpha=alpha).fit(d[['a']], d.b)", "fit")
    book.cell("# parameters\nalpha = 3.0", "parameters")
    book.cell("from sklearn.linear_model import Ridge\nm = Ridge(alpha=alpha).fit(d[['a']], d.b)", "fit")
    book.close()
    first, second = book.records()
    capture.attach(book.shell)
    assert [record.run.params for record in (first, second)] == [{"alpha": 1.0}, {"alpha": 3.0}]
    assert [record.fits[0].parameters["alpha"] for record in (first, second)] == [1.0, 3.0]
    found = run.compare([first.run.id, second.run.id], workspace=book.workspace)
    told = {(difference.part, difference.name): difference.values for difference in found.differences if difference.part != "status"}
    assert told == {
        ("parameter", "alpha"): [1.0, 3.0],
        ("estimator", "alpha"): [1.0, 3.0],
        ("code", "cell 1"): ["# parameters\nalpha = 1.0", "# parameters\nalpha = 3.0"],
    }


def test_a_loop_of_fits_is_one_run(book):
    book.cell(READ)
    book.cell(
        "from sklearn.linear_model import Ridge\nfor a in range(5):\n    m = Ridge(alpha=a).fit(d[['a']], d.b)\n    s = m.score(d[['a']], d.b)"
    )
    (record,) = book.records()
    assert [fit.parameters["alpha"] for fit in record.fits] == [0, 1, 2, 3, 4]
    assert [point.step for point in record.history] == [0, 1, 2, 3, 4]


def test_fits_inside_the_users_functions_and_by_keyword_are_seen(book):
    book.cell(READ)
    book.cell("from sklearn.linear_model import Ridge\ndef train(frame):\n    return Ridge().fit(X=frame[['a']], y=frame.b)\nm = train(d)")
    (record,) = book.records()
    assert record.fits[0].frame and record.fits[0].target


def test_scalers_alone_open_no_run(book):
    book.cell(READ)
    book.cell("from sklearn.preprocessing import StandardScaler\ns = StandardScaler().fit_transform(d[['a']])")
    assert book.records() == []


def test_a_cell_that_raises_makes_the_run_failed_unless_it_is_mended(book):
    book.cell(READ)
    book.cell(FIT, "fit")
    book.cell("1 / 0", "bad")
    capture.detach(book.shell)
    (record,) = book.records()
    assert record.run.status == "failed" and record.run.error == "ZeroDivisionError: division by zero" and record.run.failed_cell == 2
    capture.attach(book.shell)
    book.cell(READ)
    book.cell(FIT, "fit")
    book.cell("1 / 0", "bad")
    book.cell("1 / 1", "bad")
    capture.detach(book.shell)
    assert book.records()[-1].run.status == "finished"
    capture.attach(book.shell)


def test_a_fit_that_raises_leaves_a_failed_run_or_none_never_a_finished_one(book):
    book.cell(READ)
    book.cell(FIT, "fit")
    book.cell("Ridge().fit(d[['a']], d.b[:3])", "fit")
    book.close()
    assert "finished" not in {record.run.status for record in book.records()[1:]}
    capture.attach(book.shell)


def test_a_traceback_has_no_line_of_ours(book):
    book.cell(READ + "\nfrom sklearn.linear_model import Ridge")
    result = book.cell("Ridge().fit(d[['a']],\n    d.b[:3])")
    frames = traceback.extract_tb(result.error_in_exec.__traceback__)
    assert not [frame for frame in frames if "nbmlops" in frame.filename]
    plain = book.shell
    capture.detach(plain)
    again = traceback.extract_tb(book.cell("Ridge().fit(d[['a']],\n    d.b[:3])").error_in_exec.__traceback__)
    user = [(frame.lineno, frame.name) for frame in frames if "ipython-input" in frame.filename or "ipykernel" in frame.filename]
    assert user == [(frame.lineno, frame.name) for frame in again if "ipython-input" in frame.filename or "ipykernel" in frame.filename]
    assert [frame.name for frame in frames] == [frame.name for frame in again]
    capture.attach(plain)


def test_super_locals_and_generators_mean_what_they_meant(book):
    book.cell(READ)
    result = book.cell(
        "from sklearn.linear_model import Ridge\n"
        "class Mine(Ridge):\n    def fit(self, X, y):\n        seen = sorted(locals())\n        super().fit(X, y)\n        self.seen = seen\n        return self\n"
        "m = Mine().fit(d[['a']], d.b)\nm.seen"
    )
    # `__class__` is there in plain Python too: the function names super
    assert [name for name in result.result if name != "__class__"] == ["X", "self", "y"]


def test_functions_made_while_observed_work_after_unloading_and_in_other_processes(book):
    import cloudpickle

    book.cell(READ)
    book.cell("from sklearn.linear_model import Ridge\ndef train(frame):\n    return Ridge().fit(frame[['a']], frame.b).coef_[0]\ntrain(d)")
    capture.detach(book.shell)
    assert not hasattr(builtins, BUILTIN)
    assert book.cell("round(train(d), 1)").result == 2.0
    function = book.shell.user_ns["train"]
    import subprocess
    import sys

    code = "import sys, cloudpickle, pandas as pd; f = cloudpickle.loads(sys.stdin.buffer.read()); print(round(f(pd.DataFrame({'a': [0, 1, 2.0], 'b': [0, 2, 4.0]})), 1))"
    done = subprocess.run([sys.executable, "-c", code], input=cloudpickle.dumps(function), capture_output=True, check=True)
    assert float(done.stdout) > 1
    capture.attach(book.shell)


def test_unloading_restores_the_shell(tmp_path, monkeypatch):
    from IPython.core.interactiveshell import InteractiveShell

    monkeypatch.chdir(tmp_path)
    shell = InteractiveShell()
    before = ([list(hooks) for hooks in shell.events.callbacks.values()], list(shell.ast_transformers), shell.transform_ast, dir(builtins))
    capture.attach(shell)
    shell.run_cell("x = 1")
    capture.detach(shell)
    assert ([list(hooks) for hooks in shell.events.callbacks.values()], list(shell.ast_transformers), shell.transform_ast, dir(builtins)) == before


def test_what_a_run_was_made_from_is_taken_in_with_the_files_between_and_the_rest_is_not(book):
    book.cell("import pandas as pd\nraw = pd.read_csv('x.csv')\nraw.to_parquet('y.parquet')")
    book.cell("import numpy as np\nother = np.arange(3)\nnp.save('z.npy', other)")
    book.cell("d = pd.read_parquet('y.parquet')")
    book.cell(FIT)
    (record,) = book.records()
    assert {(file.path.rsplit("/", 1)[-1], file.mode) for file in record.files} == {
        ("x.csv", "read"), ("y.parquet", "read"), ("y.parquet", "write"),
    }  # fmt: skip
    assert [cell.position for cell in record.cells] == [0, 2, 3] and record.fits[0].depends == [0, 2, 3]


def test_a_file_changed_between_reads_has_another_digest(book):
    book.cell(READ)
    book.cell(FIT, "fit")
    hash_then = book.records()[0].run.data_hash
    pd.DataFrame({"a": range(50), "b": [x * 3.0 for x in range(50)]}).to_csv(book.workspace.root / "x.csv", index=False)
    book.cell(READ)
    book.cell(FIT, "fit")
    first, second = book.records()
    assert first.run.data_hash != second.run.data_hash
    (then,), (now,) = first.files, second.files  # each run has the reading that it was made from
    assert then.digest != now.digest and first.run.data_hash == hash_then


def test_secrets_do_not_reach_the_disk(book, monkeypatch):
    monkeypatch.setenv("MY_API_TOKEN", "env-value-0123456789")
    book.cell(READ)
    book.cell("# parameters\npassword = 'hunter2hunter2'\nurl = 'postgresql://ada:pass-word-1@db/x'\nother = 'env-value-0123456789'")
    book.cell(FIT)
    book.cell("raise ValueError('sk-abcdefghijklmnopqrstuvwxyz012345')")
    book.close()
    everything = b"".join(path.read_bytes() for path in book.workspace.folder.rglob("*") if path.is_file())
    for secret in (b"hunter2hunter2", b"pass-word-1", b"env-value-0123456789", b"sk-abcdefghij"):
        assert secret not in everything
    capture.attach(book.shell)


def test_an_unwritable_workspace_costs_one_line_and_no_cell_and_is_made_up_for_when_it_can_be(book, capsys, monkeypatch):
    from nbmlops.errors import Unwritable

    book.cell(READ)
    book.cell(FIT)

    def full(*_, **__):
        raise Unwritable("The workspace cannot be written: No space left on device.", hint="Check the disk.")

    with monkeypatch.context() as patched:
        patched.setattr(type(book.workspace.ledger), "write", full)
        assert book.cell(SCORE).success
        assert book.cell("x = 1").success
        end, said = time.monotonic() + 10, ""
        while "not recorded" not in said and time.monotonic() < end:
            time.sleep(0.02)
            said += capsys.readouterr().err
    assert said.count("nbmlops: not recorded") == 1
    book.cell("y = 2")
    (record,) = book.records()
    assert record.run.metrics and [cell.source for cell in record.cells] == [READ, FIT, SCORE]
    assert "No space left" in record.run.tags["not recorded"]


def test_a_workspace_that_is_busy_for_long_keeps_no_cell_waiting(book, monkeypatch):
    import fcntl

    book.cell(READ)
    book.cell(FIT)
    with open(book.workspace.ledger.lock.path) as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert book.cell(SCORE).success  # would wait half a minute, and fail, if it asked for the lock
    book.cell("x = 1")
    (record,) = book.records()
    assert record.run.metrics


def test_off_records_nothing_and_on_records_again(book):
    capture.off()
    book.cell(READ)
    book.cell(FIT)
    assert book.records() == []
    capture.on()
    book.cell(FIT)
    assert len(book.records()) == 1


def test_explicit_runs_are_idempotent_and_hold_what_is_logged(book):
    for _ in range(2):
        book.cell("from nbmlops import run\nr = run.start('mine', experiment='q', params={'lr': 0.1})")
    book.cell("run.log({'loss': 1.0}); run.log({'loss': float('nan')}); run.log({'acc': 0.5}, step=7)")
    book.cell(READ)
    book.cell(FIT)
    book.cell("run.end()")
    (record,) = book.records()
    assert record.run.name == "mine" and record.run.status == "finished" and record.run.kind == "explicit"
    assert record.run.params == {"lr": 0.1}
    assert [(point.name, point.step) for point in record.history] == [("acc", 7), ("loss", 0), ("loss", 1)]
    assert record.history[2].value != record.history[2].value
    assert record.fits


def test_logging_in_a_notebook_opens_a_run(book):
    book.cell("from nbmlops import run\nrun.log({'mae': 3.0})")
    (record,) = book.records()
    assert record.run.metrics == {"mae": 3.0}


def test_a_cell_run_ends_with_its_cell_and_its_outcome(book):
    book.cell("from nbmlops import capture\ncapture.cell_run('good')\nx = 1")
    book.cell("capture.cell_run('bad')\n1 / 0")
    assert [(record.run.name, record.run.status) for record in book.records()] == [("good", "finished"), ("bad", "failed")]


def test_git_is_recorded_without_credentials(tmp_path, monkeypatch):
    import subprocess

    for words in (
        ["init", "-q"],
        ["config", "user.email", "a@b"],
        ["config", "user.name", "a"],
        ["remote", "add", "origin", "https://me:s3cret@host/x.git"],
    ):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    (tmp_path / "code.py").write_text("x = 1\n")
    subprocess.run(["git", "add", "code.py"], cwd=tmp_path, check=True)
    subprocess.run(["git", "commit", "-qm", "one"], cwd=tmp_path, check=True)
    (tmp_path / "code.py").write_text("x = 2\n")
    with observed(tmp_path, monkeypatch) as book:
        book.cell("from nbmlops import run\nrun.start('x')\nrun.end()")
        book.cell("import pandas as pd\nd = pd.DataFrame({'a': [1.0, 2], 'b': [1.0, 2]})")
        book.cell(FIT)
        book.close()
        record = book.records()[-1]
        capture.attach(book.shell)
    assert record.git["remote"] == "https://host/x.git" and record.git["dirty"] and len(record.git["commit"]) == 40
    diff = next(artifact for artifact in record.artifacts if artifact.name == "git.diff")
    assert b"+x = 2" in book.workspace.blobs.get(diff.digest)
    assert "numpy" in record.environment["distributions"]


def test_runs_are_compared_with_what_changed_in_front(book):
    book.cell(READ)
    book.cell(FIT, "fit")
    book.cell(FIT.replace("2.0", "3.0"), "fit")
    book.close()
    ids = [record.run.id for record in book.records()]
    found = run.compare(ids, workspace=book.workspace)
    assert ("estimator", "alpha") in {(difference.part, difference.name) for difference in found.differences}
    assert next(d for d in found.differences if d.name == "alpha").values == [2.0, 3.0]
    capture.attach(book.shell)
