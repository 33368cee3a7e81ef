"""From files to endpoints and back, through observed sessions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nbmlops.errors import Invalid, NotFound
from nbmlops.ledger.encode import now_text
from nbmlops.lineage import verbs as lineage
from nbmlops.lineage.records import Lineage
from nbmlops.models import verbs as model
from nbmlops.runs.book import RunBook
from nbmlops.runs.records import RunRecord
from tests.capture.shell import Observed, observed

LOAD = "import pandas as pd\ndf = pd.read_csv('flights.csv')"
TRAIN = "from sklearn.linear_model import Ridge\nm = Ridge().fit(df[['a', 'b']], df['y'])"
REGISTER = "from nbmlops import model\nv = model.register('air-time', m)"


def flights(path: Path, *, seed: int = 1, rows: int = 60) -> None:
    """A small table in a file."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({"a": random.normal(size=rows), "b": random.normal(size=rows), "y": random.normal(size=rows)})
    frame.to_csv(path, index=False)


@pytest.fixture
def session(tmp_path: Path, monkeypatch: Any) -> Iterator[Observed]:
    """An observed shell in a folder with a table."""
    flights(tmp_path / "flights.csv")
    with observed(tmp_path, monkeypatch) as found:
        yield found


def newest(session: Observed) -> RunRecord:
    """The newest run."""
    book = RunBook(session.workspace)
    return book.record(book.find(limit=1)[0].id)


def cells(session: Observed, *sources: str) -> None:
    """Run cells; none of them raises."""
    for source in sources:
        session.cell(source).raise_error()


def links(found: Lineage) -> set[tuple[str, str]]:
    """Edges by the labels of their ends, of cells without what they are counted as."""
    label = {node.id: node.label.partition(" [")[0] if node.kind == "cell" else node.label for node in found.nodes}
    return {(label[edge.source], label[edge.target]) for edge in found.edges}


def labels(found: Lineage, kind: str) -> list[str]:
    """The labels of the nodes of one kind."""
    return [node.label for node in found.nodes if node.kind == kind]


def test_a_version_is_followed_back_to_the_very_cells_and_files_it_was_trained_on(session):
    cells(session, LOAD, "other = pd.read_csv('flights.csv').head()", TRAIN, REGISTER)
    found = lineage.show("air-time/1", workspace=session.workspace)
    assert links(found) == {
        ("flights.csv", "session"),
        ("session", "60 rows × 2 columns"),
        ("session", "y: 60 rows"),
        ("60 rows × 2 columns", "Ridge"),
        ("y: 60 rows", "Ridge"),
        ("Ridge", "air-time/1"),
    }
    assert all(edge.sure for edge in found.edges)
    (cell,) = [node for node in found.nodes if node.kind == "cell"]
    assert cell.label == "session [1]" and cell.detail == "df = pd.read_csv('flights.csv')"


def test_a_file_that_one_notebook_wrote_and_another_read_links_the_two(tmp_path, monkeypatch):
    flights(tmp_path / "flights.csv")
    with observed(tmp_path, monkeypatch) as first:
        cells(first, "from nbmlops import run\nr = run.start('prepare')", LOAD, "df[df.a > -1].to_csv('clean.csv', index=False)")
    with observed(tmp_path, monkeypatch) as second:
        cells(second, "import pandas as pd\ndata = pd.read_csv('clean.csv')", TRAIN.replace("df", "data"), REGISTER)
        found = lineage.show("air-time", workspace=second.workspace)
        touched = lineage.show("flights.csv", downstream=True, workspace=second.workspace)
    assert {("flights.csv", "prepare"), ("prepare", "prepare"), ("prepare", "clean.csv"), ("clean.csv", "session")} <= links(found)
    unsure = [edge for edge in found.edges if not edge.sure]
    assert [edge.how for edge in unsure] == ["may have gone into"], "which cells went into what another wrote is not recorded"
    assert labels(touched, "version") == ["air-time/1"]


def test_a_file_written_and_read_in_one_session_is_a_step_of_its_run(session):
    cells(session, LOAD, "df[df.a > -1].to_csv('clean.csv', index=False)", "df = pd.read_csv('clean.csv')", TRAIN, REGISTER)
    assert {("session", "clean.csv"), ("clean.csv", "session")} <= links(lineage.show("air-time", workspace=session.workspace))


def test_a_copy_of_written_bytes_is_known_by_its_bytes(session, tmp_path):
    cells(session, "from nbmlops import run\nr = run.start('prepare')", LOAD, "df.to_csv('clean.csv', index=False)", "r = run.end()")
    (tmp_path / "copy.csv").write_bytes((tmp_path / "clean.csv").read_bytes())
    cells(session, "data = pd.read_csv('copy.csv')", TRAIN.replace("df", "data"), REGISTER)
    assert ("clean.csv", "copy.csv") in links(lineage.show("air-time/1", upstream=True, workspace=session.workspace))


def test_a_path_with_other_bytes_is_another_file_and_touches_other_models(session, tmp_path):
    cells(session, LOAD, TRAIN, REGISTER)
    first = next(use.digest for use in newest(session).files if use.path.endswith("flights.csv"))
    flights(tmp_path / "flights.csv", seed=2, rows=70)
    cells(session, LOAD, TRAIN, REGISTER)
    place = session.workspace
    assert labels(lineage.show(first, downstream=True, workspace=place), "version") == ["air-time/1"]
    assert sorted(labels(lineage.show("flights.csv", downstream=True, workspace=place), "version")) == ["air-time/1", "air-time/2"]
    assert labels(lineage.show("air-time/2", upstream=True, workspace=place), "dataset") == ["70 rows × 2 columns", "y: 70 rows"]


def test_a_run_a_dataset_an_alias_and_a_node_are_subjects_too(session):
    cells(session, LOAD, TRAIN, REGISTER)
    place, record = session.workspace, newest(session)
    model.promote("air-time", 1, force=True, workspace=place)
    whole = links(lineage.show("air-time@champion", workspace=place))
    for subject in (
        record.run.id,
        record.run.id.removeprefix("run-"),
        record.fits[0].frame,
        record.fits[0].frame[:20],
        f"fit:{record.run.id}:0",
    ):
        found = lineage.show(subject, workspace=place)
        assert ("Ridge", "air-time/1") in links(found) and ("flights.csv", "session") in links(found), subject
    found = lineage.show(record.run.id, workspace=place)
    assert links(found) == whole
    for node in found.nodes:
        assert lineage.show(node.id, workspace=place).roots == [node.id]


def test_steps_are_counted_and_a_direction_can_be_asked_for_alone(session):
    cells(session, LOAD, TRAIN, REGISTER)
    place = session.workspace
    assert links(lineage.show("air-time/1", depth=1, workspace=place)) == {("Ridge", "air-time/1")}
    alone = lineage.show("air-time/1", depth=0, workspace=place)
    assert [node.label for node in alone.nodes] == ["air-time/1"] and alone.edges == []
    assert lineage.show("air-time/1", downstream=True, workspace=place).edges == []
    with pytest.raises(Invalid, match="-1"):
        lineage.show("air-time/1", depth=-1, workspace=place)


def test_what_nobody_knows_is_refused_with_what_may_be_meant(session, tmp_path):
    (tmp_path / "deep").mkdir()
    flights(tmp_path / "deep" / "rows.csv")
    cells(session, LOAD.replace("flights.csv", "deep/rows.csv"), TRAIN)
    for word in ("nothing", "air-time/7", "x@champion", "abcdef", "blake3:00000000", "", "/", "a" * 5000, "\ud800", "%", "run-zzzz"):
        with pytest.raises(NotFound):
            lineage.show(word, workspace=session.workspace)
    with pytest.raises(NotFound) as refused:
        lineage.show("rows.csv", workspace=session.workspace)
    assert "deep/rows.csv" in refused.value.hint


def test_an_endpoint_is_made_of_the_version_it_answers_with_and_remembers_those_before(session):
    cells(session, LOAD, TRAIN, REGISTER, "m = Ridge(9).fit(df[['a', 'b']], df['y'])", REGISTER)
    place = session.workspace
    with place.ledger.write() as tx:
        tx.insert(
            "endpoint", name="air", model="air-time", alias="champion", target="local", token_digest="", status="stopped",
            serving_version=2, started_at=now_text(place.clock()),
        )  # fmt: skip
    model.promote("air-time", 1, force=True, workspace=place)
    model.promote("air-time", 2, force=True, workspace=place)
    found = lineage.show("air", workspace=place)
    hows = {edge.source: edge.how.partition(" until")[0] for edge in found.edges if edge.target == "endpoint:air"}
    assert hows == {"version:air-time/1": "was champion", "version:air-time/2": "was served by"}
    assert not [edge for edge in found.edges if edge.target == "version:air-time/1"], "a former version's own lineage is its own"
    touched = lineage.show("flights.csv", downstream=True, workspace=place)
    assert labels(touched, "endpoint") == ["air"] and len(labels(touched, "version")) == 2
