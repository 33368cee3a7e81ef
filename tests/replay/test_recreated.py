"""The environment a run was recorded in, built anew, and what is said there."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import zipfile

import pytest

from nbmlops import run
from nbmlops.pipelines.runner import execute
from nbmlops.workspace import Workspace
from tests.pipelines.notebooks import written

CELL = "import grading, pandas\nprint(grading.grade(3), pandas.Series([1.5]).sum())"


def install(folder, version, answer):
    """A distribution in a folder of the search path."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / f"grading-{version}.dist-info").mkdir(parents=True)
    (folder / "grading.py").write_text(module(answer))


def module(answer):
    return f"def grade(x):\n    return x * {answer}\n"


def wheel(folder, version, answer):
    """The same as an index has it."""
    info = f"grading-{version}.dist-info"
    files = {
        "grading.py": module(answer),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: grading\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    digests = {name: base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode() for name, text in files.items()}
    files[f"{info}/RECORD"] = "".join(f"{name},sha256={digest},\n" for name, digest in digests.items()) + f"{info}/RECORD,,\n"
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f"grading-{version}-py3-none-any.whl", "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A run that printed what version 1.0 gives; the environment has 2.0 by now, the index both."""
    packages = tmp_path / "packages"
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(packages), os.environ.get("PYTHONPATH", "")])))
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(tmp_path / "index"))
    monkeypatch.setenv("UV_OFFLINE", "1")
    (tmp_path / "w").mkdir()
    made = Workspace.at(tmp_path / "w")
    install(packages, "1.0", 2)
    wheel(tmp_path / "index", "1.0", 2)
    execute(written(tmp_path / "w" / "n.ipynb", CELL), {}, workspace=made)
    install(packages, "2.0", 5)
    yield made
    made.close()


@pytest.mark.slow
def test_works_there_is_told_from_works_here(place, tmp_path):
    (before,) = run.find(workspace=place)
    here = run.verify(before.id, workspace=place)
    assert (here.verdict, here.cause, here.environment) == ("DIFFERS", "environment", "here")
    assert "grading was 1.0, is 2.0" in here.sentence
    there = run.verify(before.id, env="recreate", workspace=place)
    assert (there.verdict, there.environment, there.deviations) == ("VERIFIED", "recreated", []), there
    # An index that has another 1.0 than the one that was used: it came out otherwise there too, and the versions are not why.
    wheel(tmp_path / "index", "1.0", 7)
    other = run.verify(before.id, env="recreate", workspace=place)
    assert (other.verdict, other.cause, other.cell) == ("DIFFERS", "unknown", 1), other


@pytest.mark.slow
def test_an_environment_that_cannot_be_built_is_said(place, tmp_path):
    (before,) = run.find(workspace=place)
    shutil.rmtree(tmp_path / "index")
    found = run.verify(before.id, env="recreate", workspace=place)
    assert found.verdict == "CANNOT" and "grading" in found.sentence, found
