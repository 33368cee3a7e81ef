"""What is asked of a study: whether it can be, whether it is the same as before, and what is wrong, before anything starts."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from nbmlops import pipeline
from nbmlops.errors import Conflict, Missing, NbmlopsError
from nbmlops.ledger.owner import this_process
from nbmlops.pipelines.sweeps.asked import held, target
from nbmlops.pipelines.sweeps.book import StudyBook
from nbmlops.runs.book import RunBook
from nbmlops.workspace import Workspace
from tests.pipelines.notebooks import written

NOTHING: dict[str, Any] = dict.fromkeys(("over", "params", "metric", "direction", "by", "seed", "prune", "trials"))


@pytest.fixture
def place(tmp_path: Path):
    written(tmp_path / "train.ipynb", "loss = alpha", parameters="alpha = 1.0\ndepth: int = 1\nkind = 'a'\napi_key = ''")
    written(tmp_path / "bare.ipynb", "loss = 1", parameters=None)
    (tmp_path / "p.yaml").write_text("params: {alpha: 1.0}\nsteps: {train: {notebook: train.ipynb, params: {alpha: '${params.alpha}'}}}")
    found = Workspace.at(tmp_path)
    yield found
    found.close()


OVER = {"alpha": [0.1, 1.0]}
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "nothing to vary": ({"metric": "loss"}, "Nothing is varied.*--over"),
    "an empty space": ({"over": {}, "metric": "loss"}, "Nothing is varied"),
    "no metric": ({"over": OVER}, "Which value decides.*--metric"),
    "a metric of no direction": ({"over": OVER, "metric": "rows"}, "cannot be told.*--direction"),
    "a hostile metric": ({"over": OVER, "metric": "a\x1b[31m"}, "control character"),
    "a parameter that it has not": ({"over": {"aplha": [1]}, "metric": "loss"}, "no parameter 'aplha'.*alpha, api_key, depth, kind"),
    "a hostile parameter": ({"over": {"<img src=x>": [1]}, "metric": "loss"}, "no parameter '<img src=x>'"),
    "another type": ({"over": {"depth": [1, 2.5]}, "metric": "loss"}, "depth is 2.5, not a whole number"),
    "a range for a text": ({"over": {"kind": "1..2"}, "metric": "loss"}, "kind is 1, not a text"),
    "a fixed one of another type": ({"over": OVER, "metric": "loss", "params": {"depth": "x"}}, "depth is 'x', not a whole number"),
    "both": ({"over": OVER, "metric": "loss", "params": {"alpha": 1}}, "alpha is varied and given one value"),
    "a secret": ({"over": {"api_key": ["abc123def", "x"]}, "metric": "loss"}, "looks like a secret"),
    "no trials": ({"over": OVER, "metric": "loss", "trials": 0}, "0 trials"),
    "too many": ({"over": OVER, "metric": "loss", "trials": 10**7}, "10,000,000 trials"),
    "a grid without end": ({"over": {"alpha": "0..1"}, "metric": "loss", "by": "grid"}, "alpha has no end of values"),
    "a hostile name": ({"over": OVER, "metric": "loss", "name": "../x"}, "cannot be the name of a study"),
    "no jobs": ({"over": OVER, "metric": "loss", "jobs": 0}, "0 trials at a time"),
    "no time": ({"over": OVER, "metric": "loss", "timeout_s": 0}, "cannot be stopped after 0 s"),
    "no such notebook": ({"notebook": "nope.ipynb", "over": OVER, "metric": "loss"}, "no notebook"),
    "no parameters cell": ({"notebook": "bare.ipynb", "over": OVER, "metric": "loss"}, "no parameters cell"),
    "a pipeline's parameter": ({"notebook": "p.yaml", "over": {"beta": [1]}, "metric": "loss"}, "p has no parameter 'beta'"),
    "a pipeline pruned": ({"notebook": "p.yaml", "over": OVER, "metric": "loss", "prune": True}, "cannot be pruned"),
    "a pipeline timed": ({"notebook": "p.yaml", "over": OVER, "metric": "loss", "timeout_s": 3}, "each of its steps"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said_before_anything_starts(name: str, place: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place.root)
    said, words = WRONG[name]
    with pytest.raises(NbmlopsError) as refused:
        pipeline.sweep(said.get("notebook", "train.ipynb"), workspace=place, **{key: value for key, value in said.items() if key != "notebook"})
    import re

    assert re.search(words, f"{refused.value.message} {refused.value.hint}"), refused.value
    assert not RunBook(place).find() and not pipeline.studies(workspace=place)


def asked(place: Workspace, name: str | None = None, **said: Any) -> Any:
    return held(target(str(place.root / "train.ipynb"), place), name, StudyBook(place).known, **{**NOTHING, **said})


def test_how_values_are_chosen_where_nobody_says(place: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def how(**said: Any) -> tuple[str, int]:
        _, found, _ = asked(place, metric="loss", **said)
        return found.by, found.trials

    lists = {"alpha": [0.1, 1, 10], "depth": [1, 2]}
    assert how(over=lists) == how(over=lists, trials=9) == ("grid", 6) and how(over=lists, trials=5) == ("optuna", 5)
    assert how(over={"alpha": "0..1"}) == ("optuna", 20) and how(over={"depth": "1..3"}, by="grid") == ("grid", 3)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert how(over={"alpha": "0..1"}) == ("random", 20)
    monkeypatch.setitem(__import__("sys").modules, "optuna", None)
    with pytest.raises(Missing, match="needs optuna") as refused:
        pipeline.sweep(str(place.root / "train.ipynb"), over={"alpha": "0..1"}, metric="loss", by="optuna", workspace=place)
    assert "nbmlops[tune]" in refused.value.hint and not RunBook(place).find()


def test_the_same_is_found_again_and_nothing_is_mixed(place: Workspace) -> None:
    over = {"alpha": [0.1, 1], "depth": "1..3"}
    name, first, _ = asked(place, over=over, metric="loss")
    turned = asked(place, over={"depth": {"low": 1, "high": 3}, "alpha": [0.1, 1]}, metric="loss", trials=50, direction="minimize")
    assert turned[0] == name and name.startswith("train-"), "the same, said otherwise, and more of it"
    assert asked(place, over=over, metric="loss", seed=1)[0] != name != asked(place, over=over, metric="mae")[0]
    book = StudyBook(place)
    run = book.begin("mine", first)
    assert book.show("mine").run == book.show(run).run == book.show(run[:15]).run == run and book.show("mine").status == "running"
    _, again, spaces = asked(place, "mine", trials=7)
    assert (again.over, again.metric, again.trials, again.by) == (first.over, "loss", 7, "optuna") and list(spaces) == ["alpha", "depth"]
    for other, words in ({"over": {"alpha": [0.1, 1]}}, "what is varied"), ({"seed": 5}, "--seed"), ({"prune": True}, "--prune"), ({"by": "random"}, "--by"):
        with pytest.raises(Conflict, match=words) as refused:
            asked(place, "mine", **other)
        assert "--name" in refused.value.hint
    written(place.root / "train.ipynb", "loss = alpha + 1", parameters="alpha = 1.0\ndepth: int = 1\nkind = 'a'")
    with pytest.raises(Conflict, match="its code"):
        asked(place, "mine")
    assert asked(place, over=over, metric="loss")[0] != name, "without a name it is another study"
    with pytest.raises(Conflict, match=rf"being executed already: {run}, by process {this_process().pid} "):
        book.begin("mine", first)


def test_a_secret_among_the_fixed_values_is_not_kept(place: Workspace) -> None:
    _, first, _ = asked(place, "mine", over=OVER, metric="loss", params={"api_key": "abc123def456", "depth": 2})
    book = StudyBook(place)
    book.runs.end(book.begin("mine", first), "killed")
    assert b"abc123def456" not in (place.folder / "ledger.sqlite").read_bytes() + (place.folder / "ledger.sqlite-wal").read_bytes()
    with pytest.raises(NbmlopsError, match="was not kept"):
        asked(place, "mine")
    assert asked(place, "mine", params={"api_key": "abc123def456", "depth": 2})[1].params["api_key"] == "abc123def456"
