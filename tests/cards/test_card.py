"""A card says what the record knows, what it does not know, and what people wrote."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from nbmlops.cards import verbs
from nbmlops.errors import Conflict, Invalid, NotFound
from nbmlops.models import verbs as models
from nbmlops.models.records import GateCheck

NUMBERS = ["distance", "hour", "noise"]


@pytest.fixture
def version(add, flights):
    frame, late = flights
    return add(LinearRegression().fit(frame[NUMBERS], late), frame[NUMBERS], late, metrics={"mae": 1.0}, description="Minutes late.")


def said(card, name):
    section = next(one for one in card.sections if one.name == name)
    return " ".join([*section.sentences, section.text or "", section.text_note])


def test_a_version_that_nobody_judged_says_what_nobody_knows(workspace, version):
    card = verbs.card("m", 1, workspace=workspace)
    assert "trained on 600 rows" in card.summary[0] and "not on record" in card.summary[-1]
    assert "Minutes late." in said(card, "details")
    assert "It was trained on 600 rows of 3 columns. No value was missing. The target late goes from" in said(card, "data")
    assert "As recorded" in said(card, "metrics") and "never stood before a gate" in said(card, "metrics")
    for name in ("slices", "fairness", "robustness", "importance"):
        assert "Nobody has measured" in said(card, name)
    assert "Nobody has written this yet" in said(card, "intended use")
    assert "which rows, the record does not know" in said(card, "limitations")
    assert "nobody can execute it again" in said(card, "verdict")
    assert "not served" in said(card, "lineage")
    assert "No alias" in said(card, "history")
    assert (
        card.digest.startswith("blake3:") and version.digest in next(one for one in card.sections if one.name == "details").facts["digest"]
    )


def test_what_a_gate_found_is_told_in_the_section_it_is_about(workspace, version, gated):
    gated(
        version,
        GateCheck(name="mae at most 2", passed=True, value=1.5, limit=2.0, reason="mae is 1.5."),
        GateCheck(
            name="mae of carriers", passed=False, value=4.0, limit=3.0, reason="OO is at 4.", kind="slices",
            details={"groups": [{"group": "OO", "rows": 40, "value": 4.0, "interval": [3.0, 5.0]}, {"group": "UA", "rows": 160, "value": 2.0}], "overall": 2.4},
        ),
        GateCheck(name="parity", passed=True, value=0.1, limit=0.2, reason="They are alike.", kind="fairness", details={"metric": "selection rate"}),
        GateCheck(
            name="calibration", passed=True, value=0.05, limit=0.1, reason="It holds.", kind="calibration",
            details={"curve": [{"predicted": 0.1, "observed": 0.1}, {"predicted": 0.9, "observed": 0.7}]},
        ),
    )  # fmt: skip
    card = verbs.card("m", 1, workspace=workspace)
    assert "Its gate refused it on 200 labelled rows" in said(card, "metrics")
    assert "from 2 (UA, 160 rows) to 4 (OO, 40 rows), 2 times as much" in said(card, "slices")
    assert "it says 0.9, and that comes true 0.7 of the time: less often" in said(card, "robustness")
    sections = {one.name: one for one in card.sections}
    assert sections["slices"].bars[0].intervals == [[3.0, 5.0], []] and sections["slices"].bars[0].level == 2.4
    assert sections["fairness"].tables[0].rows[0][:2] == ["passed", "parity"]
    assert sections["robustness"].curves[0].x == [0.1, 0.9]
    assert "Its gate refused it." in card.summary


@pytest.mark.parametrize(
    "details",
    [
        {"groups": [{"group": None, "value": "many"}, 7, {"value": math.nan}, {"value": True}]}, {"groups": "all", "curve": 3},
        {"curve": [[1], {"x": "a"}, None, [0.1, 0.2, 0.3]]}, {"groups": [{"value": 1.0, "interval": [None, "b", 3]}]},
        {"deep": {"er": [{"still": [1, {"more": None}]}]}, "list": [1, "b", True], "none": None},
    ],
)  # fmt: skip
def test_a_check_of_a_kind_that_nobody_knows_is_told_as_it_is(workspace, version, gated, details):
    gated(
        version,
        *(
            GateCheck(name="wind", passed=True, value=math.nan, limit=None, reason="It blows.", kind=kind, details=details)
            for kind in ("wind", "slices", "calibration")
        ),
    )
    card = verbs.card("m", 1, workspace=workspace)
    for name in ("checks", "slices", "robustness"):
        table = next(one for one in card.sections if one.name == name).tables[0]
        assert table.rows[0] == ["passed", "wind", "no number", "–", "It blows."]


def test_labelled_rows_show_how_well_it_does_and_for_whom_it_does_worse(workspace, version, flights):
    frame, late = flights
    rows, labels = frame.iloc[300:], late.iloc[300:]
    card = verbs.card("m", 1, data=rows, labels=labels, slices=["carrier", "hour"], workspace=workspace)
    mae = card.measured.metrics[0]
    assert mae.name == "mae" and mae.low < mae.value < mae.high and mae.value < 0.5 * mae.constant
    worst = max(card.measured.groups, key=lambda one: one.value)
    assert (worst.column, worst.group, worst.rows) == ("carrier", "OO", 50) and worst.low > mae.value
    assert f"On rows whose carrier is OO (50 of them) mae is {worst.value / mae.value:.2g} times the overall one" in said(card, "slices")
    assert {one.column for one in card.measured.groups} == {"carrier", "hour"} and len(
        [one for one in card.measured.groups if one.column == "hour"]
    ) == 4
    assert not card.measured.trained_on
    # Who asks again without rows is told the same, and when that was measured.
    again = verbs.card("m", 1, workspace=workspace)
    assert again.measured == card.measured and again.digest == card.digest


def test_the_rows_it_was_trained_on_are_known_again(workspace, version, flights):
    frame, late = flights
    card = verbs.card("m", 1, data=frame, labels=late, workspace=workspace)
    assert card.measured.trained_on and "the rows it was trained on" in said(card, "metrics")


def test_rows_that_do_not_fit_are_refused(workspace, version, flights):
    frame, late = flights
    for given, match in (
        ({"data": frame, "labels": late[:-1]}, "600 rows with 599 labels"), ({"data": frame}, "rows and their labels"), ({"slices": ["hour"]}, "rows and their labels"),
        ({"data": frame[["hour"]], "labels": late}, "lack the column 'distance'"), ({"data": frame, "labels": late, "slices": ["wind"]}, "no column 'wind'"),
        ({"data": frame, "labels": late.where(late > 0)}, "are missing"), ({"data": frame[:0], "labels": late[:0]}, "no rows"),
    ):  # fmt: skip
        with pytest.raises(Invalid, match=match):
            verbs.card("m", 1, **given, workspace=workspace)


def test_what_people_write_is_kept_revision_by_revision(workspace, version):
    def write(text, number=1):
        return said(verbs.card("m", number, section="Limitations", text=text, workspace=workspace), "limitations")

    assert "Only small planes. Written by ada" in write("Only small planes.")
    assert "revision 2" in write("Only small planes, by day.")
    assert "revision 2" in write("Only small planes, by day.")  # the same again is no revision
    assert "Nobody has written this" in write("")
    assert [(one.revision, one.text) for one in verbs.texts("m", section="limitations", workspace=workspace)] == [
        (3, ""), (2, "Only small planes, by day."), (1, "Only small planes."),
    ]  # fmt: skip
    audited = workspace.ledger.read("SELECT evidence FROM audit WHERE verb = 'model.card'")
    assert len(audited) == 3 and "by day" in audited[1]["evidence"]


def test_a_text_holds_for_the_versions_after_it_and_says_where_it_is_from(workspace, version, add, flights):
    frame, late = flights
    verbs.card("m", 1, section="intended-use", text="Planning.", workspace=workspace)
    add(LinearRegression().fit(frame[["hour"]], late), frame[["hour"]], late)
    assert "Planning. Taken over from version 1, where ada wrote it" in said(verbs.card("m", 2, workspace=workspace), "intended use")
    verbs.card("m", 2, section="intended use", text="", workspace=workspace)
    assert "Nobody has written" in said(verbs.card("m", 2, workspace=workspace), "intended use")
    assert "Planning. Written" in said(verbs.card("m", 1, workspace=workspace), "intended use")


def test_a_secret_in_a_text_is_masked_before_it_is_kept(workspace, version):
    card = verbs.card("m", 1, section="contact", text="Ask postgresql://ada:hunter2@db/x", workspace=workspace)
    assert "hunter2" not in str(card) and "•••" in said(card, "contact")
    assert "hunter2" not in str(
        [
            tuple(row)
            for row in workspace.ledger.read(
                "SELECT * FROM card_text UNION ALL SELECT seq, at, actor, verb, subject, evidence, digest FROM audit"
            )
        ]
    )


def test_no_group_is_called_by_a_secret(workspace, version, flights):
    frame, late = flights
    rows = frame.assign(password=np.where(frame["hour"] > 0, "hunter2", "swordfish"))
    card = verbs.card("m", 1, data=rows, labels=late, slices=["password", "carrier"], workspace=workspace)
    assert {one.column for one in card.measured.groups} == {"carrier"} and "swordfish" not in str(card)


def test_what_is_asked_wrongly_is_said(workspace, version):
    for given, match in (
        ({"section": "colour", "text": "x"}, "Nobody writes a section 'colour'"), ({"text": "x"}, "written with its text"), ({"section": "notes"}, "written with its text"),
        ({"kept": "champion", "section": "notes", "text": "x"}, "stays as it was"), ({"output": "card.pdf"}, "not written as .\\.pdf"),
    ):  # fmt: skip
        with pytest.raises(Invalid, match=match):
            verbs.card("m", 1, **given, workspace=workspace)
    with pytest.raises(NotFound, match="no version 9"):
        verbs.card("m", 9, workspace=workspace)
    assert verbs.cards("m", workspace=workspace) == []


def test_a_card_is_kept_and_read_again_as_it_was_at_a_promotion(workspace, version):
    first = verbs.card("m", 1, workspace=workspace)
    assert verbs.card("m", 1, workspace=workspace) == first  # it says the same: it is the same
    models.promote("m", 1, reason="The first.", workspace=workspace)
    later = verbs.card("m", 1, workspace=workspace)
    assert "It is champion." in later.summary[0] and later.digest != first.digest
    history = next(one for one in later.sections if one.name == "history")
    assert history.tables[0].rows[0][1:] == ["champion", "promoted", "ada", "The first."]
    assert verbs.card("m", 1, kept="champion", workspace=workspace) == first
    assert verbs.card("m", 1, kept=first.digest[:15], workspace=workspace) == first
    assert verbs.card("m", 1, kept=later.at.isoformat(), workspace=workspace) == later
    assert verbs.card("m", 1, kept=f"{later.at:%Y-%m-%d}", workspace=workspace) == later, "a day is meant to its end"
    assert [(one.digest, one.aliases) for one in verbs.cards("m", version=1, workspace=workspace)] == [
        (later.digest, ["champion"]),
        (first.digest, []),
    ]
    for word in ("2001-01-01", "nobody", "feed" * 8):
        with pytest.raises(NotFound, match="no kept card"):
            verbs.card("m", 1, kept=word, workspace=workspace)


def test_a_promotion_past_a_gate_is_not_forgotten(workspace, version):
    models.gate("m", "mae", limit=0.5, workspace=workspace)
    models.promote("m", 1, force=True, reason="We must.", workspace=workspace)
    card = verbs.card("m", 1, workspace=workspace)
    assert "became champion past a gate that refused it" in said(card, "history")
    assert "Its gate refused it by recorded metrics" in said(card, "metrics")


def test_a_file_that_is_no_card_is_not_written_over(workspace, version, tmp_path):
    mine = tmp_path / "notes.md"
    mine.write_text("mine", "utf-8")
    with pytest.raises(Conflict, match="no card"):
        verbs.card("m", 1, output=str(mine), workspace=workspace)
    assert mine.read_text("utf-8") == "mine"
    for _ in range(2):  # a card is
        verbs.card("m", 1, output=str(tmp_path / "made" / "card.md"), workspace=workspace)
    assert "m 1: model card" in (tmp_path / "made" / "card.md").read_text("utf-8")
