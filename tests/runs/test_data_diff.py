"""What changed between the data of two runs; what a run reads that a champion was not trained on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nbmlops.doors.text import text_of
from nbmlops.errors import Invalid, NotFound
from nbmlops.models import verbs as model
from nbmlops.runs import current
from nbmlops.runs import data_verbs as data
from nbmlops.runs.book import RunBook
from nbmlops.runs.changed_data import TAG, changed_since, facts_of
from nbmlops.runs.facts import Facts
from nbmlops.runs.records import FileUse, RunDataDiff, RunRecord
from tests.capture.shell import Observed, observed

LOAD = "import pandas as pd\ndf = pd.read_csv('flights.csv')"
TRAIN = "from sklearn.linear_model import Ridge\nm = Ridge().fit(df[['a', 'b']], df['y'])"


def table(rows: int = 60) -> pd.DataFrame:
    """Numbers that are the same each time."""
    random = np.random.default_rng(1)
    return pd.DataFrame({"a": random.normal(size=rows), "b": random.normal(size=rows), "y": random.normal(size=rows)})


@pytest.fixture
def session(tmp_path: Path, monkeypatch: Any) -> Iterator[Observed]:
    """An observed shell in a folder with a table."""
    table().to_csv(tmp_path / "flights.csv", index=False)
    with observed(tmp_path, monkeypatch) as found:
        yield found


def newest(session: Observed) -> RunRecord:
    """The newest run."""
    book = RunBook(session.workspace)
    return book.record(book.find(limit=1)[0].id)


def trained(session: Observed, *sources: str) -> str:
    """Run cells that train, and end their run; gives its id."""
    for source in sources or (LOAD, TRAIN):
        session.cell(source).raise_error()
    open_now = current.current()
    assert open_now is not None
    current.end(open_now)
    return open_now.id


def compared(session: Observed, before: str, after: str) -> RunDataDiff:
    """The difference of two runs."""
    found = data.diff(before, after, workspace=session.workspace)
    assert isinstance(found, RunDataDiff)
    return found


def test_two_runs_on_the_same_data_do_not_differ(session):
    found = compared(session, trained(session), trained(session))
    assert found.same and found.files == [] and found.same_files == 1
    assert [(frame.part, frame.diff.same) for frame in found.frames] == [("frame", True), ("target", True)]


def test_a_changed_file_is_named_and_the_frames_tell_which_columns_changed(session, tmp_path):
    first = trained(session)
    changed = table()
    changed.loc[7, "b"] = 99.0
    changed.to_csv(tmp_path / "flights.csv", index=False)
    found = compared(session, first, trained(session))
    (file,) = found.files
    assert file.change == "changed" and file.path.endswith("flights.csv") and file.digest_before != file.digest_after
    assert file.columns is None and "are gone" in file.note
    frame, target = found.frames
    assert (frame.part, frame.estimator, frame.fit_before, frame.fit_after) == ("frame", "sklearn.linear_model._ridge.Ridge", 0, 0)
    assert [(change.name, change.change) for change in frame.diff.changes] == [("b", "values")] and target.diff.same
    assert not found.same


@pytest.mark.parametrize("kept", ["copy", "artifact"])
def test_columns_of_a_changed_file_are_told_where_both_versions_are_still_to_be_had(session, tmp_path, kept):
    if kept == "artifact":
        first = trained(session, LOAD, TRAIN, "from nbmlops import run\n_ = run.log(artifact=['flights.csv'])")
    else:
        (tmp_path / "old.csv").write_bytes((tmp_path / "flights.csv").read_bytes())
        first = trained(session, LOAD, "again = pd.read_csv('old.csv')\n" + TRAIN)
    table(70).assign(c=1).to_csv(tmp_path / "flights.csv", index=False)
    file = next(change for change in compared(session, first, trained(session)).files if change.path.endswith("flights.csv"))
    assert file.note is None and (file.columns.rows_before, file.columns.rows_after) == (60, 70)
    assert {change.name: change.change for change in file.columns.changes} == {"a": "values", "b": "values", "y": "values", "c": "added"}


def test_the_very_rows_of_a_changed_file_are_told(session, tmp_path):
    (tmp_path / "old.csv").write_bytes((tmp_path / "flights.csv").read_bytes())
    first = trained(session, LOAD, "again = pd.read_csv('old.csv')\n" + TRAIN)
    changed = table()
    changed.loc[[7, 8, 20], "b"] = 99.0
    changed.to_csv(tmp_path / "flights.csv", index=False)
    found = compared(session, first, trained(session))
    (change,) = found.files[0].columns.changes
    assert (change.name, [(part.start, part.end) for part in change.rows]) == ("b", [(7, 9), (20, 21)])
    shown = text_of(found, width=160)
    assert "7–8, 20" in shown and "flights.csv" in shown and "Ridge frame" in shown


def test_files_that_came_went_and_moved_are_told_apart(session, tmp_path):
    book, place = RunBook(session.workspace), session.workspace
    ids = []
    for names in (
        {"/x/same": "1", "/x/gone": "2", "/x/from": "3", "/x/none": None},
        {"/x/same": "1", "/x/new": "4", "/x/to": "3", "/x/none": None},
    ):
        ids.append(book.open("facts", experiment="q", kind="explicit"))
        files = [
            FileUse(
                path=path, mode="read", digest=digest and f"blake3:{digest * 64}", size_bytes=1, modified_at=None, position=0,
                note=None if digest else "larger than is hashed",
            )
            for path, digest in names.items()
        ]  # fmt: skip
        book.add(ids[-1], Facts(files=files))
        book.end(ids[-1], "finished")
    found = data.diff(*ids, workspace=place)
    assert [(change.change, change.path, change.note) for change in found.files] == [
        ("added", "/x/new", None),
        ("removed", "/x/gone", None),
        ("moved", "/x/to", "was /x/from"),
        ("unknown", "/x/none", "larger than is hashed"),
    ]
    assert found.same_files == 1


def test_more_tries_on_the_same_data_are_no_change_of_the_data(session):
    one = trained(session)
    many = trained(session, LOAD, "for alpha in (1, 2, 3, 4): m = Ridge(alpha).fit(df[['a', 'b']], df['y'])")
    other = trained(session, LOAD, "from sklearn.linear_model import Lasso\nm = Lasso().fit(df[['a', 'b']], df['y'])")
    assert compared(session, one, many).same and compared(session, many, one).same
    found = compared(session, one, other)
    assert found.same and [frame.fits for frame in found.frames] == [1, 1]


def test_datasets_are_compared_by_their_digests_and_not_with_runs(session):
    run = trained(session)
    frame = newest(session).fits[0].frame
    assert data.diff(frame, frame.removeprefix("blake3:")[:12], workspace=session.workspace).same
    with pytest.raises(Invalid, match="dataset"):
        data.diff(run, frame, workspace=session.workspace)
    for words in (("run-zzz", run), ("zzzz", "yyyy")):
        with pytest.raises((NotFound, Invalid)):
            data.diff(*words, workspace=session.workspace)


# -- other bytes than the champion's


def uses(session: Observed) -> tuple[str, list[FileUse]]:
    """The newest run's id and files."""
    record = newest(session)
    return record.run.id, record.files


def champion(session: Observed, *sources: str) -> None:
    """Train and put the model into use."""
    trained(session, *sources)
    session.cell("from nbmlops import model\nv = model.register('air-time', m)").raise_error()
    model.promote("air-time", 1, force=True, workspace=session.workspace)


def test_other_bytes_than_the_champion_was_trained_on_are_said_in_a_sentence(session, tmp_path):
    champion(session)
    assert changed_since(session.workspace, *uses(session)) == []
    trained(session)
    assert changed_since(session.workspace, *uses(session)) == [], "the same bytes"
    table(70).to_csv(tmp_path / "flights.csv", index=False)
    trained(session)
    (sentence,) = changed_since(session.workspace, *uses(session))
    said = r"flights\.csv differs from the bytes air-time/1 \(champion\) was trained on: 3\.\d kB then \(20\d\d-\d\d-\d\d\), 4\.\d kB now"
    assert re.fullmatch(said, sentence)
    assert facts_of([sentence]).tags == {TAG: sentence} and not facts_of([])


def test_what_the_champion_did_not_depend_on_is_not_compared(session, tmp_path):
    table().to_csv(tmp_path / "aside.csv", index=False)
    champion(session, LOAD, TRAIN, "aside = pd.read_csv('aside.csv')\nm.predict(aside[['a', 'b']])")
    table(70).to_csv(tmp_path / "aside.csv", index=False)
    trained(session, LOAD, "df = pd.read_csv('aside.csv')", TRAIN)
    run, files = uses(session)
    assert any(use.path.endswith("aside.csv") for use in files)
    assert changed_since(session.workspace, run, files) == []


def test_many_changed_files_of_a_folder_are_one_sentence(session):
    champion(session)
    run, _ = uses(session)
    read = [
        FileUse(path=f"/img/{number}", mode="read", digest="blake3:" + "0" * 64, size_bytes=5, modified_at=None, position=0, note=None)
        for number in range(1200)
    ]
    RunBook(session.workspace).add(run, Facts(files=read))
    newest(session)
    other = [FileUse(**{**vars(use), "digest": "blake3:" + "1" * 64}) for use in read]
    (sentence,) = changed_since(session.workspace, "run-other", other)
    assert sentence.startswith("1,200 files of img differ from the bytes air-time/1 (champion) was trained on (20")
