"""A lineage in a real kernel: the picture stays in the notebook's file."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.lineage.test_chain import LOAD, REGISTER, TRAIN, flights

pytestmark = pytest.mark.slow


def test_a_notebook_shows_where_its_own_model_comes_from(tmp_path: Path) -> None:
    import nbclient
    import nbformat

    flights(tmp_path / "flights.csv")
    ask = ["%mlops lineage show air-time", "%mlops lineage show air-time --depth 1 --json", "%mlops lineage show flight.csv"]
    sources = ["%load_ext nbmlops", LOAD, TRAIN, REGISTER, *ask]
    notebook: Any = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    nbclient.NotebookClient(notebook, allow_errors=True, resources={"metadata": {"path": str(tmp_path)}}).execute()
    nbformat.write(notebook, tmp_path / "train.ipynb")
    saved: Any = nbformat.read(tmp_path / "train.ipynb", as_version=4)
    picture, table = (output["data"] for output in saved.cells[4].outputs)
    texts = [node.text for node in ElementTree.fromstring(picture["image/svg+xml"]).iter() if node.tag.endswith("}text")]
    assert {"flights.csv", "Ridge", "air-time/1"} <= set(texts)
    assert "flights.csv" in table["text/html"] and "← file flights.csv" in table["text/plain"]
    assert '"roots"' in saved.cells[5].outputs[0]["text"]
    assert "NotFound" in str(saved.cells[6].outputs)
