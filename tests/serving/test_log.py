"""The prediction log by itself: what is kept, what is lost, what is said of it."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from nbmlops.errors import Invalid, Unwritable
from nbmlops.ledger.sqlite import migrations
from nbmlops.serving import log, writer

DAY = datetime(2025, 1, 1, tzinfo=UTC)


def answered(count=3, *, ids=None, endpoint="e", row=None):
    times = [DAY + timedelta(hours=n) for n in range(count)]
    return log.Answered(
        endpoint, 1, ids or log.new_ids(count), [row or {"x": float(n)} for n in range(count)], [float(n) for n in range(count)], times
    )


def test_windows_are_closed_at_their_start_and_open_at_their_end(workspace):
    log.append(workspace, [answered(3)])
    assert log.window(workspace, "e", DAY, DAY + timedelta(hours=2)).x.tolist() == [0.0, 1.0]
    assert log.window(workspace, "other").empty
    assert log.bounds(workspace, "e") == (DAY, DAY + timedelta(hours=2))
    assert log.bounds(workspace, "other") is None


def test_an_id_is_one_prediction_of_one_endpoint(workspace):
    assert log.append(workspace, [answered(2, ids=["a", "b"])]) == 0
    assert log.append(workspace, [answered(2, ids=["b", "c"])]) == 1
    assert log.append(workspace, [answered(2, ids=["a", "b"], endpoint="f")]) == 0
    log.join_labels(workspace, "f", ["a"], [1])
    assert (log.counts(workspace, "e"), log.counts(workspace, "f"), log.counts(workspace, "g")) == ((3, 0), (2, 1), (0, 0))


@pytest.mark.parametrize("none", [None, float("nan"), np.nan, np.float64("nan"), pd.NA, pd.NaT])
def test_a_label_that_is_none_takes_the_label_away(workspace, none):
    log.append(workspace, [answered(2, ids=["a", "b"])])
    assert log.join_labels(workspace, "e", ["a", "b"], [1.5, none]).joined == 1
    assert log.counts(workspace, "e") == (2, 1)
    assert log.join_labels(workspace, "e", ["a", "nobody"], [none, none]).unknown == ["nobody"]
    assert log.counts(workspace, "e") == (2, 0)
    assert log.window(workspace, "e").label.isna().all()


def test_a_label_given_again_replaces_the_first(workspace):
    log.append(workspace, [answered(1, ids=["a"])])
    log.join_labels(workspace, "e", ["a"], [1])
    log.join_labels(workspace, "e", ["a", "a"], [np.int64(2), 3])
    assert log.window(workspace, "e").label.tolist() == [3] and log.counts(workspace, "e") == (1, 1)


def test_labels_of_several_values_and_those_that_are_none(workspace):
    log.append(workspace, [answered(1, ids=["a"])])
    log.join_labels(workspace, "e", ["a"], [np.array([1.0, 2.0])])
    assert log.window(workspace, "e").label.tolist() == [[1.0, 2.0]]
    with pytest.raises(Invalid, match="Label 0 is a dict"):
        log.join_labels(workspace, "e", ["a"], [{"a": 1}])
    with pytest.raises(Invalid, match="1 ids with 2 labels"):
        log.join_labels(workspace, "e", ["a"], [1, 2])


def test_values_that_json_cannot_hold_are_kept_as_they_can_be(workspace):
    odd = {"n": float("nan"), "i": float("inf"), "t": "\ud800\0", "big": 2**70, "d": datetime(2025, 1, 1)}
    log.append(workspace, [answered(1, row=odd)])
    kept = log.window(workspace, "e").iloc[0]
    assert kept.big == str(2**70) and kept.t == "\\ud800\\x00" and pd.isna(kept.n) and pd.isna(kept.i) and kept.d == "2025-01-01T00:00:00"


def test_a_log_of_the_first_version_is_kept(workspace):
    path = workspace.folder / "predictions.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript(migrations("predictions")[0][1] + "PRAGMA user_version=1;")
    rows = [("p-1", 1, None), ("p-2", 1, "2.5")]
    for id_, version, label in rows:
        connection.execute(
            "INSERT INTO prediction VALUES (?, 'e', ?, ?, ?, ?, '1.0', ?, NULL)",
            (id_, version, DAY.isoformat(), DAY.isoformat(), '{"x":1.0}', label),
        )
    connection.commit()
    connection.close()
    assert log.counts(workspace, "e") == (2, 1)
    assert log.window(workspace, "e").id.tolist() == ["p-1", "p-2"]
    log.append(workspace, [answered(1)])
    assert log.counts(workspace, "e") == (3, 1)


def test_deleted_rows_are_not_counted(workspace):
    log.append(workspace, [answered(4, ids=list("abcd"))])
    log.join_labels(workspace, "e", ["a", "b"], [1, 2])
    with workspace.prediction_ledger.write() as tx:
        tx.run("DELETE FROM prediction WHERE id IN ('a', 'c')")
    assert log.counts(workspace, "e") == (2, 1)


def test_counting_does_not_read_the_log(workspace):
    plan = workspace.prediction_ledger.read("EXPLAIN QUERY PLAN SELECT predictions, labelled FROM tally WHERE endpoint = 'e'")
    assert [row["detail"] for row in plan] == ["SEARCH tally USING PRIMARY KEY (endpoint=?)"]


def test_a_full_disk_drops_rows_counts_them_and_the_writer_goes_on(workspace):
    """The disk is as large as the file is now: SQLite's own limit, and its own error."""
    log.append(workspace, [answered(1)])
    ledger = workspace.prediction_ledger
    pages = ledger.read("PRAGMA page_count")[0][0]
    ledger.read(f"PRAGMA max_page_count={pages}")
    writing = writer.LogWriter(workspace)
    for _ in range(5):
        writing.add(answered(100, row={"x": "y" * 1000}))
        assert writing.flush()
    assert writing.dropped_rows == 500 and "full" in writing.error
    ledger.read("PRAGMA max_page_count=1000000")
    writing.add(answered(7))
    writing.close()
    assert (writing.dropped_rows, writing.error) == (500, "")
    assert log.counts(workspace, "e") == (8, 0)


def test_whatever_is_wrong_with_a_row_the_writer_lives(workspace):
    writing = writer.LogWriter(workspace)
    bad = answered(2)
    writing.add(log.Answered("e", 1, bad.ids, bad.rows, bad.outputs[:1], bad.event_at))
    writing.add(answered(3))
    writing.close()
    assert writing.dropped_rows >= 2 and log.counts(workspace, "e")[0] + writing.dropped_rows == 5


def test_a_folder_that_cannot_be_written_is_told(workspace):
    workspace.folder.joinpath("predictions.sqlite").mkdir()
    with pytest.raises(Unwritable, match="cannot be written"):
        log.append(workspace, [answered(1)])
