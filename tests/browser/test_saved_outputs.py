"""What JupyterLab saves of a notebook's outputs has the digests that were heard in the kernel."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import nbformat
import pytest

from nbmlops.capture.showing.outputs import digest_of_saved
from tests.browser.lab import Lab
from tests.capture.test_outputs import CELLS, LISTEN, TELL

pytestmark = pytest.mark.slow

ASK = """import json, time
from nbmlops.capture.showing.where import driven, notebook_of
began = time.perf_counter()
json.dump([*notebook_of(get_ipython()), driven(get_ipython()), time.perf_counter() - began], open("where.json", "w"))"""
LEFT_OUT = ("much", "one long line")  # the browser takes its time for these


def test_the_digests_of_a_notebook_saved_by_jupyterlab_are_those_heard_live(lab: Lab, browser: Any, project: Path):
    cells = {name: source for name, source in CELLS.items() if name not in LEFT_OUT}
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "", "language": "python"}})
    for source in (LISTEN, *cells.values(), ASK, TELL):
        notebook.cells.append(nbformat.v4.new_code_cell(source, metadata={"tags": ["raises-exception"]}))
    path = project / "train.ipynb"
    nbformat.write(notebook, path)
    context = browser.new_context()
    page = context.new_page()
    page.goto(lab.address(str(path.relative_to(lab.root))))
    page.wait_for_selector(".jp-NotebookPanel .jp-Notebook .jp-Cell", timeout=90_000)
    page.locator("#jp-main-statusbar", has_text="| Idle").wait_for(timeout=60_000)
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")
    until = time.monotonic() + 120
    while not (project / "heard.json").exists() and time.monotonic() < until:
        page.wait_for_timeout(200)
    page.wait_for_timeout(1000)
    page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    page.wait_for_timeout(1000)
    context.close()
    heard = json.loads((project / "heard.json").read_text())
    saved = {cell.source: cell.outputs for cell in nbformat.read(path, as_version=4).cells}
    told = {name: (heard[source][0] == digest_of_saved(saved[source]), saved[source]) for name, source in cells.items()}
    assert not {name: outputs for name, (same, outputs) in told.items() if not same}
    *where, took = json.loads((project / "where.json").read_text())
    assert where == [str(path), "server", "live"] and took < 1
