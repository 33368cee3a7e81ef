"""A model is asked in a process that has nothing of this one; what it lacks there is said, and nothing is left of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sklearn.linear_model import Ridge

from nbmlops.errors import Damaged, Invalid, Unavailable
from nbmlops.models import clean, verbs
from nbmlops.models.fixtures import taken
from nbmlops.models.flavors.sklearn import SklearnFlavor
from nbmlops.models.package import ModelFile, write
from nbmlops.models.proof import prove
from nbmlops.models.signature import infer

MODULES = ("sklearn", "pandas")


@pytest.fixture
def folder(tmp_path: Path, frame: pd.DataFrame, target: pd.Series) -> Path:
    """A model's folder, with rows it answers."""
    flavor, model = SklearnFlavor(), Ridge().fit(frame, target)
    data, fixtures = flavor.save(model), taken("sklearn", model, frame)
    assert fixtures is not None
    write(tmp_path / "m", ModelFile("sklearn", data, infer(frame), fixtures.as_bytes()), flavor.suffix, flavor.names(data))
    return tmp_path / "m"


def loader(folder: Path, code: str) -> Path:
    """What runs instead of the loader."""
    (folder / "code" / "nbmlops_model.py").write_text(code)
    return folder


def alive(pid: int) -> bool:
    """Whether a process runs."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("python", [None, Path(sys.executable)], ids=["standing by", "new"])
def test_a_model_that_answers_as_it_did_is_proved(folder, python):
    assert prove(folder, modules=MODULES, python=python) == sys.version.split()[0]


def test_whoever_asks_on_a_command_line_is_answered_in_a_sentence(folder):
    def told() -> tuple[int, str]:
        asked = [sys.executable, folder / "code" / "nbmlops_model.py", folder]
        done = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout.strip()

    assert told() == (0, f"It answers as it did, with Python {sys.version.split()[0]}.")
    kept = json.loads((folder / "fixtures.json").read_text())
    kept["predictions"][3] += 0.5
    (folder / "fixtures.json").write_text(json.dumps(kept))
    code, said = told()
    assert code == 1 and said.startswith("It answers otherwise: answer 3 was")


@pytest.mark.parametrize("python", [None, Path(sys.executable)], ids=["standing by", "new"])
def test_another_answer_is_named(folder, python):
    kept = json.loads((folder / "fixtures.json").read_text())
    kept["predictions"][3] += 0.5
    (folder / "fixtures.json").write_text(json.dumps(kept))
    with pytest.raises(Damaged, match=r"answers otherwise: answer 3 was"):
        prove(folder, modules=MODULES, python=python)


def test_another_file_is_refused(folder):
    (folder / "model.skops").write_bytes((folder / "model.skops").read_bytes() + b"x")
    with pytest.raises(Invalid, match=r"model\.skops is not the file"):
        prove(folder, modules=MODULES)


def test_one_has_nothing_of_the_one_before_nor_of_this_process(folder, monkeypatch):
    monkeypatch.setenv("SEEN_HERE", "1")
    script = "import json, os, sys, sklearn\nprint(json.dumps({'differs': None, 'python': str([hasattr(sklearn, 'left'), os.environ.get('SEEN_HERE'), os.environ.get('NBMLOPS_WORKSPACE')])}))\nsklearn.left = 1\nos.environ['SEEN_HERE'] = '2'"
    monkeypatch.setenv("NBMLOPS_WORKSPACE", "/somewhere")
    for _ in range(2):
        assert prove(loader(folder, script), modules=MODULES) == "[False, '1', None]"


@pytest.mark.parametrize("code, words", [
    ("import os; os.kill(os.getpid(), 11)", "it ended with -11"), ("raise SystemExit(7)", "it ended with 7"), ("1 / 0", "ZeroDivisionError"),
    ("print('no json')", "it ended with 0"), ("import os; os._exit(3)", "it ended with 3"),
])  # fmt: skip
def test_a_process_that_ends_otherwise_is_no_proof(folder, code, words):
    with pytest.raises(Invalid, match=words):
        prove(loader(folder, code), modules=MODULES)


def test_what_takes_too_long_is_stopped_with_all_it_started(folder):
    script = "import os, subprocess, sys, time\nopen('pids', 'w').write(f\"{os.getpid()} {subprocess.Popen(['sleep', '600']).pid}\")\ntime.sleep(600)"
    with pytest.raises(Unavailable, match="did not answer 4 s long"):
        prove(loader(folder, script), modules=MODULES, timeout_s=4)
    for pid in map(int, (folder / "pids").read_text().split()):
        while alive(pid):  # killed, and a moment from its end
            time.sleep(0.05)
    assert prove(loader(folder, "import json; print(json.dumps({'differs': None, 'python': 'again'}))"), modules=MODULES) == "again"


def test_who_stands_by_may_be_gone(folder):
    prove(folder, modules=MODULES)
    assert clean._last is not None
    os.killpg(clean._last.process.pid, signal.SIGKILL)
    clean._last.process.wait()
    assert prove(folder, modules=MODULES) == sys.version.split()[0]


def test_the_same_file_with_the_same_rows_is_proved_once(workspace: Any, frame, target, monkeypatch):
    asked = []
    monkeypatch.setattr("nbmlops.models.proof.prove", lambda *args, **more: asked.append(args) or "3.x")
    model = Ridge(alpha=0.123).fit(frame, target)
    for name in ("one", "two"):
        assert verbs.register(name, model, data=frame, workspace=workspace).python == "3.x"
    assert len(asked) == 1
