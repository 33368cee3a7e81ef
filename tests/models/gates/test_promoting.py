"""Gates before a promotion: bound to an alias, held on rows that were kept, refused with every reason, approved by others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, Ridge

from nbmlops.cards.known import Known
from nbmlops.cards.made import summary
from nbmlops.errors import Conflict, Damaged, GateRefused, Invalid, NotFound, Untrusted
from nbmlops.models import gate_verbs, gates, verbs
from nbmlops.models.beside import beside
from nbmlops.models.registry import Registry
from nbmlops.runs import audit_verbs
from nbmlops.workspace import Workspace
from tests.models.gates.standings import cell, numbers

ROWS, Y = numbers(900)
X, LABELS = ROWS[["a", "b"]], pd.Series(Y, name="y")


@pytest.fixture(scope="module")
def registered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Two versions, the second truly better, registered once."""
    place = Workspace.at(tmp_path_factory.mktemp("gates"), actor="ada")
    for estimator in (Ridge(300.0), LinearRegression()):
        verbs.register("m", estimator.fit(X[:300], LABELS[:300]), data=X[:300], workspace=place)
    yield place
    place.close()


@pytest.fixture
def place(registered: Workspace) -> Iterator[Workspace]:
    """The same versions, with the first as champion and no gates."""
    Registry(registered).point("m", "champion", 1, way="promote", evidence={})
    yield registered
    for table in ("gate_document", "gate", "gate_approval"):
        with registered.ledger.write() as tx:
            tx.run(f"DELETE FROM {table}")


def as_person(place: Workspace, name: str) -> Workspace:
    return Workspace.at(place.root, actor=name)


def set_gates(place: Workspace, text: str, **more: Any) -> Any:
    return gate_verbs.gates("m", text=text, data=ROWS[300:], labels=LABELS[300:], workspace=place, **more)


@pytest.mark.parametrize("text", ["size: {megabytes: 5}", "size:\n  megabytes: 5\n"])
def test_text_is_taken_where_a_file_is_asked_for(place, text):
    assert gate_verbs.gates("m", text, workspace=place).kinds == ["size"]
    with pytest.raises(NotFound, match="no gates file"):
        gate_verbs.gates("m", "size.yaml", workspace=place)


def test_a_better_model_passes_all_its_gates_from_anywhere(place):
    document = set_gates(
        place, "performance: {metric: mae, better_percent: 5}\nsize: {megabytes: 5}\nrobustness: {}\nschema: {outside_percent: 5}\nleakage:"
    )
    assert document.data.rows == 600 and document.kinds == ["performance", "size", "robustness", "schema", "leakage"]
    moved = verbs.promote("m", 2, workspace=as_person(place, "ben"))  # no rows given: those that were kept
    report = gates.latest_report(place, "m", 2)
    assert moved.version == 2 and report.passed and report.rows == 600
    assert (report.gates, report.data) == (document.digest, document.data.fingerprint)
    assert gate_verbs.report("m", report.id, workspace=place) == report and gate_verbs.judged("m", version=2, workspace=place)[0] == report
    evidence = audit_verbs.find(subject="m", workspace=place)[0].evidence
    assert evidence["gate"]["id"] == evidence["report"]["id"] == report.id and evidence["report"]["digest"].startswith("blake3:")
    with pytest.raises(GateRefused, match="the champion's"):
        verbs.promote("m", 1, workspace=place)


def test_a_refusal_names_every_check_that_failed_the_worst_first_and_force_says_so(place):
    set_gates(place, "size: {megabytes: 0.0001}\nperformance: [{metric: mae, limit: 0.39}, {metric: rmse, limit: 9}]\nreproducibility:")
    with pytest.raises(GateRefused) as refused:
        verbs.promote("m", 2, workspace=place)
    said = refused.value.message
    assert said.index("(1) It must hold: it came from no run") < said.index("(2) The model's file has") < said.index("(3) mae is")
    assert "rmse" not in said
    event = audit_verbs.find(subject="m", workspace=place)[0]
    assert event.verb == "model.refuse" and event.evidence["forced"] is False
    with pytest.raises(Invalid, match="reason"):
        verbs.promote("m", 2, force=True, workspace=place)
    verbs.promote("m", 2, force=True, reason="the holdout is broken", workspace=place)
    assert gates.latest_report(place, "m", 2).forced == "the holdout is broken"
    event = audit_verbs.find(subject="m", workspace=place)[0]
    assert event.evidence["gate"]["forced"] == "the holdout is broken" and event.evidence["forced"] is True


def test_no_secret_of_a_reason_is_written(place):
    secret = "hunter2hunter2"
    said = f"see postgresql://ada:{secret}@db/holdout"
    cell(f"def tells(answers, rows, labels):\n    raise ValueError({said!r})\n")
    set_gates(place, "custom: {function: tells}\nsize: {megabytes: 0.0001}\napproval:", code=True)
    kept = gate_verbs.approve("m", 2, reason=said, workspace=as_person(place, "ben"))
    assert kept.reason == "see postgresql://ada:•••@db/holdout"
    with pytest.raises(GateRefused) as refused:
        verbs.promote("m", 2, reason=said, workspace=place)
    assert "tells raised ValueError" in refused.value.message and secret not in refused.value.message
    verbs.promote("m", 2, force=True, reason=said, workspace=place)
    assert gates.latest_report(place, "m", 2).forced == "see postgresql://ada:•••@db/holdout"
    gate_verbs.gates("m", remove=True, reason=said, workspace=place)
    for table in ("gate_report", "gate_approval", "audit", "alias_move"):
        rows = [str(tuple(row)) for row in place.ledger.read(f"SELECT * FROM {table}")]
        assert rows and not any(secret in row for row in rows), table


def test_gates_are_an_aliass_and_taken_away_only_with_a_reason(place):
    set_gates(place, "alias: shadow\nsize: {megabytes: 0.0001}")
    assert verbs.promote("m", 2, workspace=place).version == 2
    with pytest.raises(GateRefused, match=r"at most 0\.0001 MB"):
        verbs.promote("m", 1, alias="shadow", workspace=place)
    with pytest.raises(Invalid, match="reason"):
        gate_verbs.gates("m", alias="shadow", remove=True, workspace=place)
    gate_verbs.gates("m", alias="shadow", remove=True, reason="moved to champion", workspace=place)
    assert verbs.promote("m", 1, alias="shadow", workspace=place).version == 1
    with pytest.raises(NotFound, match="has no gates"):
        gate_verbs.asked("m", alias="shadow", workspace=place)


def test_the_newest_report_is_of_the_alias_and_of_the_gates_as_they_are(place):
    set_gates(place, "size: {megabytes: 5}\nschema: {outside_percent: 7}")
    set_gates(place, "alias: shadow\nsize: {megabytes: 0.0001}")
    passed = verbs.check("m", 2, workspace=place)
    shadow = verbs.check("m", 2, alias="shadow", workspace=place)
    assert verbs.check("m", 2, data=X[:40], labels=LABELS[:40], workspace=place).elsewhere
    assert gates.latest_report(place, "m", 2) == passed and gates.latest_report(place, "m", 2, "shadow") == shadow
    version = Registry(place).version("m", 2)
    assert "It passed its gate." in summary(Known(place, version, None)) and beside(place, version).report == passed
    set_gates(place, "size: {megabytes: 5}\nschema: {outside_percent: 8}")
    assert gates.latest_report(place, "m", 2) is None and gates.latest_report(place, "m", 2, "shadow") == shadow
    assert not any("gate" in said for said in summary(Known(place, version, None))) and beside(place, version).report is None
    verbs.gate("m", "mae", limit=9, workspace=place)
    ruled = verbs.check("m", 2, workspace=place)
    assert gates.latest_report(place, "m", 2) == ruled and ruled.rule.limit == 9
    verbs.gate("m", "mae", limit=8, workspace=place)
    assert gates.latest_report(place, "m", 2) is None


def test_a_rule_and_a_document_are_both_asked(place):
    verbs.gate("m", "mae", limit=0.01, better_percent=None, test="interval", workspace=place)
    set_gates(place, "size: {megabytes: 5}")
    with pytest.raises(GateRefused, match=r"at most 0\.01"):
        verbs.promote("m", 2, workspace=place)
    assert gates.ways_of(place, "m") == {"mae": "lower"} and not gates.asks_verified(place, "m")


def test_the_quick_rule_by_interval_lets_no_chance_through(place):
    verbs.gate("m", "mae", test="interval", workspace=place)
    report = verbs.check("m", 2, data=X[300:], labels=LABELS[300:], workspace=place)
    assert report.passed and "better is asked" in report.checks[0].reason
    few = verbs.check("m", 2, data=X[300:320], labels=LABELS[300:320], workspace=place)
    assert not few.passed and "20 rows show nothing" in few.checks[0].reason
    with pytest.raises(Invalid, match="no way to compare"):
        verbs.gate("m", "mae", test="hope", workspace=place)


def test_a_file_beside_the_gates_is_kept_and_what_became_of_it_does_not_matter(place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ROWS[300:].assign(y=LABELS[300:]).to_parquet(tmp_path / "holdout.parquet")
    (tmp_path / "gates.yaml").write_text("data: {file: holdout.parquet, labels: y}\nslices: {columns: [place], metric: mae, limit: 1}\n")
    document = gate_verbs.gates("m", str(tmp_path / "gates.yaml"), workspace=place)
    ROWS[:1].assign(y=0.0).to_parquet(tmp_path / "holdout.parquet")
    report = verbs.check("m", 2, workspace=place)
    assert report.passed and report.rows == 600 and report.data == document.data.fingerprint
    blob = next(path for path in (place.folder / "blobs").rglob("*") if path.name == document.data.digest[9:])
    whole = blob.read_bytes()
    blob.write_bytes(whole[:-1])
    with pytest.raises(Damaged):
        verbs.promote("m", 2, workspace=place)
    blob.write_bytes(whole)


def test_rows_that_cannot_be_kept_are_refused(place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = "size: {megabytes: 5}"
    for more, words in (
        ({"data": X}, "without their labels"), ({"labels": LABELS}, "without their rows"), ({"data": X, "labels": LABELS[:3]}, "900 rows with 3"),
        ({"data": X[:0], "labels": LABELS[:0]}, "needs rows"), ({"data": X, "labels": LABELS, "sensitive": X.assign(a=0.0)}, "differs"),
    ):  # fmt: skip
        with pytest.raises(Invalid, match=words):
            gate_verbs.gates("m", text=text, workspace=place, **more)
    Path("h.csv").write_text("a,b\n1,2\n")
    for file, error, words in (("no.csv", NotFound, "no file"), ("h.csv", Invalid, "no column 'y'"), ("h.csv.pickle", NotFound, "no file")):
        with pytest.raises(error, match=words):
            gate_verbs.gates("m", text=f"data: {{file: {file}, labels: y}}\n{text}", workspace=place)
    with pytest.raises(Invalid, match="file, or its text"):
        gate_verbs.gates("m", workspace=place)
    assert gates.document_of(place, "m") is None


def test_who_promotes_does_not_choose_the_rows_that_it_is_judged_on(place):
    set_gates(place, "performance: {metric: mae, limit: 0.1}")
    with pytest.raises(Invalid, match="keep the 600 rows that every version is held on") as refused:
        verbs.promote("m", 2, data=X[:1], labels=LABELS[:1], workspace=place)
    assert "--data X --labels y" in refused.value.hint and Registry(place).alias("m", "champion").version == 1
    aside = verbs.check("m", 2, data=X[:40], labels=LABELS[:40], workspace=place)
    assert aside.elsewhere and aside.rows == 40 and "given for this check, not those that the gates keep" in aside.checks[0].reason
    with pytest.raises(GateRefused, match="on 600 labelled rows"):
        verbs.promote("m", 2, workspace=place)
    assert not verbs.check("m", 2, workspace=place).elsewhere


def test_where_gates_keep_no_rows_those_given_count_if_they_are_enough(place):
    gate_verbs.gates("m", text="performance: {metric: mae, limit: 9}", workspace=place)
    with pytest.raises(GateRefused, match="1 rows show nothing, at least 30 are needed"):
        verbs.promote("m", 2, data=X[:1], labels=LABELS[:1], workspace=place)
    assert verbs.promote("m", 2, data=X[300:], labels=LABELS[300:], workspace=place).version == 2


def test_gates_set_again_without_rows_keep_those_they_have(place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = set_gates(place, "performance: {metric: mae, limit: 0.1}")
    assert not before.carried
    again = gate_verbs.gates("m", text="performance: {metric: mae, limit: 0.2}", workspace=place)
    assert again.carried and again.data == before.data and gate_verbs.asked("m", workspace=place) == again
    assert audit_verbs.find(subject="m", workspace=place)[0].evidence["carried"] is True
    report = verbs.check("m", 2, workspace=place)
    assert not report.passed and report.rows == 600
    ROWS[300:500].assign(y=LABELS[300:500]).to_parquet(tmp_path / "other.parquet")
    other = gate_verbs.gates("m", text="data: {file: other.parquet, labels: y}\nsize: {megabytes: 5}", workspace=place)
    assert not other.carried and other.data.rows == 200
    gate_verbs.gates("m", remove=True, reason="other rows", workspace=place)
    assert gate_verbs.gates("m", text="size: {megabytes: 5}", workspace=place).data is None


def test_a_column_that_the_kept_rows_have_not_is_refused_when_the_gates_are_set(place):
    with pytest.raises(Invalid, match="The rows have no column 'typo'") as refused:
        set_gates(place, "robustness: {columns: [typo]}")
    assert "place" in refused.value.hint and gates.document_of(place, "m") is None
    set_gates(place, "robustness: {columns: [place]}")  # the rows have it, and the model does not take it
    assert "The model takes no column 'place'" in verbs.check("m", 2, workspace=place).checks[0].reason


def test_a_metric_that_no_version_has_recorded_is_refused_when_the_gates_are_set(place):
    with pytest.raises(Invalid, match="nor one that a version of 'm' has recorded"):
        set_gates(place, "performance: {metric: mea, limit: 3}")


def test_sensitive_columns_may_be_given_apart(place):
    sex = pd.Series(np.where(np.arange(600) % 2, "f", "m"), name="sex")
    text = "fairness: {columns: [sex], metrics: {mean_error_difference: 0.5}}"
    document = set_gates(place, text, sensitive=sex)
    assert document.data.sensitive == ["sex"]
    assert verbs.check("m", 2, workspace=place).passed
    refused = verbs.check("m", 2, data=X, labels=LABELS, workspace=place)
    assert not refused.passed and "no column 'sex'" in refused.checks[0].reason


def test_without_rows_what_needs_them_is_refused_and_metrics_are_those_on_record(place):
    gate_verbs.gates("m", text="calibration:\nperformance: {metric: mae, limit: 3}\nlatency: {p50_ms: 60000}", workspace=place)
    report = verbs.check("m", 2, workspace=place)
    assert [check.passed for check in report.checks] == [False, False, True]  # latency asks the rows that a version is kept with
    assert "calibration needs labelled rows" in report.checks[0].reason and "no recorded mae" in report.checks[1].reason


def test_another_person_approves_and_neither_the_registrant_nor_the_promoter(place):
    set_gates(place, "approval: {by: [ben, cleo]}")
    ben, cleo = as_person(place, "ben"), as_person(place, "cleo")
    with pytest.raises(Conflict, match="ada registered version 2"):
        gate_verbs.approve("m", 2, reason="mine", workspace=place)
    with pytest.raises(Invalid, match="reason"):
        gate_verbs.approve("m", 2, reason=" ", workspace=ben)
    with pytest.raises(GateRefused, match="has 0 of 1 approvals by one of ben, cleo"):
        verbs.promote("m", 2, workspace=place)
    gate_verbs.approve("m", 2, reason="read the report", workspace=ben)
    with pytest.raises(Conflict, match="already"):
        gate_verbs.approve("m", 2, reason="again", workspace=ben)
    with pytest.raises(GateRefused, match="ben promotes it"):
        verbs.promote("m", 2, workspace=ben)
    assert audit_verbs.find(subject="m", workspace=place)[1].verb == "model.approve"
    assert verbs.promote("m", 2, workspace=cleo).version == 2


def test_somebody_who_was_not_asked_does_not_count(place):
    set_gates(place, "approval: {by: [cleo]}")
    gate_verbs.approve("m", 2, reason="fine", workspace=as_person(place, "ben"))
    with pytest.raises(GateRefused, match="0 of 1 approvals"):
        verbs.promote("m", 2, workspace=place)


FUNCTIONS = """
import numpy as np
MOST = 1.0
def near(answers, rows, labels):
    return bool(np.median(np.abs(answers - labels)) < MOST), f"median of {len(rows)} rows"
def share_within(answers, rows, labels):
    return np.mean(np.abs(answers - labels) < 0.4)
def never(answers, rows, labels):
    return False
def breaks(answers, rows, labels):
    return rows["no such column"].mean()
def odd(answers, rows, labels):
    return "yes"
"""


def test_a_function_of_the_notebook_travels_and_runs_where_it_is_not_defined(place, monkeypatch):
    import __main__

    cell(FUNCTIONS)
    text = "custom:\n  - {function: near}\n  - {function: share_within, limit: 0.4}\n  - {function: share_within, limit: 0.9}\n  - {function: never}\n" \
        "  - {function: breaks}\n  - {function: odd}\n  - {function: share_within}"  # fmt: skip
    with pytest.raises(Untrusted, match="'near' is code of the notebook's own") as refused:
        set_gates(place, text)
    assert "--code" in refused.value.hint
    document = set_gates(place, text, code=True)
    for name in ("near", "share_within", "never", "breaks", "odd", "MOST"):
        monkeypatch.delattr(__main__, name)
    report = verbs.check("m", 2, workspace=as_person(place, "ben"))
    assert [check.passed for check in report.checks] == [True, True, False, False, False, False, False]
    words = ["median of 600 rows", "gives", "at least 0.9 is asked", "it does not hold", "KeyError", "gives a str", "no limit says"]
    assert all(word in check.reason for word, check in zip(words, report.checks, strict=True))
    again = set_gates(place, text)  # from where the functions are not defined: those that were kept
    assert again.code == document.code
    with pytest.raises(NotFound, match="no function 'other'"):
        set_gates(place, "custom: {function: other}")


def test_a_functions_default_is_what_the_notebook_had_and_not_what_its_name_means_later(place, monkeypatch):
    import __main__

    cell("LEAST = 0.25\ndef least(answers, rows, labels, least=LEAST):\n    return least\nLEAST = 0.75\n")
    set_gates(place, "custom: {function: least, limit: 0.5, better: lower}", code=True)
    for name in ("least", "LEAST"):
        monkeypatch.delattr(__main__, name)
    (check,) = verbs.check("m", 2, workspace=as_person(place, "ben")).checks
    assert check.value == 0.25 and check.passed


def test_a_function_that_nobody_trusts_is_not_run(place):
    cell("def touched(answers, rows, labels):\n    open('/nonexistent/touched')\n    return True\n")
    set_gates(place, "custom: {function: touched}", code=True)
    settings = place.folder / "workspace.json"
    kept = settings.read_text()
    settings.write_text(kept.replace('"sha256:', '"sha256:0'))
    report = verbs.check("m", 2, workspace=as_person(place, "ben"))
    settings.write_text(kept)
    assert not report.passed and "was not asked" in report.checks[0].reason and "trusted_code" in report.checks[0].reason


def test_a_version_that_nobody_signed_is_held_against_no_gate_where_a_signature_is_demanded(place):
    verbs.gate("m", "mae", limit=9, workspace=place)
    gate_verbs.gates("m", text="size: {megabytes: 5}", workspace=place)
    settings = place.folder / "workspace.json"
    kept = settings.read_text()
    before = len(gate_verbs.judged("m", workspace=place))
    settings.write_text(json.dumps({**json.loads(kept), "required_signers": ["sha256:" + "0" * 64]}))
    try:
        for ask in (verbs.check, verbs.promote):
            with pytest.raises(Untrusted, match="bears no signature"):
                ask("m", 2, workspace=as_person(place, "ben"))
    finally:
        settings.write_text(kept)
    assert len(gate_verbs.judged("m", workspace=place)) == before
    assert audit_verbs.find(subject="m", workspace=place)[0].verb != "model.refuse"


@pytest.mark.parametrize("name", ["../x", "<img src=x>", "", "a b", "x" * 1000])
def test_hostile_names_are_refused_by_every_verb(place, name):
    for ask in (
        lambda: gate_verbs.gates(name, text="size: {megabytes: 1}", workspace=place), lambda: gate_verbs.asked(name, workspace=place),
        lambda: gate_verbs.judged(name, workspace=place), lambda: gate_verbs.report(name, "x", workspace=place),
        lambda: gate_verbs.approve(name, 1, reason="x", workspace=place), lambda: set_gates(place, "size: {megabytes: 1}", alias=name or "-"),
    ):  # fmt: skip
        with pytest.raises(Invalid) as refused:
            ask()
        assert refused.value.hint
