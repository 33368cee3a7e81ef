"""Nobody without a token, a foreign page or a foreign host gets an answer."""

from __future__ import annotations

import json
import re
from typing import Any

from nbmlops.contract.table import verbs
from nbmlops.doors import rest

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
PATHS = sorted({verb.path for verb in verbs().values() if verb.path} | {"/nothing", "/"})


async def logged_in(send: Any, app: Any) -> dict[str, str]:
    """The cookies of a browser that came with the token, by name."""
    pages = [await send("GET", f"nbmlops/changes?token={app.identity_provider.token}"), await send("GET", "login")]
    said = [cookie.split(";")[0].split("=", 1) for page in pages for cookie in page.headers.get_list("Set-Cookie")]
    return {name: value for name, value in said}


def header(cookies: dict[str, str]) -> dict[str, str]:
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}


async def test_every_path_refuses_every_method_without_a_token(send, workspace):
    for path in PATHS:
        for method in METHODS:
            response = await send(
                method, "nbmlops" + re.sub(r"\{\w+\}", "1", path), body="{}" if method in ("POST", "PUT", "PATCH") else None
            )
            assert response.code == 403, (method, path)
            if method != "HEAD":
                assert set(json.loads(response.body)) == {"code", "message", "hint"}
                assert json.loads(response.body)["code"] == "forbidden"


def test_every_method_of_the_handler_asks_who_is_there():
    for method in METHODS:
        function = getattr(rest.VerbHandler, method.lower())
        assert hasattr(function, "__wrapped__"), f"{method} is answered without authenticated(authorized(…))"


async def test_a_wrong_token_is_no_token(send, workspace):
    assert (await send("GET", "nbmlops/runs", {"Authorization": "token wrong"})).code == 403


async def test_a_foreign_host_is_refused_with_the_right_token(send, jp_auth_header, workspace):
    response = await send("GET", "nbmlops/runs", {**jp_auth_header, "Host": "evil.example"})
    assert response.code == 403


async def test_a_browser_needs_its_xsrf_token_to_change_something(send, jp_serverapp, workspace):
    cookies = await logged_in(send, jp_serverapp)
    assert (await send("GET", "nbmlops/changes", header(cookies))).code == 200
    body = '{"version": 1}'
    refused = await send("PUT", "nbmlops/models/churn/aliases/champion", header(cookies), body)
    assert refused.code == 403
    assert set(json.loads(refused.body)) == {"code", "message", "hint"}
    passed = await send("PUT", "nbmlops/models/churn/aliases/champion", {**header(cookies), "X-XSRFToken": cookies["_xsrf"]}, body)
    assert passed.code == 404  # through the door: there is no such model


async def test_a_foreign_page_is_refused(send, jp_serverapp, workspace):
    cookies = await logged_in(send, jp_serverapp)
    response = await send("GET", "nbmlops/runs", {**header(cookies), "Origin": "http://evil.example"})
    assert response.code in (403, 404)
    assert b"evil" not in response.body


async def test_an_authorizer_may_say_no(send, jp_serverapp, jp_auth_header, workspace, monkeypatch):
    asked = []

    def never(self: Any, handler: Any, user: Any, action: str, resource: str) -> bool:
        asked.append((action, resource))
        return False

    monkeypatch.setattr(type(jp_serverapp.authorizer), "is_authorized", never)
    assert (await send("GET", "nbmlops/runs", jp_auth_header)).code == 403
    assert (await send("PUT", "nbmlops/models/churn/aliases/champion", jp_auth_header, '{"version": 1}')).code == 403
    assert asked == [("read", "nbmlops"), ("write", "nbmlops")]
