"""Equal data has one digest, whatever library, layout, chunks or file it comes in."""

from __future__ import annotations

import datetime as dt
import decimal
import io
import itertools

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbmlops.data import columns
from nbmlops.data.fingerprint import fingerprint

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
MOMENTS = st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2200, 1, 1))
KINDS: dict[str, tuple[pa.DataType, st.SearchStrategy]] = {
    "int8": (pa.int8(), st.integers(-128, 127)),
    "int64": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "uint64": (pa.uint64(), st.integers(0, 2**64 - 1)),
    "float": (pa.float32(), st.floats(width=32)),
    "double": (pa.float64(), st.floats()),
    "bool": (pa.bool_(), st.booleans()),
    "string": (pa.string(), TEXT),
    "binary": (pa.binary(), st.binary(max_size=12)),
    "timestamp": (pa.timestamp("us"), MOMENTS),
    "timestamp with a zone": (pa.timestamp("us", "Europe/Paris"), MOMENTS),
    "date": (pa.date32(), st.dates(dt.date(1700, 1, 1), dt.date(2200, 1, 1))),
    "time": (pa.time64("us"), st.times()),
    "duration": (pa.duration("us"), st.timedeltas(dt.timedelta(-10_000), dt.timedelta(10_000))),
    "decimal": (pa.decimal128(12, 3), st.decimals(-99_999, 99_999, places=3)),
    "list": (pa.list_(pa.int64()), st.lists(st.one_of(st.none(), st.integers(-5, 5)), max_size=4)),
    "struct": (
        pa.struct({"a": pa.int64(), "b": pa.string()}),
        st.fixed_dictionaries({"a": st.integers(-5, 5), "b": st.one_of(st.none(), TEXT)}),
    ),
}


def digest(data):
    return fingerprint(data, profile=False).digest


def arrays(kind):
    arrow, values = KINDS[kind]
    return st.lists(st.one_of(st.none(), values), max_size=40).map(lambda rows: pa.array(rows, arrow))


def forms(array, cut):
    """The same values in other layouts and libraries."""
    table = pa.table({"x": array})
    padded = pa.concat_arrays([array[:3], array, array[:5]])[min(3, len(array)) : min(3, len(array)) + len(array)]
    yield pa.table({"x": pa.chunked_array([array[:cut], array[cut:]])})
    yield pa.table({"x": pa.chunked_array([array[at : at + 1] for at in range(len(array))], array.type)})
    yield pa.table({"x": padded})
    yield table.to_pandas(types_mapper=pd.ArrowDtype)
    yield pl.DataFrame(table)
    yield pl.concat([pl.DataFrame(table)[:cut], pl.DataFrame(table)[cut:]], rechunk=False)
    stored = io.BytesIO()
    pq.write_table(table, stored, row_group_size=7)
    yield pq.read_table(stored)
    ipc = io.BytesIO()
    pyarrow.feather.write_feather(table, ipc, chunksize=9)
    yield pyarrow.feather.read_table(ipc)


@pytest.mark.parametrize("kind", KINDS)
def test_layouts_libraries_and_files_of(kind):
    @settings(max_examples=25, deadline=None)
    @given(arrays(kind), st.integers(0, 40))
    def holds(array, cut):
        expected, free = digest(pa.table({"x": array})), fingerprint(pa.table({"x": array}), profile=False, order_free=True).digest
        for form in forms(array, cut):
            assert digest(form) == expected
            assert fingerprint(form, profile=False, order_free=True).digest == free

    holds()


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1))
def test_whole_numbers_are_one_column_in_every_dtype(values):
    frame = pd.DataFrame({"x": np.array(values, np.int64)})
    strided = np.repeat(frame.x.to_numpy(), 2)[::2]
    others = [
        frame.astype("Int64"), frame.astype("int64[pyarrow]"), frame.astype(object), frame.set_index(frame.x), strided, strided.astype(">i8"),
        pl.from_pandas(frame), {"x": values}, frame.x, pa.table({"x": values}), np.ma.array(values, mask=False), frame.to_numpy(),
    ]  # fmt: skip
    expected = digest(frame)
    assert [digest(one) == expected for one in others[:-1]] == [True] * (len(others) - 1)
    assert digest(pd.DataFrame(others[-1], columns=["x"])) == expected


@given(st.lists(st.one_of(st.none(), TEXT), min_size=1).filter(lambda values: any(value is not None for value in values)))
def test_text_is_one_column_in_every_dtype(values):
    expected = digest(pa.table({"x": pa.array(values, pa.string())}))
    dtypes = [
        object,
        "str",
        "string",
        "string[python]",
        "string[pyarrow]",
        pd.ArrowDtype(pa.large_string()),
        pd.ArrowDtype(pa.string_view()),
    ]
    for dtype in dtypes:
        assert digest(pd.DataFrame({"x": pd.Series(values, dtype=dtype)})) == expected
    with_nan = pd.Series([np.nan if value is None else value for value in values], dtype=object)
    assert digest(pd.DataFrame({"x": with_nan})) == expected
    for kind in (pa.large_string(), pa.string_view()):
        assert digest(pa.table({"x": pa.array(values, kind)})) == expected
    assert digest(pl.DataFrame({"x": values}, schema={"x": pl.String})) == expected


@given(st.lists(st.one_of(st.none(), MOMENTS), min_size=1), st.sampled_from([None, "UTC", "America/New_York"]))
def test_a_time_is_its_instant_in_every_unit(values, zone):
    micros = pa.array(values, pa.timestamp("us", zone))
    expected = digest(pa.table({"x": micros}))
    nanos = pa.table({"x": micros.cast(pa.timestamp("ns", zone))})
    for one in (nanos, nanos.to_pandas(), pa.table({"x": micros}).to_pandas(), pl.DataFrame(nanos), pl.DataFrame({"x": pl.Series(micros)})):
        assert digest(one) == expected


@given(st.lists(st.sampled_from(["b", "a", "é", None]), min_size=1).filter(any), st.integers(0, 9))
def test_what_a_dictionary_holds_beside_its_values_does_not_matter(values, cut):
    plain = pa.array(values, pa.string())
    encoded = pa.chunked_array([plain[:cut].dictionary_encode(), plain[cut:].dictionary_encode()])
    indices = pa.array([None if one is None else ["é", "x", "b", "a"].index(one) for one in values], pa.int8())
    by_hand = pa.DictionaryArray.from_arrays(indices, pa.array(["é", "x", "b", "a"], pa.large_string()))
    expected = digest(pd.DataFrame({"x": pd.Categorical(pd.Series(values, dtype=object))}))
    for one in (encoded, plain.dictionary_encode(), by_hand):
        assert digest(pa.table({"x": one})) == expected
    assert digest(pl.DataFrame({"x": pl.Series(values, dtype=pl.Categorical)})) == expected


def test_declared_categories_keep_their_order_through_arrow_and_files():
    for ordered in (False, True):
        frame = pd.DataFrame({"x": pd.Categorical(["a", "b", None], ["unused", "b", "a"], ordered=ordered)})
        expected = digest(frame)
        stored = io.BytesIO()
        frame.to_feather(stored)
        assert digest(pd.read_feather(stored)) == expected
        assert digest(pa.Table.from_pandas(frame)) == expected
        assert digest(pq.read_table(_parquet(frame))) == expected
    assert digest(pl.DataFrame({"x": pl.Series(["a", "b", None], dtype=pl.Enum(["unused", "b", "a"]))})) == expected


def test_columns_of_nested_objects_are_what_arrow_makes_of_them():
    rows = [[{"a": [1.5, 2.5], "b": "x"}], [], None]
    frame = pd.DataFrame({"x": pd.Series(rows, dtype=object)})
    assert digest(frame) == digest(pa.table({"x": rows})) == digest(pl.DataFrame({"x": rows}))
    stored = pd.read_parquet(_parquet(frame))
    assert isinstance(stored.x[0], np.ndarray) and digest(stored) == digest(frame)


@pytest.mark.parametrize(
    "values", [[decimal.Decimal("1.50"), None], [dt.date(2013, 1, 1), None], [dt.time(5, 15), None], [b"\0", None], [True, None]]
)
def test_objects_of_one_type_are_a_column_of_that_type(values):
    frame = pd.DataFrame({"x": pd.Series(values, dtype=object)})
    assert digest(frame) == digest(pa.table({"x": values})) == digest(pl.DataFrame({"x": values}))


def test_layouts_that_only_save_room_do_not_matter():
    assert digest({"x": pd.arrays.SparseArray([0, 0, 7])}) == digest({"x": [0, 0, 7]})
    assert digest(pa.table({"x": pa.RunEndEncodedArray.from_arrays([2, 3], [0, 7])})) == digest({"x": [0, 0, 7]})
    lists = [[1, 2], None, [3, 4]]
    kinds = [pa.list_(pa.int64()), pa.large_list(pa.int64()), pa.list_(pa.int64(), 2), pa.list_view(pa.int64())]
    assert len({digest(pa.table({"x": pa.array(lists, kind)})) for kind in kinds}) == 1
    assert len({digest(pa.table({"x": pa.array([b"ab", None], kind)})) for kind in (pa.binary(), pa.binary(2), pa.binary_view())}) == 1
    assert (
        len({digest(pa.table({"x": pa.array([decimal.Decimal("1.5")], kind)})) for kind in (pa.decimal128(9, 1), pa.decimal256(60, 1))})
        == 1
    )


def test_layouts_inside_of_layouts_do_not_matter():
    words = pa.array(["a", "a", "b"])
    runs = pa.RunEndEncodedArray.from_arrays([2, 3], pa.array(["a", "b"]))
    nested = [words, runs, pa.array(words, pa.string_view())]
    assert len({digest(pa.table({"x": pa.ListArray.from_arrays([0, 1, 3], inner)})) for inner in nested}) == 1
    encoded = pa.RunEndEncodedArray.from_arrays([2, 3], pa.array(["a", "b"]).dictionary_encode())
    lists = [pa.ListArray.from_arrays([0, 1, 3], inner) for inner in (words.dictionary_encode(), encoded)]
    assert digest(pa.table({"x": lists[0]})) == digest(pa.table({"x": lists[1]}))
    enum = pl.DataFrame({"x": pl.Series([{"e": "a"}, None], dtype=pl.Struct({"e": pl.Enum(["b", "a"])}))})
    assert digest(enum) == digest(enum.to_arrow())
    tensors = [
        pa.ExtensionArray.from_storage(pa.fixed_shape_tensor(pa.int32(), shape), pa.array([[1, 2]], pa.list_(pa.int32(), 2)))
        for shape in ([2, 1], [1, 2])
    ]
    assert digest(pa.table({"x": tensors[0]})) != digest(pa.table({"x": tensors[1]}))


def test_a_dictionary_for_each_of_many_chunks_is_one_column():
    texts = [f"{at % 50}" for at in range(500)]
    chunks = pa.chunked_array([pa.array([text]).dictionary_encode() for text in texts])
    assert digest(pa.table({"x": chunks})) == digest(pd.DataFrame({"x": pd.Categorical(texts)}))


def test_no_index_of_any_kind_is_data(tmp_path):
    frame = pd.DataFrame({"n": [1, 2], "s": ["a", None]})
    expected = digest(frame)
    indexes = [
        pd.Index([7, 3]), pd.DatetimeIndex(["2013-01-01", "2013-01-02"]), pd.MultiIndex.from_tuples([(1, "a"), (1, "b")]), pd.CategoricalIndex(["b", "a"]),
        pd.interval_range(0, 2), pd.Index(["a", "a"]),
    ]  # fmt: skip
    for at, index in enumerate(indexes):
        assert digest(frame.set_index(index)) == expected
        if not isinstance(index, pd.IntervalIndex):
            frame.set_index(index).to_parquet(tmp_path / f"{at}.parquet")
            assert digest(pd.read_parquet(tmp_path / f"{at}.parquet")) == expected
            assert digest(pq.read_table(tmp_path / f"{at}.parquet")) == expected
    assert digest(frame.set_index(pd.Index([7, 3])).reset_index()) != expected


def test_a_csv_read_again_is_the_same_data():
    frame = pd.DataFrame({"n": [1, 2], "x": [0.1, np.nan], "s": ["a", None], "b": [True, False]})
    text = frame.to_csv(index=False)
    assert digest(pd.read_csv(io.StringIO(text))) == digest(frame)
    assert digest(pl.read_csv(io.StringIO(text))) == digest(pd.read_csv(io.StringIO(text), dtype_backend="pyarrow"))
    assert digest(pd.read_csv(io.StringIO(text), dtype_backend="numpy_nullable")) == digest(pl.read_csv(io.StringIO(text)))


def test_blocks_threads_and_strides_do_not_matter(monkeypatch):
    rows = 3 * columns.BLOCK + 5
    values = np.arange(rows * 4, dtype=np.float64).reshape(rows, 4) / 7
    frame = pd.DataFrame(values, columns=list("abcd")).assign(s=np.arange(rows).astype(str))
    expected = fingerprint(frame)
    cuts = [0, 1, columns.BLOCK - 1, columns.BLOCK + 1, 40_000, rows]
    table = pa.concat_tables([pa.Table.from_pandas(frame[start:end], preserve_index=False) for start, end in itertools.pairwise(cuts)])
    assert fingerprint(table) == fingerprint(frame.copy()) == fingerprint(pl.from_pandas(frame)) == expected
    monkeypatch.setattr("os.sched_getaffinity", lambda process: {0}, raising=False)
    assert fingerprint(np.asfortranarray(values)).columns == fingerprint(values).columns
    assert fingerprint(frame) == expected


def _parquet(frame):
    stored = io.BytesIO()
    frame.to_parquet(stored)
    stored.seek(0)
    return stored
