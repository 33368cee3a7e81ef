"""The tools themselves, each in an environment of its own (`make test-exports` makes them), and a pipeline that is exported to them."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nbmlops.workspace import Workspace
from tests.pipelines.notebooks import written

ROOT = Path(__file__).parents[2]
CITY = "it's \"$(id)\" `id` {{ dag }} ${{ github.sha }} {% x %} {# $HOME \\ \n- a: b # ünï ✓"
PIPELINE = """
name: Air.Time_2
params: {month: 3, city: Oslo}
steps:
  prepare: {notebook: prepare.ipynb, params: {month: "${params.month}", city: "${params.city}"}, outputs: [out/clean.csv], timeout_s: 300}
  Train.it:
    notebook: train.ipynb
    params: {rows: "${prepare.rows}"}
    inputs: [out/clean.csv]
    outputs: [out/model.json]
    variables: [STAGE, DB_PASSWORD]
    retries: 1
    backoff_s: 1
    timeout_s: 300
  report: {notebook: report.ipynb, inputs: [out/model.json], outputs: [out/report.txt]}
"""

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Workspace]:
    """A project: three notebooks in a row, of which the second fails the first time it is executed, and their workspace."""
    project = tmp_path / "project"
    project.mkdir()
    written(
        project / "prepare.ipynb", "import json, pathlib\nfrom nbmlops import run\npathlib.Path('out').mkdir(exist_ok=True)",
        "pathlib.Path('out/clean.csv').write_text('a\\n' + '1\\n' * month); pathlib.Path('city.json').write_text(json.dumps(city))",
        "run.log({'rows': month});", parameters="month = 1\ncity = ''",
    )  # fmt: skip
    written(
        project / "train.ipynb", "import json, pathlib\nfirst = not pathlib.Path('tried').exists(); pathlib.Path('tried').touch()",
        "assert not first", "json.dump({'rows': rows}, open('out/model.json', 'w'))", parameters="rows: int = 0",
    )  # fmt: skip
    written(
        project / "report.ipynb", "import json\nopen('out/report.txt', 'w').write(f\"{json.load(open('out/model.json'))['rows']} rows\");",
        parameters=None,
    )  # fmt: skip
    (project / "air's.yaml").write_text(PIPELINE)
    found = Workspace.at(project)
    yield found
    found.close()


@pytest.fixture
def shell(tmp_path: Path) -> dict[str, str]:
    """The variables that a tool is started with: a PATH with this environment's `nbmlops`, a home of its own, nobody to call."""
    programs, home = tmp_path / "bin", tmp_path / "home"
    programs.mkdir()
    home.mkdir()
    program(
        programs / "nbmlops",
        f"#!/bin/sh\nunset VIRTUAL_ENV\nPYTHONPATH='{ROOT}' exec '{sys.executable}' -P -c "
        "'import sys; from nbmlops.doors.shell import main; sys.exit(main())' \"$@\"\n",
    )
    return {
        "PATH": f"{programs}{os.pathsep}/usr/bin{os.pathsep}/bin", "HOME": str(home), "LANG": "C.UTF-8", "TMPDIR": str(tmp_path),
        "no_proxy": "127.0.0.1,localhost", "DO_NOT_TRACK": "1",
    }  # fmt: skip


@pytest.fixture
def airflow(shell: dict[str, str]) -> Run:
    """Airflow's python."""
    return _tool("airflow", shell)


@pytest.fixture
def kubeflow(shell: dict[str, str]) -> Run:
    """Kubeflow's python."""
    return _tool("kubeflow", shell)


@pytest.fixture
def prefect(shell: dict[str, str]) -> Run:
    """Prefect's python."""
    return _tool("prefect", shell)


@pytest.fixture
def manifests(shell: dict[str, str]) -> Run:
    """The python that has the schemas of GitHub, GitLab, Argo and Kubernetes."""
    return _tool("manifests", shell)


def program(path: Path, text: str) -> None:
    """Write a program that a shell finds."""
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def _tool(name: str, env: dict[str, str]) -> Run:
    python = ROOT / f".venv-{name}" / "bin" / "python"
    if not (python.parent.parent / ".installed").exists():
        pytest.fail(f"The environment {python.parent.parent} is missing. Install it and run these tests: make test-exports", pytrace=False)

    def run(*words: str | Path, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
        command = [str(python), *map(str, words)]
        return subprocess.run(command, cwd=cwd, env={**env, **more}, capture_output=True, text=True, timeout=280)

    return run
