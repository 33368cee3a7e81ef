"""The fingerprint: equal for equal data, different for any change."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbmlops.data import diff as differences
from nbmlops.data.fingerprint import fingerprint
from nbmlops.errors import Invalid


def digest(data):
    return fingerprint(data).digest


FRAME = pd.DataFrame({"n": [1, 2, 3], "x": [0.5, np.nan, -0.0], "s": ["a", None, "é"], "b": [True, False, True]})
MUTATIONS = {
    "an integer": lambda d: d.assign(n=[1, 2, 4]),
    "a float": lambda d: d.assign(x=[0.5, np.nan, 1e-300]),
    "the sign of zero": lambda d: d.assign(x=[0.5, np.nan, 0.0]),
    "NaN to a number": lambda d: d.assign(x=[0.5, 0.0, -0.0]),
    "a string": lambda d: d.assign(s=["a", None, "e"]),
    "null to empty": lambda d: d.assign(s=["a", "", "é"]),
    "a flag": lambda d: d.assign(b=[True, True, True]),
    "a type": lambda d: d.assign(n=d.n.astype("int32")),
    "a column's name": lambda d: d.rename(columns={"n": "m"}),
    "the order of columns": lambda d: d[["x", "n", "s", "b"]],
    "the order of rows": lambda d: d.iloc[::-1],
    "a row more": lambda d: pd.concat([d, d.iloc[:1]]),
    "a row less": lambda d: d.iloc[:-1],
    "to a category": lambda d: d.assign(s=d.s.astype("category")),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_change_of(name):
    assert digest(MUTATIONS[name](FRAME)) != digest(FRAME)


def test_index_chunks_layout_and_library_do_not_matter():
    table = pa.table({"n": pa.chunked_array([[1], [2, 3]]), "s": pa.chunked_array([["a", None], ["é"]])})
    frame = pd.DataFrame({"n": [1, 2, 3], "s": ["a", None, "é"]})
    assert digest(table) == digest(frame)
    assert digest(frame.set_index(pd.Index([5, 6, 7]))) == digest(frame)
    assert digest(frame.astype({"s": "string[pyarrow]"})) == digest(frame)
    assert digest(frame.astype({"s": object})) == digest(frame)
    assert digest(table.slice(1)) == digest(frame.iloc[1:])
    assert digest(table.cast(pa.schema({"n": pa.int64(), "s": pa.large_string()}))) == digest(frame)


def test_parquet_and_back_is_the_same_data(tmp_path):
    FRAME.to_parquet(tmp_path / "x.parquet")
    assert digest(pd.read_parquet(tmp_path / "x.parquet")) == digest(FRAME)


def test_null_and_nan_are_two_things():
    assert digest(pa.table({"x": pa.array([1.0, None])})) != digest(pa.table({"x": pa.array([1.0, float("nan")])}))


def test_every_nan_is_the_same_nan():
    odd = np.array([0x7FF8000000000001], np.uint64).view(np.float64)
    assert digest(pd.DataFrame({"x": odd})) == digest(pd.DataFrame({"x": [np.nan]}))


def test_what_lies_under_a_null_does_not_matter():
    a = pa.Array.from_buffers(pa.int64(), 2, [pa.py_buffer(b"\x01"), pa.py_buffer(np.array([1, 7], np.int64).tobytes())])
    b = pa.Array.from_buffers(pa.int64(), 2, [pa.py_buffer(b"\x01"), pa.py_buffer(np.array([1, 8], np.int64).tobytes())])
    assert digest(pa.table({"x": a})) == digest(pa.table({"x": b}))


def test_time_zones_and_category_order_matter():
    times = pd.DataFrame({"t": pd.to_datetime(["2026-01-01", "2026-01-02"])})
    assert digest(times) != digest(times.assign(t=times.t.dt.tz_localize("UTC")))
    one = pd.DataFrame({"c": pd.Categorical(["a", "b"], categories=["a", "b"])})
    two = pd.DataFrame({"c": pd.Categorical(["a", "b"], categories=["b", "a"])})
    assert digest(one) != digest(two)


def test_neighbouring_strings_do_not_run_together():
    assert digest({"s": ["ab", "c"]}) != digest({"s": ["a", "bc"]})


def test_nested_mixed_and_sparse_data_have_fingerprints():
    import scipy.sparse

    lists = pa.table({"l": pa.array([[1, 2], [], None])})
    assert digest(lists) != digest(pa.table({"l": pa.array([[1], [2], None])}))
    assert digest(pa.table({"d": pa.array([{"a": 1}, {"a": 2}])})) != digest(pa.table({"d": pa.array([{"a": 1}, {"a": 3}])}))
    assert digest(pd.DataFrame({"o": [1, "a", (2, 3)]})) != digest(pd.DataFrame({"o": [1, "a", (2, 4)]}))
    assert digest(pd.DataFrame({"o": [object()]})) == digest(pd.DataFrame({"o": [object()]}))
    eye = scipy.sparse.eye(3).tocsr()
    assert digest(eye) != digest(eye * 2)
    assert digest(np.zeros((2, 2, 2))) != digest(np.ones((2, 2, 2)))


def test_a_number_has_no_rows():
    with pytest.raises(Invalid, match="has no rows"):
        fingerprint(3)


@given(st.lists(st.floats(), min_size=1, max_size=30), st.data())
def test_any_change_of_any_float_is_seen(values, data):
    at = data.draw(st.integers(0, len(values) - 1))
    other = data.draw(st.floats())
    before, after = np.array(values), np.array(values)
    after[at] = other
    same = np.array_equal(before, after, equal_nan=True) and np.array_equal(
        np.signbit(before), np.signbit(after) | (np.isnan(before) & np.signbit(before))
    )
    if not np.isnan(other) or not np.isnan(values[at]):
        assert (digest(before) == digest(after)) == same


@given(st.lists(st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]))), max_size=20), st.integers(0, 20))
def test_chunks_of_text_do_not_matter(values, cut):
    whole = pa.table({"s": pa.array(values, pa.string())})
    cut_in_two = pa.table(
        {"s": pa.chunked_array([pa.array(values[:cut], pa.string()), pa.array(values[cut:], pa.large_string()).cast(pa.string())])}
    )
    assert digest(whole) == digest(cut_in_two)


def test_a_diff_names_the_columns():
    before = fingerprint(pd.DataFrame({"a": [1, 2], "b": [1, 2], "c": [1, 2], "gone": [0, 0]}))
    after = fingerprint(pd.DataFrame({"a": [1, 2], "b": [1, 3], "c": [1.0, 2.0], "new": [0, 0]}))
    found = differences.diff(before, after)
    assert [(change.name, change.change) for change in found.changes] == [
        ("b", "values"),
        ("c", "type"),
        ("gone", "removed"),
        ("new", "added"),
    ]
    assert not found.same


def test_the_profile_counts_nulls_and_nan_and_leaves_no_rows():
    profile = fingerprint(FRAME).profile
    assert [(column.kind, column.nulls) for column in profile] == [("number", 0), ("number", 1), ("category", 1), ("flag", 0)]
    assert profile[0].mean == 2 and profile[0].quantiles[0] == 1 and profile[0].quantiles[-1] == 3 and len(profile[0].quantiles) == 257
    assert profile[2].counts == {"a": 1, "é": 1}
