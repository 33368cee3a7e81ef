"""Records in a notebook: escaped, static, and with a picture where one says more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from nbmlops.doors import charts
from nbmlops.doors.display import Records, chart_of, html_of
from nbmlops.doors.text import text_of
from nbmlops.models.records import Model, ModelVersion, Signature, SignatureColumn
from nbmlops.monitoring.records import DriftReport, DriftScore, QualityPoint
from nbmlops.runs.records import Comparison, Difference, MetricPoint, Run, RunRecord
from nbmlops.workspace import Workspace

AT = datetime(2013, 3, 1, tzinfo=UTC)
HOSTILE = ["../x", "<img src=x onerror=alert(1)>", "🚀 👩‍🚀", "x" * 10_000, "\x1b[31mred\x1b[0m\x07", "a_b $x$ $y$ <b>&amp;", "'\"`{x}%s"]


def run(name: str = "a", number: int = 1, **more: Any) -> Run:
    told: dict[str, Any] = {
        "id": f"run-{number:019d}", "name": name, "experiment": name, "kind": "live", "status": "finished", "started_at": AT, "ended_at": AT,
        "duration_s": 1.5, "notebook": name, "notebook_known_from": "path", "failed_cell": None, "error": name, "tags": {name: name},
        "params": {name: name}, "metrics": {name: 0.5, "mae": 7.4 + number}, "data_hash": None, "estimator": name, "git_commit": None, "git_dirty": None,
    }  # fmt: skip
    return Run(**{**told, **more})


def report(name: str = "temp", quality: int = 3) -> DriftReport:
    scores = [
        DriftScore(column=name, kind="data", test="psi", value=0.9, threshold=0.2, drifts_when="above", drifted=True),
        DriftScore(column="hour", kind="data", test="ks", value=0.0, threshold=0.05, drifts_when="below", drifted=True),
        DriftScore(column="distance", kind="data", test="psi", value=0.03, threshold=0.2, drifts_when="above", drifted=False),
        DriftScore(column="empty", kind="data", test="psi", value=None, threshold=0.2, drifts_when="above", drifted=None, note=name),
    ]
    points = [
        QualityPoint(
            start=AT + timedelta(days=30 * at), end=AT + timedelta(days=30 * at + 30), metric="mae", value=7.0 + at, rows=9, version=1
        )
        for at in range(quality)
    ]
    return DriftReport(
        id="d",
        model=name,
        version=1,
        endpoint=None,
        start=AT,
        end=AT,
        rows=9,
        labelled=9,
        scores=scores,
        drifted_columns=[name],
        quality=points,
        at=AT,
    )


def model(name: str = "air-time", versions: int = 3) -> Model:
    signature = Signature(inputs=[SignatureColumn(name=name, type="float", nullable=True)], outputs=[])
    made = [
        ModelVersion(
            model=name, version=at, flavor="sklearn", digest="blake3:" + "0" * 64, size_bytes=1, signature=signature, metrics={"mae": 9.0 - at}, run=None,
            dataset=None, target=None, estimator=name, description=name, registered_at=AT, registered_by=name,
        )
        for at in range(versions, 0, -1)
    ]  # fmt: skip
    return Model(name=name, versions=made, aliases={"champion": versions}, moves=[])


def record(name: str = "a") -> RunRecord:
    history = [MetricPoint(name=name, step=at, value=1 / (at + 1), at=AT) for at in range(5)]
    return RunRecord(run=run(name), cells=[], history=history, files=[], fits=[], artifacts=[], git={name: name}, environment={})


def comparison(name: str = "a") -> Comparison:
    return Comparison(runs=[run(name, 1), run(name, 2)], differences=[Difference(part="metric", name=name, values=[1.0, None])])


def everything(name: str) -> list[Any]:
    return [
        run(name),
        [run(name), run(name, 2)],
        record(name),
        comparison(name),
        report(name),
        [report(name)],
        model(name),
        [model(name)],
        [],
    ]


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_html_holds_names_as_text_only(name: str) -> None:
    for value in everything(name):
        made = html_of(value)
        assert set(re.findall(r"<\s*/?\s*(\w+)", made)) <= {"table", "thead", "tbody", "tr", "th", "td", "caption", "p", "pre", "span"}
        assert "onerror" not in re.sub(r">[^<]*<", "><", made)
        assert "\x1b" not in made and "\x07" not in made
        assert len(made) < 60_000


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_text_holds_no_control_characters_and_fits_the_terminal(name: str) -> None:
    for value in everything(name):
        made = text_of(value, width=160)
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", made)
        if name.isascii():
            assert max(len(line) for line in made.split("\n")) <= 160


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_charts_hold_names_as_text_only(name: str) -> None:
    for value in (record(name), comparison(name), report(name), model(name)):
        chart = chart_of(value)
        tree = ElementTree.fromstring(chart.svg())
        assert not [node for node in tree.iter() if node.tag.endswith(("}img", "}script", "}foreignObject"))]
        assert "<img" not in repr(chart.plotly()) and "\x1b" not in chart.svg()


def test_a_chart_is_the_same_bytes_each_time() -> None:
    assert charts.drift_chart(report()).svg() == charts.drift_chart(report()).svg()


def test_drawing_leaves_matplotlib_as_it_was() -> None:
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    charts.runs_chart([run(), run("b", 2)]).svg()
    assert dict(mpl.rcParams) == before


def test_plotly_accepts_every_chart() -> None:
    import plotly.graph_objects as go

    for value in (record(), comparison(), report(), model()):
        made = chart_of(value).plotly()
        assert len(go.Figure(data=made["data"], layout=made["layout"]).data) >= 1


def test_a_bundle_has_a_live_and_a_static_form() -> None:
    made = charts.quality_chart(report().quality, marks=[(AT, "retrained")])._repr_mimebundle_()
    assert set(made) == {"application/vnd.plotly.v1+json", "image/svg+xml", "text/plain"}
    assert "retrained" in made["image/svg+xml"]


def test_drift_bars_are_shares_of_the_threshold_and_longer_is_more_drift() -> None:
    bars = charts.drift_chart(report()).panels[0].series[0]
    assert dict(zip(bars.x, bars.y, strict=True)) == pytest.approx({"distance · psi": 0.15, "temp · psi": 4.5, "hour · ks": 10.0})
    assert bars.colours is not None and bars.colours.count("#d55e00") == 2


def test_gaps_and_infinities_are_gaps_in_a_chart() -> None:
    made = charts.lines_chart("x", [1, 2, 3], {"a": [1.0, float("nan"), float("inf")], "b": [None, 2.0, 3.0]})
    assert made.plotly()["data"][0]["y"] == [1.0, None, None]
    ElementTree.fromstring(made.svg())


def test_times_and_words_stand_on_an_axis() -> None:
    times = [AT + timedelta(days=at) for at in range(4)]
    ElementTree.fromstring(
        charts.lines_chart("x", times, {"a": [1, 2, 3, 4]}, marks=[(times[1], "rolled back")], levels=[(2.0, "limit")]).svg()
    )
    ElementTree.fromstring(charts.lines_chart("x", ["Mar", "Apr"], {"a": [1, 2]}, marks=[("Apr", "retrained")]).svg())
    ElementTree.fromstring(charts.bars_chart("x", ["Mar", "Apr"], {"a": [1, 2], "b": [2, None]}).svg())


def test_curves_of_several_runs_share_a_panel() -> None:
    (panel,) = charts.curves_chart([record("a"), record("a")]).panels
    assert len(panel.series) == 2 and panel.series[0].x == [0, 1, 2, 3, 4]
    ElementTree.fromstring(charts.curves_chart([record("a"), record("b")]).svg())


def tried(number: int, **more: Any) -> Run:
    params = {
        "lr": 10.0**-number,
        "model": "gb" if number % 2 else "<b>rf</b>",
        "same": 1,
        **({"drop": 0.1 * number} if number > 1 else {}),
    }
    return run(
        f"r{number}", number, params=params, metrics={"mae": 5.0 - number, "loss": float("nan") if number == 2 else 1.0 * number}, **more
    )


def test_parallel_axes_are_what_varies_and_a_missing_value_has_a_place_of_its_own() -> None:
    import plotly.graph_objects as go

    made = charts.parallel_chart([tried(number) for number in range(5)])
    (panel,) = made.panels
    assert [axis.name for axis in panel.axes] == ["lr", "model", "drop", "mae", "loss"]
    lr, model, drop, mae, loss = panel.axes
    assert lr.places == pytest.approx([1, 0.75, 0.5, 0.25, 0])  # by exponent: it spans decades
    assert set(model.places) == {0.0, 1.0} and mae.places == [1, 0.75, 0.5, 0.25, 0]
    assert drop.places[:2] == [None, None] and drop.ticks[0][1] == "none" and loss.places[2] is None
    assert panel.shade == loss.places and charts.parallel_chart([tried(n) for n in range(5)], colour="mae").panels[0].shade == mae.places
    live = made.plotly()
    assert len(go.Figure(data=live["data"], layout=live["layout"]).data[0].dimensions) == 5 and "<b>rf" not in repr(live)
    ElementTree.fromstring(made.svg())
    assert made.svg() == charts.parallel_chart([tried(number) for number in range(5)]).svg()


def test_runs_that_differ_in_nothing_have_no_parallel_chart() -> None:
    assert charts.parallel_chart([tried(1), tried(1)]).panels == [] and charts.parallel_chart([tried(1)]).panels == []


def test_a_curve_of_many_steps_keeps_its_peaks_its_gaps_and_its_ends() -> None:
    values = [1.0 + (at % 7) * 0.01 for at in range(50_000)]
    values[31_234], values[40_000] = 99.0, float("nan")
    told = RunRecord(run=run(), cells=[], history=[MetricPoint(name="loss", step=at, value=value, at=AT) for at, value in enumerate(values)],
                     files=[], fits=[], artifacts=[], git={}, environment={})  # fmt: skip
    (panel,) = charts.curves_chart([told]).panels
    line = panel.series[0]
    assert len(line.x) < 1_100 and line.x[0] == 0 and line.x[-1] == 49_999
    assert (31_234, 99.0) in set(zip(line.x, line.y, strict=True)) and line.y[line.x.index(40_000)] is None
    assert not panel.log_y


def test_a_curve_over_decades_is_drawn_on_a_logarithm() -> None:
    made = charts.lines_chart("x", [1], {"a": [1]})
    assert not made.panels[0].log_y
    told = RunRecord(run=run(), cells=[], history=[MetricPoint(name="loss", step=at, value=10.0**-at, at=AT) for at in range(6)],
                     files=[], fits=[], artifacts=[], git={}, environment={})  # fmt: skip
    made = charts.history_chart(told.history)
    assert made.panels[0].log_y and made.plotly()["layout"]["yaxis"]["type"] == "log"
    ElementTree.fromstring(made.svg())


def test_nothing_to_draw_is_no_chart() -> None:
    assert chart_of(model(versions=1)) is None
    assert chart_of(RunRecord(run=run(), cells=[], history=[], files=[], fits=[], artifacts=[], git={}, environment={})) is None


def test_a_list_from_a_magic_is_still_a_list() -> None:
    made = Records([run()])
    assert made == [run()] and made[0].name == "a" and "<table" in made._repr_html_()


@pytest.fixture
def explored(workspace: Workspace) -> Iterator[Any]:
    """An explorer over seven runs, three a page, and what it was told to show."""
    from nbmlops.doors.widgets import explorer
    from nbmlops.runs import verbs

    for number in range(7):
        verbs.start("<img src=x>" if number == 3 else f"r{number}", params={"lr": 0.1 * number, "same": 1}, workspace=workspace)
        verbs.log({"mae": float("nan") if number == 5 else float(number), 'v"al/mae': 1.0}, workspace=workspace)
        verbs.log({"mae": float(number) + 1}, workspace=workspace)
    verbs.end(workspace=workspace)
    shown: list[Any] = []
    asked = {"limit": 3, "experiment": workspace.root.name}
    box = explorer(verbs.find(limit=3, workspace=workspace), shown.append, asked=asked, workspace=workspace)
    yield box.children[0], shown
    box.close_all()


def names(table: Any) -> list[str]:
    return [row["name"] for row in table.rows]


def test_the_explorer_filters_sorts_and_pages_with_the_ledgers_own_words(explored: Any) -> None:
    table, _ = explored
    assert names(table) == ["r6", "r5", "r4"] and table.total == 7
    table.page = 3
    assert names(table) == ["r0"] and table.total == 7
    table.page = 1
    table.sort = next(column["sort"] for column in table.columns if column["name"] == "mae")
    assert names(table) == ["r0", "r1", "r2"]
    table.sort = '-metrics."v""al/mae"'
    table.filter = "metrics.mae > 5 or name like *img*"
    assert names(table) == ["r6", "r5", "<img src=x>"] and table.total == 3 and not table.wrong


def test_a_filter_that_cannot_be_read_is_shown_plainly_and_the_runs_stay(explored: Any) -> None:
    table, _ = explored
    table.filter = "metrics.meo > 5"
    assert (
        "No run has a metric 'meo'" in table.wrong["message"]
        and "Did you mean mae?" in table.wrong["hint"]
        and names(table) == ["r6", "r5", "r4"]
    )
    table.filter = ""
    assert table.wrong == {}


def test_picked_runs_are_compared_opened_and_drawn(explored: Any, capsys: pytest.CaptureFixture[str]) -> None:
    table, shown = explored
    table.picked = [row["id"] for row in table.rows[:2]]
    for what in ("compare", "open"):
        table.do(what, table.rows[0]["id"])
    assert [type(value).__name__ for value in shown] == ["Comparison", "RunRecord"]
    for what in ("curves", "parallel"):
        table.do(what)
    assert capsys.readouterr().out.count("Chart") == 2


def test_the_explorer_holds_names_as_text_and_puts_what_varies_in_front(explored: Any) -> None:
    table, _ = explored
    table.filter = "name like *img*"
    assert table.rows[0]["name"] == "<img src=x>" and table.rows[0]["cells"][0] == "<img src=x>"
    table.filter = ""
    heads = [column["name"] for column in table.columns]
    assert heads.index("param lr") < heads.index("param same")
    assert "innerHTML" not in Path(charts.__file__).with_name("explorer.js").read_text("utf-8")
