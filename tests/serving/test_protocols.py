"""Both protocols, with models of every kind."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from nbmlops.endpoints import verbs as endpoint
from nbmlops.serving import log
from nbmlops.workspace import Workspace
from tests.serving.http import promoted, served, trips

pytestmark = pytest.mark.slow

ROW = {"miles": 800.0, "stops": 1, "carrier": "AA", "night": False, "wind": None}


def tensor(name, datatype, data, shape=None):
    return {"name": name, "shape": shape or [len(data)], "datatype": datatype, "data": data}


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    """Bare arrays with two outputs; text labels; answers that are not finite."""
    from sklearn.linear_model import LinearRegression
    from sklearn.tree import DecisionTreeClassifier

    workspace = Workspace.at(tmp_path_factory.mktemp("others"), actor="ada")
    grid = np.arange(12.0).reshape(6, 2)
    promoted(workspace, "bare", LinearRegression().fit(grid, grid @ np.array([[1.0, 0.0], [0.0, 2.0]])), grid)
    frame = trips()
    promoted(workspace, "carrier", DecisionTreeClassifier().fit(frame[["miles"]], frame.carrier), frame[["miles"]])
    small = pd.DataFrame({"x": [1.0, 2.0]})
    endless = LinearRegression().fit(small, [0.0, 1.0])
    endless.coef_[:] = np.inf
    promoted(workspace, "lost", endless, small)
    yield {name: served(workspace, name) for name in ("bare", "carrier", "lost")}
    for name in ("bare", "carrier", "lost"):
        endpoint.stop(name, workspace=workspace)
    workspace.close()


def test_plain_rows_are_answered_in_order_with_an_id_each(ask):
    answer = ask("POST", "/predict", {"rows": [ROW, {**ROW, "miles": 1600}, {k: v for k, v in ROW.items() if k != "wind"}]})
    assert answer.status == 200 and answer.body["model"] == "trip" and answer.body["version"] == 1
    assert answer.body["predictions"] == pytest.approx([100, 200, 100])
    assert len(set(answer.body["ids"])) == 3


def test_the_protocols_documents(ask):
    assert ask("GET", "/v2/health/live").body == {"live": True}
    assert ask("GET", "/v2/health/ready").body == {"ready": True}
    assert ask("GET", "/v2/models/trip/ready").body == {"name": "trip", "ready": True}
    assert ask("GET", "/v2/models/trip/versions/1/ready").status == 200
    assert set(ask("GET", "/v2").body) == {"name", "version", "extensions"}
    found = ask("GET", "/v2/models/trip").body
    assert (found["name"], found["versions"], found["platform"]) == ("trip", ["1"], "nbmlops_sklearn")
    assert found["inputs"] == [
        {"name": "miles", "datatype": "FP64", "shape": [-1]},
        {"name": "stops", "datatype": "INT64", "shape": [-1]},
        {"name": "carrier", "datatype": "BYTES", "shape": [-1]},
        {"name": "night", "datatype": "BOOL", "shape": [-1]},
        {"name": "wind", "datatype": "FP64", "shape": [-1]},
    ]
    assert [output["name"] for output in found["outputs"]] == ["prediction", "prediction_id"]


@pytest.mark.parametrize("nested", [False, True])
def test_a_tensor_for_each_column_nested_or_flat(ask, nested):
    def column(name, datatype, data):
        return tensor(name, datatype, [[v] for v in data], [2, 1]) if nested else tensor(name, datatype, data)

    inputs = [
        column("wind", "FP16", [0.5, None]), column("miles", "FP32", [800, 1600]), column("stops", "UINT8", [0, 2]),
        column("carrier", "BYTES", ["AA", "UA"]), column("night", "BOOL", [True, False]),
    ]  # fmt: skip
    answer = ask.infer(inputs, id="call-7", parameters={"event_at": "2025-03-01T00:00:00Z"}).body
    assert set(answer) == {"model_name", "model_version", "outputs", "id"}
    assert (answer["model_name"], answer["model_version"], answer["id"]) == ("trip", "1", "call-7")
    value, ids = answer["outputs"]
    assert {**value, "data": None} == {"name": "prediction", "datatype": "FP64", "shape": [2], "data": None}
    assert value["data"] == pytest.approx([100, 200])
    assert ids["datatype"] == "BYTES" and ids["shape"] == [2]
    assert ask("POST", "/labels", {"labels": [{"id": ids["data"][0], "label": 1}]}).body == {"joined": 1, "unknown": []}
    kept = log.window(ask.workspace, "trip").set_index("id").loc[ids["data"][0]]
    assert kept.miles == 800 and kept.event_at == pd.Timestamp("2025-03-01", tz="UTC")
    only = ask.infer(inputs, outputs=[{"name": "prediction"}]).body
    assert [output["name"] for output in only["outputs"]] == ["prediction"] and "id" not in only


def test_bare_arrays_are_one_tensor_and_two_outputs_come_back(others):
    ask = others["bare"]
    assert ask("GET", "/v2/models/bare").body["inputs"] == [{"name": "x", "datatype": "FP64", "shape": [-1, 2]}]
    for data in ([1.0, 2.0, 3.0, 4.0], [[1.0, 2.0], [3.0, 4.0]]):
        value = ask.infer([tensor("any", "FP64", data, [2, 2])]).body["outputs"][0]
        assert value["shape"] == [2, 2] and value["data"] == pytest.approx([1, 4, 3, 8])
    named = ask.infer([tensor("x0", "FP64", [1.0]), tensor("x1", "INT64", [2])]).body["outputs"][0]
    assert named["data"] == pytest.approx([1, 4])
    assert np.allclose(ask("POST", "/predict", {"rows": [{"x0": 1, "x1": 2}]}).body["predictions"], [[1, 4]])
    assert ask.infer([tensor("any", "FP64", [1.0, 2.0, 3.0], [1, 3])]).status == 422
    asked = endpoint.predict("bare", np.array([[1.0, 2.0], [3.0, 4.0]]), workspace=ask.workspace)
    assert np.allclose(asked.predictions, [[1, 4], [3, 8]])


def test_text_answers(others):
    ask = others["carrier"]
    value = ask.infer([tensor("miles", "FP64", [500.0])]).body["outputs"][0]
    assert value["datatype"] == "BYTES" and value["data"][0] in ("AA", "UA", "DL")


def test_an_answer_that_is_not_finite_is_null_in_answer_and_log(others):
    ask = others["lost"]
    answer = ask("POST", "/predict", {"rows": [{"x": 1.0}]})
    assert answer.status == 200 and answer.body["predictions"] == [None]
    assert ask("POST", "/labels", {"labels": [{"id": answer.body["ids"][0], "label": 3}]}).body["joined"] == 1
    kept = ask.workspace.prediction_ledger.read("SELECT output FROM prediction WHERE endpoint = 'lost'")
    assert [row["output"] for row in kept] == ["null"]


def test_event_times_go_to_the_log_one_for_all_or_one_each(ask):
    when = ["2024-01-01T00:00:00Z", "2024-01-02T00:00:00+02:00"]
    one = ask("POST", "/predict", {"rows": [ROW, ROW], "event_at": when[0]}).body["ids"]
    each = ask("POST", "/predict", {"rows": [ROW, ROW], "event_at": when}).body["ids"]
    ask("POST", "/labels", {"labels": []})  # waits for the log
    kept = log.window(ask.workspace, "trip").set_index("id").event_at
    assert [kept[i].isoformat() for i in one + each] == ["2024-01-01T00:00:00+00:00"] * 3 + ["2024-01-01T22:00:00+00:00"]


def test_labels_right_after_their_predictions_find_them(ask):
    for _ in range(20):
        ids = ask("POST", "/predict", {"rows": [ROW] * 50}).body["ids"]
        assert ask("POST", "/labels", {"labels": [{"id": i, "label": 1.5} for i in ids]}).body == {"joined": 50, "unknown": []}
    assert ask("POST", "/labels", {"labels": [{"id": "p-nobody", "label": 1}]}).body == {"joined": 0, "unknown": ["p-nobody"]}


def test_a_row_asked_again_under_its_id_is_logged_once_and_another_row_is_refused(ask):
    before = log.counts(ask.workspace, "trip")[0]
    first = ask("POST", "/predict", {"rows": [ROW], "ids": ["order-17"]})
    again = ask("POST", "/predict", {"rows": [ROW], "ids": ["order-17"]})
    assert first.body == again.body and first.body["ids"] == ["order-17"]
    other = ask("POST", "/predict", {"rows": [{**ROW, "miles": 1}], "ids": ["order-17"]})
    assert other.status == 409 and set(other.body) == {"code", "message", "hint"} and "order-17" in other.body["message"]
    ask("POST", "/labels", {"labels": []})
    assert log.counts(ask.workspace, "trip")[0] == before + 1


def test_of_a_key_given_twice_the_last_counts(ask):
    body = b'{"rows": [{"miles": 1, "miles": 800, "stops": 0, "carrier": "AA", "night": true, "wind": 0}]}'
    assert ask("POST", "/predict", body).body["predictions"] == pytest.approx([100])


def test_twenty_thousand_rows_at_once(ask):
    assert len(ask("POST", "/predict", {"rows": [ROW] * 20_000}).body["predictions"]) == 20_000


def test_info_and_metrics_tell_what_is_served(ask):
    info = ask("GET", "/info").body
    assert (info["endpoint"], info["version"], info["dropped_rows"], info["log_error"]) == ("trip", 1, 0, "")
    assert ask("POST", "/predict", b"x").status == 422
    text = ask("GET", "/metrics").body
    assert 'nbmlops_serving_version{endpoint="trip",model="trip"} 1' in text
    assert 'nbmlops_errors_total{endpoint="trip",model="trip",code="invalid"}' in text
    assert ask.token not in text + str(info)
