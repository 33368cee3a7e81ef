"""A project as CI has it: a repository with a main branch, a pipeline, and the shell."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from nbmlops import plugins
from nbmlops.workspace import Workspace
from tests.pipelines.notebooks import written

PIPELINE = """
steps:
  prepare: {{notebook: prepare.ipynb, inputs: [x.csv], outputs: [out/clean.csv]}}
  train: {{notebook: train.ipynb, inputs: [out/clean.csv], params: {{alpha: {alpha}}}}}
"""
PREPARE = """\
import pathlib, pandas as pd
from nbmlops import run
data = pd.read_csv("x.csv")
pathlib.Path("out").mkdir(exist_ok=True)
data.to_csv("out/clean.csv", index=False)
run.log({"rows": len(data)});"""
TRAIN = """\
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_absolute_error
from nbmlops import run
data = pd.read_csv("out/clean.csv")
model = Ridge(alpha=alpha).fit(data[["a"]], data["b"])
mae = mean_absolute_error(data["b"], model.predict(data[["a"]]))
for step in range(8):
    run.log({"val_loss": 1 / (step + 1)}, step=step)
run.log({"mae": mae});"""


@dataclass
class Came:
    """What came of `nbmlops pipeline run p.yaml --ci report`."""

    code: int
    out: str
    folder: Path
    log: str = field(repr=False, default="")

    @property
    def markdown(self) -> str:
        """report.md"""
        return (self.folder / "report.md").read_text("utf-8")

    @property
    def data(self) -> dict[str, Any]:
        """report.json"""
        return dict(json.loads((self.folder / "report.json").read_text("utf-8")))

    def cases(self) -> dict[str, tuple[str, str, str]]:
        """junit.xml: by name the outcome, the message and the text; the counts are held against the cases."""
        root = ElementTree.parse(self.folder / "junit.xml").getroot()
        found = {}
        for suite in (root, *root):
            cases = list(suite.iter("testcase"))
            kinds = [child.tag for case in cases for child in case if child.tag != "system-out"]
            counted = (len(cases), kinds.count("failure"), kinds.count("error"), kinds.count("skipped"))
            assert tuple(int(str(suite.get(name))) for name in ("tests", "failures", "errors", "skipped")) == counted
        for case in root.iter("testcase"):
            child = next(iter(case), None)
            outcome = "passed" if child is None or child.tag == "system-out" else child.tag
            found[str(case.get("name"))] = (outcome, str(child.get("message")) if child is not None else "", (child.text if child is not None else "") or "")
        return found


class Project:
    """A folder with notebooks and a pipeline."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.asked = 0

    def git(self, *words: str) -> None:
        """Ask git."""
        who = ["-c", "user.name=ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=main"]
        subprocess.run(["git", *who, *words], cwd=self.root, check=True, capture_output=True)

    def commit(self, **files: str) -> None:
        """Write files and commit everything; `_` stands for the dot of a name."""
        for name, text in files.items():
            (self.root / name.replace("_", ".")).write_text(text)
        self.git("add", "-A")
        self.git("commit", "-qm", "a change")

    def ci(self, *words: str, **env: str) -> Came:
        """The pipeline executed through the shell's door, as CI does: no terminal, no home."""
        kept = {name: value for name, value in os.environ.items() if name.startswith(("PATH", "PYTHON", "VIRTUAL", "JUPYTER", "IPYTHON", "LANG", "LC_"))}
        command = [str(Path(sys.executable).with_name("nbmlops")), "pipeline", "run", "p.yaml", "--ci", "report", *words]
        done = subprocess.run(command, cwd=self.root, env={**kept, "HOME": "/dev/null", "COLUMNS": "200", **env}, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
        assert "Traceback (most recent call last):" not in done.stderr, done.stderr
        self.asked += 1
        folder = self.root.parent / f"{self.root.name}-{self.asked}"
        if (self.root / "report").is_dir():
            shutil.copytree(self.root / "report", folder)  # the next one writes over it
        return Came(done.returncode, done.stdout, folder, done.stderr)


@pytest.fixture(scope="session", autouse=True)
def the_ports_are_there() -> None:
    """A new entry point is there after the package was installed again."""
    missing = [port for port, name in (("report", "ci"), ("chart", "svg")) if name not in plugins.names(port)]
    assert not missing, f"The ports {missing} have no adapter: pip install -e . --no-deps"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Two steps, on the main branch of a repository."""
    found = Project(tmp_path)
    written(tmp_path / "prepare.ipynb", PREPARE, parameters=None)
    written(tmp_path / "train.ipynb", TRAIN, parameters="alpha = 1.0")
    (tmp_path / "x.csv").write_text("a,b\n" + "".join(f"{n},{n * 2 + n % 3}\n" for n in range(60)))
    (tmp_path / ".gitignore").write_text("out/\n.nbmlops/\nreport/\n")
    found.git("init", "-q")
    found.commit(p_yaml=PIPELINE.format(alpha=1.0))
    return found


@pytest.fixture
def opened() -> Iterator[Callable[[Path], Workspace]]:
    """Workspaces that are closed after the test."""
    known: list[Workspace] = []

    def open_(folder: Path) -> Workspace:
        known.append(Workspace.at(folder))
        return known[-1]

    yield open_
    for place in known:
        place.close()
