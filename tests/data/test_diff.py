"""A diff names columns and rows."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from nbmlops import data as verbs
from nbmlops.data import book
from nbmlops.data.blocks import MOST, changed_rows, short
from nbmlops.data.columns import BLOCK
from nbmlops.data.diff import diff
from nbmlops.data.fingerprint import fingerprint


def changes(before, after, **how):
    found = diff(fingerprint(before, **how), fingerprint(after, **how))
    return [(change.name, change.change, [(rows.start, rows.end) for rows in change.rows]) for change in found.changes]


def test_columns_that_came_went_changed_type_or_values():
    before = pd.DataFrame({"a": [1, 2], "b": [1, 2], "c": [1, 2], "gone": [0, 0]})
    after = pd.DataFrame({"a": [1, 2], "b": [1, 3], "c": [1.0, 2.0], "new": [0, 0]})
    assert changes(before, after) == [("b", "values", [(0, 2)]), ("c", "type", []), ("gone", "removed", []), ("new", "added", [])]
    assert changes(before, before) == []


def test_the_rows_of_changed_values_are_named():
    before = pd.DataFrame({"n": np.arange(5 * BLOCK), "s": "x"})
    after = before.copy()
    after.loc[[BLOCK + 5, 2 * BLOCK, 4 * BLOCK], "n"] = -1
    after.loc[0, "s"] = "y"
    assert changes(before, after) == [("n", "values", [(BLOCK, 3 * BLOCK), (4 * BLOCK, 5 * BLOCK)]), ("s", "values", [(0, BLOCK)])]


def test_rows_that_were_added_are_counted_and_those_before_are_the_same():
    before = pd.DataFrame({"n": np.arange(3 * BLOCK)})
    after = pd.DataFrame({"n": np.arange(3 * BLOCK + 9)})
    found = diff(fingerprint(before), fingerprint(after))
    assert (found.rows_added, found.rows_removed, found.changes[0].rows) == (9, 0, [])
    back = diff(fingerprint(after), fingerprint(before.assign(n=lambda d: d.n.where(d.n != BLOCK, 0))))
    assert (back.rows_added, back.rows_removed) == (0, 9) and [(rows.start, rows.end) for rows in back.changes[0].rows] == [
        (BLOCK, 2 * BLOCK)
    ]


def test_columns_of_one_name_and_columns_that_moved():
    twice = pd.DataFrame([[1, 2, 3]], columns=["a", "a", "b"])
    assert changes(twice, twice.assign(b=4)) == [("b", "values", [(0, 1)])]
    assert changes(twice, pd.DataFrame([[1, 5, 3]], columns=["a", "a", "b"])) == [("a", "values", [(0, 1)])]
    assert changes(twice, twice.iloc[:, 1:]) == [("a", "values", [(0, 1)]), ("a", "removed", [])]
    assert changes(twice, twice.iloc[:, [2, 0, 1]]) == [("a", "moved", []), ("a", "moved", []), ("b", "moved", [])]


def test_a_diff_of_different_forms_says_that_it_cannot_tell():
    frame = pd.DataFrame({"a": [1, 2]})
    found = diff(fingerprint(frame), fingerprint(frame, order_free=True))
    assert not found.same and found.changes == [] and "different forms" in found.note
    labels = diff(fingerprint(pd.DataFrame({1: [1]})), fingerprint(pd.DataFrame({"1": [1]})))
    assert not labels.same and "labels" in labels.note
    rows = diff(
        fingerprint(pd.DataFrame({"a": [1, 2], "b": [3, 4]}), order_free=True),
        fingerprint(pd.DataFrame({"a": [1, 2], "b": [4, 3]}), order_free=True),
    )
    assert not rows.same and rows.changes == [] and "together in a row" in rows.note


@pytest.mark.parametrize("blocks", [2, MOST - 1, MOST, MOST + 1, 2 * MOST, 2 * MOST + 1, 5 * MOST])
def test_digests_of_many_blocks_are_kept_in_little_room_and_still_tell_rows(blocks):
    digests = [at.to_bytes(32, "little") for at in range(1, blocks + 1)]
    other = [*digests[:-1], bytes(32)]
    assert len(short(digests)) <= MOST * 8 * 4 / 3 + 4
    rows = blocks * BLOCK
    ((start, end),) = changed_rows(short(digests), rows, short(other), rows)
    assert start <= rows - BLOCK < end == rows and end - start <= BLOCK * 2 * -(-blocks // MOST)
    longer = [*digests, *digests]
    assert changed_rows(short(digests), rows, short(longer), 2 * rows) in ([], [(start, end)])


def test_what_was_stored_before_is_read_and_compared(workspace):
    now = verbs.fingerprint(pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}), workspace=workspace)
    old = {
        "digest": "blake3:" + "0" * 64,
        "columns": [{"name": "a", "type": "int64", "digest": "blake3:00"}, {"name": "b", "type": "double", "digest": "blake3:01"}],
    }
    with workspace.ledger.write() as tx:
        tx.run("INSERT INTO dataset VALUES (?, 2, ?, '[]', '2026-01-01T00:00:00+00:00')", old["digest"], json.dumps(old["columns"]))
    kept = verbs.show(old["digest"], workspace=workspace)
    assert kept.form == "nbmlops-data-1" and kept.columns[0].blocks == "" and kept.named == []
    found = diff(kept, now)
    assert [(change.name, change.change) for change in found.changes] == [("b", "type")] and "nbmlops-data-1" in found.note


def test_a_dataset_is_read_back_as_it_was_kept(workspace):
    frame = pd.DataFrame({"a": np.arange(2 * BLOCK), "m": pd.Series([object()] * 2 * BLOCK, dtype=object), "s": 1})
    frame.columns = pd.Index(["a", "m", "\ud800"], dtype=object)
    found = verbs.fingerprint(frame, workspace=workspace)
    kept = verbs.show(found.digest, workspace=workspace)
    assert (kept.form, kept.columns, kept.profile, kept.named) == (found.form, found.columns, found.profile, ["m"])
    assert book.dataset(workspace, found.digest[:20]) == kept


def test_no_value_that_looks_secret_and_no_identifier_is_kept(workspace):
    token = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    frame = pd.DataFrame({"t": [token] * 30 + ["plain"] * 30, "who": [f"Person {at}" for at in range(60)]})
    found = verbs.fingerprint(frame, workspace=workspace)
    kept = verbs.show(found.digest, workspace=workspace).profile
    assert kept[0].counts == {"plain": 30} and kept[0].other_count == 30
    assert kept[1].counts == {} and kept[1].other_count == 60
