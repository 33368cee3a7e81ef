"""Notebooks as people have them, and papermill as their CI calls it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat

from nbmlops.runs.book import RunBook
from nbmlops.runs.records import Run
from nbmlops.workspace import Workspace

TRAIN = """\
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_absolute_error
data = pd.read_csv("x.csv")
model = Ridge(alpha=alpha).fit(data[["a"]], data["b"])
mae = mean_absolute_error(data["b"], model.predict(data[["a"]]))
"""
FIGURE = "import matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.show()"


def written(path: Path, *cells: str, parameters: str | None = "alpha = 1\nmonth = 1", kernel: str = "python3") -> Path:
    """A notebook with a parameters cell and these cells; a cell that begins with `#raises` is expected to raise."""
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": kernel, "display_name": kernel, "language": "python"}})
    if parameters is not None:
        notebook.cells.append(nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}))
    for source in cells:
        tags = ["raises-exception"] if source.startswith("#raises") else []
        notebook.cells.append(nbformat.v4.new_code_cell(source, metadata={"tags": tags}))
    nbformat.write(notebook, path)
    return path


def papermill(folder: Path, *words: str, engine: str = "nbmlops", env: dict[str, str] | None = None, **more: Any) -> subprocess.Popen[str]:
    """`papermill … --engine nbmlops`, started."""
    command = [sys.executable, "-m", "papermill", *words, *(["--engine", engine] if engine else []), "--no-progress-bar"]
    return subprocess.Popen(command, cwd=folder, env={**os.environ, **(env or {})}, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)


def done(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Its exit code and what it said."""
    out, words = process.communicate(timeout=180)
    return process.returncode, out + words


def runs(folder: Path) -> list[Run]:
    """The runs of a folder's workspace."""
    place = Workspace.at(folder)
    try:
        return RunBook(place).find()
    finally:
        place.close()


def executed(folder: Path, run: Run) -> Any:
    """The executed notebook as the run keeps it."""
    place = Workspace.at(folder)
    kept = next(artifact for artifact in RunBook(place).record(run.id).artifacts if artifact.name == "notebook.ipynb")
    return nbformat.reads(place.blobs.get(kept.digest).decode(), as_version=4)
