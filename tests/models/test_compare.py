"""Versions side by side, and the page of one."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from nbmlops.contract.request import call
from nbmlops.contract.words import parse
from nbmlops.doors.display import chart_of, html_of
from nbmlops.doors.text import text_of
from nbmlops.errors import Invalid, NotFound
from nbmlops.models import audit_verbs, audited, compare_verbs, verbs
from nbmlops.models.registry import Registry
from nbmlops.runs import trail
from nbmlops.workspace import Workspace
from tests.models.versions import add_version

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def three(workspace: Workspace) -> Workspace:
    """A model of three versions, the second of which answers; they differ in data, parameters, environment and gate."""
    wider = pd.DataFrame({"distance": [100.0, 900.0, 2400.0, None], HOSTILE: ["a", "b", "a", "c"]})
    add_version(workspace, "m", {"mae": 8.0, "rows": 3.0})
    add_version(workspace, "m", {"mae": 5.0, "rows": 3.0}, alpha=0.5)
    add_version(
        workspace, "m", {"mae": 4.0, "rows": 4.0}, frame=wider, distributions={"scikit-learn": "1.8.0", "numpy": "2.4.6"},
        description=HOSTILE, code="blake3:" + "c" * 64, size_bytes=2000,
    )  # fmt: skip
    verbs.promote("m", 2, workspace=workspace)
    verbs.gate("m", "mae", limit=4.5, workspace=workspace)
    for version in (2, 3):
        verbs.check("m", version, workspace=workspace)
    return workspace


def values(compared: Any, name: str) -> list[Any]:
    (found,) = [one.values for one in compared.differences if one.name == name]
    return list(found)


def test_versions_stand_beside_the_champion_with_what_differs_in_each_part(three: Workspace):
    compared = compare_verbs.compare("m", workspace=three)
    assert [version.version for version in compared.versions] == [2, 3, 1] and compared.champion == 2
    assert values(compared, "mae") == [5.0, 4.0, 8.0]
    assert values(compared, "gate") == ["refused", "passed", None]
    assert values(compared, "mae at most 4.5") == ["failed, 5 against 4.5", "passed, 4 against 4.5", None]
    assert values(compared, f"column {HOSTILE}") == [None, "added, string", None]
    assert values(compared, "column hour") == ["int64", "removed", None]
    assert values(compared, "takes distance") == ["float", "float or null", "float"]
    assert values(compared, "range of hour") == ["6 … 18", None, "6 … 18"]
    assert values(compared, f"categories of {HOSTILE}") == [None, "a, b, c", None]
    assert [one.values for one in compared.differences if one.name == "alpha"] == [[0.5, 1.0, 1.0]] * 2  # the run's, the estimator's
    assert values(compared, "scikit-learn") == ["1.9.1", "1.8.0", "1.9.1"]
    assert values(compared, "size_bytes") == [1000, 2000, 1000] and values(compared, "aliases") == ["champion", None, None]
    assert not [one for one in [*compared.differences, *compared.same] if one.name == "numpy"]
    assert "estimator" in [one.name for one in compared.same]


def test_a_number_says_how_far_it_moved_and_whether_that_is_better_where_its_name_tells(three: Workspace):
    compared = compare_verbs.compare("m", [1, 3], workspace=three)
    told = text_of(compared, width=200)
    assert "version 1" in told and "4 (−4, −50.0 %, better)" in told
    assert "4 (+1, +33.3 %)" in told  # of rows nobody knows which way is better
    chart = chart_of(compared)
    assert [panel.title for panel in chart.panels] == ["mae", "rows"] and chart.panels[0].series[0].y == [8.0, 4.0]


def test_what_cannot_be_compared_is_said_with_what_there_is(three: Workspace):
    add_version(three, "one", {"mae": 1.0})
    with pytest.raises(Invalid, match="'one' has 1") as refused:
        compare_verbs.compare("one", workspace=three)
    assert refused.value.hint == "One by itself: %mlops model version one 1"
    with pytest.raises(Invalid, match="two versions or more"):
        compare_verbs.compare("m", [2, 2], workspace=three)
    with pytest.raises(NotFound, match="no version 9"):
        compare_verbs.compare("m", [1, 9], workspace=three)
    with pytest.raises(NotFound, match="not registered"):
        compare_verbs.compare("other", workspace=three)


def test_versions_are_named_one_after_another_in_a_shell_and_in_a_notebook(three: Workspace):
    asked = parse(["model", "compare", "m", "3", "1"], prog="nbmlops", notebook=False)
    compared = call(asked.verb, asked.given, text=True, workspace=three)
    assert [version.version for version in compared.versions] == [3, 1]
    with pytest.raises(Invalid, match="versions"):
        call(asked.verb, {"model": "m", "versions": ["champion", "1"]}, text=True, workspace=three)


def test_of_many_versions_the_champion_and_the_newest_are_compared(workspace: Workspace):
    for mae in range(8):
        add_version(workspace, "m", {"mae": float(mae)})
    verbs.promote("m", 2, workspace=workspace)
    compared = compare_verbs.compare("m", workspace=workspace)
    assert [version.version for version in compared.versions] == [2, 8, 7, 6, 5, 4]


def test_a_versions_page_has_all_that_is_known_of_it(three: Workspace):
    page = compare_verbs.version("m", 3, workspace=three)
    assert page.champion == 2 and page.rows == 4 and page.subject == "m/3" and not page.notes
    assert page.gated and page.run and page.run.notebook == "/p/train.ipynb" and page.parameters["fit_intercept"] is True
    assert page.examples[0].row == {"distance": 100.0, HOSTILE: "a"} and page.examples[0].answer == 30.0
    assert [report.passed for report in page.reports] == [True] and page.moves == []
    assert page.by_version["mae"] == {"1": 8.0, "2": 5.0, "3": 4.0}
    assert [move.version for move in compare_verbs.version("m", 2, workspace=three).moves] == [2]
    told = text_of(page, width=200)
    for part in (
        "may be missing",
        "example rows",
        "gate: passed",
        "parameters of the estimator",
        "scikit-learn",
        "load it",
        "%mlops lineage show m/3",
    ):
        assert part in told
    chart = chart_of(page)
    assert chart.panels[0].series[0].x == [1, 2, 3] and (3, "this one") in chart.panels[0].marks


def test_names_in_a_page_and_in_a_comparison_are_text_whatever_they_look_like(three: Workspace):
    for record in (compare_verbs.version("m", 3, workspace=three), compare_verbs.compare("m", workspace=three)):
        shown = html_of(record)
        assert "<img" not in shown and "&lt;img" in shown
        assert "<img" not in chart_of(record).svg()


def test_what_estimators_were_set_to_is_known_where_nobody_saw_them_fitted(workspace: Workspace):
    rows = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0], "b": [1.0, 0.0, 1.0, 0.0]})
    for alpha in (0.1, 2.0):
        fitted = make_pipeline(StandardScaler(), Ridge(alpha=alpha)).fit(rows, rows["a"])
        verbs.register("bare", fitted, data=rows, workspace=workspace)
    compared = compare_verbs.compare("bare", versions=[1, 2], workspace=workspace)
    assert values(compared, "ridge__alpha") == [0.1, 2.0]
    assert compare_verbs.version("bare", 2, workspace=workspace).parameters["ridge__alpha"] == 2.0
    for edit in ("NULL", """'{"ridge__alpha": 0.5}'"""):
        with pytest.raises(AssertionError), workspace.ledger.write() as tx:
            tx.run(f"UPDATE model_version SET parameters = {edit} WHERE version = 2")
            events, tables = tx.read(trail.ALL), {name: tx.read(sql) for name, sql in audited.TABLES.items()}
            (harm,) = audited.disagreeing(events, tables)
            assert (harm.table, harm.harm) == ("model_version", "edited")
            raise AssertionError("and it is as it was")
    assert audit_verbs.verify(workspace=workspace).whole


def test_the_newest_report_is_the_one_that_is_compared(three: Workspace):
    verbs.gate("m", "mae", limit=6.0, workspace=three)
    verbs.check("m", 2, workspace=three)
    assert values(compare_verbs.compare("m", [2, 1], workspace=three), "gate") == ["passed", None]
    assert [report.passed for report in compare_verbs.version("m", 2, workspace=three).reports] == [True, False]


def test_a_page_says_what_is_not_here_any_more(three: Workspace):
    kept = Registry(three).version("m", 1)
    number = add_version(three, "m", {"mae": 1.0}, run="run-00000000000000000gone", fixtures="blake3:" + "f" * 64, fit=None)
    page = compare_verbs.version("m", number, workspace=three)
    assert page.run is None and page.parameters == {} and page.examples == []
    assert any("example rows cannot be read" in note for note in page.notes)
    assert any("run-00000000000000000gone is not in this workspace" in note for note in page.notes)
    assert "not in this workspace" in text_of(page, width=200)
    assert compare_verbs.compare("m", [kept.version, number], workspace=three).versions[1].version == number


def test_the_loading_lines_load_the_version(workspace: Workspace, monkeypatch: pytest.MonkeyPatch):
    from sklearn.linear_model import LinearRegression

    frame = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0]})
    verbs.register("m", LinearRegression().fit(frame, [2.0, 4.0, 6.0, 8.0]), data=frame, workspace=workspace)
    monkeypatch.chdir(workspace.root)
    names: dict[str, Any] = {"frame": frame}
    exec("\n".join(compare_verbs.version("m", 1, workspace=workspace).load), names)
    assert names["loaded"].predict(frame).round(6).tolist() == [2.0, 4.0, 6.0, 8.0]
