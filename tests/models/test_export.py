"""A version as a folder: MLflow, and whoever has no nbmlops, answers with it as the notebook did."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.linear_model import LinearRegression

from nbmlops import model
from nbmlops.errors import Conflict, Damaged, Invalid, NotFound
from nbmlops.models import portable
from nbmlops.workspace import Workspace
from tests.models.every_flavor import FEATURES, NAMES, NATIVE, SCRIPT

# Loads every folder as somebody would who has MLflow and has never heard of nbmlops.
CHILD = """
import importlib.abc, json, sys, warnings
class Blocked(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "nbmlops" or name.startswith("nbmlops."):
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Blocked())
import logging
logging.disable(logging.WARNING)
import mlflow, numpy as np, pandas as pd
answers = {}
for name, native in json.loads(sys.argv[2]).items():
    folder = f"{sys.argv[1]}/{name}"
    kept = json.load(open(f"{folder}/fixtures.json"))
    loaded = mlflow.pyfunc.load_model(folder)
    example = loaded.input_example
    rows = pd.DataFrame(kept["rows"])
    if "at" in rows:  # MLflow takes no text for a time, but from its server
        rows["at"] = pd.to_datetime(rows["at"], format="ISO8601")
    told = {
        "objects": loaded.predict(rows),
        "example": loaded.predict(example),
        "shuffled": loaded.predict(example[list(reversed(example.columns))]) if loaded.metadata.signature.inputs.has_input_names() else None,
        "one": loaded.predict(rows[:1]),
        "categories": loaded.predict(rows.assign(kind=pd.Categorical(rows["kind"]))) if "kind" in rows else None,
    }
    if native:
        told["native"] = type(__import__("importlib").import_module(f"mlflow.{native}").load_model(folder)).__name__
    answers[name] = {part: np.asarray(value).tolist() if part != "native" and value is not None else value for part, value in told.items()}
assert not any(name.partition(".")[0] == "nbmlops" for name in sys.modules)
print("\\n" + json.dumps(answers))
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A workspace with a model of every flavor, each exported."""
    folder = tmp_path_factory.mktemp("every")
    (folder / "script.py").write_text(SCRIPT)
    (folder / "features.py").write_text(FEATURES)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "script.py"], cwd=folder, capture_output=True, text=True, timeout=500, env=_environ()
    )
    assert done.returncode == 0, done.stderr[-3000:]
    workspace = Workspace.at(folder, actor="ada")
    for name in NAMES:
        made = model.export(name, 1, str(folder / "out" / name), workspace=workspace)
        assert made.flavors == ["python_function", *([NATIVE[name]] if name in NATIVE else [])]
        assert not made.replaced and made.size_bytes > 0
    workspace.close()
    (folder / "features.py").unlink()
    yield folder


@pytest.mark.slow
def test_mlflow_answers_with_every_flavor_as_the_notebook_did(place):
    asked = {name: NATIVE.get(name) for name in NAMES}
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(place / "out"), json.dumps(asked)], capture_output=True, text=True, timeout=500, cwd=place / "out",
        env={**_environ(), "MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "true"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    answers = json.loads(done.stdout.splitlines()[-1])
    for name in NAMES:
        kept = json.loads((place / "out" / name / "fixtures.json").read_text())["predictions"]
        assert len(kept) == 20 and len({json.dumps(one) for one in kept}) > 1
        for part in ("objects", "example", "shuffled", "categories"):
            if answers[name][part] is not None:
                assert portable.differing(kept, answers[name][part]) is None, (name, part)
        assert portable.differing(kept[:1], answers[name]["one"]) is None, name
    assert {name: answers[name].get("native") for name in NATIVE} == {
        "pipeline": "Pipeline", "array": "LogisticRegression", "xgboost": "XGBRegressor", "lightgbm": "Booster",
        "statsmodels": "RegressionResultsWrapper", "torch": "GraphModule", "onnx": "ModelProto",
    }  # fmt: skip


@pytest.mark.slow
def test_a_folder_says_what_it_is_of_and_what_it_needs(place):
    about = yaml.safe_load((place / "out" / "pipeline" / "MLmodel").read_text())
    origin = about["metadata"]["nbmlops"]
    assert (origin["model"], origin["version"], origin["description"]) == ("pipeline", 1, "for pipeline")
    assert origin["digest"].startswith("blake3:") and origin["dataset"]
    inputs = {column["name"]: (column["type"], column["required"]) for column in json.loads(about["signature"]["inputs"])}
    assert inputs["text"] == ("string", True) and inputs["lacking"] == ("string", False) and inputs["holes"] == ("double", False)
    assert (
        inputs["kind"] == ("any", True)
        and inputs["whole"] == ("long", True)
        and inputs["count"] == ("any", False)
        and inputs["maybe"] == ("any", False)
    )
    assert inputs["at"] == ("datetime", True) and inputs["zoned"] == ("any", True) and inputs["flag"] == ("boolean", True)
    pinned = (place / "out" / "pipeline" / "requirements.txt").read_text().splitlines()
    assert any(line.startswith("scikit-learn==") for line in pinned) and not any(line.startswith("nbmlops") for line in pinned)
    assert yaml.safe_load((place / "out" / "pipeline" / "conda.yaml").read_text())["dependencies"][-1] == {"pip": pinned}


@pytest.mark.slow
def test_a_real_server_of_mlflow_answers_alike(place):
    folder, port = place / "out" / "own-code", _free_port()
    command = [
        sys.executable,
        "-m",
        "mlflow",
        "models",
        "serve",
        "-m",
        str(folder),
        "--env-manager",
        "local",
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
    ]
    (place / "bin").mkdir()
    (place / "bin" / "uvicorn").write_text(f'#!/bin/sh\nexec {sys.executable} -m uvicorn "$@"\n')  # MLflow asks for it by name
    (place / "bin" / "uvicorn").chmod(0o755)
    path = os.pathsep.join([str(place / "bin"), os.environ["PATH"]])
    with (place / "serve.log").open("wb") as log:
        server = subprocess.Popen(
            [*command, "--workers", "1"], cwd=place, stdout=log, stderr=log, start_new_session=True,
            env={**_environ(), "MLFLOW_DISABLE_TELEMETRY": "true", "PATH": path},
        )  # fmt: skip
    try:
        kept = json.loads((folder / "fixtures.json").read_text())
        while not _answers(f"http://127.0.0.1:{port}/ping"):
            assert server.poll() is None, (place / "serve.log").read_text()[-3000:]
            time.sleep(0.2)
        example = json.loads((folder / "serving_input_example.json").read_text())
        rows = [dict(zip(example["dataframe_split"]["columns"], row, strict=True)) for row in example["dataframe_split"]["data"]]
        for body in (example, {"dataframe_records": rows}):
            assert portable.differing(kept["predictions"], _asked(port, body)["predictions"]) is None
        lacking = [{name: value for name, value in row.items() if name not in ("holes", "count")} for row in rows]
        assert len(_asked(port, {"dataframe_records": lacking})["predictions"]) == 20  # columns that may be missing may be left out
        with pytest.raises(urllib.error.HTTPError, match="400"):
            _asked(port, {"dataframe_records": [{**rows[0], "whole": "many"}]})
    finally:
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)


def _answers(url: str) -> bool:
    try:
        return bool(urllib.request.urlopen(url, timeout=5).status == 200)
    except OSError:
        return False


def _asked(port: int, body: object) -> dict[str, object]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/invocations", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    return dict(json.loads(urllib.request.urlopen(request, timeout=60).read()))


def _free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def _environ() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("NBMLOPS")}


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace with one small model."""
    workspace = Workspace.at(tmp_path_factory.mktemp("line"), actor="ada")
    rows = pd.DataFrame({"a": np.arange(9.0), "b": np.arange(9.0) ** 2})
    model.register("line", LinearRegression().fit(rows, rows["a"] - rows["b"]), data=rows, workspace=workspace)
    yield workspace
    workspace.close()


def test_an_export_is_written_over_but_nothing_else_is(line, tmp_path):
    folder = tmp_path / "out"
    assert not model.export("line", 1, str(folder), workspace=line).replaced
    (folder / "code" / "__pycache__").mkdir()
    (folder / "code" / "__pycache__" / "nbmlops_model.cpython-311.pyc").write_bytes(b"what Python compiled")
    again = model.export("line", 1, str(folder), workspace=line)
    assert again.replaced and not (folder / "code" / "__pycache__").exists()
    (folder / "requirements.txt").write_text("by hand")
    with pytest.raises(Conflict, match=r"changed since it was exported: 'requirements\.txt'"):
        model.export("line", 1, str(folder), workspace=line)
    shutil.copytree(folder, tmp_path / "more")
    (tmp_path / "more" / "notes.md").write_text("mine")
    with pytest.raises(Conflict, match="changed since"):
        model.export("line", 1, str(tmp_path / "more"), workspace=line)
    assert (folder / "requirements.txt").read_text() == "by hand" and (tmp_path / "more" / "notes.md").read_text() == "mine"


def test_a_folder_of_somebody_elses_is_left_alone(line, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(Conflict, match="is not empty"):
        model.export("line", 1, str(tmp_path), workspace=line)
    with pytest.raises(Invalid, match="is no folder"):
        model.export("line", 1, str(tmp_path / "notes.txt"), workspace=line)
    with pytest.raises(NotFound, match="Versions: 1"):
        model.export("line", 2, str(tmp_path / "two"), workspace=line)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_bytes_that_changed_are_not_handed_out(line, tmp_path):
    digest = model.show("line", workspace=line).versions[0].digest
    blob = next(path for path in (line.folder / "blobs").rglob("*") if path.is_file() and digest.endswith(path.parent.name + path.name))
    kept = blob.read_bytes()
    blob.chmod(0o600)
    blob.write_bytes(kept[:-1] + b"x")
    try:
        with pytest.raises(Damaged, match="other content"):
            model.export("line", 1, str(tmp_path / "out"), workspace=line)
    finally:
        blob.write_bytes(kept)
    assert list(tmp_path.iterdir()) == []
    model.export("line", 1, str(tmp_path / "out"), workspace=line)
    (tmp_path / "out" / "model.skops").write_bytes(b"another")
    with pytest.raises(ValueError, match="not the file this folder was made with"):
        portable.open_folder(tmp_path / "out")


COLUMNS = [
    {"name": "count", "type": "integer", "nullable": True},
    {"name": "at", "type": "datetime", "nullable": False},
    {"name": "maybe", "type": "boolean", "nullable": True},
    {"name": "text", "type": "string", "nullable": True},
]


def test_rows_of_any_program_become_what_the_model_takes():
    at = ["2026-01-01T00:00:00", "2026-01-01T00:00:00.000123"]  # Python leaves out microseconds that are none
    plain = [{"count": 1, "at": at[0], "maybe": None, "text": None}, {"count": None, "at": at[1], "maybe": True, "text": "x"}]
    of_json = portable.typed(plain, COLUMNS)
    of_pandas = portable.typed(
        pd.DataFrame(
            {
                "text": pd.array([None, "x"], dtype="string"), "maybe": pd.array([None, True], dtype="boolean"),
                "count": pd.array([1, None], dtype="Int64"), "at": pd.to_datetime(at, format="ISO8601"), "more": [1, 2],
            },
            index=[7, 8],
        ),
        COLUMNS,
    )  # fmt: skip
    pd.testing.assert_frame_equal(of_json, of_pandas)
    assert [str(kind).partition("[")[0] for kind in of_json.dtypes] == ["float64", "datetime64", "boolean", "object"]
    assert of_json["at"].iloc[1].microsecond == 123


def test_what_may_be_missing_may_be_left_out_and_nothing_else():
    found = portable.typed(pd.DataFrame({"at": ["2026-01-01"]}), COLUMNS)
    assert found["count"].isna().all() and list(found.columns) == ["count", "at", "maybe", "text"]
    with pytest.raises(ValueError, match="lack the column 'at'"):
        portable.typed([{"count": 1}], COLUMNS)


def test_an_array_has_the_columns_in_their_order():
    found = portable.typed(np.array([[1.0, 2.0]]), [{"name": name, "type": "float", "nullable": False} for name in ("x0", "x1")])
    assert found.to_dict("records") == [{"x0": 1.0, "x1": 2.0}]
