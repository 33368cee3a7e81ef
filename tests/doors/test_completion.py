"""What Tab offers: only what fits, from the ledger where there is one, and never an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbmlops.contract.table import STAGES, verbs
from nbmlops.doors.completion import _KNOWN, complete
from nbmlops.runs.book import RunBook
from nbmlops.workspace import Workspace


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NBMLOPS_WORKSPACE", raising=False)
    return tmp_path


def test_nouns_then_actions_then_options_then_choices(here: Path) -> None:
    assert complete("", {})[1][: len(STAGES)] == list(STAGES)
    assert complete("run f", {}) == ("f", ["find"])
    assert complete("run find --st", {}) == ("--st", ["--status"])
    assert complete("run find --status f", {}) == ("f", ["finished", "failed"])
    assert "--status" not in complete("run find --status failed --", {})[1]


def test_a_slip_is_offered_what_was_meant(here: Path) -> None:
    assert complete("rnu", {}) == ("rnu", ["run"])
    assert complete("run fnid", {}) == ("fnid", ["find"])
    assert complete("run find --limti", {}) == ("--limti", ["--limit"])


def test_live_arguments_are_offered_variables(here: Path) -> None:
    names = {"flights": [1], "_private": 1, "Path": Path, "print_it": lambda: 1, "hidden": 1}
    assert complete("data fingerprint ", names, hidden=["hidden", "print_it"])[1][0] == "flights"
    assert complete("data fingerprint fl", names) == ("fl", ["flights"])


def test_names_come_from_the_ledger(here: Path) -> None:
    place = Workspace.at(here)
    made = RunBook(place).open("first", experiment="two words", kind="explicit", tags={}, params={})
    assert complete("run show r", {}) == ("r", [made])
    assert complete("run compare x r", {}) == ("r", [made])
    assert complete("run find --experiment ", {}) == ("", ["'two words'"])
    place.close()


def test_completing_makes_no_workspace(here: Path) -> None:
    complete("run show ", {})
    assert list(here.iterdir()) == []


def test_every_question_to_the_ledger_can_be_asked(workspace: Workspace) -> None:
    for sql in _KNOWN.values():
        assert isinstance(workspace.ledger.read(sql, 5), list)


def test_every_argument_of_every_verb_completes(here: Path) -> None:
    for verb in verbs().values():
        _, offered = complete(f"{verb.noun} {verb.action} --", {})
        assert {f"--{parameter.name.replace('_', '-')}" for parameter in verb.parameters if not parameter.positional} <= set(offered), (
            verb.id
        )
        for option in offered:
            assert isinstance(complete(f"{verb.noun} {verb.action} {option} ", {})[1], list)


@pytest.mark.parametrize(
    "text", ["'", "run show 'a", "nobody does ", "run nothing --", "run find --nope ", "x" * 10_000, "🚀 <img>", "run find [", "\x00"]
)
def test_whatever_is_typed_nothing_breaks(text: str, here: Path) -> None:
    assert isinstance(complete(text, {})[1], list)


def test_the_first_line_of_a_cell_offers_its_own(here: Path) -> None:
    assert complete("", {}, cell=True)[1] == ["run"]
    assert complete("run x --e", {}, cell=True) == ("--e", ["--experiment"])
