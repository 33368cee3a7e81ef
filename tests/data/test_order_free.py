"""The order-free variant: the same rows equally often, in any order."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from nbmlops import data as verbs
from nbmlops.data.columns import BLOCK
from nbmlops.data.fingerprint import fingerprint

ROWS = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["a", "b", None]), st.lists(st.integers(0, 1), max_size=2)), max_size=12)
KIND = pa.schema({"n": pa.int64(), "s": pa.string(), "l": pa.list_(pa.int64())})


def free(data):
    return fingerprint(data, order_free=True)


def table(rows):
    return pa.table([[row[at] for row in rows] for at in range(3)], schema=KIND)


@settings(deadline=None)
@given(ROWS, ROWS, st.randoms())
def test_equal_for_the_same_rows_equally_often_and_for_no_others(rows, others, random):
    shuffled = random.sample(rows, len(rows))
    assert free(table(shuffled)).digest == free(table(rows)).digest
    same = sorted(map(repr, rows)) == sorted(map(repr, others))
    assert (free(table(others)).digest == free(table(rows)).digest) == same


def test_values_are_not_taken_for_those_of_another_row():
    one, other = pa.table({"a": [1, 2], "b": [3, 4]}), pa.table({"a": [1, 2], "b": [4, 3]})
    assert free(one).digest != free(other).digest
    assert [column.digest for column in free(one).columns] == [column.digest for column in free(other).columns]


def test_how_often_a_row_is_there_counts():
    assert len({free(pa.table({"a": rows})).digest for rows in ([1, 2], [1, 1, 2], [1, 2, 2], [1, 1, 2, 2], [1], [2])}) == 6


def test_many_rows_in_any_order_and_blocks():
    random = np.random.default_rng(0)
    rows = 2 * BLOCK + 77
    texts = random.choice(["a" * 5_000, "b" * 4_096, "c", ""], rows)
    frame = pd.DataFrame({"n": random.integers(0, 9, rows), "s": texts, "x": random.normal(size=rows)})
    shuffled = frame.sample(frac=1, random_state=1)
    found = free(frame)
    assert free(shuffled).digest == found.digest and free(shuffled).columns == found.columns
    assert free(shuffled.assign(x=frame.x.to_numpy())).digest != found.digest
    last = shuffled.copy()
    last.iloc[-1, 1] = "a" * 4_999 + "b"
    assert free(last).digest != free(shuffled).digest


def test_the_form_has_a_name_of_its_own_and_no_blocks(workspace):
    frame = pd.DataFrame({"n": [2, 1]})
    found = verbs.fingerprint(frame, order_free=True, workspace=workspace)
    assert found.form == "nbmlops-data-2-order-free" and found.digest != verbs.fingerprint(frame, workspace=workspace).digest
    assert verbs.show(found.digest, workspace=workspace).form == found.form
    assert found.profile == fingerprint(frame).profile and {column.blocks for column in found.columns} == {""}
