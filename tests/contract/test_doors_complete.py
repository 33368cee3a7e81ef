"""Every verb has all its doors; a door that falls behind the table fails here."""

from __future__ import annotations

import dataclasses
import importlib
import re
from typing import get_args, get_origin

import pytest

import nbmlops
from nbmlops.contract.request import _shape, usage
from nbmlops.contract.table import STAGES, Verb, verbs
from nbmlops.contract.typescript import emit, verb_table_rows
from nbmlops.contract.words import HelpAsked, overview, parse, parser_of
from nbmlops.doors.display import RECORDS

VERBS = list(verbs().values())
every_verb = pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.id)

# Verbs that have no REST door although they need no live object: what they change is in the process that asks.
NOTEBOOK_OR_SHELL = {
    "workspace.init": "it makes a folder where the person stands",
    "workspace.status": "a session belongs to the kernel that it lives in",
    "run.start": "a run belongs to the process that does the work",
    "run.end": "a run belongs to the process that does the work",
    "run.log": "a run belongs to the process that does the work",
    "model.sign": "a private key is read where the person stands, and by nobody over the network",
    "run.lock": "it writes a file where the person stands; the environment itself is in the run's record",
}


@pytest.mark.parametrize("noun", STAGES)
def test_a_noun_of_the_package_has_the_verbs_of_the_table(noun: str) -> None:
    assert set(dir(getattr(nbmlops, noun))) == {verb.action for verb in VERBS if verb.noun == noun}
    for verb in VERBS:
        if verb.noun == noun:
            assert getattr(getattr(nbmlops, noun), verb.action) is verb.function


def test_every_noun_has_verbs() -> None:
    assert {verb.noun for verb in VERBS} == set(STAGES)


def test_no_two_verbs_share_a_route() -> None:
    routes = [(verb.method, re.sub(r"{\w+}", "{}", verb.path)) for verb in VERBS if verb.path]
    assert len(routes) == len(set(routes))


@every_verb
def test_a_verb_explains_itself_and_every_argument(verb: Verb) -> None:
    assert verb.summary.endswith(".") and len(verb.summary) > 10
    assert [parameter.name for parameter in verb.parameters if not parameter.help] == []
    assert verb.returns is not None


@every_verb
def test_a_verb_can_be_asked_in_a_notebook(verb: Verb) -> None:
    with pytest.raises(HelpAsked) as asked:
        parse([verb.noun, verb.action, "--help"], prog="%mlops", notebook=True)
    text = re.sub(r"\s+", "", str(asked.value))
    for parameter in verb.parameters:
        assert re.sub(r"\s+", "", parameter.help) in text, parameter.name


@every_verb
def test_a_verb_can_be_asked_in_a_shell_unless_only_a_notebook_has_what_it_needs(verb: Verb) -> None:
    if verb.needs_notebook:
        assert verb.method is None
        return
    parser = parser_of(verb, prog="nbmlops", notebook=False)
    known = {action.dest for action in parser._actions}
    assert {parameter.name for parameter in verb.stored} <= known
    assert usage(verb).startswith(f"{verb.noun} {verb.action}")


@every_verb
def test_a_verb_has_a_rest_door_or_a_reason(verb: Verb) -> None:
    if verb.method is None:
        assert verb.needs_notebook or verb.id in NOTEBOOK_OR_SHELL, f"{verb.id} has no REST door: give it one, or a reason here"
        return
    assert verb.method in ("GET", "POST", "PUT", "DELETE", "PATCH")
    stored = {parameter.name for parameter in verb.stored}
    assert set(re.findall(r"{(\w+)}", verb.path or "")) <= stored


@every_verb
def test_a_verb_that_only_looks_is_a_get_and_a_get_takes_what_a_query_can_carry(verb: Verb) -> None:
    if verb.method == "GET":
        assert verb.action not in ("start", "stop", "register", "promote", "rollback", "apply", "run", "set")
        assert not any(get_origin(parameter.bare) is dict for parameter in verb.stored)


@every_verb
def test_the_request_type_of_a_verb_builds(verb: Verb) -> None:
    assert set(_shape(verb).__struct_fields__) == {parameter.name for parameter in verb.stored}


def test_typescript_has_every_routed_verb_and_its_route() -> None:
    text = emit()
    for verb in VERBS:
        if verb.method is not None:
            assert f"  '{verb.id}': {{ request:" in text
            assert f"'{verb.id}': ['{verb.method}', '{verb.path}']" in text


def test_the_readme_table_and_the_overview_have_every_verb() -> None:
    assert [row[0] for row in verb_table_rows(verbs())] == list(verbs())
    text = overview("nbmlops")
    for verb in VERBS:
        assert verb.summary in text


def test_every_record_has_a_display() -> None:
    for module, names in RECORDS.items():
        found = importlib.import_module(module)
        there = {name for name, value in vars(found).items() if dataclasses.is_dataclass(value) and value.__module__ == module}
        assert there == set(names)


@every_verb
def test_what_a_verb_returns_is_displayed(verb: Verb) -> None:
    for kind in get_args(verb.returns) or (verb.returns,):  # of a list, its members; of a union, each
        assert kind.__name__ in RECORDS[kind.__module__]
