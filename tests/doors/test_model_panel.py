"""The panel of a model in a notebook, its handlers called as the front end's events call them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nbmlops.doors import display
from nbmlops.doors.model_panel import ModelPanel, panel_of
from nbmlops.models import compare_verbs, gate_verbs, verbs
from nbmlops.models.registry import Registry
from nbmlops.runs import audit_verbs
from nbmlops.workspace import Workspace
from tests.models.versions import add_version

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def place(workspace: Workspace) -> Workspace:
    """Three versions, the first of which answers; the gate lets the second pass and refuses the third."""
    for mae in (8.0, 7.0, 9.0):
        add_version(workspace, "m", {"mae": mae}, description=HOSTILE)
    verbs.promote("m", 1, workspace=workspace)
    verbs.gate("m", "mae", limit=8.5, workspace=workspace)
    return workspace


@pytest.fixture
def panel(place: Workspace) -> Iterator[ModelPanel]:
    made = panel_of(verbs.show("m", workspace=place), place)
    assert made is not None
    yield made
    made.box.close_all()


def told(output: Any, kind: str = "text/plain") -> str:
    return "\n".join(str(part["data"].get(kind, "")) for part in output.outputs)


def leads(place: Workspace) -> int | None:
    alias = Registry(place).alias("m", "champion")
    return alias.version if alias else None


def promote(panel: ModelPanel, version: int) -> None:
    panel.version.value = version
    panel.promote.click()


def test_versions_are_chosen_and_stand_side_by_side_or_one_by_itself(panel: ModelPanel):
    assert panel.versions.value == (1, 3, 2) and "champion" in dict(map(reversed, panel.versions.options))[1]
    assert "version 1 (champion)" in told(panel.view) and "7 (−1, −12.5 %, better)" in told(panel.view)
    assert "image/svg+xml" in panel.view.outputs[1]["data"]
    panel.versions.value = (2,)
    assert "example rows" in told(panel.view)
    panel.versions.value = ()
    assert panel.view.outputs == ()


def test_a_promotion_shows_the_gates_report_and_waits_to_be_confirmed(panel: ModelPanel, place: Workspace):
    promote(panel, 2)
    assert "gate: passed" in told(panel.asked) and "mae at most 8.5" in told(panel.asked)
    assert str(place.root) in told(panel.asked) and "version 1" in told(panel.asked)
    assert panel.step.layout.display == "" and panel.force.layout.display == "none" and not panel.confirm.disabled
    assert leads(place) == 1
    panel.cancel.click()
    assert panel.step.layout.display == "none" and leads(place) == 1
    panel.confirm.click()  # of a question that is not asked any more
    assert leads(place) == 1
    promote(panel, 2)
    panel.reason.value = "a better month"
    panel.confirm.click()
    assert leads(place) == 2 and "points at version 2 (before: 1)." in told(panel.said)
    assert panel.step.layout.display == "none" and "version 2 (champion)" in told(panel.view)
    assert audit_verbs.find(subject="m", workspace=place)[0].evidence["reason"] == "a better month"


def test_past_a_gate_that_refuses_only_by_saying_so_and_why(panel: ModelPanel, place: Workspace):
    promote(panel, 3)
    assert "✗ mae at most 8.5" in told(panel.asked) and "✗ against the champion" in told(panel.asked)
    assert panel.confirm.disabled and panel.confirm.description == "Promote anyway" and panel.force.layout.display == ""
    panel.force.value = True
    panel.reason.value = "  "
    assert panel.confirm.disabled
    panel.confirm.click()  # though the button is dead
    assert leads(place) == 1 and "Forcing a gate needs a reason." in told(panel.said) and "Say why" in told(panel.said)
    panel.force.value, panel.reason.value = False, "the others leak"
    assert panel.confirm.disabled
    panel.confirm.click()
    assert leads(place) == 1 and "did not pass its gate" in told(panel.said)
    panel.force.value = True
    assert not panel.confirm.disabled
    panel.confirm.click()
    assert leads(place) == 3 and "past the gate that refused it" in told(panel.said)
    event = audit_verbs.find(subject="m", workspace=place)[0]
    assert event.evidence["forced"] is True and event.evidence["reason"] == "the others leak"


def test_a_gate_that_was_set_after_the_question_refuses_with_every_check(panel: ModelPanel, place: Workspace):
    promote(panel, 2)
    verbs.gate("m", "mae", limit=2.0, workspace=place)
    panel.confirm.click()
    assert leads(place) == 1 and "did not pass its gate" in told(panel.said)
    assert "✗ mae at most 2" in told(panel.asked) and panel.confirm.disabled and panel.force.layout.display == ""


def test_rolling_back_asks_and_goes_where_it_said(panel: ModelPanel, place: Workspace):
    panel.roll_back.click()
    panel.confirm.click()
    assert leads(place) == 1 and "cannot be rolled back" in told(panel.said)
    verbs.promote("m", 2, workspace=place)
    panel.refresh.click()
    panel.roll_back.click()
    assert "then" in told(panel.asked) and "version 1" in told(panel.asked) and panel.confirm.description == "Roll back"
    assert leads(place) == 2
    panel.reason.value = "it drifts"
    panel.confirm.click()
    assert leads(place) == 1 and "points at version 1 (before: 2)." in told(panel.said)


def test_nothing_is_done_where_somebody_moved_the_alias_meanwhile(panel: ModelPanel, place: Workspace):
    verbs.promote("m", 2, workspace=place)
    panel.roll_back.click()
    verbs.promote("m", 3, force=True, reason="theirs", workspace=place)
    panel.confirm.click()
    assert leads(place) == 3 and "was moved meanwhile: it points at version 3" in told(panel.said)
    assert panel.pending is None


def test_another_choice_takes_the_question_back(panel: ModelPanel, place: Workspace):
    promote(panel, 2)
    panel.version.value = 3
    panel.confirm.click()
    assert panel.pending is None and leads(place) == 1


def test_without_a_gate_the_panel_says_so_and_promotes(workspace: Workspace):
    for mae in (2.0, 1.0):
        add_version(workspace, "m", {"mae": mae})
    panel = panel_of(verbs.show("m", workspace=workspace), workspace)
    assert panel is not None
    promote(panel, 2)
    assert "has no gate" in told(panel.asked) and not panel.confirm.disabled
    panel.confirm.click()
    assert leads(workspace) == 2
    panel.box.close_all()


def test_names_are_text_in_the_panel(panel: ModelPanel):
    panel.versions.value = (2,)
    assert "<img" not in told(panel.view, "text/html") and "&lt;img" in told(panel.view, "text/html")
    for name in ("model_panel", "move_words", "widgets"):
        assert "widgets.HTML" not in Path(display.__file__).with_name(f"{name}.py").read_text("utf-8")


def test_a_comparison_has_the_panel_of_its_model_and_is_not_shown_twice(place: Workspace):
    panel = panel_of(compare_verbs.compare("m", [3, 2], workspace=place), place)
    assert panel is not None and panel.versions.value == (3, 2) and panel.view.outputs == ()
    panel.box.close_all()


def test_a_model_of_another_workspace_gets_no_panel_here(
    place: Workspace, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
):  # fmt: skip
    shown = verbs.show("m", workspace=place)
    other = Workspace.at(tmp_path_factory.mktemp("other"), actor="ada")
    assert panel_of(shown, other) is None
    add_version(other, "m", {"mae": 8.0}, digest="blake3:" + "a" * 64)
    assert panel_of(shown, other) is None
    other.close()
    nowhere = tmp_path_factory.mktemp("nowhere")
    monkeypatch.chdir(nowhere)
    monkeypatch.delenv("NBMLOPS_WORKSPACE", raising=False)
    assert panel_of(shown) is None and not (nowhere / ".nbmlops").exists()


def test_a_record_from_a_named_workspace_keeps_it_as_long_as_it_lives(place: Workspace):
    shown = verbs.show("m", workspace=place)
    display.asked_in(shown, place)
    key = id(shown)
    assert display._asked_in[key] is place
    del shown
    assert key not in display._asked_in


def test_the_gate_of_the_alias_that_moves_is_asked_and_no_other(workspace: Workspace):
    for mae in (8.0, 7.0):
        add_version(workspace, "m", {"mae": mae})
    verbs.promote("m", 1, workspace=workspace)
    verbs.promote("m", 1, alias="shadow", workspace=workspace)
    gate_verbs.gates("m", text="performance: {metric: mae, limit: 1}", alias="champion", workspace=workspace)
    panel = panel_of(verbs.show("m", workspace=workspace), workspace)
    assert panel is not None
    panel.alias.value = "shadow"
    promote(panel, 2)
    assert "has no gate" in told(panel.asked) and panel.force.layout.display == "none" and not panel.confirm.disabled
    panel.confirm.click()
    assert "shadow of m points at version 2 (before: 1)." in told(panel.said)
    panel.alias.value = "champion"
    promote(panel, 2)
    assert "✗ mae at most 1" in told(panel.asked) and panel.confirm.disabled
    panel.box.close_all()
