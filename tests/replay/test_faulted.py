"""Notebooks of every style hold as they are; then one thing is changed, and what, and where, is found.

Each file in `faulted/` is a notebook in percent format. Its last part says what is changed, and what must be said of it:

    # %% fault: CAUSE CELL [VERDICT]
    code that changes `folder` (its files), `cells` (the saved notebook's sources), `env` (environment variables) or what is installed
    (`install(library, version, source)` puts another `unitkit` in the place of the one that is there)
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import pytest

from nbmlops import run
from nbmlops.pipelines.runner import execute
from nbmlops.workspace import Workspace
from tests.notebooks.corpus_data import make

FOLDER = Path(__file__).parent / "faulted"
NAMES = sorted(path.stem for path in FOLDER.glob("*.ipy"))
_FAULT = re.compile(r"^# %% fault: (?P<cause>[a-z ]+?) (?P<cell>\d+|none)(?: (?P<verdict>[A-Z]+))?$", re.MULTILINE)


@dataclass
class Case:
    """A notebook, what is changed of it, and what is then to be said."""

    cells: list[str]
    change: str
    cause: str | None
    cell: int | None
    verdict: str
    env: dict[str, str] = field(default_factory=dict)


def case_of(name: str) -> Case:
    """A file of `faulted/`, read."""
    text = (FOLDER / f"{name}.ipy").read_text("utf-8")
    (fault,) = _FAULT.finditer(text)
    cells = [part.strip("\n") for part in re.split(r"^# %%.*$", text[: fault.start()], flags=re.MULTILINE)]
    cause = None if fault["cause"] == "nothing" else fault["cause"]
    cell = None if fault["cell"] == "none" else int(fault["cell"])
    return Case([cell for cell in cells if cell], text[fault.end() :], cause, cell, fault["verdict"] or ("DIFFERS" if cause else "VERIFIED"))


def furnish(folder: Path) -> None:
    """The data that notebooks read, in a folder that stands for a user's."""
    make(folder)


def save(path: Path, cells: list[str], before: list[str]) -> Path:
    """The notebook as a person saves it after changing it: cells keep their ids wherever they are moved."""
    ids = {source: f"cell-{at}" for at, source in enumerate(before)}
    made = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}})
    for at, source in enumerate(cells):
        edited = len(cells) == len(before) and before[at] not in cells
        made.cells.append(nbformat.v4.new_code_cell(source, id=ids.get(source) or (f"cell-{at}" if edited else f"new-{at}")))
    nbformat.write(made, path)
    return path


def install(folder: Path, version: str, source: str) -> Path:
    """A distribution `unitkit` in a folder that PYTHONPATH names, as pip would leave it there."""
    for path in folder.glob("*.dist-info"):
        shutil.rmtree(path)
    (folder / f"unitkit-{version}.dist-info").mkdir(parents=True)
    (folder / f"unitkit-{version}.dist-info" / "METADATA").write_text(f"Metadata-Version: 2.1\nName: unitkit\nVersion: {version}\n")
    (folder / "unitkit.py").write_text(f"{source}\n")
    return folder


def told(name: str, folder: Path):
    """What is said of a notebook as it is, and after its change."""
    case = case_of(name)
    furnish(folder)
    library = install(folder.with_name(f"{folder.name}-lib"), "1.0", 'FACTORS = {"km": 1000.0, "mile": 1609.3}')
    path = save(folder / "n.ipynb", case.cells, case.cells)
    with changed({"PYTHONPATH": os.pathsep.join([str(library), *filter(None, [os.environ.get("PYTHONPATH")])])}):
        there = Workspace.at(folder)
        before = execute(path, {}, workspace=there)
        assert before.status == "finished", before.error
        holds = run.verify(before.id, workspace=there)
        cells, env = list(case.cells), dict(os.environ)
        known = {"folder": folder, "cells": cells, "env": env, "library": library, "install": install, "json": json, "re": re, "shutil": shutil}
        exec(compile(case.change, f"{name}: fault", "exec"), known)
        save(path, cells, case.cells)
        with changed(env):
            after = run.verify(before.id, workspace=there)
        there.close()
    shutil.rmtree(library)
    return case, holds, after


@contextmanager
def changed(env: dict[str, str]) -> Iterator[None]:
    """Environment variables, as long as the block lasts."""
    kept = dict(os.environ)
    try:
        os.environ.update(env)
        yield
    finally:
        os.environ.clear()
        os.environ.update(kept)


@pytest.mark.slow
@pytest.mark.parametrize("name", ("a_bootstrap_generator", "b_duckdb_deleted", "x_package_lost_a_name"))  # all: python -m benchmarks proof
def test_a_notebook_holds_until_something_is_changed(name, tmp_path):
    case, holds, after = told(name, tmp_path)
    assert holds.verdict == "VERIFIED", holds
    assert (after.verdict, after.cause, after.cell) == (case.verdict, case.cause, case.cell), after


if __name__ == "__main__":  # for whoever writes a notebook, and for the report in benchmarks/
    import sys
    import tempfile

    for wanted in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as temporary:
            case, holds, after = told(wanted, Path(temporary))
        right = holds.verdict == "VERIFIED" and (after.verdict, after.cause, after.cell) == (case.verdict, case.cause, case.cell)
        print(f"{wanted}: {'right' if right else 'WRONG'}\n  as it is: {holds.verdict} {holds.sentence}")
        print(f"  changed: {after.verdict} {after.cause} {after.cell} {after.sentence}")
        for one in [] if right else (*holds.deviations, *after.deviations):
            print("   ", one.part, one.name, one.cell, str(one.before)[:60], str(one.after)[:60])
        kept = {"expected": [case.verdict, case.cause, case.cell], "said": [after.verdict, after.cause, after.cell]}
        print(json.dumps({"name": wanted, "holds": holds.verdict, "right": right, "seconds": holds.duration_s, **kept}))
