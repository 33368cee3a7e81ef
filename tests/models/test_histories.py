"""Whatever is promoted, rolled back and held against a gate, in whatever order: held against a model in a few lines."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbmlops.errors import Conflict
from nbmlops.models import gates, verbs
from nbmlops.models.records import GateRule, Signature
from nbmlops.models.registry import Registry
from nbmlops.runs import audit_verbs
from nbmlops.workspace import Workspace

NUMBERS = st.floats(-1e6, 1e6)
QUARTERS = st.integers(-40, 40).map(lambda four: four / 4)  # exact in binary, and often near each other
WAYS = st.sampled_from(["lower", "higher"])
NAMES = count()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """One workspace for all examples: each has a model of its own in it."""
    made = Workspace.at(tmp_path_factory.mktemp("histories"), actor="ada")
    yield made
    made.close()


def model_of(place: Workspace, *metrics: dict[str, float]) -> str:
    """A model with a version for each set of metrics. Recorded metrics are compared without opening the bytes."""
    name = f"m{next(NAMES)}"
    for at, recorded in enumerate(metrics):
        Registry(place).add(
            name, flavor="sklearn", digest=f"blake3:{at:064x}", size_bytes=1, signature=Signature(inputs=[], outputs=[]), metrics=recorded,
            run=None, dataset=None, target=None, estimator="e", description="",
        )  # fmt: skip
    return name


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.integers(1, 4), st.just("back")), max_size=14))
def test_an_alias_goes_back_the_way_it_came(place: Workspace, asked: list[Any]) -> None:
    model = model_of(place, {}, {}, {}, {})
    way: list[int] = []  # where the alias came from, and is
    moves = 0
    for what in asked:
        if what == "back":
            if len(way) < 2:
                with pytest.raises(Conflict, match="cannot be rolled back"):
                    verbs.rollback(model, workspace=place)
                continue
            way.pop()
            assert verbs.rollback(model, workspace=place).version == way[-1]
            moves += 1
        else:
            moved = not way or way[-1] != what
            assert verbs.promote(model, what, workspace=place).version == what
            assert Registry(place).point(model, "champion", what, way="promote", evidence={}).version == what  # again: no move
            way += [what] if moved else []
            moves += moved
    shown = verbs.show(model, workspace=place)
    assert shown.aliases == ({"champion": way[-1]} if way else {})
    assert shown.before == ({"champion": way[-2]} if len(way) > 1 else {})
    assert len(shown.moves) == moves
    told = [event for event in audit_verbs.find(subject=model, workspace=place) if event.verb in ("model.promote", "model.rollback")]
    assert [event.evidence["version"] for event in told] == [move.version for move in shown.moves]


@settings(max_examples=60, deadline=None)
@given(QUARTERS, QUARTERS, WAYS, st.none() | QUARTERS, st.sampled_from([-50, -25, 0, 25, 50]))
def test_a_gate_on_recorded_metrics_is_the_arithmetic_it_says(
    place: Workspace, mine: float, theirs: float, better: Any, limit: float | None, percent: int
) -> None:
    model = model_of(place, {"mae": theirs}, {"mae": mine})
    verbs.promote(model, 1, workspace=place)
    gates.set_rule(place, model, GateRule(metric="mae", better=better, limit=limit, better_percent=percent))
    report = gates.evaluate(place, model, 2)
    gain = (theirs - mine if better == "lower" else mine - theirs) * 100
    as_good = gain >= percent * abs(theirs)
    within = limit is None or (mine <= limit if better == "lower" else mine >= limit)
    assert report.passed == (as_good and within)
    assert gates.latest_report(place, model, 2) == report


@settings(max_examples=40, deadline=None)
@given(NUMBERS, NUMBERS, WAYS, st.floats(0, 50))
def test_of_two_versions_at_most_one_is_better_than_the_other(place: Workspace, one: float, two: float, better: Any, percent: Any) -> None:
    rule = GateRule(metric="mae", better=better, better_percent=percent)
    passed = []
    for champion, candidate in ((one, two), (two, one)):
        model = model_of(place, {"mae": champion}, {"mae": candidate})
        verbs.promote(model, 1, workspace=place)
        passed.append(gates.evaluate(place, model, 2, rule=rule).passed)
    assert one == two or not all(passed)


@settings(max_examples=30, deadline=None)
@given(st.sampled_from([math.nan, math.inf, -math.inf]), WAYS, st.none() | NUMBERS, st.none() | st.floats(-90, 90))
def test_what_is_no_number_passes_no_gate(place: Workspace, value: float, better: Any, limit: Any, percent: Any) -> None:
    model = model_of(place, {"mae": value})
    rule = GateRule(metric="mae", better=better, limit=limit, better_percent=percent)
    assert not gates.evaluate(place, model, 1, rule=rule).passed
