"""Which cells of a living session are stale, which names have no definition any more."""

from __future__ import annotations

import json

import nbformat
import pytest

from tests.capture.kernel import kernel

SESSION = [
    ("load", "import pandas as pd\nframe = pd.DataFrame({'a': [1, 2], 'b': [3, 4]})"),
    ("scale", "factor = 2\ndef scaled(x):\n    return x * factor"),
    ("use", "total = scaled(frame.a)"),
    ("change", "frame['c'] = 5"),
    ("show", "print(total.sum())"),
    ("count", "n = 0"),
    ("more", "n += 1"),
    ("gone", "limit = 3"),
    ("scale", "factor = 3\ndef scaled(x):\n    return x * factor"),
]
ASK = "import json as _j, dataclasses as _d\n_x = %mlops workspace status\nprint('SAID:' + _j.dumps(_d.asdict(_x)))"


@pytest.mark.slow
def test_a_session_says_what_is_stale_and_what_has_no_definition_any_more(tmp_path):
    with kernel(tmp_path, NBMLOPS_NOTEBOOK=str(tmp_path / "n.ipynb")) as k:
        k.run("%load_ext nbmlops")
        for cell, source in SESSION:
            assert k.run(source, cell_id=cell)[0] == "ok"
        last = {cell: source for cell, source in SESSION if cell != "gone"}
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source, id=cell) for cell, source in last.items()])
        nbformat.write(notebook, tmp_path / "n.ipynb")
        status, printed = k.run(ASK)
        assert status == "ok", printed
    said = json.loads(printed.rpartition("SAID:")[2])
    cells = {one["cell_id"]: one for one in said["cells"] if one["cell_id"]}
    assert [cell for cell, one in cells.items() if one["stale"]] == ["use"]
    assert "frame was made anew or changed by [" in cells["use"]["why"] and "scaled was made" in cells["use"]["why"]
    assert cells["use"]["makes"] == ["total"] and cells["use"]["used_by"] == [cells["show"]["execution_count"]]
    assert [(one["name"], one["why"]) for one in said["hidden"]] == [("limit", "deleted")]


def test_where_no_session_is_observed_it_is_said():
    from nbmlops import workspace
    from nbmlops.errors import NotFound

    with pytest.raises(NotFound, match="No session is observed"):
        workspace.status()
