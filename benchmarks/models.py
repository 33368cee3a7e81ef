"""Models: registering, loading and size beside MLflow's log_model and load_model; then ONNX beside what it was made of.

Both sides have a warm process each round, the same models, made from one seed, and SQLite. Registering here includes a clean process that
loads the model and answers its rows as before. MLflow starts one to see what is imported, and compares no answers; scikit-learn's models
it keeps as pickles here.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from typing import Any

from tabulate import tabulate

from benchmarks.timing import ROOT, mlflow_python

ROUNDS = 3
MODELS = """
import json, os, sys, tempfile, time, warnings, logging
warnings.filterwarnings("ignore"); logging.disable(); os.chdir(tempfile.mkdtemp())
import numpy as np, pandas as pd
from importlib.util import find_spec
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
random = np.random.default_rng(0)
N = pd.DataFrame(random.normal(size=(2000, 10)), columns=list("abcdefghij"))
X = N.assign(k=random.choice(list("xyz"), 2000).astype(object))
y = 2 * N["a"] - N["b"] * N["c"] + random.normal(size=2000) / 5
code = ColumnTransformer([("k", OneHotEncoder(handle_unknown="ignore"), ["k"]), ("n", StandardScaler(), list(N.columns))])
made = {
    "linear": (LinearRegression().fit(N, y), N),
    "pipeline": (make_pipeline(code, Ridge()).fit(X, y), X),
    "forest of 200": (RandomForestRegressor(200, max_depth=10, random_state=0).fit(N, y), N),
    "hist gradient boosting": (HistGradientBoostingRegressor(random_state=0).fit(N, y), N),
}
if find_spec("xgboost"):
    import xgboost; made["xgboost"] = (xgboost.XGBRegressor(n_estimators=100).fit(N, y), N)
if find_spec("lightgbm"):
    import lightgbm; made["lightgbm"] = (lightgbm.LGBMRegressor(verbose=-1).fit(N, y), N)
if find_spec("torch"):
    import torch; torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(10, 64), torch.nn.ReLU(), torch.nn.Linear(64, 1)).eval()
    T = N.astype("float32")
    made["torch MLP"] = (net, T)
told = {}
"""
OURS = """
from nbmlops import model
from nbmlops.models.loading import load
from nbmlops.workspace import Workspace
place = Workspace.at(".", actor="bench")
if "torch MLP" in made:
    made["torch MLP"] = (torch.export.export(net, (torch.randn(3, 10),), dynamic_shapes=({0: torch.export.Dim("rows")},)), T)
model.register("warm", Ridge().fit(N, y), data=N, workspace=place)
for name, (one, rows) in made.items():
    called = name.replace(" ", "-")
    t = time.perf_counter(); version = model.register(called, one, data=rows, code=True, workspace=place); t1 = time.perf_counter()
    load(place, version); t2 = time.perf_counter()
    told[name] = {"register": t1 - t, "load": t2 - t1, "size": version.size_bytes}
    if sys.argv[1:] == ["onnx"]:
        try:
            found = model.convert(called, 1, data=rows, workspace=place)
        except Exception as error:
            told[name]["refused"] = str(error)
            continue
        for which, speed in (("before", found.before), ("after", found.after)):
            told[name][which] = [speed.row_s, speed.batch_s, speed.size_bytes]
place.close()
print(json.dumps(told))
"""
THEIRS = """
import mlflow, mlflow.sklearn, mlflow.xgboost, mlflow.lightgbm, mlflow.pytorch
from pathlib import Path
from mlflow.models import infer_signature
mlflow.set_tracking_uri("sqlite:///m.db"); mlflow.set_experiment("e")
flavor = {"xgboost": mlflow.xgboost, "lightgbm": mlflow.lightgbm, "torch MLP": mlflow.pytorch}
with mlflow.start_run():
    mlflow.sklearn.log_model(Ridge().fit(N, y), name="warm", input_example=N[:5])
    pickled = {"serialization_format": "cloudpickle"}  # as skops it refuses its own forests
    for name, (one, rows) in made.items():
        keep = flavor.get(name, mlflow.sklearn)
        example = {"input_example": rows[:5]} if name != "torch MLP" else {"input_example": rows[:5].to_numpy()}
        example |= pickled if keep is mlflow.sklearn else {}
        t = time.perf_counter(); info = keep.log_model(one, name=name.replace(" ", "-"), **example); t1 = time.perf_counter()
        keep.load_model(info.model_uri); t2 = time.perf_counter()
        folder = Path(mlflow.artifacts.download_artifacts(info.model_uri))
        told[name] = {"register": t1 - t, "load": t2 - t1, "size": sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())}
print(json.dumps(told))
"""


def measure() -> list[dict[str, Any]]:
    """Medians over fresh processes in turn; of ONNX, of the first."""
    mlflow = mlflow_python()
    ours: list[dict[str, Any]] = []
    theirs: list[dict[str, Any]] = []
    for at in range(ROUNDS):
        ours.append(_told(sys.executable, MODELS + OURS, *(["onnx"] if at == 0 else [])))
        if mlflow:
            theirs.append(_told(mlflow, MODELS + THEIRS))
    rows = []
    for name, first in ours[0].items():
        row: dict[str, Any] = {"what": name, "refused": first.get("refused"), "before": first.get("before"), "after": first.get("after")}
        for who, rounds in (("nbmlops", ours), ("MLflow", theirs)):
            if rounds and name in rounds[0]:
                row[who] = {key: statistics.median(one[name][key] for one in rounds) for key in ("register", "load", "size")}
        rows.append(row)
    return rows


def shown(rows: list[dict[str, Any]]) -> str:
    """Two tables: both registries, and both forms."""
    first = [[row["what"], *(_pair(row, key) for key in ("register", "load")), _sizes(row)] for row in rows]
    second = []
    for row in rows:
        if row["after"]:
            one, other = row["before"], row["after"]
            second.append([row["what"], *(f"{a * 1e3:.2f} → {b * 1e3:.2f} ms" for a, b in zip(one[:2], other[:2], strict=True)),
                           f"{one[2]:,} → {other[2]:,}"])  # fmt: skip
        else:
            second.append([row["what"], row["refused"], "", ""])
    head = ["nbmlops, MLflow", "registered", "loaded", "bytes"]
    return (
        tabulate(first, head, disable_numparse=True)
        + "\n\n"
        + tabulate(second, ["as it is → as ONNX", "one row", "1,000 rows", "bytes"], disable_numparse=True)
    )


def _pair(row: dict[str, Any], key: str) -> str:
    one, other = row["nbmlops"][key], row.get("MLflow", {}).get(key)
    return f"{one:.3f} s" + (f", {other:.3f} s ({one / other:.2f})" if other else "")


def _sizes(row: dict[str, Any]) -> str:
    other = row.get("MLflow", {}).get("size")
    return f"{row['nbmlops']['size']:,.0f}" + (f", {other:,.0f}" if other else "")


def _told(python: str, code: str, *words: str) -> dict[str, Any]:
    done = subprocess.run([python, "-c", code, *words], capture_output=True, text=True, env={**_environ(), "PYTHONPATH": str(ROOT)})
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _environ() -> dict[str, str]:
    import os

    return {name: value for name, value in os.environ.items() if name not in ("NBMLOPS_WORKSPACE", "VIRTUAL_ENV")}
