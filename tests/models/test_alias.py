"""Aliases: promotion, rollback, and what happens when two move one at once."""

from __future__ import annotations

import pytest

from nbmlops.errors import Conflict, GateRefused, Invalid, NbmlopsError, NotFound
from nbmlops.models import gates, verbs
from nbmlops.models.registry import Registry, roll_back
from nbmlops.runs import audit_verbs


def at(workspace):
    pointed = Registry(workspace).alias("m", "champion")
    return pointed.version if pointed else None


def promote(workspace, version, **more):
    return verbs.promote("m", version, workspace=workspace, **more)


def test_rollback_walks_back_and_not_to_and_fro(workspace, three):
    for version in (1, 2, 3):
        promote(workspace, version)
    assert verbs.rollback("m", workspace=workspace).version == 2
    assert verbs.rollback("m", workspace=workspace).version == 1
    with pytest.raises(Conflict, match="cannot be rolled back"):
        verbs.rollback("m", workspace=workspace)
    assert at(workspace) == 1


def test_after_a_rollback_a_promotion_is_rolled_back_to_where_it_began(workspace, three):
    for version in (1, 3):
        promote(workspace, version)
    verbs.rollback("m", workspace=workspace)
    promote(workspace, 2)
    assert verbs.show("m", workspace=workspace).before == {"champion": 1}
    assert verbs.rollback("m", workspace=workspace).version == 1


def test_an_alias_that_points_nowhere_and_one_unknown_model(workspace, three):
    with pytest.raises(Conflict, match="points nowhere"):
        verbs.rollback("m", workspace=workspace)
    with pytest.raises(NotFound, match="not registered"):
        verbs.rollback("other", workspace=workspace)
    with pytest.raises(NotFound, match="no version 9"):
        promote(workspace, 9)
    with pytest.raises(NotFound, match="no alias"):
        Registry(workspace).aliased("m", "champion")


def test_promotion_to_where_it_is_changes_nothing(workspace, three):
    first = promote(workspace, 1)
    again = promote(workspace, 1)
    assert again == first
    assert len(verbs.show("m", workspace=workspace).moves) == 1


def test_a_refused_promotion_moves_nothing_and_is_told(workspace, three):
    promote(workspace, 3)
    verbs.gate("m", "mae", workspace=workspace)
    with pytest.raises(GateRefused, match="mae is 2"):
        promote(workspace, 2)
    assert at(workspace) == 3
    event = audit_verbs.find(subject="m", workspace=workspace)[0]
    assert event.verb == "model.refuse" and event.evidence["gate"]["passed"] is False


def test_a_gate_is_forced_only_with_a_reason_which_the_audit_keeps(workspace, three):
    promote(workspace, 3)
    verbs.gate("m", "mae", workspace=workspace)
    with pytest.raises(Invalid, match="reason"):
        promote(workspace, 1, force=True, reason="  ")
    assert promote(workspace, 1, force=True, reason="the others leak").version == 1
    event = audit_verbs.find(subject="m", workspace=workspace)[0]
    assert (event.evidence["reason"], event.evidence["forced"], event.evidence["previous"]) == ("the others leak", True, 3)
    assert verbs.rollback("m", reason="no they did not", workspace=workspace).version == 3
    assert audit_verbs.check(workspace=workspace).whole


def test_a_promotion_keeps_the_gates_evidence(workspace, three, frame, target):
    verbs.gate("m", "mae", limit=5, workspace=workspace)
    promote(workspace, 2, data=frame, labels=target)
    evidence = audit_verbs.find(subject="m", workspace=workspace)[0].evidence
    assert evidence["gate"]["rows"] == 120 and evidence["gate"]["passed"] and not evidence["forced"]


def test_an_alias_moved_while_the_gate_was_measured_is_a_conflict(workspace, three, monkeypatch):
    promote(workspace, 1)
    verbs.gate("m", "mae", workspace=workspace)
    measured = gates.evaluate

    def slow(*args, **more):
        report = measured(*args, **more)
        Registry(workspace).point("m", "champion", 3, way="promote", evidence={})
        return report

    monkeypatch.setattr(gates, "evaluate", slow)
    with pytest.raises(Conflict, match="meanwhile"):
        promote(workspace, 2)
    assert at(workspace) == 3


def test_two_rollbacks_decided_at_once_go_back_once(workspace, three, monkeypatch):
    for version in (1, 2, 3):
        promote(workspace, version)
    registry = Registry(workspace)
    before = registry.before

    def slow(model, alias):
        found = before(model, alias)
        monkeypatch.undo()
        roll_back(Registry(workspace), model, alias, reason="other", evidence={})
        return found

    monkeypatch.setattr(registry, "before", slow)
    monkeypatch.setattr(registry, "model", lambda model: None)
    with pytest.raises(Conflict, match="meanwhile"):
        roll_back(registry, "m", "champion", reason="mine", evidence={})
    assert at(workspace) == 2


@pytest.mark.parametrize(
    "name", ["../x", "<img src=x onerror=alert(1)>", "🚀", "x" * 10_000, "a\nb", "", " ", "-x", "a/b", "a\0b", "\ud800"]
)
def test_a_hostile_name_is_refused_by_every_verb(workspace, three, name):
    from sklearn.linear_model import Ridge

    model = Ridge().fit([[1.0], [2.0]], [1, 2])
    for ask in (
        lambda: verbs.register(name, model, workspace=workspace), lambda: verbs.show(name, workspace=workspace),
        lambda: verbs.gate(name, "mae", workspace=workspace), lambda: verbs.promote(name, 1, workspace=workspace),
        lambda: verbs.promote("m", 1, alias=name, workspace=workspace), lambda: verbs.rollback(name, workspace=workspace),
        lambda: verbs.rollback("m", alias=name, workspace=workspace), lambda: verbs.check(name, 1, workspace=workspace),
    ):  # fmt: skip
        with pytest.raises(NbmlopsError) as refused:
            ask()
        assert refused.value.hint and len(str(refused.value)) < 500
    assert Registry(workspace).names() == ["m"]


@pytest.mark.parametrize("name", ["a\nb", "x" * 10_000, "", "\ud800"])
def test_a_hostile_metric_is_refused(workspace, three, name):
    with pytest.raises(Invalid):
        verbs.gate("m", name, workspace=workspace)
