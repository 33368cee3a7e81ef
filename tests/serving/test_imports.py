"""A serving container carries no Jupyter."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.serving.http import pipeline, promoted, trips

CODE = """
import sys
import nbmlops.serving.__main__
from nbmlops.models.loading import load
from nbmlops.models.registry import Registry
from nbmlops.serving.predict import _answer
from nbmlops.workspace import Workspace
workspace = Workspace.at(sys.argv[1])
loaded = load(workspace, Registry(workspace).aliased("trip", "champion"))
_answer(loaded, [{"miles": 1, "stops": 1, "carrier": "AA", "night": True, "wind": None}])
print(*sorted({name.split(".")[0] for name in sys.modules}))
"""


@pytest.mark.slow
def test_the_server_and_a_loaded_model_bring_no_jupyter(workspace):
    frame = trips()
    promoted(workspace, "trip", pipeline(frame), frame)
    done = subprocess.run([sys.executable, "-c", CODE, str(workspace.root)], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    never = {"IPython", "tornado", "papermill", "nbclient", "nbformat", "plotly", "matplotlib", "ipywidgets", "ipykernel", "traitlets"}
    assert {name for name in loaded if name in never or name.startswith("jupyter")} == set()
    assert {"starlette", "sklearn"} <= loaded
