"""What was champion on a day, on what data, approved by whom, answering which endpoint; going back there; taking a name away."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from nbmlops.doors.display import chart_of, html_of
from nbmlops.errors import Conflict, GateRefused, Invalid, NotFound
from nbmlops.ledger.owner import this_process
from nbmlops.ledger.sqlite import migrations
from nbmlops.models import history_verbs, verbs
from nbmlops.models.records import Signature
from nbmlops.models.registry import Registry
from nbmlops.runs import audit_verbs
from nbmlops.serving import answering

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def model(workspace):
    """Versions 1, 2 and 3 of m, each better than the one before; the clock stands at noon of 1 March."""
    workspace.clock = lambda: START
    for number, mae in ((1, 3.0), (2, 2.0), (3, 1.0)):
        Registry(workspace).add(
            "m", flavor="sklearn", digest=f"blake3:{number:064x}", size_bytes=1, signature=Signature(inputs=[], outputs=[]),
            metrics={"mae": mae}, run=f"run-{number}", dataset=f"blake3:{number}d", target=f"blake3:{number}t", estimator="e", description="",
        )  # fmt: skip
    return "m"


def on(workspace, day, hour=12):
    """Let it be that day of March."""
    workspace.clock = lambda: START.replace(day=day, hour=hour)


def promote(workspace, version, **more):
    return verbs.promote("m", version, workspace=workspace, **more)


def champion_at(workspace, at):
    (period,) = history_verbs.history("m", alias="champion", at=at, workspace=workspace).periods
    return period.version


def test_what_was_champion_on_a_day_on_what_data_approved_by_whom_answering_where(workspace, model):
    verbs.gate("m", "mae", limit=5, better_percent=None, workspace=workspace)
    with workspace.ledger.write() as tx:
        for actor, version in (("bo", 2), ("eve", 3)):
            tx.audit(actor=actor, verb="model.approve", subject="m", evidence={"version": version}, at=workspace.clock())
    on(workspace, 2)
    promote(workspace, 2, reason="better by a third")
    with workspace.ledger.write() as tx:
        answering.tell(tx, "live", "m", 2, START.replace(day=2, hour=13))
        answering.tell(tx, "trial", "m", 2, START.replace(day=2, hour=13))
        answering.tell(tx, "trial", "m", None, START.replace(day=2, hour=14))
        answering.tell(tx, "live", "m", 3, START.replace(day=5, hour=13))
        answering.tell(tx, "live", "m", None, START.replace(day=6, hour=13))
    on(workspace, 5)
    promote(workspace, 3)
    on(workspace, 9)
    (found,) = history_verbs.history("m", at="2026-03-03", workspace=workspace).periods
    assert (found.alias, found.version, found.way, found.actor, found.reason) == ("champion", 2, "promote", "ada", "better by a third")
    assert (found.start, found.end) == (START.replace(day=2), START.replace(day=5))
    assert (found.dataset, found.target, found.run) == ("blake3:2d", "blake3:2t", "run-2")
    assert found.gate.startswith("gate-") and found.gate_passed is True
    assert [event.actor for event in found.approvals] == ["bo"]
    assert [(one.endpoint, one.end) for one in found.endpoints] == [("live", START.replace(day=5, hour=13))]
    whole = history_verbs.history("m", workspace=workspace)
    assert [period.version for period in whole.periods] == [3, 2]
    assert {one.endpoint for one in whole.periods[1].endpoints} == {"live", "trial"}
    shown = html_of(whole)
    assert "better by a third" in shown and ">bo<" in shown and ">live, trial<" in shown
    assert len(chart_of(whole).panels) == 1 and "champion" in chart_of(whole).svg()


def test_an_endpoint_that_died_answered_until_its_last_answer_and_one_that_was_stopped_until_then(workspace, model):
    promote(workspace, 1)
    gone = replace(this_process(), pid=2**22 + 1).as_text()
    stopped, answered = START.replace(day=4).isoformat(), START.replace(day=5).isoformat()
    with workspace.ledger.write() as tx:
        for name, status, owner in (("died", "serving", gone), ("lives", "serving", this_process().as_text()), ("over", "stopped", None)):
            tx.insert(
                "endpoint", name=name, model="m", alias="champion", target="local", owner=owner, status=status, token_digest="x",
                serving_version=1, started_at=START.isoformat(), stopped_at=stopped if status == "stopped" else None,
            )  # fmt: skip
            answering.tell(tx, name, "m", 1, START)
    with workspace.prediction_ledger.write() as tx:
        tx.insert("prediction", id="p", endpoint="died", version=1, event_at=answered, answered_at=answered, inputs="{}", output="1")
    found = history_verbs.history("m", workspace=workspace).periods[0].endpoints
    ends = {one.endpoint: one.end and one.end.isoformat() for one in found}
    assert ends == {"died": answered, "lives": None, "over": stopped}
    on(workspace, 20)
    with workspace.ledger.write() as tx:
        answering.begin(workspace, tx, "died", "m", 1)
        answering.tell(tx, "died", "m", 2, START.replace(day=25))
    assert [one.endpoint for one in history_verbs.history("m", at="2026-03-10", workspace=workspace).periods[0].endpoints] == ["lives"]
    again = [one for one in history_verbs.history("m", workspace=workspace).periods[0].endpoints if one.endpoint == "died"]
    assert [(one.start.day, one.end and one.end.day) for one in again] == [(1, 5), (20, 25)]


def test_a_day_is_meant_to_its_end_and_a_time_as_it_stands(workspace, model):
    promote(workspace, 1)
    on(workspace, 3)
    promote(workspace, 2)
    on(workspace, 9)
    assert [champion_at(workspace, at) for at in ("2026-03-03", "2026-03-03T11:59", "2026-03-03T12:00", "2026-03-02")] == [2, 1, 2, 1]
    assert champion_at(workspace, "2026-03-03+14:00") == 1  # there the day ended at ten in the morning, UTC
    assert champion_at(workspace, "2026-03-03T12:30+01:00") == 1
    assert champion_at(workspace, "2026-03-09") == 2  # today is meant until now


@pytest.mark.parametrize(
    ("at", "error", "says"),
    [
        ("2026-02-28", NotFound, "nowhere at 2026-02-28"), ("2026-03-10", Invalid, "has not been yet"),
        ("2026-03-09T12:01", Invalid, "has not been yet"), ("20260303T10", Invalid, "no moment"), ("2026-W10-2", Invalid, "no moment"), ("last week", Invalid, "no moment"), ("2026-02-30", Invalid, "no moment"),
    ],
)  # fmt: skip
def test_a_moment_at_which_it_was_nothing_and_one_that_is_none_are_told(workspace, model, at, error, says):
    promote(workspace, 1)
    on(workspace, 9)
    with pytest.raises(error, match=says) as refused:
        history_verbs.history("m", at=at, workspace=workspace)
    assert refused.value.hint
    with pytest.raises(error, match=says):
        verbs.rollback("m", to=at, workspace=workspace)


def test_going_back_to_a_day_is_a_move_of_its_own_with_its_reason(workspace, model):
    promote(workspace, 1)
    for day, version in ((3, 2), (5, 3)):
        on(workspace, day)
        promote(workspace, version)
    on(workspace, 9)
    assert verbs.rollback("m", to="2026-03-02", reason="as in the report", workspace=workspace).version == 1
    now = history_verbs.history("m", workspace=workspace).periods[0]
    assert (now.version, now.way, now.reason, now.dataset) == (1, "rollback", "as in the report", "blake3:1d")
    event = audit_verbs.find(subject="m", workspace=workspace)[0]
    assert (event.verb, event.evidence["to"], event.evidence["previous"]) == ("model.rollback", "2026-03-02", 3)
    with pytest.raises(Conflict, match="no version before"):
        verbs.rollback("m", workspace=workspace)


def test_going_back_to_a_version_it_was_at_and_to_none_it_was_not(workspace, model):
    for version in (1, 2):
        promote(workspace, version)
    with pytest.raises(Invalid, match="never at version 3") as refused:
        verbs.rollback("m", to="3", workspace=workspace)
    assert "It was at: 1, 2" in refused.value.hint
    with pytest.raises(Conflict, match="at version 2 already"):
        verbs.rollback("m", to="2", workspace=workspace)
    assert verbs.rollback("m", to="1", workspace=workspace).version == 1
    assert verbs.rollback("m", to="2", workspace=workspace).version == 2  # and forth again
    assert verbs.rollback("m", workspace=workspace).version == 1


def test_what_was_refused_and_what_was_forced_stands_in_the_history_for_ever(workspace, model):
    verbs.gate("m", "mae", workspace=workspace)
    promote(workspace, 3)
    on(workspace, 2)
    with pytest.raises(GateRefused):
        promote(workspace, 1, reason="I want to")
    on(workspace, 3)
    promote(workspace, 1, force=True, reason="the others leak")
    on(workspace, 4)
    promote(workspace, 3)
    periods = history_verbs.history("m", workspace=workspace).periods
    assert [(period.way, period.version, period.gate_passed) for period in periods] == [
        ("promote", 3, True), ("force", 1, False), ("refuse", 1, False), ("promote", 3, True),
    ]  # fmt: skip
    refused = periods[2]
    assert refused.start == refused.end == START.replace(day=2) and refused.reason == "I want to" and refused.run == "run-1"
    assert champion_at(workspace, "2026-03-02") == 3
    known = verbs.show("m", workspace=workspace)
    assert {version.version: version.forced for version in known.versions} == {1: True, 2: False, 3: False}
    assert [move.forced for move in known.moves] == [False, True, False]
    assert ">forced<" in html_of(known)


def test_a_name_that_was_taken_away_points_nowhere_and_goes_back_where_it_was(workspace, model):
    for version in (1, 2):
        promote(workspace, version, alias="challenger")
    move = history_verbs.unalias("m", "challenger", reason="over", workspace=workspace)
    assert (move.version, move.previous, move.reason) == (None, 2, "over")
    assert verbs.show("m", workspace=workspace).aliases == {}
    event = audit_verbs.find(subject="m", workspace=workspace)[0]
    assert event.verb == "model.unalias" and event.evidence["previous"] == 2
    with pytest.raises(NotFound, match="no alias 'challenger'"):
        history_verbs.unalias("m", "challenger", workspace=workspace)
    assert history_verbs.history("m", workspace=workspace).periods[0].version is None
    assert verbs.rollback("m", alias="challenger", workspace=workspace).version == 2
    assert verbs.rollback("m", alias="challenger", workspace=workspace).version == 1


def test_after_it_was_taken_away_a_promotion_begins_anew_on_the_old_way(workspace, model):
    for version in (1, 2):
        promote(workspace, version)
    history_verbs.unalias("m", "champion", workspace=workspace)
    promote(workspace, 2)
    assert verbs.rollback("m", workspace=workspace).version == 1


def test_aliases_have_histories_of_their_own(workspace, model):
    promote(workspace, 1)
    promote(workspace, 2, alias="challenger")
    on(workspace, 9)
    now = history_verbs.history("m", at="2026-03-05", workspace=workspace).periods
    assert {period.alias: period.version for period in now} == {"champion": 1, "challenger": 2}
    assert [period.alias for period in history_verbs.history("m", alias="challenger", workspace=workspace).periods] == ["challenger"]


def test_a_reason_keeps_no_secret(workspace, model):
    promote(workspace, 1, reason="token=ghp_0123456789abcdefghijklmnopqrstuvwxyz12")
    assert "ghp_0123" not in str(history_verbs.history("m", workspace=workspace)) + str(audit_verbs.find(workspace=workspace))


def test_moves_of_an_earlier_schema_get_back_what_the_audit_trail_knew_of_them(tmp_path):
    place = sqlite3.connect(tmp_path / "before.sqlite")
    for _, sql in migrations("ledger")[:10]:
        place.executescript(sql)
    at = "2026-01-02T03:04:05.000006+00:00"
    place.execute(
        "INSERT INTO model_version (model, version, flavor, digest, size_bytes, signature, metrics, run, dataset, target, estimator, description,"
        " registered_at, registered_by, schema_version) VALUES ('m', 1, 'sklearn', 'd', 1, '{}', '{}', 'r', 'ds', 't', 'e', '', ?, 'ada', 1)",
        (at,),
    )
    for number in (1, 2):
        later = (datetime.fromisoformat(at) + timedelta(hours=number)).isoformat()
        place.execute("INSERT INTO alias_move VALUES (?, 'm', 'champion', 1, NULL, 'promote', ?, 'ada')", (number, later))
    forced = '{"alias": "champion", "version": 1, "reason": "must be", "forced": true, "gate": {"id": "gate-1", "passed": false}}'
    for evidence, hours in ((forced, 1), ('{"loss": NaN}', 2)):
        later = (datetime.fromisoformat(at) + timedelta(hours=hours)).isoformat()
        place.execute("INSERT INTO audit VALUES (?, ?, 'ada', 'model.promote', 'm', ?, 'p', 'd')", (hours, later, evidence))
    place.executescript(migrations("ledger")[10][1])
    rows = place.execute("SELECT reason, gate, forced, dataset, target, run FROM alias_move ORDER BY id").fetchall()
    assert rows == [("must be", "gate-1", 1, "ds", "t", "r"), ("", None, 0, "ds", "t", "r")]
    place.close()
