"""Runs, versions and aliases to a real MLflow server and back: each once, whole, without secrets, and without running anybody's code."""

from __future__ import annotations

import hashlib
import http.server
import json
import re
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, Ridge

from nbmlops import mlflow, model, run
from nbmlops.doors import shell
from nbmlops.errors import Damaged, Invalid, NotFound, Unavailable
from nbmlops.models.loading import load
from nbmlops.models.registry import Registry
from nbmlops.runs.book import RunBook
from nbmlops.runs.facts import Facts
from nbmlops.runs.records import MetricPoint
from nbmlops.workspace import Workspace
from tests.exchange.conftest import environ
from tests.models import hostile_files
from tests.models.hostile_files import RIDGE

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("nothing_stays_open")]
SECRET = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
ROWS = pd.DataFrame({"a": np.arange(12.0), "b": np.arange(12.0) ** 2})
# What somebody has done with MLflow alone. The pickled model leaves a mark wherever it is opened.
NATIVE = """
import os, sys, mlflow, numpy as np, pandas as pd
from mlflow.models import infer_signature
mlflow.set_tracking_uri(sys.argv[1])
mlflow.set_experiment("native")
X = pd.DataFrame({"a": np.arange(30.0), "b": np.arange(30.0)[::-1] ** 2, "kind": pd.Categorical(["s", "m", "l"] * 10)})
numbers, y = X[["a", "b"]], X["a"] * 2 - X["b"]
class Marking:
    def __init__(self): self.mark = sys.argv[2]
    def predict(self, rows): return np.zeros(len(rows))
    def get_params(self, deep=True): return {}
    def __reduce__(self): return (open, (sys.argv[2], "w"))
from sklearn.linear_model import Ridge
import lightgbm, xgboost
with mlflow.start_run(run_name="tuned") as made:
    mlflow.log_params({"alpha": 0.5, "deep": True, "word": "x"})
    for step in range(5):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
    mlflow.set_tag("team", "pricing")
    mlflow.log_text("hello", "notes/readme.txt")
    ridge = Ridge().fit(numbers, y)
    mlflow.sklearn.log_model(ridge, name="skops", serialization_format="skops", signature=infer_signature(numbers, ridge.predict(numbers)),
        input_example=numbers[:4], registered_model_name="native-skops", pip_requirements=["scikit-learn"])
    booster = xgboost.XGBClassifier(n_estimators=3).fit(numbers, X["a"] > 12)
    mlflow.xgboost.log_model(booster, name="xgb", registered_model_name="native-xgboost", pip_requirements=["xgboost"])
    made_of = lightgbm.train({"verbose": -1, "min_data_in_leaf": 2, "min_data_per_group": 1, "cat_smooth": 1}, lightgbm.Dataset(X, y), 3)
    text = X.assign(kind=X["kind"].astype(object))
    mlflow.lightgbm.log_model(made_of, name="lgb", signature=infer_signature(text, y), registered_model_name="native-lightgbm", pip_requirements=["lightgbm"])
    os.makedirs("pickled", exist_ok=True)
    import cloudpickle, yaml
    open("pickled/model.pkl", "wb").write(cloudpickle.dumps(Marking()))
    flavors = {"sklearn": {"pickled_model": "model.pkl", "serialization_format": "cloudpickle"}, "python_function": {"loader_module": "mlflow.sklearn", "model_path": "model.pkl"}}
    yaml.safe_dump({"flavors": flavors}, open("pickled/MLmodel", "w"))
    client = mlflow.MlflowClient()
    client.log_artifacts(made.info.run_id, "pickled", "pickled")
    client.create_registered_model("native-pickled")
    client.create_model_version("native-pickled", made.info.artifact_uri + "/pickled", run_id=made.info.run_id)
client.set_registered_model_alias("native-skops", "champion", "1")
import json
print(json.dumps({"ridge": ridge.predict(numbers).tolist(), "booster": booster.predict(numbers).tolist(), "lgb": made_of.predict(X).tolist()}))
"""


@pytest.fixture(scope="module")
def client(server: str) -> Any:
    """MLflow's own client, which says how it stands there."""
    from nbmlops.exchange.mlflow.server import _library

    return _library().MlflowClient(tracking_uri=server, registry_uri=server)


@pytest.fixture(autouse=True)
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run keeps the changes of the repository it is made in, which would be this one."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def asked(server: str) -> dict[str, Any]:
    return {"tracking_uri": server}


def a_run(workspace: Workspace, experiment: str, **params: Any) -> str:
    with run.start(
        "tuning", experiment=experiment, params={"alpha": 0.1, "kind": "fast", **params}, tags={"team": "pricing"}, workspace=workspace
    ) as begun:
        for step in range(4):
            run.log({"loss": 1 / (step + 1), "val/gap (%)": float("nan") if step == 2 else step})
        (workspace.root / "plot.txt").write_text("a curve")
        run.log(artifact=[str(workspace.root / "plot.txt")])
    return begun.id


def test_runs_and_versions_go_there_and_into_another_workspace_and_nothing_twice(workspace, other, asked, client):
    made = a_run(workspace, "round", token=SECRET, notes=f"with {SECRET}")
    version = model.register(
        "line",
        LinearRegression().fit(ROWS, ROWS["a"]),
        data=ROWS,
        run=made,
        metrics={"mae": 1.5},
        description="the first",
        workspace=workspace,
    )
    model.promote("line", 1, workspace=workspace)
    pushed = mlflow.push(**asked, workspace=workspace)
    assert (pushed.runs, pushed.artifacts, pushed.versions, pushed.aliases) == (
        1,
        1,
        ["line/1 → 1"],
        ["line@champion → 1"],
    ) and pushed.passed

    twin = client.get_run(run.show(made, workspace=workspace).run.tags["mlflow.run"])
    ours = run.show(made, workspace=workspace)
    assert (twin.info.run_name, twin.info.status) == ("tuning", "FINISHED")
    assert twin.info.start_time == int(ours.run.started_at.timestamp() * 1000) and twin.info.end_time == int(
        ours.run.ended_at.timestamp() * 1000
    )
    assert twin.data.params["alpha"] == "0.1" and twin.data.tags["team"] == "pricing" and twin.data.tags["nbmlops.run"] == made
    assert SECRET not in json.dumps([twin.data.params, twin.data.tags])
    assert [(one.step, one.value) for one in client.get_metric_history(twin.info.run_id, "loss")] == [
        (step, 1 / (step + 1)) for step in range(4)
    ]
    gaps = client.get_metric_history(twin.info.run_id, "val/gap ___")
    assert [one.step for one in gaps] == [0, 1, 2, 3] and np.isnan(gaps[2].value)
    there = client.get_model_version("line", "1")
    assert (there.description, there.run_id, there.tags["nbmlops.digest"]) == ("the first", twin.info.run_id, version.digest)

    again = mlflow.push(**asked, workspace=workspace)
    assert (again.runs, again.runs_changed, again.versions, again.aliases, again.runs_known, again.versions_known) == (0, 0, [], [], 1, 1)

    pulled = mlflow.pull(**asked, workspace=other)
    assert (pulled.runs, pulled.artifacts, pulled.versions, pulled.aliases) == (1, 1, ["line/1 → 1"], ["line@champion → 1"])
    theirs = run.show(made, workspace=other)  # under the same id
    assert theirs.run.kind == "imported" and theirs.run.tags["team"] == "pricing" and theirs.run.params["alpha"] == 0.1
    assert [(one.name, one.step, repr(one.value)) for one in theirs.history] == [
        (one.name, one.step, repr(one.value)) for one in ours.history
    ]
    assert [(one.name, one.digest) for one in theirs.artifacts] == [(one.name, one.digest) for one in ours.artifacts]
    same = Registry(other).version("line", 1)
    assert (same.digest, same.run, same.metrics, same.signature, same.description) == (
        version.digest, made, version.metrics, version.signature, "the first",
    )  # fmt: skip
    assert load(other, same).predict(ROWS).tolist() == pytest.approx(ROWS["a"].tolist())

    for answer in (mlflow.pull(**asked, workspace=other), mlflow.push(**asked, workspace=other), mlflow.pull(**asked, workspace=workspace)):
        assert (answer.runs, answer.runs_changed, answer.artifacts, answer.versions, answer.aliases) == (0, 0, 0, [], []), answer
    assert len(client.search_runs([client.get_experiment_by_name("round").experiment_id])) == 1
    assert len(client.search_model_versions("name='line'")) == 1

    _aliases_follow_whoever_moved_them(workspace, other, asked, client)


def _aliases_follow_whoever_moved_them(workspace, other, asked, client):
    """Of the same two workspaces: registering takes long."""
    model.register("line", Ridge().fit(ROWS, ROWS["a"]), data=ROWS, metrics={"mae": 0.5}, workspace=workspace)
    model.promote("line", 2, workspace=workspace)
    moved = mlflow.push(**asked, model="line", workspace=workspace)
    assert (moved.versions, moved.aliases) == (["line/2 → 2"], ["line@champion → 2"])
    assert str(client.get_model_version_by_alias("line", "champion").version) == "2"
    assert mlflow.pull(**asked, model="line", workspace=other).aliases == ["line@champion → 2"]
    assert len(RunBook(other).find()) == 1  # a version that no run made brings none

    client.set_registered_model_alias("line", "champion", "1")  # somebody else
    refused = mlflow.push(**asked, workspace=workspace)
    assert not refused.passed and "line@champion is at version 2 here and at 1 there; it was moved there" in refused.conflicts[0]
    assert str(client.get_model_version_by_alias("line", "champion").version) == "1"

    model.gate("line", "mae", limit=1.0, better_percent=None, workspace=workspace)
    held = mlflow.pull(**asked, model="line", workspace=workspace)
    assert "the gate refuses it" in held.conflicts[0] and model.show("line", workspace=workspace).aliases == {"champion": 2}
    assert mlflow.pull(**asked, model="line", workspace=other).aliases == ["line@champion → 1"]

    model.promote("line", 2, workspace=other)
    client.set_registered_model_alias("line", "champion", "2")  # both moved it, to the same
    assert mlflow.push(**asked, model="line", workspace=other).conflicts == []
    model.promote("line", 1, workspace=other)
    client.delete_registered_model_alias("line", "champion")
    assert mlflow.push(**asked, model="line", workspace=other).aliases == ["line@champion → 1"]


def test_a_run_that_grew_sends_what_is_new_and_an_interrupted_push_is_completed(workspace, asked, client):
    made = a_run(workspace, "grows")
    experiment = client.create_experiment("grows")
    begun = client.create_run(experiment, tags={"nbmlops.run": made})  # somebody pulled the plug here
    first = mlflow.push(**asked, experiment="grows", workspace=workspace)
    assert (first.runs, first.runs_changed, first.artifacts) == (0, 1, 1)
    book = RunBook(workspace)
    book.add(made, Facts(metrics=[MetricPoint(name="loss", step=9, value=0.01, at=workspace.clock())], tags={"later": "yes"}))
    assert mlflow.push(**asked, experiment="grows", workspace=workspace).runs_changed == 1
    twin = client.get_run(begun.info.run_id)
    assert [one.step for one in client.get_metric_history(twin.info.run_id, "loss")] == [0, 1, 2, 3, 9]
    assert (twin.info.status, twin.data.tags["later"]) == ("FINISHED", "yes")
    assert len(client.search_runs([experiment])) == 1

    client.delete_run(twin.info.run_id)
    gone = mlflow.push(**asked, experiment="grows", workspace=workspace)
    assert gone.runs == 0 and f"Run {made} was deleted there" in gone.left_out[0]


def test_a_run_that_is_running_there_is_pulled_when_it_is_over_and_again_when_it_has_more(workspace, asked, client):
    experiment = client.create_experiment("waits")
    there = client.create_run(experiment, run_name="slow\nrun").info.run_id
    client.log_metric(there, "loss", 1.0, step=0)
    waiting = mlflow.pull(**asked, experiment="waits", workspace=workspace)
    assert waiting.runs == 0 and "is running: pull it again" in waiting.left_out[0] and waiting.passed
    client.set_terminated(there, "FAILED")
    assert mlflow.pull(**asked, experiment="waits", workspace=workspace).runs == 1
    (mine,) = run.find(workspace=workspace)
    assert (mine.name, mine.status, mine.experiment, mine.kind) == ("slow run", "failed", "waits", "imported")
    client.log_metric(there, "loss", 0.5, step=1)
    client.set_tag(there, "seen", "yes")
    assert mlflow.pull(**asked, experiment="waits", workspace=workspace).runs_changed == 1
    found = run.show(mine.id, workspace=workspace)
    assert [(one.step, one.value) for one in found.history] == [(0, 1.0), (1, 0.5)] and found.run.tags["seen"] == "yes"
    assert mlflow.pull(**asked, filter="attributes.status = 'FAILED'", experiment="waits", workspace=workspace).runs_known == 1


def test_a_run_whose_store_cannot_be_reached_from_here_comes_without_its_files(workspace, asked, client):
    theirs = client.create_experiment("far", artifact_location="nostore://bucket/far")
    far = client.create_run(theirs, run_name="far away")
    client.log_metric(far.info.run_id, "loss", 0.5)
    client.set_terminated(far.info.run_id)
    near = client.create_run(client.create_experiment("near"), run_name="near")
    client.set_terminated(near.info.run_id)
    assert len(mlflow.pull(experiment="near", workspace=workspace, **asked).left_out) == 0
    for again in (False, True):  # its files may be had another time
        found = mlflow.pull(experiment="far", workspace=workspace, **asked)
        assert (found.runs, found.runs_changed) == ((0, 1) if again else (1, 0)) and found.passed
        assert len(found.left_out) == 1 and "its files cannot be had" in found.left_out[0] and far.info.run_id in found.left_out[0]
    (made,) = run.find(experiment="far", workspace=workspace)
    assert made.name == "far away" and made.metrics == {"loss": 0.5}


def test_models_that_are_data_become_versions_and_a_pickle_is_refused_unopened(workspace, asked, server, tmp_path, capsys):
    mark = tmp_path / "opened"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", NATIVE, server, str(mark)], capture_output=True, text=True, timeout=500, cwd=tmp_path,
        env=environ(MLFLOW_ALLOW_PICKLE_DESERIALIZATION="true"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    answers = json.loads(next(line for line in done.stdout.splitlines() if line.startswith('{"ridge"')))
    assert not mark.exists()
    pulled = mlflow.pull(**asked, experiment="native", workspace=workspace)
    assert not mark.exists()
    assert sorted(pulled.versions) == ["native-lightgbm/1 → 1", "native-skops/1 → 1", "native-xgboost/1 → 1"]
    assert pulled.aliases == ["native-skops@champion → 1"] and not pulled.passed
    (refused,) = pulled.refused
    assert refused.startswith("Version native-pickled/1: it is a pickle of sklearn") and "serialization_format='skops'" in refused
    (mine,) = run.find(workspace=workspace)
    assert mine.params == {"alpha": 0.5, "deep": True, "word": "x"} and mine.metrics["loss"] == 0.2
    assert "notes/readme.txt" in [one.name for one in run.show(mine.id, workspace=workspace).artifacts]

    X = pd.DataFrame({"a": np.arange(30.0), "b": np.arange(30.0)[::-1] ** 2, "kind": ["s", "m", "l"] * 10})
    versions = {name: Registry(workspace).version(f"native-{name}", 1) for name in ("skops", "xgboost", "lightgbm")}
    assert all(one.run == mine.id and one.python for one in versions.values())
    assert versions["skops"].fixtures is not None and [one.name for one in versions["skops"].signature.inputs] == ["a", "b"]
    assert load(workspace, versions["skops"]).predict(X).tolist() == pytest.approx(answers["ridge"])
    assert load(workspace, versions["xgboost"]).predict(X).tolist() == answers["booster"]
    assert load(workspace, versions["lightgbm"]).predict(X).tolist() == pytest.approx(answers["lgb"])

    # The shell says that something was refused.
    assert shell.main(["mlflow", "pull", "--tracking-uri", server, "--model", "native-pickled", "--workspace", str(workspace.root)]) == 1
    assert "a pickle of sklearn" in capsys.readouterr().out
    with pytest.raises(NotFound, match="no model 'nobody'"):
        mlflow.pull(**asked, model="nobody", workspace=workspace)
    with pytest.raises(NotFound, match="no experiment 'nobody'"):
        mlflow.pull(**asked, experiment="nobody", workspace=workspace)


@pytest.fixture
def another_server() -> Iterator[str]:
    """A server of the web that is no MLflow's."""

    class Nothing(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(404)

        do_POST = do_GET

        def log_message(self, *words: Any) -> None:
            """Silently."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Nothing) as found:
        thread = threading.Thread(target=found.serve_forever)
        thread.start()
        yield f"http://ada:{SECRET}@127.0.0.1:{found.server_address[1]}"
        found.shutdown()
        thread.join()


def test_where_no_server_of_mlflow_answers_it_is_said_and_nothing_is_written(workspace, another_server, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        with pytest.raises(Unavailable, match="No MLflow server answers") as nobody:
            mlflow.push(tracking_uri=f"http://ada:{SECRET}@127.0.0.1:{held.getsockname()[1]}", workspace=workspace)
    with pytest.raises(Invalid, match="is not said"):
        mlflow.push(workspace=workspace)
    for uri, words in {"gopher://x": "no servers at 'gopher'", "http://[::1": "is no address", "http:///x": "names no server"}.items():
        with pytest.raises(Invalid, match=words):
            mlflow.pull(tracking_uri=uri, workspace=workspace)
    with pytest.raises(Invalid, match="404") as other:
        mlflow.pull(tracking_uri=another_server, workspace=workspace)
    assert SECRET not in str(nobody.value) + str(other.value)
    assert "ada" not in str(nobody.value)
    assert list(workspace.ledger.read("SELECT * FROM exchanged")) == [] and run.find(workspace=workspace) == []


def test_exchanging_leaves_the_environment_as_it_was(workspace, asked, monkeypatch):
    import os

    before = dict(os.environ)
    mlflow.pull(**asked, experiment="Default", workspace=workspace)
    assert dict(os.environ) == before


def test_what_a_folder_says_leads_nowhere_and_what_is_wrong_with_it_is_said(workspace, tmp_path):
    from nbmlops.exchange.mlflow.folder import found_in
    from nbmlops.models.files import opening
    from nbmlops.models.files.records import Question

    (tmp_path / "outside.skops").write_bytes(Path(__file__).read_bytes())
    bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefg", "bcdefgh", strict=True)
    )
    texts = {
        "flavors:\n  sklearn: {pickled_model: ../outside.skops, serialization_format: skops}\n": "no file in its folder",
        "flavors:\n  pytorch: {model_data: data}\n  python_function: {}\n": "as python_function, pytorch, which nbmlops does not read",
        "!!python/object/apply:os.system ['true']\n": "MLmodel cannot be read",
        "flavors: [sklearn]\n": "names no flavors",
        "flavors: xgboost\n": "names no flavors",
        "[" * 20_000: "MLmodel cannot be read",
        "flavors: &f {sklearn: *f}\n": "MLmodel cannot be read",
        bomb: "MLmodel says .* bytes, more than",
    }
    asked = []
    for at, text in enumerate(texts):
        (tmp_path / str(at)).mkdir()
        (tmp_path / str(at) / "MLmodel").write_text(text)
        asked.append(Question(path=str(tmp_path / str(at))))
    for words, said in zip(texts.values(), opening.look_at(asked), strict=True):
        assert isinstance(said, (Damaged, Invalid)) and re.search(words, str(said)), (words, said)
    with pytest.raises(Damaged, match="names no flavors"):
        found_in(workspace, tmp_path / "3")


@pytest.mark.parametrize("name", ["xgboost nested without end", "xgboost's JSON nested without end"])
def test_a_model_that_its_library_dies_of_is_opened_by_a_process_with_limits_alone(name, workspace, tmp_path):
    from nbmlops.exchange.mlflow.folder import found_in

    called, content, words = hostile_files.natives()[name]
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / called).write_bytes(content)
    (tmp_path / "model" / "MLmodel").write_text(f"flavors:\n  xgboost: {{data: {called}, model_class: xgboost.sklearn.XGBRegressor}}\n")
    with pytest.raises(Damaged, match=words):
        found_in(workspace, tmp_path / "model")


def logged(client: Any, run_id: str, model: str, mlmodel: str, **files: bytes) -> None:
    """A version there of what somebody wrote by hand."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in {"MLmodel": mlmodel.encode(), **files}.items():
            (Path(folder) / name.replace("__", ".")).write_bytes(content)
        client.log_artifacts(run_id, folder, model)
    client.create_registered_model(model)
    client.create_model_version(model, f"{client.get_run(run_id).info.artifact_uri}/{model}", run_id=run_id, await_creation_for=0)


def test_odd_versions_are_refused_by_name_and_the_others_come(workspace, asked, client, monkeypatch):
    from nbmlops.models import clean

    run_id = client.create_run(client.create_experiment("odd")).info.run_id
    client.set_terminated(run_id)
    logged(client, run_id, "odd-a-list", "flavors: [sklearn]\n")
    good = "flavors:\n  sklearn: {pickled_model: model.skops}\n"
    logged(
        client, run_id, "odd-b-signature", good + 'signature: {inputs: \'[{"type": "tensor", "tensor-spec": [1]}]\'}\n', model__skops=RIDGE
    )
    logged(client, run_id, "odd-c-slow", good + "signature: null\n", model__skops=hostile_files.FOREST)
    about = {"flavor": "sklearn", "file": "model.skops", "sha256": hashlib.sha256(RIDGE).hexdigest(), "named": True, "trusted": [],
             "columns": [{"name": name, "type": "float", "nullable": False} for name in "ab"],
             "signature": {"inputs": [{"name": name, "type": "float", "nullable": False} for name in "ab"], "outputs": []}}  # fmt: skip
    logged(
        client, run_id, "odd-d-metrics", "metadata: {nbmlops: {metrics: [1], description: mine}}\n",
        model__skops=RIDGE, nbmlops__json=json.dumps(about).encode(),
    )  # fmt: skip
    asking, proofs = clean.ask, []

    def slow(folder: Path, **how: Any) -> Any:
        proofs.append(folder)
        if len(proofs) == 1:
            raise Unavailable("It does not come to its end.", hint="Ask again.")
        return asking(folder, **how)

    monkeypatch.setattr(clean, "ask", slow)
    pulled = mlflow.pull(**asked, experiment="odd", workspace=workspace)
    assert [line.partition(": ")[0] for line in pulled.refused] == [f"Version odd-{name}/1" for name in ("a-list", "b-signature", "c-slow")]
    assert "names no flavors" in pulled.refused[0] and "what is said of it cannot be read: AttributeError" in pulled.refused[1]
    assert pulled.versions == ["odd-d-metrics/1 → 1"]
    assert Registry(workspace).version("odd-d-metrics", 1).description == "mine"


def test_a_model_that_somebody_logs_in_the_twin_of_our_run_is_not_of_our_run(workspace, asked, client):
    made = a_run(workspace, "taken")
    model.register("ours", Ridge().fit(ROWS, ROWS["a"]), data=ROWS, run=made, workspace=workspace)
    mlflow.push(**asked, model="ours", workspace=workspace)
    ours = client.get_model_version("ours", "1")
    client.create_registered_model("ours-again")
    client.create_model_version("ours-again", ours.source, run_id=ours.run_id, await_creation_for=0)
    good = "flavors:\n  sklearn: {pickled_model: model.skops}\n"
    logged(client, ours.run_id, "stolen-by-twin", good, model__skops=RIDGE)
    claims = client.create_run(client.create_experiment("claims"), tags={"nbmlops.run": made}).info.run_id
    client.set_terminated(claims)
    logged(client, claims, "stolen-by-tag", good, model__skops=RIDGE)
    for name, of in {"ours-again": made, "stolen-by-twin": None, "stolen-by-tag": None}.items():
        assert mlflow.pull(**asked, model=name, workspace=workspace).versions == [f"{name}/1 → 1"]
        version = Registry(workspace).version(name, 1)
        assert version.run == of and (of is not None or version.metrics == {}), name
