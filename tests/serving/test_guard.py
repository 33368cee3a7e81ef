"""Who may ask."""

from __future__ import annotations

import pytest

from nbmlops.serving.app import create_app

pytestmark = pytest.mark.slow

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")


class _NoModel:
    token_digest = ""


def paths():
    found = [route.path for route in create_app(_NoModel()).routes]
    assert len(found) > 8
    return [path.replace("{name}", "trip").replace("{version}", "1") for path in found] + [
        "/",
        "/nothing",
        "/info/",
        "/docs",
        "/openapi.json",
    ]


def refused(answer, status, code):
    assert answer.status == status
    assert set(answer.body) == {"code", "message", "hint"} and answer.body["code"] == code


def test_without_a_token_every_route_and_method_answers_the_same(ask):
    said = set()
    for path in paths():
        for method in METHODS:
            answer = ask(method, path, token=None)
            assert answer.status == 401, (method, path)
            if method != "HEAD":
                said.add(str(answer.body))
                assert set(answer.body) == {"code", "message", "hint"}
    assert len(said) == 1


def test_a_wrong_token_and_one_in_the_address_are_none(ask):
    refused(ask("GET", "/info", token="wrong"), 401, "unauthenticated")
    refused(ask("GET", f"/info?token={ask.token}", token=None), 401, "unauthenticated")
    for value in (ask.token, f"Basic {ask.token}", f"Bearer {ask.token}x", "Bearer", "Bearer \xe9", f"token {ask.token}"):
        refused(ask("GET", "/info", token=None, headers={"Authorization": value}), 401, "unauthenticated")
    assert ask("GET", "/info").status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1:1",
        "127.0.0.1",
        "localhost",
        "127.0.0.1:{port}.evil",
        "me@127.0.0.1:{port}",
        "",
        "[::1",
        "localhost:{port}/x",
    ],
)
def test_another_host_is_refused(ask, host):
    refused(ask("GET", "/info", headers={"Host": host.format(port=ask.url.port)}), 403, "forbidden")


@pytest.mark.parametrize(
    "origin", ["null", "http://evil.example", "http://localhost", "http://127.0.0.1:1", "https://127.0.0.1:{port}", "", "file://"]
)
def test_another_origin_is_refused(ask, origin):
    refused(ask("GET", "/info", headers={"Origin": origin.format(port=ask.url.port)}), 403, "forbidden")


def test_the_server_by_its_own_names(ask):
    for name in ("localhost", "127.0.0.1", "LOCALHOST"):
        assert ask("GET", "/info", headers={"Host": f"{name}:{ask.url.port}", "Origin": f"http://{name}:{ask.url.port}"}).status == 200
