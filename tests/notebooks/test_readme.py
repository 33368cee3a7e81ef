"""The README's tour, word by word: its cells in a real kernel, its lines in a real shell."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from nbmlops.endpoints import verbs as endpoint
from nbmlops.workspace import Workspace
from tests.capture.kernel import kernel

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
TOUR = README[README.index("## A tour") : README.index("**6. The panel.**")]
CELLS = re.findall(r"```python\n(.*?)```", TOUR, re.S)
LINES = re.findall(r"^    ((?:papermill|nbmlops) .*)$", TOUR, re.M) + re.findall(r"`(nbmlops pipeline run [^`]*)`", TOUR)


@pytest.mark.slow
def test_the_tour_can_be_followed_word_by_word(tmp_path):
    env = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    first = next(at for at, cell in enumerate(CELLS) if "run find" in cell)
    place = Workspace.at(tmp_path)
    try:
        with kernel(tmp_path, **env) as k:
            for cell in CELLS[:first]:
                assert k.run(cell, cell_id=f"c{hash(cell)}", timeout=120)[0] == "ok", cell
            # "Change alpha, run the cells again"
            for cell in CELLS[1:first]:
                status, said = k.run(cell.replace("alpha = 1.0", "alpha = 3.0"), cell_id=f"c{hash(cell)}", timeout=120)
                assert status == "ok", said
            _save(tmp_path / "train.ipynb", CELLS[:first])
            for line in LINES:
                done = subprocess.run(shlex.split(line), cwd=tmp_path, capture_output=True, text=True, env={**_base(), **env})
                assert done.returncode == 0, (line, done.stdout, done.stderr)
                if line == "nbmlops run find":
                    assert "finished" in done.stdout and "train" in done.stdout
            for cell in CELLS[first:]:
                status, said = k.run(cell, timeout=240)
                assert status == "ok", (cell, said)
        (served,) = endpoint.find(workspace=place)
        assert served.status == "stopped" and served.labelled == 111
    finally:
        for served in endpoint.find(workspace=place):
            endpoint.stop(served.name, workspace=place)
        place.close()


def test_the_readme_shows_the_two_commands_and_pictures_that_are_there():
    assert "make demo" in README and "make test" in README
    for picture in re.findall(r"!\[[^\]]*\]\(([^)]*)\)", README):
        assert (ROOT / picture).is_file(), picture
    for page in re.findall(r"\]\((?!http)([^)]*)\)", README):
        assert (ROOT / page).exists(), page


def _save(path: Path, cells: list[str]) -> None:
    made = []
    for source in cells:
        cell = nbformat.v4.new_code_cell(source.strip())
        if source.startswith("# parameters"):
            cell.metadata["tags"] = ["parameters"]
        made.append(cell)
    spec = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    nbformat.write(nbformat.v4.new_notebook(cells=made, metadata={"kernelspec": spec}), path)


def _base() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("NBMLOPS_")} | {"PYTHONWARNINGS": "default"}
