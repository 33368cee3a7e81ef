"""Every verb with a route answers over HTTP, in one shape."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest

from nbmlops.contract.table import Parameter, Verb, verbs
from nbmlops.doors import rest
from nbmlops.errors import Invalid, NotFound
from nbmlops.runs.book import RunBook
from nbmlops.workspace import Workspace

ROUTED = [verb for verb in verbs().values() if verb.method]


def invented(parameter: Parameter) -> Any:
    """A value of the right type that names nothing there is."""
    kind = parameter.bare
    if kind is datetime:
        return "2026-01-01T00:00:00Z"
    if get_origin(kind) in (list, tuple):
        return ["no-such", "nor-this"]
    if get_origin(kind) is dict:
        return {}
    if get_origin(kind) is not None:
        return get_args(kind)[0]
    return {int: 1, float: 1.0, bool: False}.get(kind, "no-such")


def request_of(verb: Verb) -> tuple[str, dict[str, Any]]:
    """Path and remaining arguments, with everything that is required."""
    path, rest_of_it = verb.path or "", {}
    for parameter in verb.stored:
        if f"{{{parameter.name}}}" in path:
            path = path.replace(f"{{{parameter.name}}}", str(invented(parameter)))
        elif parameter.required:
            rest_of_it[parameter.name] = invented(parameter)
    return path.lstrip("/"), rest_of_it


@pytest.mark.parametrize("verb", ROUTED, ids=lambda verb: verb.id)
async def test_every_verb_with_a_route_answers_with_a_record_or_an_error_in_the_one_shape(verb: Verb, ask, workspace):
    path, arguments = request_of(verb)
    asking = verb.method in rest.ASKING
    answer = await ask(verb.method, path, None if asking else arguments, **(arguments if asking else {}))
    if answer.status >= 400:
        assert set(answer.body) == {"code", "message", "hint"}
        assert answer.body["code"] != "internal", answer.body
        assert answer.body["message"]
    else:
        assert answer.status == 200
        assert answer.body is not None
    assert answer.headers["Content-Type"].startswith("application/json")


def test_no_verb_has_an_argument_that_the_address_needs_for_itself():
    taken = {(verb.id, parameter.name) for verb in ROUTED for parameter in verb.stored if parameter.name in rest._OTHERS}
    assert not taken


def test_a_fixed_path_comes_before_one_with_parameters():
    made = [pattern for pattern, _, _ in rest.handlers(ROUTED, "/", Path("/"))]
    order = ["(" in pattern for pattern in made if pattern.count("/") == 3]
    assert order == sorted(order)


async def test_runs_arrive_as_records(ask, workspace: Workspace):
    run = RunBook(workspace).open("first try 🚀", experiment="delays", kind="explicit", params={"depth": 3, "rate": float("nan")})
    answer = await ask("GET", "runs", experiment="delays", limit="5")
    assert [found["id"] for found in answer.body] == [run]
    assert answer.body[0]["name"] == "first try 🚀"
    assert answer.body[0]["params"]["depth"] == 3
    assert (await ask("GET", f"runs/{run}")).body["run"]["status"] == "running"


async def test_the_cursor_moves_when_another_writer_writes(ask, workspace: Workspace):
    before = (await ask("GET", "changes", since="-1")).body["cursor"]
    run = RunBook(workspace).open("second", experiment="delays", kind="explicit")
    after = (await ask("GET", "changes", since=str(before))).body
    assert after["cursor"] > before
    assert after["topics"] == {"run": [run]}


async def test_a_list_is_given_by_naming_it_again(ask, workspace: Workspace):
    book = RunBook(workspace)
    a, b = (book.open(name, experiment="delays", kind="explicit", params={"depth": depth}) for name, depth in (("a", 1), ("b", 2)))
    compared = next(verb for verb in ROUTED if verb.id == "run.compare")
    answer = await ask("GET", (compared.path or "").lstrip("/"), runs=[a, b])
    assert [run["id"] for run in answer.body["runs"]] == [a, b]


async def test_what_must_be_one_value_is_refused_twice(ask, workspace):
    answer = await ask("GET", "runs", limit=["1", "2"])
    assert (answer.status, answer.body["code"]) == (422, "invalid")


async def test_an_unknown_argument_is_named_with_those_there_are(ask, workspace):
    answer = await ask("GET", "runs", colour="red")
    assert answer.status == 422
    assert "'colour'" in answer.body["message"]
    assert "experiment" in answer.body["hint"]


async def test_a_number_in_a_path_must_be_one(ask, workspace):
    answer = await ask("POST", "models/churn/versions/seven/check", {})
    assert answer.status == 422
    assert "seven" in answer.body["message"]


async def test_path_and_body_may_not_disagree(ask, workspace):
    answer = await ask("PUT", "models/churn/aliases/champion", {"model": "other", "version": 1})
    assert answer.status == 422
    assert "other" in answer.body["message"]


@pytest.mark.parametrize("raw", [b"{", b"[1]", b'"x"', b'{"version": NaN}', b"\xff", b"[" * 100_000])
async def test_a_body_that_is_no_json_object_is_refused(ask, workspace, raw):
    answer = await ask("PUT", "models/churn/aliases/champion", raw=raw)
    assert (answer.status, answer.body["code"]) == (422, "invalid")


async def test_a_number_may_not_come_as_text_in_a_body(ask, workspace):
    answer = await ask("PUT", "models/churn/aliases/champion", {"version": "1"})
    assert (answer.status, answer.body["code"]) == (422, "invalid")


async def test_a_body_beyond_the_limit_is_refused(ask, workspace):
    answer = await ask("PUT", "models/churn/aliases/champion", raw=b'{"reason": "' + b"x" * rest.MAX_BODY_BYTES + b'"}')
    assert (answer.status, answer.body["code"]) == (413, "too_large")


async def test_a_path_nobody_has_says_so(ask, workspace):
    answer = await ask("GET", "no/such/thing")
    assert (answer.status, answer.body["code"]) == (404, "not_found")


async def test_a_method_a_path_does_not_answer_names_those_it_does(ask, workspace):
    answer = await ask("DELETE", "runs")
    assert answer.status == 405
    assert answer.headers["Allow"] == "GET"
    assert "GET" in answer.body["hint"]


async def test_a_fault_of_ours_shows_no_traceback_and_is_logged(ask, workspace, monkeypatch, caplog):
    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(rest, "call", broken)
    with caplog.at_level("ERROR"):
        answer = await ask("GET", "runs")
    assert answer.status == 500
    assert answer.body["code"] == "internal"
    assert "secret" not in str(answer.body)


async def test_asking_makes_no_workspace_where_none_is(ask, jp_root_dir: Path):
    for method, path in (("GET", "runs"), ("GET", "changes"), ("GET", "workspace"), ("DELETE", "endpoints/none")):
        answer = await ask(method, path)
        assert (answer.status, answer.body["code"]) == (404, "not_found")
        assert "%load_ext nbmlops" in answer.body["hint"]
    assert not (jp_root_dir / ".nbmlops").exists()


async def test_the_workspace_is_the_nearest_above_the_notebook(ask, jp_root_dir: Path):
    inner = jp_root_dir / "project"
    (inner / "deep").mkdir(parents=True)
    for place in (Workspace.at(jp_root_dir), Workspace.at(inner)):
        place.ledger.schema_version
        place.close()
    assert (await ask("GET", "workspace", near="project/deep/new.ipynb")).body["root"] == str(inner.resolve())
    assert (await ask("GET", "workspace", near="other.ipynb")).body["root"] == str(jp_root_dir.resolve())
    assert (await ask("GET", "workspace")).body["root"] == str(jp_root_dir.resolve())


async def test_a_workspace_made_anew_is_seen_by_a_server_that_knew_the_old_one(ask, jp_root_dir: Path):
    for name in ("before", "after"):
        place = Workspace.at(jp_root_dir)
        RunBook(place).open(name, experiment="delays", kind="explicit")
        place.close()
        assert [run["name"] for run in (await ask("GET", "runs")).body] == [name]
        (jp_root_dir / ".nbmlops").rename(jp_root_dir / f".{name}")
        assert (await ask("GET", "runs")).status == 404


@pytest.mark.parametrize("near", ["../x.ipynb", "a/../../x", "..", "%2e%2e/x" + "/.." * 3, "link/x.ipynb", "n" * 5000 + "/../.."])
async def test_a_path_out_of_the_servers_folder_is_refused(ask, workspace, jp_root_dir: Path, tmp_path: Path, near: str):
    (tmp_path / "outside").mkdir()
    (jp_root_dir / "link").symlink_to(tmp_path / "outside")
    answer = await ask("GET", "workspace", near=near)
    assert (answer.status, answer.body["code"]) == (422, "invalid")


@pytest.mark.parametrize("near", ["<img src=x onerror=alert(1)>.ipynb", "🚀/né.ipynb", "/runs.ipynb", "a b&c=d#e.ipynb", "n" * 10_000])
async def test_a_strange_name_inside_the_folder_finds_its_workspace_or_is_no_path(ask, workspace, near: str):
    answer = await ask("GET", "workspace", near=near)
    assert answer.status == 200 or answer.body["code"] == "invalid"


def test_a_workspace_is_made_only_by_what_changes_something(tmp_path: Path):
    with pytest.raises(NotFound):
        rest.workspace_near(tmp_path, "", make=False)
    made = rest.workspace_near(tmp_path, "a/b.ipynb", make=True)
    assert made.root == tmp_path.resolve()
    made.close()


def test_a_path_with_a_nul_is_no_path(tmp_path: Path):
    with pytest.raises(Invalid, match="is no path"):
        rest.workspace_near(tmp_path, "a\0b", make=True)


def test_a_ring_of_links_is_no_path(tmp_path: Path):
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises((Invalid, NotFound)):
        rest.workspace_near(tmp_path, "a/x", make=False)


async def test_a_panel_that_looks_keeps_no_server_awake(ask, workspace, jp_serverapp):
    settings = jp_serverapp.web_app.settings
    settings["api_last_activity"] = None
    await ask("GET", "changes")
    assert settings["api_last_activity"] is None


async def test_jupyterlab_is_told_where_its_folder_is(jp_serverapp, jp_root_dir: Path):
    assert jp_serverapp.web_app.settings["page_config_data"]["nbmlopsRoot"] == str(jp_root_dir.resolve())
