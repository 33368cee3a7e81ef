"""An endpoint follows its alias: every move is served, no request is lost, what does not load is not served."""

from __future__ import annotations

import http.client
import json
import threading
import time

import pytest

from nbmlops.endpoints import verbs as endpoint
from nbmlops.models import verbs as model
from nbmlops.models.history_verbs import history
from nbmlops.models.registry import Registry
from nbmlops.workspace import Workspace
from tests.serving.http import constant, promoted, served

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def steady(tmp_path_factory):
    """Model `steady`: version n answers n."""
    workspace = Workspace.at(tmp_path_factory.mktemp("follow"), actor="ada")
    for value in (1.0, 2.0, 3.0):
        estimator, frame = constant(value)
        model.register("steady", estimator, data=frame, workspace=workspace)
    model.promote("steady", 1, workspace=workspace)
    yield served(workspace, "steady")
    endpoint.stop("steady", workspace=workspace)
    workspace.close()


class Load(threading.Thread):
    """One client that asks without a pause, over one connection."""

    def __init__(self, ask):
        super().__init__(daemon=True)
        self.ask, self.ending, self.bad, self.answers = ask, threading.Event(), [], 0

    def run(self):
        connection = http.client.HTTPConnection(self.ask.url.hostname, self.ask.url.port, timeout=30)
        headers = {"Authorization": f"Bearer {self.ask.token}", "Content-Type": "application/json"}
        while not self.ending.is_set():
            try:
                connection.request("POST", "/predict", json.dumps({"rows": [{"x": 1.0}, {"x": 2.0}]}), headers)
                answer = connection.getresponse()
                found = json.loads(answer.read())
                if answer.status != 200 or found["predictions"] != [float(found["version"])] * 2:
                    self.bad.append((answer.status, found))
            except Exception as error:
                self.bad.append(repr(error))
                return
            self.answers += 1
        connection.close()


def until(true, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.02)
    return bool(true())


def version(ask):
    return ask("POST", "/predict", {"rows": [{"x": 1.0}]}).body["version"]


def test_moves_under_load_are_served_within_two_seconds_and_no_request_fails(steady):
    clients = [Load(steady) for _ in range(8)]
    for client in clients:
        client.start()
    try:
        for move, expected in (("2", 2), ("3", 3), ("back", 2), ("back", 1), ("3", 3), ("back", 1)):
            if move == "back":
                model.rollback("steady", workspace=steady.workspace)
            else:
                model.promote("steady", int(move), workspace=steady.workspace)
            assert until(lambda expected=expected: version(steady) == expected, 2), f"{move} is not served"
    finally:
        for client in clients:
            client.ending.set()
        for client in clients:
            client.join(30)
    assert [bad for client in clients for bad in client.bad] == []
    assert all(client.answers for client in clients)
    assert until(lambda: endpoint.show("steady", workspace=steady.workspace).serving_version == 1, 10)
    endpoint.label("steady", [], [], workspace=steady.workspace)
    asked = sum(2 * client.answers for client in clients)
    assert steady("POST", "/labels", {"labels": []}).status == 200
    assert endpoint.show("steady", workspace=steady.workspace).predictions >= asked
    periods = history("steady", alias="champion", workspace=steady.workspace).periods
    assert [period.version for period in periods] == [1, 3, 1, 2, 3, 2, 1]
    assert [[one.endpoint for one in period.endpoints] for period in periods] == [["steady"]] * 7
    assert periods[0].endpoints[-1].end is None and all(
        one.end for period in periods[1:] if period.version != 1 for one in period.endpoints
    )


def blob_of(workspace, name, number):
    digest = Registry(workspace).version(name, number).digest
    return workspace.folder / "blobs" / digest[7:9] / digest[9:]


def note(ask):
    return endpoint.show("steady", workspace=ask.workspace).note


def test_a_version_that_does_not_load_is_not_served_and_once_mended_it_is(steady):
    place = steady.workspace
    model.promote("steady", 1, workspace=place)
    assert until(lambda: version(steady) == 1, 10)
    blob = blob_of(place, "steady", 3)
    whole = blob.read_bytes()
    blob.write_bytes(whole[:-1] + b"?")
    try:
        model.promote("steady", 3, workspace=place)
        assert until(lambda: "Version 3 does not load, version 1 goes on" in (note(steady) or ""), 10)
        assert version(steady) == 1
        model.promote("steady", 2, workspace=place)
        assert until(lambda: version(steady) == 2 and note(steady) is None, 10)
        model.promote("steady", 3, workspace=place)
        assert until(lambda: "version 2 goes on" in (note(steady) or ""), 10)
        model.rollback("steady", workspace=place)
        assert until(lambda: note(steady) is None, 10)
        model.promote("steady", 3, workspace=place)
        assert until(lambda: note(steady) is not None, 10)
    finally:
        blob.write_bytes(whole)
    assert until(lambda: version(steady) == 3 and note(steady) is None, 20)


def test_a_version_of_types_that_nobody_trusts_is_not_served(steady):
    place = steady.workspace
    before = version(steady)
    from skops.io import dumps

    from tests.endpoints.stranger import Stranger

    known = Registry(place).version("steady", 1)
    strange = Registry(place).add(
        "steady", flavor="sklearn", digest=place.blobs.put(dumps(Stranger())), size_bytes=1, signature=known.signature, metrics={},
        run=None, dataset=None, target=None, estimator="Stranger", description="by hand",
    )  # fmt: skip
    model.promote("steady", strange.version, workspace=place)
    assert until(lambda: "Stranger" in (note(steady) or ""), 10)
    assert version(steady) == before
    model.rollback("steady", workspace=place)
    assert until(lambda: note(steady) is None, 10)


def test_a_log_that_cannot_be_written_is_told_and_requests_are_answered(workspace):
    estimator, frame = constant(5.0)
    promoted(workspace, "full", estimator, frame)
    ask = served(workspace, "full")
    try:
        assert ask("POST", "/labels", {"labels": []}).status == 200
        blocked = workspace.folder / "predictions.sqlite.lock"
        blocked.unlink()
        blocked.mkdir()
        for _ in range(20):
            assert ask("POST", "/predict", {"rows": [{"x": 1.0}] * 10}).body["predictions"] == [5.0] * 10
        assert until(lambda: ask("GET", "/info").body["dropped_rows"] == 200, 20)
        assert "cannot be written" in ask("GET", "/info").body["log_error"]
        blocked.rmdir()
        assert ask("POST", "/predict", {"rows": [{"x": 1.0}] * 3}).status == 200
        assert until(lambda: "200 answered rows are not in the log" in (endpoint.show("full", workspace=workspace).note or ""), 20)
        assert until(lambda: endpoint.show("full", workspace=workspace).predictions == 3, 10)
    finally:
        endpoint.stop("full", workspace=workspace)
