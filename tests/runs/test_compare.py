"""Runs side by side: what changed in front, told in the words of the thing that changed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest

from nbmlops.data import book as datasets
from nbmlops.data.fingerprint import fingerprint
from nbmlops.doors.display import html_of
from nbmlops.doors.text import text_of
from nbmlops.errors import Invalid
from nbmlops.runs import verbs as run
from nbmlops.runs.book import RunBook
from nbmlops.runs.code import aligned, changes
from nbmlops.runs.facts import Facts
from nbmlops.runs.records import Cell, FileUse, Fit, HiddenState, MetricPoint, Seed

AT = datetime(2026, 11, 1, tzinfo=UTC)


def cell(position: int, source: str, cell_id: str | None = None) -> Cell:
    return Cell(position=position, cell_id=cell_id, execution_count=position, source=source, started_at=AT, duration_s=0.1, error=None)


def read(path: str, digest: str | None) -> FileUse:
    return FileUse(path=path, mode="read", digest=digest, size_bytes=1, modified_at=AT, position=0, note=None if digest else "too large")


def kept(workspace: Any, frame: pd.DataFrame) -> str:
    with workspace.ledger.write() as tx:
        return datasets.remember(tx, fingerprint(frame))


def attempt(workspace: Any, name: str, **known: Any) -> str:
    book = RunBook(workspace)
    run_id = book.open(name, experiment="q", kind="live", params=known.pop("params", {}), started_at=AT)
    metrics = [MetricPoint(name=key, step=0, value=value, at=AT) for key, value in known.pop("metrics", {}).items()]
    frame = known.pop("frame", None)
    fits = [Fit(number=0, position=9, estimator="Ridge", parameters={"alpha": 1}, frame=kept(workspace, frame), target=None, duration_s=0.1, artifact=None, note=None)] if frame is not None else []  # fmt: skip
    book.add(run_id, Facts(metrics=metrics, fits=fits, **known))
    book.end(run_id, "finished")
    return run_id


@pytest.fixture
def two(workspace):
    frame = pd.DataFrame({"a": [1, 2, 3], "b": [1.0, 2.0, 3.0], "gone": [1, 1, 1]})
    one = attempt(
        workspace, "before", params={"lr": 0.1, "same": 1}, metrics={"mae": 5.0, "acc": 0.8, "rows": 10.0, "nan": float("nan")},
        cells=[cell(0, "import pandas as pd", "c0"), cell(1, "x = load()\nclean(x)\nmodel = Ridge(alpha=1)\nmodel.fit(x)", "c1")],
        files=[read("/d/train.csv", "blake3:1"), read("/d/same.csv", "blake3:9")], frame=frame,
        environment={"python": "3.11.7", "distributions": {"numpy": "2.0", "pandas": "2.3"}}, seeds=[Seed(call="numpy.random.seed", value="1", position=0)],
    )  # fmt: skip
    changed = pd.DataFrame({"a": [1, 2, 4], "b": [1, 2, 3], "new": ["x", "y", "z"]})
    other = attempt(
        workspace, "after", params={"lr": 0.2, "same": 1}, metrics={"mae": 4.6, "acc": 0.7, "rows": 12.0, "nan": float("nan")},
        cells=[cell(0, "import pandas as pd", "c0"), cell(1, "x = load()\nclean(x)\nmodel = Ridge(alpha=2)\nmodel.fit(x)", "other-id"), cell(2, "plot(x)", "c2")],
        files=[read("/d/train.csv", None), read("/d/same.csv", "blake3:9")], frame=changed,
        environment={"python": "3.11.7", "distributions": {"numpy": "2.1", "pandas": "2.3"}}, seeds=[Seed(call="numpy.random.seed", value="2", position=0)],
        hidden=[HiddenState(name="x", why="edited", position=1, cell_id="c1")],
    )  # fmt: skip
    return run.compare([one, other], workspace=workspace)


def test_what_differs_is_told_part_by_part_and_what_does_not_stands_behind(two):
    found = {(d.part, d.name): d.values for d in two.differences}
    assert found["parameter", "lr"] == [0.1, 0.2] and found["metric", "mae"] == [5.0, 4.6]
    assert found["environment", "numpy"] == ["2.0", "2.1"] and found["seed", "numpy.random.seed"] == ["1", "2"]
    assert found["data", "/d/train.csv"] == ["blake3:1", "too large"]
    assert found["status", "hidden state"] == [None, "x (edited)"]
    same = {(d.part, d.name) for d in two.same}
    assert {("parameter", "same"), ("metric", "nan"), ("data", "/d/same.csv")} <= same and not same & set(found)
    parts = [d.part for d in two.differences]
    assert parts[0] == "metric" and parts == sorted(parts, key=parts.index)


def test_data_is_told_by_column(two):
    columns = {d.name: d.values[1] for d in two.differences if d.name.startswith("column")}
    assert columns["column a"] == "other values" and columns["column gone"] == "removed"
    assert columns["column new"].startswith("added") and columns["column b"] not in (None, "other values")


def test_code_is_told_as_diffs_of_cells_that_belong_together(two):
    cells = {d.name: d for d in two.differences if d.name.startswith("cell")}
    assert [d.diffs[1].split("\n") for d in cells.values()] == [
        [" x = load()", " clean(x)", "-model = Ridge(alpha=1)", "+model = Ridge(alpha=2)", " model.fit(x)"],
        ["+plot(x)"],
    ]


def test_the_way_of_a_metric_is_known_by_its_name_or_not_said(two):
    ways = {d.name: d.better for d in two.differences if d.part == "metric"}
    assert ways == {"mae": "lower", "acc": "higher", "rows": None}
    told = text_of(two, width=160)
    assert "4.6 (−0.4, −8.0 %, better)" in told and "0.7 (−0.1, −12.5 %, worse)" in told and "12 (+2, +20.0 %)" in told
    assert "+1 −1 lines" in told and "-model = Ridge(alpha=1)" in told and "the same in all" in told


def test_both_forms_hold_code_and_names_as_text(workspace):
    hostile = "<img src=x onerror=alert(1)>\x1b[31m"
    ids = [attempt(workspace, f"r{n}", params={hostile[:20]: n}, cells=[cell(0, f"x = '{hostile}' # {n}")]) for n in range(3)]
    made = run.compare(ids, workspace=workspace)
    page, text = html_of(made), text_of(made, width=140)
    assert "<img" not in page and "&lt;img" in page and "\x1b" not in page + text
    assert len(made.runs) == 3 and all(len(d.values) == 3 for d in made.differences)
    assert [len(d.diffs) for d in made.differences if d.diffs] == [3]


def test_cells_are_matched_by_id_then_text_then_likeness():
    assert aligned([[("a", "x = 1"), ("b", "y = 2")], [("b", "something quite else"), ("a", "x = 1")]]) == [
        ["x = 1", "x = 1"],
        ["y = 2", "something quite else"],
    ]
    rows = aligned([[(None, "model = fit(x, depth=3)")], [(None, "import os"), (None, "model = fit(x, depth=4)")], [(None, "import os")]])
    assert rows == [[None, "import os", "import os"], ["model = fit(x, depth=3)", "model = fit(x, depth=4)", None]]
    assert changes("a", None) == "-a" and changes(None, "a") == "+a" and changes("a", "a") == ""


def test_many_unlike_cells_are_aligned_in_a_moment():
    one = [(None, f"value_{n} = compute({n}) + {n * 7919 % 101}") for n in range(400)]
    other = [(None, f"result_{n} = other({n}) * {n * 104729 % 97}") for n in range(400)]
    assert len(aligned([one, other])) == 800


def test_too_few_and_too_many_runs_are_refused(workspace):
    for ids in (["run-x"], ["run-x"] * 21):
        with pytest.raises(Invalid):
            run.compare(ids, workspace=workspace)
