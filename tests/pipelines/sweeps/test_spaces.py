"""What is varied, and how values are drawn from it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbmlops.contract.words import pairs
from nbmlops.errors import Invalid, NbmlopsError
from nbmlops.pipelines.sweeps.judge import Judge
from nbmlops.pipelines.sweeps.samplers import Grid, Optuna, Random, combinations
from nbmlops.pipelines.sweeps.spaces import Choices, Span, spaces
from nbmlops.runs.records import MetricPoint, Trial

KINDS: dict[str, tuple[type, ...]] = {"alpha": (int, float), "depth": (int,), "kind": (str,)}
SAID = {
    "alpha=[0.1, 1, 10]": Choices((0.1, 1, 10)), "kind=[ridge, lasso]": Choices(("ridge", "lasso")), 'kind=["a, b"]': Choices(("a, b",)),
    "x=[true, null, [1, 2], a]": None, "x=['a', None, 1.5]": Choices(("a", None, 1.5)), "x=[b'a']": None, "x=[{1}]": None,
    "x=[true,null,[1,2]]": Choices((True, None, [1, 2])),
    "depth=2..10": Span(2, 10, True), "alpha=2..10": Span(2.0, 10.0, False), "x=-5..+5": Span(-5.0, 5.0, False), "x=-5..5": Span(-5, 5, True),
    "rate=1e-4..0.1,log": Span(1e-4, 0.1, False, True), "rate=1e-4..0.1 log": Span(1e-4, 0.1, False, True), "depth=1..1000,log": Span(1, 1000, True, True),
    "alpha=3": None, "kind=fast": None, "alpha=[]": None, "alpha=[1, 1]": None, "alpha=10..2": None, "alpha=0..1,log": None, "alpha=1...2": None,
    "depth=[0.5]": None, "depth=0.5..3": None, "kind=[1]": None, "alpha=[x]": None, "alpha=[NaN]": None, "alpha=0..1e999": None, "x=1..2,lg": None,
    'x={"low": 1, "high": 2}': Span(1, 2, True), 'x={"low": 1}': None, 'x={"low": 1, "high": 2, "step": 1}': None, 'x={"low": true, "high": 2}': None,
    "x=[__import__('os')]": None, "api_key=[abcdefgh123, b]": None,
}  # fmt: skip


@pytest.mark.parametrize("said", SAID)
def test_what_a_space_says(said: str) -> None:
    if SAID[said] is None:
        with pytest.raises(Invalid) as refused:
            spaces(pairs([said]), KINDS, "train.ipynb")
        assert said.partition("=")[0] in refused.value.message and refused.value.hint
        return
    ((_, found),) = spaces(pairs([said]), KINDS, "train.ipynb").items()
    assert found == SAID[said] and [type(one) for one in vars(found).values()] == [type(one) for one in vars(SAID[said]).values()]
    again = spaces({said.partition("=")[0]: found.as_plain()}, KINDS, "train.ipynb")
    assert list(again.values()) == [found], "as it is kept it says the same"


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="0123456789.e+-,[]{}\"' abl:log", max_size=30))
def test_whatever_is_said_is_understood_or_refused(text: str) -> None:
    try:
        spaces(pairs([f"x={text}"]), {}, "x")
    except NbmlopsError as error:
        assert error.hint


SPACES = spaces({"alpha": [0.1, 1, 10], "depth": "2..5", "rate": "1e-4..0.1,log", "wide": "1..100,log", "kind": ["a", None]}, {}, "x")


def test_a_grid_has_each_combination_once() -> None:
    some = {name: SPACES[name] for name in ("alpha", "depth", "kind")}
    assert combinations(some) == 24 and combinations(SPACES) is None
    drawn = [Grid(some).draw(number) for number in range(24)]
    assert len({str(one) for one in drawn}) == 24 and drawn[0] == {"alpha": 0.1, "depth": 2, "kind": "a"} and drawn[-1] == {"alpha": 10, "depth": 5, "kind": None}
    with pytest.raises(Invalid, match="rate has no end of values"):
        Grid(SPACES)


def value_of(params: dict[str, Any]) -> float:
    return float(abs(params["rate"] - 0.01) + params["depth"] / 10 + (params["kind"] is None))


@pytest.mark.parametrize("by", ["random", "optuna"])
def test_who_begins_anew_at_any_trial_draws_what_would_have_been_drawn(by: str) -> None:
    def sampler(before: list[Trial]) -> tuple[Judge, Any]:
        judge = Judge(SPACES, "minimize", "loss", why="This test")
        for trial in before:
            judge.remember(trial, [])
        return judge, Random(SPACES, 7) if by == "random" else Optuna(judge, 7)

    done: list[Trial] = []
    judge, whole = sampler([])
    for number in range(25):
        params = whole.draw(number)
        assert sampler(done)[1].draw(number) == params, number
        assert params["alpha"] in (0.1, 1, 10) and params["depth"] in range(2, 6) and type(params["depth"]) is type(params["wide"]) is int
        assert 1e-4 <= params["rate"] <= 0.1 and 1 <= params["wide"] <= 100 and params["kind"] in ("a", None)
        failed = number % 6 == 5
        done.append(
            Trial(
                number=number, source="sweep", part=0, position=None, params=params, metrics={} if failed else {"loss": value_of(params)},
                state="failed" if failed else "complete", fit=None, duration_s=None,
            )
        )  # fmt: skip
        judge.begin(number, params)
        judge.end(done[-1])
    other = Random(SPACES, 8) if by == "random" else Optuna(sampler([])[0], 8)
    assert other.draw(0) != done[0].params, "another seed, other values"
    if by == "optuna":
        best = sorted(one.metrics["loss"] for one in done[12:] if one.metrics)[0]
        assert best <= min(one.metrics["loss"] for one in done[:12] if one.metrics) + 0.2, "it learns from what it is told"
        shares = judge.importance()
        assert set(shares) == set(SPACES) and sum(shares.values()) == pytest.approx(1) and next(iter(shares)) == "kind"


def test_a_trial_that_is_worse_than_the_median_of_the_others_is_not_worth_going_on(capsys: pytest.CaptureFixture[str]) -> None:
    judge = Judge(spaces({"x": [0, 1]}, {}, "x"), "minimize", "loss", why="This test")

    def curve(*values: float) -> list[MetricPoint]:
        return [MetricPoint(name="loss", step=step, value=value, at=None) for step, value in enumerate(values)]  # type: ignore[arg-type]

    for number in range(5):
        judge.begin(number, {"x": 0})
        assert judge.prune(number, curve(9.0, 5.0 + number)) is None
        judge.end(
            Trial(number=number, source="sweep", part=0, position=None, params={"x": 0}, metrics={"loss": 1.0}, state="complete", fit=None, duration_s=None)
        )
        if number == 3:
            judge.begin(5, {"x": 1})
            judge.begin(7, {"x": 1})
            assert judge.prune(7, curve(9.0, 8.0, 7.0)) is None, "as long as there are too few to judge it by"
    judge.begin(6, {"x": 1})
    stopped, late = judge.prune(5, curve(9.0, 8.0, 7.0)), judge.prune(7, [])
    assert stopped is not None and (stopped.step, stopped.value) == (1, 8.0) and late is not None and late.step == 1
    assert judge.prune(6, curve(float("nan"), 6.0)) is None
    assert judge.prune(6, curve(9.0, 6.0)) is None, "what was told is told once"
    assert not re.search("optuna|study|trial", "".join(capsys.readouterr()), re.I)
