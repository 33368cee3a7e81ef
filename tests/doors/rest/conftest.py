"""A real Jupyter server with the extension, and a workspace in its folder."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import pytest

# Here and not at the root: these fixtures give every test an event loop, which only these tests want.
from pytest_jupyter.jupyter_server import *  # noqa: F403
from tornado.httpclient import HTTPClientError

from nbmlops.workspace import Workspace, _opened


class Answer(NamedTuple):
    status: int
    body: Any
    headers: Any


Ask = Callable[..., Awaitable[Answer]]


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {"ServerApp": {"jpserver_extensions": {"nbmlops": True}, "allow_unauthenticated_access": False}}


@pytest.fixture(autouse=True)
def somewhere_else(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server is told where the workspace is by the request, never by its own current folder."""
    monkeypatch.chdir(tmp_path_factory.mktemp("cwd"))
    monkeypatch.delenv("NBMLOPS_WORKSPACE", raising=False)


@pytest.fixture
def workspace(jp_root_dir: Path) -> Iterator[Workspace]:
    """A workspace in the server's folder."""
    made = Workspace.at(jp_root_dir, actor="ada")
    yield made
    made.close()


@pytest.fixture
def send(jp_serverapp: Any, http_server_client: Any, jp_base_url: str) -> Callable[..., Awaitable[Any]]:
    """A request with nothing but what the test gives it; a refusal is an answer too."""

    async def sent(method: str, path: str, headers: dict[str, str] | None = None, body: bytes | str | None = None) -> Any:
        try:
            return await http_server_client.fetch(
                jp_base_url + path, method=method, headers=headers or {}, body=body, follow_redirects=False, allow_nonstandard_methods=True
            )  # fmt: skip
        except HTTPClientError as error:
            return error.response

    return sent


@pytest.fixture
def ask(send: Any, jp_auth_header: dict[str, str]) -> Ask:
    """Ask a verb with the server's token. A list in the query is its name again and again."""

    async def asked(method: str, path: str, body: Any = None, *, raw: bytes | None = None, **query: Any) -> Answer:
        words = f"?{urlencode(query, doseq=True)}" if query else ""
        sent = raw if raw is not None else None if body is None else json.dumps(body)
        response = await send(method, f"nbmlops/{quote(path)}{words}", jp_auth_header, sent)
        text = response.body.decode()
        return Answer(response.code, json.loads(text) if text else None, response.headers)

    return asked


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """What the server opened is closed when its test ends."""
    yield
    for known in _opened.values():
        known.close()
    _opened.clear()
