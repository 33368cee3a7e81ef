"""Whoever edits the audit trail or the registry behind its back is found: a thousand edits at random, and each kind by its name."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from nbmlops.doors.shell import main
from nbmlops.errors import GateRefused, Invalid, NotFound
from nbmlops.ledger import audit
from nbmlops.ledger.encode import dump
from nbmlops.models import audit_verbs, audited, gate_verbs, history_verbs, verbs
from nbmlops.models.records import Signature
from nbmlops.models.registry import Registry
from nbmlops.runs import audit_verbs as trail_verbs
from nbmlops.runs import trail
from tests.models.versions import add_version

START = datetime(2026, 3, 1, tzinfo=UTC)
EDITS = 1_000
TEXTS = ("at", "actor", "verb", "subject", "evidence", "previous", "digest")


@pytest.fixture
def told(workspace):
    """Two models with a past: promoted, refused, forced, rolled back, taken away; each a minute after the one before."""
    times = (START + timedelta(minutes=minute) for minute in range(10_000))
    workspace.clock = partial(next, times)
    registry = Registry(workspace)
    for model in ("m", "n"):
        for number, mae in ((1, 3.0), (2, 2.0), (3, float("nan")), (4, 1.0)):
            registry.add(
                model, flavor="sklearn", digest=f"blake3:{number:064x}", size_bytes=1, signature=Signature(inputs=[], outputs=[]),
                metrics={"mae": mae}, run=f"run-{number}", dataset="blake3:d", target=None, estimator="e", description="a first word",
            )  # fmt: skip
    chance = random.Random(1)
    verbs.gate("m", "mae", workspace=workspace)
    for version in (1, 2, 3, 4, 1):
        try:
            verbs.promote("m", version, workspace=workspace)
        except GateRefused:
            verbs.promote("m", version, force=True, reason="it must be", workspace=workspace)
        verbs.promote("n", chance.choice((1, 2)), alias="challenger", workspace=workspace)
        verbs.promote("n", version, workspace=workspace)
    verbs.rollback("m", reason="no", workspace=workspace)
    history_verbs.unalias("n", "challenger", workspace=workspace)
    return workspace


def state(workspace):
    """All rows, as dictionaries that a test may edit."""
    tables = {name: [dict(row) for row in workspace.ledger.read(sql)] for name, sql in audited.TABLES.items()}
    return {"audit": [dict(row) for row in workspace.ledger.read(trail.ALL)], **tables}


def verified(rows, head=None, last=None):
    """What is found in rows such as these."""
    events = sorted(rows["audit"], key=lambda event: event["seq"])
    ordered = {**rows, "alias_move": sorted(rows["alias_move"], key=lambda move: move["id"])}
    return trail.checked(events, last=last, head=head, beside=audited.disagreeing(events, ordered))


def chained(events, start):
    """The chain made anew from an event on, as one who knows how it is made would do it."""
    for at in range(start, len(events)):
        event = events[at]
        event["previous"] = events[at - 1]["digest"] if at else audit.GENESIS
        event["digest"] = audit.digest(*(event[name] for name in ("previous", "at", "actor", "verb", "subject", "evidence")))


def other(value, chance):
    """Another value, often one that is hardly another."""
    if value is None:
        return chance.choice(["x", 0])
    if isinstance(value, int):
        return value + chance.choice([-1, 1, 100])
    at = chance.randrange(len(value) + 1)
    return chance.choice([value[:at] + "x" + value[at:], value + " ", value[:-1], "", value.swapcase() + "."]) if value else "x"


def edit_event(rows, chance):
    event, name = chance.choice(rows["audit"]), chance.choice(TEXTS)
    new = other(event[name], chance)
    event[name] = new if new != event[name] else new + "x"


def number_event(rows, chance):
    event, taken = chance.choice(rows["audit"]), {event["seq"] for event in rows["audit"]}
    event["seq"] = chance.choice([number for number in range(-2, len(taken) + 9) if number not in taken])


def write_anew(rows, chance):
    events, at = rows["audit"], chance.randrange(len(rows["audit"]))
    said = json.loads(events[at]["evidence"])
    events[at]["evidence"] = json.dumps({**said, "reason": "all agreed"}, sort_keys=True)
    chained(events, at)


def delete_events(rows, chance):
    events = rows["audit"]
    at = chance.randrange(len(events))
    del events[at : at + chance.choice([1, 1, 3])]
    if chance.random() < 0.5:  # and nobody shall see the gap
        for number, event in enumerate(events, 1):
            event["seq"] = number
    if chance.random() < 0.3:
        chained(events, min(at, len(events)))


def insert_event(rows, chance):
    events, at = rows["audit"], chance.randrange(len(rows["audit"]))
    event = {
        **chance.choice(events),
        "at": (START + timedelta(days=1)).isoformat(),
        "verb": chance.choice(["model.approve", "model.promote"]),
    }
    events.insert(at, event)
    if chance.random() < 0.7:
        chained(events, at) if chance.random() < 0.4 else chained(events[: at + 1], at)
    for number, one in enumerate(events, 1):
        one["seq"] = number


def move_event(rows, chance):
    events = rows["audit"]
    one, two = chance.sample(range(len(events)), 2)
    if chance.random() < 0.5:
        events[one], events[two] = events[two], events[one]
    else:
        events.insert(two, events.pop(one))
    if chance.random() < 0.2:
        chained(events, 0)
    for number, event in enumerate(events, 1):
        event["seq"] = number


def cut_tail(rows, chance):
    del rows["audit"][-chance.randint(1, 12) :]


def edit_row(table, rows, chance):
    row = chance.choice(rows[table])
    name = chance.choice(list(row))
    row[name] = other(row[name], chance)


def delete_row(table, rows, chance):
    rows[table].pop(chance.randrange(len(rows[table])))


def insert_row(table, rows, chance):
    row = dict(chance.choice(rows[table]))
    name = {"alias": "alias", "alias_move": "id", "model_version": "version"}[table]
    row[name] = "blessed" if name == "alias" else 1 + max(one[name] for one in rows[table])
    rows[table].append(row)


def swap_moves(rows, chance):
    one, two = chance.sample(rows["alias_move"], 2)
    one["id"], two["id"] = two["id"], one["id"]


WAYS = [edit_event] * 6 + [
    number_event,
    write_anew,
    delete_events,
    insert_event,
    insert_event,
    move_event,
    move_event,
    cut_tail,
    swap_moves,
]
WAYS += [partial(way, table) for way in (edit_row, edit_row, delete_row, insert_row) for table in ("alias", "alias_move", "model_version")]


def test_a_thousand_edits_at_random_are_all_found(told):
    whole = state(told)
    newest = trail_verbs.head(workspace=told)
    head = (newest.seq, newest.digest)
    assert verified(whole, head).whole and audit_verbs.verify(workspace=told).whole
    chance = random.Random(20260303)
    kept, tried, unseen = json.dumps(whole), 0, []
    while tried < EDITS:
        rows, way = json.loads(kept), chance.choice(WAYS)
        way(rows, chance)
        if rows == whole:
            continue  # two that were alike changed places
        tried += 1
        if verified(rows, head).whole:
            unseen.append((tried, str(way)))
    assert unseen == []


def harms(workspace, **more):
    """Table, event and kind of all that is found."""
    return {(one.table, one.seq, one.harm) for one in audit_verbs.verify(workspace=workspace, **more).damage}


def change(workspace, *statements):
    with workspace.ledger.write() as tx:
        for sql in statements:
            tx.run(sql)


def test_each_kind_of_damage_to_the_trail_is_told_by_its_name_and_event(told):
    whole = state(told)["audit"]
    made = {**whole[6], "actor": "eve"}

    def damage(*events):
        rows = [{**event, "seq": number} for number, event in enumerate(events, 1)]
        return {(one.seq, one.harm) for one in audit.damage(rows)}

    assert damage(*whole) == set()
    for name in TEXTS[:5]:
        assert damage(*whole[:4], {**whole[4], name: "2026"}, *whole[5:]) == {(5, "edited")}
    assert damage(*whole[:4], *whole[5:]) == {(5, "deleted")} == damage(*whole[:4], *whole[7:])
    assert min(damage(*whole[:4], whole[5], whole[4], *whole[6:])) == (5, "reordered")
    assert {harm for _, harm in damage(*whole[:4], whole[8], *whole[4:8], *whole[9:])} == {"reordered"}
    assert {harm for _, harm in damage(*whole[:4], *whole[5:9], whole[4], *whole[9:])} == {"reordered"}
    came_in = [*whole[:6], made]
    chained(came_in, 6)
    assert damage(*came_in, *whole[6:]) == {(7, "inserted")}
    assert damage(*whole, whole[3]) == {(len(whole) + 1, "inserted")}
    gap = [event for event in whole if event["seq"] not in (5, 6)]
    assert audit.damage(gap) == [audit.Damaged(5, "deleted", "events 5 to 6 are gone")]
    assert {one.harm for one in audit.damage(whole[:-2], last=whole[-1]["seq"])} == {"cut"}


def test_a_cut_off_end_and_a_trail_written_anew_show_against_a_head_that_was_kept(told, tmp_path, capsys):
    newest = trail_verbs.head(workspace=told)
    assert main(["audit", "head", "--json", "--workspace", str(tmp_path)]) == 0
    file = tmp_path / "head.json"
    file.write_text(capsys.readouterr().out)
    verbs.promote("n", 4, workspace=told)
    assert audit_verbs.verify(head=str(file), workspace=told).since == 1
    assert main(["audit", "verify", "--head", newest.digest, "--workspace", str(tmp_path)]) == 0
    change(told, f"DELETE FROM audit WHERE seq >= {newest.seq}", "UPDATE sqlite_sequence SET seq = 1 WHERE name = 'audit'")
    assert ("audit", newest.seq, "cut") in harms(told, head=str(file)) & harms(told, head=newest.digest)
    assert {table for table, _, _ in harms(told)} == {"alias", "alias_move"}  # without the head, what it told of is there
    assert main(["audit", "verify", "--head", str(file), "--workspace", str(tmp_path)]) == 1
    assert "cut" in capsys.readouterr().out


def test_an_end_cut_off_without_care_shows_without_a_head(told):
    newest = trail_verbs.head(workspace=told).seq
    change(told, f"DELETE FROM audit WHERE seq > {newest - 3}")
    assert ("audit", newest - 2, "cut") in harms(told)
    assert trail_verbs.check(workspace=told).first_broken == newest - 2


def test_a_trail_written_anew_from_an_event_on_is_another_than_the_head_that_was_kept(told):
    newest, events = trail_verbs.head(workspace=told), state(told)["audit"]
    events[9]["actor"] = "nobody"
    chained(events, 9)
    with told.ledger.write() as tx:
        for event in events:
            tx.insert("audit", or_replace=True, **event)
    assert trail_verbs.check(workspace=told).whole
    assert {harm for table, _, harm in harms(told, head=newest.digest) if table == "audit"} == {"cut"}


@pytest.mark.parametrize(
    ("sql", "table", "harm"),
    [
        ("UPDATE alias SET version = 2 WHERE model = 'm'", "alias", "edited"),
        ("DELETE FROM alias WHERE model = 'm'", "alias", "deleted"),
        ("INSERT INTO alias VALUES ('m', 'blessed', 1, NULL, '2026-03-01T00:00:00.000000+00:00')", "alias", "inserted"),
        ("UPDATE alias_move SET forced = 0", "alias_move", "edited"),
        ("UPDATE alias_move SET reason = 'all agreed' WHERE id = 4", "alias_move", "edited"),
        ("UPDATE alias_move SET gate = NULL WHERE id = 1", "alias_move", "edited"),
        ("DELETE FROM alias_move WHERE id = 3", "alias_move", "deleted"),
        ("UPDATE model_version SET metrics = '{\"mae\": 0.1}' WHERE version = 2", "model_version", "edited"),
        ("UPDATE model_version SET digest = 'blake3:other' WHERE version = 2", "model_version", "edited"),
        ("UPDATE model_version SET distributions = 'no JSON' WHERE version = 2", "model_version", "edited"),
        ("DELETE FROM model_version WHERE model = 'n' AND version = 3", "model_version", "deleted"),
    ],
)
def test_who_edits_the_registry_and_not_the_trail_is_found(told, sql, table, harm):
    change(told, "PRAGMA defer_foreign_keys = ON", sql) if "DELETE FROM model" not in sql else _without_keys(told, sql)
    assert (table, harm) in {(where, what) for where, _, what in harms(told)}
    assert trail_verbs.check(workspace=told).whole  # the chain alone does not show it


@pytest.mark.parametrize(
    ("sql", "table", "harm"),
    [
        ("INSERT INTO gate_approval SELECT model, 1, 'ghost', reason, at FROM gate_approval", "gate_approval", "inserted"),
        ("DELETE FROM gate_approval", "gate_approval", "deleted"),
        ("UPDATE gate_approval SET by = 'ghost'", "gate_approval", "inserted"),
        ("UPDATE gate_document SET document = replace(document, '5.5', '9.5')", "gate_document", "edited"),
        ("DELETE FROM gate_document", "gate_document", "deleted"),
        ("INSERT INTO gate_document SELECT 'n', alias, digest, document FROM gate_document", "gate_document", "inserted"),
        ("UPDATE gate SET rule = replace(rule, '8.5', '9.5')", "gate", "edited"),
        ("UPDATE gate_report SET passed = 1", "gate_report", "edited"),
        ("UPDATE gate_report SET report = replace(report, 'false', 'true')", "gate_report", "edited"),
        ("DELETE FROM gate_report", "gate_report", "deleted"),
    ],
)
def test_who_loosens_a_gate_or_forges_an_approval_is_found(workspace, sql, table, harm):
    for mae in (8.0, 5.0):
        add_version(workspace, "m", {"mae": mae})
    verbs.gate("m", "mae", limit=8.5, workspace=workspace)
    text = "performance: {metric: mae, limit: 5.5}\napproval: {by: [bo], count: 1}\n"
    gate_verbs.gates("m", text=text, alias="gone", workspace=workspace)
    gate_verbs.gates("m", text="performance: {metric: mae, limit: 6}", workspace=workspace)
    gate_verbs.gates("m", text=text, workspace=workspace)
    gate_verbs.gates("m", remove=True, alias="gone", reason="unused", workspace=workspace)
    workspace._actor = "bo"
    gate_verbs.approve("m", 2, reason="looked at", workspace=workspace)
    workspace._actor = "ada"
    with pytest.raises(GateRefused):
        verbs.promote("m", 1, workspace=workspace)
    assert audit_verbs.verify(workspace=workspace).whole
    change(workspace, sql)
    assert (table, harm) in {(where, what) for where, _, what in harms(workspace)}
    assert trail_verbs.check(workspace=workspace).whole


def _without_keys(workspace, sql):
    workspace.ledger.read("PRAGMA foreign_keys = OFF")
    change(workspace, sql)


def test_events_of_before_all_was_told_are_held_against_what_they_tell(workspace):
    registry = Registry(workspace)
    registry.add(
        "m", flavor="sklearn", digest="blake3:1", size_bytes=1, signature=Signature(inputs=[], outputs=[]),
        metrics={"mae": float("nan")}, run=None, dataset=None, target=None, estimator="e", description="",
    )  # fmt: skip
    verbs.promote("m", 1, workspace=workspace)
    events = state(workspace)["audit"]
    kept = {
        "model.register": ("version", "digest", "run", "dataset", "metrics", "code"),
        "model.promote": ("alias", "version", "previous", "reason"),
    }
    for event in events:
        said = json.loads(event["evidence"])
        event["evidence"] = json.dumps({name: said[name] for name in kept[event["verb"]]}, sort_keys=True)
    chained(events, 0)
    with workspace.ledger.write() as tx:
        for event in events:
            tx.insert("audit", or_replace=True, **event)
    assert audit_verbs.verify(workspace=workspace).whole
    change(workspace, f"UPDATE model_version SET metrics = '{dump({'mae': 1.0})}'")
    assert {table for table, _, _ in harms(workspace)} == {"model_version"}


def test_a_head_that_is_none_and_a_trail_without_one_are_told(workspace, tmp_path):
    with pytest.raises(NotFound, match="no event yet"):
        trail_verbs.head(workspace=workspace)
    for said, error in (("nowhere.json", NotFound), (str(tmp_path), Invalid), ("blake3:12", NotFound), ("a\0b", Invalid)):
        with pytest.raises(error):
            audit_verbs.verify(head=said, workspace=workspace)
    for body in ("[]", "{}", '{"seq": true, "digest": "blake3:1"}', "no json", '{"seq": "1", "digest": 1}'):
        file = tmp_path / "head.json"
        file.write_text(body)
        with pytest.raises(Invalid, match=r"holds no head|cannot be read"):
            audit_verbs.verify(head=str(file), workspace=workspace)
