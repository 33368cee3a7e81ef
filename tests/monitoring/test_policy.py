"""Decisions end to end: a real registry, a real log, a real notebook."""

from __future__ import annotations

from datetime import timedelta

import pytest

from nbmlops.errors import Invalid, NotFound
from nbmlops.models import gate_verbs, gates
from nbmlops.models import verbs as model
from nbmlops.models.history_verbs import history
from nbmlops.models.registry import Registry
from nbmlops.monitoring import policy_verbs as policy
from nbmlops.monitoring import rules
from nbmlops.monitoring.policy import baseline_of
from nbmlops.runs import audit_verbs as audit

from .conftest import day


def champion(world):
    return Registry(world.workspace).aliased("road", "champion").version


def test_with_too_few_labels_it_waits_and_looks_again_when_they_are_there(world):
    world.promoted(0, 7)
    world.policy()
    world.ask(7, 14, labelled=False)
    waited = world.apply(14)
    assert waited.action == "waited" and waited.reason == "0 of 420 rows have their label; 100 are asked."
    assert world.apply(14) == waited
    world.ask(7, 14)
    kept = world.apply(14)
    assert kept.action == "kept" and kept.id == waited.id
    assert [d.action for d in policy.decisions(endpoint="road", workspace=world.workspace)] == ["kept"]
    assert [e.evidence["action"] for e in audit.find(workspace=world.workspace) if e.verb == "policy.apply"] == ["kept", "waited"]


def test_a_model_that_holds_is_kept_with_its_numbers(world):
    world.promoted(0, 7)
    world.policy()
    world.ask(7, 14)
    kept = world.apply(14)
    assert kept.action == "kept" and (kept.start, kept.end) == (day(7), day(14))
    assert kept.version_before == kept.version_after == 1
    assert kept.evidence["baseline"] == 0.16 and kept.evidence["baseline_from"] == "as recorded when it was registered"
    assert 0.1 < kept.evidence["error"] < 0.2 and kept.evidence["drifted_columns"] == []
    assert kept.evidence["labelled"] == 420 and kept.evidence["drift_report"].startswith("drift-")


def test_the_window_ends_before_its_end(world):
    world.promoted(0, 7)
    world.policy(min_rows=2)
    world.ask(7, 15)
    assert world.apply(14).evidence["rows"] == 7 * 60


def test_applying_twice_for_one_end_is_one_decision(world):
    world.promoted(0, 7)
    world.policy()
    world.ask(7, 14)
    assert world.apply(14) == world.apply(14)
    assert len(audit.find(subject="road", workspace=world.workspace)) == len({e.seq for e in audit.find(subject="road", workspace=world.workspace)})
    assert sum(e.verb == "policy.apply" for e in audit.find(workspace=world.workspace)) == 1


def test_a_version_before_that_is_surely_better_is_rolled_back_to(world):
    world.promoted(0, 7)
    world.promoted(20, 27)
    world.policy()
    world.ask(7, 14, version=2)
    back = world.apply(14)
    assert back.action == "rolled_back" and (back.version_before, back.version_after) == (2, 1) and champion(world) == 1
    assert back.evidence["previous"]["version"] == 1 and back.evidence["previous"]["interval"][0] > 0
    assert "better than version 2" in back.reason
    moved = next(e for e in audit.find(workspace=world.workspace) if e.verb == "model.rollback")
    assert moved.evidence["reason"] == back.reason and moved.evidence["decision"] == back.id


def test_a_version_before_that_is_better_by_chance_alone_is_left_where_it_is(world):
    world.promoted(0, 7)
    world.promoted(7, 14)  # the same world: neither is truly better
    world.policy(rollback_percent=0)
    world.ask(14, 20, version=2)
    kept = world.apply(20)
    low, high = kept.evidence["previous"]["interval"]
    assert kept.action == "kept" and low <= 0 <= high


def test_a_version_before_that_cannot_answer_is_no_place_to_go(world):
    from sklearn.linear_model import LinearRegression

    frame = world.rows(0)[["x"]].rename(columns={"x": "other"})
    first = model.register("road", LinearRegression().fit(frame, frame.other), data=frame, workspace=world.workspace)
    model.promote("road", first.version, workspace=world.workspace)
    world.promoted(0, 7)
    world.policy()
    world.ask(7, 14, version=2)
    kept = world.apply(14)
    assert kept.action == "kept" and "column 'other'" in kept.evidence["previous"]["note"]


def test_rows_the_serving_version_does_not_take_are_waited_out(world):
    from nbmlops.serving import log

    world.promoted(0, 7)
    world.policy(min_rows=2)
    ids = log.new_ids(10)
    log.append(world.workspace, [log.Answered("road", 1, ids, [{"x": None, "z": 1.0}] * 10, [1.0] * 10, [day(8)] * 10)])
    log.join_labels(world.workspace, "road", ids, [1.0] * 10)
    waited = world.apply(14)
    assert waited.action == "waited" and "'x' is null" in waited.reason


@pytest.mark.slow
def test_a_decayed_model_is_retrained_and_promoted_through_the_gate(world):
    world.promoted(0, 7)
    world.policy()
    world.write(0, 34)
    world.ask(27, 34)
    decision = world.apply(34)
    assert decision.action == "promoted", decision.reason
    assert (decision.version_before, decision.candidate, decision.version_after) == (1, 2, 2) and champion(world) == 2
    assert decision.evidence["params"]["train_start"] == str(day(20).date()) and decision.evidence["params"]["train_end"] == str(day(27).date())
    assert decision.evidence["error"] > 4 and decision.evidence["gate"]["passed"] and decision.evidence["gate"]["rows"] == 420
    made = Registry(world.workspace).version("road", 2)
    assert made.run == decision.run and made.dataset and "as recorded when it was registered" in made.description
    assert baseline_of(world.workspace, made, "mean_absolute_error")[0] < 0.2
    moved = next(e for e in audit.find(workspace=world.workspace) if e.verb == "model.promote" and e.evidence["version"] == 2)
    assert moved.evidence["gate"]["id"] == decision.evidence["gate"]["id"] and moved.evidence["decision"] == decision.id
    assert audit.check(workspace=world.workspace).whole
    world.ask(34, 41, version=2)
    assert world.apply(41).action == "kept"


@pytest.mark.slow
def test_where_the_gate_demands_that_runs_hold_the_new_one_is_executed_again_first(world):
    world.promoted(0, 7)
    model.gate("road", "mean_absolute_error", better="lower", verified=True, workspace=world.workspace)
    world.policy()
    world.write(0, 34)
    world.ask(27, 34)
    decision = world.apply(34)
    assert decision.action == "promoted", decision.reason
    assert decision.evidence["verification"]["verdict"] == "VERIFIED", decision.evidence["verification"]
    assert Registry(world.workspace).version("road", 2).verdict == "VERIFIED" and champion(world) == 2


@pytest.mark.slow
def test_where_the_gates_keep_rows_a_policys_candidate_is_judged_on_those(world):
    world.promoted(0, 7)
    rows = world.rows(20)
    gate_verbs.gates(
        "road",
        text="performance: {metric: mae, limit: 0.0001, min_rows: 2}",
        data=rows[["x", "z"]],
        labels=rows.y,
        workspace=world.workspace,
    )
    world.policy()
    world.write(20, 27)
    world.ask(27, 34)
    decision = world.apply(34)
    assert decision.action == "refused" and champion(world) == 1
    assert decision.evidence["gate"]["rows"] == len(rows) and not decision.evidence["gate"]["elsewhere"]


@pytest.mark.slow
def test_a_candidate_that_does_not_pass_is_refused_with_the_gates_reason(world):
    world.promoted(0, 7)
    world.policy(trouble="spoil")
    world.write(20, 27)
    world.ask(27, 34)
    decision = world.apply(34)
    assert decision.action == "refused" and decision.candidate == 2 and champion(world) == 1 == decision.version_after
    assert "the champion's (version 1) is" in decision.reason and not decision.evidence["gate"]["passed"]
    told = history("road", workspace=world.workspace).periods[0]
    assert (told.way, told.version, told.gate, told.run) == ("refuse", 2, decision.evidence["gate"]["id"], decision.run)


@pytest.mark.slow
def test_a_notebook_that_fails_changes_nothing(world):
    world.promoted(0, 7)
    world.policy(trouble="raise")
    world.ask(27, 34)
    decision = world.apply(34)
    assert decision.action == "failed" and "the data is not there" in decision.reason and decision.run
    assert champion(world) == 1 == decision.version_after and decision.candidate is None


def test_a_notebook_that_is_gone_is_a_failed_decision(world):
    world.promoted(0, 7)
    world.policy()
    world.notebook.unlink()
    world.ask(27, 34)
    decision = world.apply(34)
    assert decision.action == "failed" and "no notebook" in decision.reason and decision.run is None


@pytest.mark.slow
def test_drift_alone_retrains_only_where_the_policy_says_so(world):
    world.promoted(0, 7)
    world.ask(7, 14, shift=1.0)
    world.write(0, 7)
    world.policy()
    kept = world.apply(14)
    assert kept.action == "kept" and kept.evidence["drifted_columns"] == ["x"]
    world.policy(drift_columns=1)
    again = policy.apply("road", end=day(14) + timedelta(minutes=1), workspace=world.workspace)
    assert again.action in ("promoted", "refused") and "1 columns drifted: x" in again.reason


def test_a_version_is_held_against_its_record_or_the_rows_of_its_gate_and_says_which(world):
    made = world.promoted(0, 7)
    assert baseline_of(world.workspace, made, "mean_absolute_error") == (0.16, "as recorded when it was registered")
    assert baseline_of(world.workspace, made, "r2") == (None, "nowhere")
    bare = world.promoted(0, 6, mae=None)
    model.gate("road", "mae", limit=9, workspace=world.workspace)
    assert baseline_of(world.workspace, bare, "mae") == (None, "nowhere")
    rows = world.rows(3)
    report = gates.evaluate(world.workspace, "road", bare.version, frame=rows[["x", "z"]], labels=rows.y)
    assert baseline_of(world.workspace, bare, "mae") == (report.checks[0].value, "on the 60 rows of its gate")
    assert baseline_of(world.workspace, bare, "r2") == (None, "nowhere")


def test_a_policy_is_refused_where_it_could_not_be_kept(world):
    def refused(error, match, **more):
        given = {"notebook": "train.ipynb", **more}
        with pytest.raises(error, match=match):
            policy.set_("road", given.pop("notebook"), workspace=world.workspace, **given)

    refused(NotFound, "no notebook 'gone.ipynb'", notebook="gone.ipynb")
    refused(NotFound, "no notebook", notebook="../../etc/passwd")
    refused(Invalid, "cannot be computed", metric="lift")
    refused(Invalid, "window_days is -1", window_days=-1)
    refused(Invalid, "min_rows is nan", min_rows=float("nan"))
    refused(Invalid, "no parameter 'month'", params={"month": 3})
    with pytest.raises(Invalid, match="name of a endpoint"):
        policy.set_("../x", "train.ipynb", workspace=world.workspace)


def test_an_endpoint_without_a_policy_says_which_have_one(world):
    world.policy()
    assert policy.show("road", workspace=world.workspace).window_days == 7
    for verb in (policy.show, policy.apply):
        with pytest.raises(NotFound, match="Policies: road"):
            verb("rail", workspace=world.workspace)


def test_a_window_still_to_come_is_not_decided(world):
    world.promoted(0, 7)
    world.policy()
    with pytest.raises(Invalid, match="still to come"):
        policy.apply("road", end=world.workspace.clock() + timedelta(days=1), workspace=world.workspace)


def test_a_second_process_does_not_decide_at_the_same_time(world):
    from nbmlops.errors import Unavailable

    world.promoted(0, 7)
    world.policy()
    with rules.deciding(world.workspace, "road").held(), pytest.raises(Unavailable, match="being applied already"):
        world.apply(14)


def test_a_notebook_outside_the_workspace_is_taken_by_its_whole_path(world, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "train.ipynb"
    elsewhere.write_text(world.notebook.read_text())
    assert policy.set_("road", str(elsewhere), workspace=world.workspace).notebook == str(elsewhere)
    assert policy.set_("road", str(world.notebook), workspace=world.workspace).notebook == "train.ipynb"


def test_accuracy_decays_downwards(world):
    from sklearn.tree import DecisionTreeClassifier

    frame = world.rows(0)[["x", "z"]]
    tree = DecisionTreeClassifier(max_depth=1).fit(frame, (frame.x > 5).astype(int))
    model.register("road", tree, data=frame, metrics={"accuracy": 0.99}, workspace=world.workspace)
    model.promote("road", 1, workspace=world.workspace)
    world.policy(metric="accuracy", trouble="raise")
    world.notebook.unlink()
    from nbmlops.serving import log

    for n in range(7, 14):
        rows = world.rows(n)
        ids = log.new_ids(len(rows))
        log.append(world.workspace, [log.Answered("road", 1, ids, rows[["x", "z"]].to_dict("records"), [0] * len(rows), [day(n)] * len(rows))])
        log.join_labels(world.workspace, "road", ids, (rows.x <= 5).astype(int).tolist())
    decision = world.apply(14)
    assert decision.action == "failed" and decision.evidence["worse_percent"] > 90
