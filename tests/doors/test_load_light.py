"""What is loaded when: a fresh process each, since this one has everything."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    "pandas", "numpy", "sklearn", "scipy", "pyarrow", "plotly", "matplotlib", "starlette", "uvicorn", "jupyter_server", "tornado", "papermill",
    "skops", "ipywidgets", "anywidget", "tabulate", "nbclient", "msgspec",
)  # fmt: skip
STAGES = (
    "nbmlops.runs.verbs",
    "nbmlops.models",
    "nbmlops.serving",
    "nbmlops.endpoints",
    "nbmlops.monitoring",
    "nbmlops.pipelines",
    "nbmlops.contract.table",
)


def loaded_after(code: str, folder: Path) -> set[str]:
    script = f"import sys\nbefore = set(sys.modules)\n{code}\nprint('\\n'.join(set(sys.modules) - before))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=folder, check=True)
    return set(run.stdout.split())


def test_importing_nbmlops_loads_nothing_heavy(tmp_path: Path) -> None:
    loaded = loaded_after("import nbmlops", tmp_path)
    assert not loaded & {*HEAVY, "IPython", *STAGES}


def test_load_ext_loads_no_stage_and_nothing_heavy(tmp_path: Path) -> None:
    loaded = loaded_after(
        "from IPython.core.interactiveshell import InteractiveShell\nshell = InteractiveShell.instance()\nbefore = set(sys.modules)\n"
        "assert shell.run_cell('%load_ext nbmlops').success",
        tmp_path,
    )
    assert not loaded & {*HEAVY, *STAGES}


def test_load_ext_makes_no_workspace(tmp_path: Path) -> None:
    loaded_after(
        "from IPython.core.interactiveshell import InteractiveShell\nInteractiveShell.instance().run_cell('%load_ext nbmlops')", tmp_path
    )
    assert not (tmp_path / ".nbmlops").exists()


@pytest.mark.parametrize("words", [["--version"], ["run", "find"], ["workspace", "show"]])
def test_the_shell_loads_only_the_stage_it_asks(words: list[str], tmp_path: Path) -> None:
    loaded = loaded_after(
        f"import io, contextlib\nfrom nbmlops.doors.shell import main\nwith contextlib.redirect_stdout(io.StringIO()): main({words!r})",
        tmp_path,
    )
    assert not loaded & {
        "pandas",
        "sklearn",
        "plotly",
        "matplotlib",
        "starlette",
        "jupyter_server",
        "IPython",
        "nbmlops.serving",
        "nbmlops.monitoring.verbs",
    }
