"""A gate report as it is shown: tables with what failed first, plots of what each kind measured, names that stay text; and the cell that sets gates."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from nbmlops.doors.display import chart_of, html_of
from nbmlops.doors.text import text_of
from nbmlops.models.records import GateReport
from tests.models.gates.standings import Model, asked, good, numbers, standing, worse

HOSTILE = "<img src=x onerror=alert(1)>"


def report(word: str = "north") -> GateReport:
    rows, y = numbers(400)
    rows["place"] = rows["place"].where(rows["place"] != "north", word)
    on = standing(rows, y, Model(good), Model(worse))
    classes = standing(
        rows,
        (y > 0).astype(int),
        Model(lambda rows: (good(rows) > 0).astype(int), lambda rows: np.column_stack([good(rows) < 0, good(rows) >= 0]) * 1.0),
    )
    checks = [
        *asked("performance", on, metric="mae", limit=0.1, better_percent=0), *asked("slices", on, columns=["place"], metric="mae", limit=0.6),
        *asked("fairness", classes, columns=["place"], metrics={"equalized_odds_difference": 0.5}), *asked("robustness", on, noise={"by": 0.1}),
        *asked("calibration", classes), *asked("leakage", on), *asked("size", on, megabytes=1),
    ]  # fmt: skip
    return GateReport(
        id="gate-1", model="m", version=2, champion=1, passed=False, checks=checks, rows=400, at=datetime(2026, 1, 1, tzinfo=UTC), data="blake3:" + "1" * 64,
        gates="blake3:" + "2" * 64,
    )  # fmt: skip


def test_what_failed_stands_first_and_groups_have_a_table():
    text = text_of(report(), width=200)
    assert "refused" in text and text.index("mae at most 0.1") < text.index("size of the file")
    assert "the worst group's limit: mae" in text and "equalized_odds_difference by place" in text and "details" not in text
    assert "the gates keep others" not in text and "400, given for this check; the gates keep others" in text_of(
        replace(report(), elsewhere=True), width=200
    )


def test_every_kind_that_has_something_to_show_has_its_plot_in_both_forms():
    chart = chart_of(report())
    titles = [panel.title for panel in chart.panels]
    for title in (
        "Checks",
        "Gain over the champion",
        "Groups: the worst group's limit",
        "calibration error",
        "What one feature predicts",
    ):
        assert title in titles
    assert "How far answers move" in titles and "equalized_odds_difference by place" in titles
    ElementTree.fromstring(chart.svg())
    assert chart.svg() == chart_of(report()).svg()
    assert {trace["type"] for trace in json.loads(json.dumps(chart.plotly()))["data"]} == {"bar", "scatter"}


def test_the_names_of_groups_stay_text():
    shown = report(HOSTILE)
    assert "<img" not in html_of(shown)
    chart = chart_of(shown)
    assert "<img" not in chart.svg() and "<img" not in json.dumps(chart.plotly())


def test_a_report_without_details_has_no_plot_but_its_limits():
    rows, y = numbers(40)
    bare = GateReport(
        id="g", model="m", version=1, champion=None, passed=True, checks=asked("reproducibility", standing(rows, y, Model(good))), rows=0, at=datetime(2026, 1, 1, tzinfo=UTC)
    )  # fmt: skip
    assert chart_of(bare) is None and "recorded metrics" in text_of(bare, width=160)


def test_a_cell_sets_gates_and_names_the_line_that_is_wrong(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from nbmlops.doors.magics import MlopsMagics
    from nbmlops.errors import Invalid
    from nbmlops.models import gate_verbs
    from nbmlops.workspace import Workspace, within

    place = Workspace.at(tmp_path, actor="ada")
    rows, y = numbers(50)
    shell = type("Shell", (), {"user_ns": {"X": rows, "y": y}})()
    magics = MlopsMagics.__new__(MlopsMagics)
    magics.__dict__["_trait_values"] = {}
    monkeypatch.setattr(MlopsMagics, "shell", shell)
    with within(place):
        made = magics.mlops("gates m --data X --labels y", "performance: {metric: mae, limit: 3}\n")
        assert made.data.rows == 50 and gate_verbs.asked("m", workspace=place) == made
        with pytest.raises(Invalid, match="gates, line 2: performance: 'limt'"):
            magics.mlops("gates m", "performance:\n  limt: 3\n")
        with pytest.raises(Invalid, match="%%mlops gates"):
            magics.mlops("gaets m", "x")
    place.close()
