"""Notebooks of many styles, none with a word of nbmlops: what is captured of each is what is listed beside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from nbmlops.runs.book import RunBook
from nbmlops.workspace import Workspace

from ..capture.kernel import kernel
from .corpus_data import make

pytestmark = pytest.mark.slow
CORPUS = Path(__file__).parent / "corpus"
NAMES = sorted(path.stem for path in CORPUS.glob("*.ipynb"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = tmp_path_factory.mktemp("corpus")
    make(found)
    Workspace.at(found).close()
    for path in CORPUS.glob("*.ipynb"):
        (found / path.name).write_bytes(path.read_bytes())
    return found


def expected(name):
    return json.loads((CORPUS / f"{name}.json").read_text())


def told(record):
    """What a record tells, in the words of the lists."""
    ours = {"model-0.skops", "notebook.ipynb"}
    uses = [use for use in record.files if os.path.basename(use.path) not in ours]
    kinds = [(use, "sql" if use.kind == "sql" else os.path.basename(use.path)) for use in uses]
    assert all(use.digest or use.note for use in uses)
    return {
        "reads": sorted({name for use, name in kinds if use.mode == "read"}),
        "writes": sorted({name for use, name in kinds if use.mode == "write"}),
        "params": record.run.params,
        "fits": [fit.estimator.rsplit(".", 1)[-1] for fit in record.fits],
        "metrics": sorted(record.run.metrics),
        "trials": len(record.trials),
        "seeds": sorted({seed.value for seed in record.seeds}),
        "status": record.run.status,
    }


def listed(name):
    lists = expected(name)
    lists.pop("live", None)
    return {key: sorted(value) if key in ("reads", "writes", "metrics", "seeds") else value for key, value in lists.items()}


@pytest.mark.parametrize("name", NAMES)
def test_typed_in_a_live_notebook(name, folder):
    place = Workspace.at(folder)
    before = {run.id for run in RunBook(place).find()}
    cells = [cell for cell in nbformat.read(folder / f"{name}.ipynb", as_version=4).cells if cell.cell_type == "code"]
    live = expected(name).get("live", {})
    with kernel(folder, NBMLOPS_NOTEBOOK=str(folder / f"{name}.ipynb")) as k:
        assert k.run("%load_ext nbmlops") == ("ok", "")
        shown = [k.run(cells[at].source, cells[at].id) for at in live.get("order", range(len(cells)))]
        k.shut_down()
    assert "nbmlops" not in "".join(text for _, text in shown)
    book = RunBook(place)
    runs = [run for run in reversed(book.find()) if run.id not in before]
    records = [book.record(run.id) for run in runs]
    place.close()
    assert len(records) == live.get("runs", 1)
    assert told(records[-1]) == listed(name)
    assert [hidden.name for hidden in records[-1].hidden] == live.get("hidden", [])
    assert all(fit.frame for fit in records[-1].fits) and all(record.run.data_hash for record in records)
    assert records[-1].run.notebook == str(folder / f"{name}.ipynb")


def test_executed_by_papermill(folder, tmp_path):
    env = {key: value for key, value in os.environ.items() if not key.startswith("NBMLOPS")}
    started: list[tuple[str, subprocess.Popen[str]]] = []
    place = Workspace.at(folder)
    book, found, queue = RunBook(place), {}, NAMES[::2]
    while queue or started:
        while queue and len(started) < 3:
            name = queue.pop(0)
            started.append((name, subprocess.Popen(
                [sys.executable, "-m", "papermill", f"{name}.ipynb", str(tmp_path / f"{name}.ipynb"), "--engine", "nbmlops",
                 "--no-progress-bar"], cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            )))  # fmt: skip
        name, process = started.pop(0)
        said, _ = process.communicate(timeout=180)
        assert (process.returncode == 0) == (expected(name)["status"] == "finished"), said
        (run, *_) = [run for run in book.find() if run.kind == "papermill" and run.notebook == str(folder / f"{name}.ipynb")]
        found[name] = told(book.record(run.id))
    place.close()
    assert found == {name: listed(name) for name in NAMES[::2]}
