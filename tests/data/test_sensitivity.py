"""Any change at all is another digest, and no two tables feed the same bytes."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import itertools
import math

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbmlops.data.columns import BLOCK
from nbmlops.data.fingerprint import fingerprint
from tests.data.test_representations import KINDS


def digest(data):
    return fingerprint(data, profile=False).digest


def free(data):
    return fingerprint(data, profile=False, order_free=True).digest


def bits(value):
    """A value so that equal means the same: NaN is NaN, and -0.0 is not 0.0."""
    if isinstance(value, float):
        return ("nan",) if math.isnan(value) else (value, math.copysign(1, value))
    return value


@pytest.mark.parametrize("kind", KINDS)
def test_any_change_of_any_value_of(kind):
    arrow, values = KINDS[kind]

    @settings(max_examples=40, deadline=None)
    @given(st.lists(st.one_of(st.none(), values), min_size=1, max_size=20), st.one_of(st.none(), values), st.data())
    def is_seen(rows, other, data):
        at = data.draw(st.integers(0, len(rows) - 1))
        before, after = pa.array(rows, arrow), pa.array([*rows[:at], other, *rows[at + 1 :]], arrow)
        same = bits(before[at].as_py()) == bits(after[at].as_py())
        assert (digest(pa.table({"x": before})) == digest(pa.table({"x": after}))) == same
        assert (free(pa.table({"x": before})) == free(pa.table({"x": after}))) == same

    is_seen()


FRAME = pd.DataFrame(
    {
        "n": [1, 2, 3],
        "x": [0.5, np.nan, -0.0],
        "s": ["a", None, "é"],
        "b": [True, False, True],
        "t": pd.to_datetime(["2013-01-01", "2013-01-02", None]).tz_localize("UTC"),
        "c": pd.Categorical(["u", "v", None], ["v", "u"]),
        "d": pd.to_timedelta([1, 2, 3], unit="s"),
        "p": pd.period_range("2013-01", periods=3, freq="M"),
        "o": pd.Series([decimal.Decimal("1.0"), None, decimal.Decimal("2.5")], dtype=object),
    }
)
CHANGES = {
    "an integer": lambda d: d.assign(n=[1, 2, 4]),
    "a float": lambda d: d.assign(x=[0.5, np.nan, 1e-300]),
    "the sign of zero": lambda d: d.assign(x=[0.5, np.nan, 0.0]),
    "NaN to a number": lambda d: d.assign(x=[0.5, 0.0, -0.0]),
    "NaN to null": lambda d: d.astype({"x": "Float64"}),
    "a string": lambda d: d.assign(s=["a", None, "e"]),
    "a string to its decomposed form": lambda d: d.assign(s=["a", None, "e\u0301"]),
    "null to empty": lambda d: d.assign(s=["a", "", "é"]),
    "null to its name": lambda d: d.assign(s=["a", "None", "é"]),
    "a flag": lambda d: d.assign(b=[True, True, True]),
    "a flag to a number": lambda d: d.assign(b=[1, 0, 1]),
    "the width of integers": lambda d: d.assign(n=d.n.astype("int32")),
    "the sign of integers": lambda d: d.assign(n=d.n.astype("uint64")),
    "integers to floats": lambda d: d.assign(n=d.n.astype(float)),
    "the width of floats": lambda d: d.assign(x=d.x.astype("float32")),
    "a column's name": lambda d: d.rename(columns={"n": "m"}),
    "a column's name to a number": lambda d: d.rename(columns={"n": 1}),
    "a column more": lambda d: d.assign(z=1),
    "a column less": lambda d: d.drop(columns="n"),
    "a column twice": lambda d: d[["n", *d.columns]],
    "the order of columns": lambda d: d[["x", "n", *d.columns[2:]]],
    "the names of two columns": lambda d: d.rename(columns={"n": "x", "x": "n"}),
    "the order of rows": lambda d: d.iloc[::-1],
    "a row more": lambda d: pd.concat([d, d.iloc[:1]]),
    "a row less": lambda d: d.iloc[:-1],
    "a string to a category": lambda d: d.assign(s=d.s.astype("category")),
    "a nanosecond": lambda d: d.assign(t=d.t.dt.as_unit("ns") + pd.Timedelta(1, "ns")),
    "a time zone": lambda d: d.assign(t=d.t.dt.tz_convert("Europe/Paris")),
    "a time zone of the same offset": lambda d: d.assign(t=d.t.dt.tz_convert("Africa/Abidjan")),
    "no time zone": lambda d: d.assign(t=d.t.dt.tz_localize(None)),
    "a category's value": lambda d: d.assign(c=pd.Categorical(["u", "u", None], ["v", "u"])),
    "the order of categories": lambda d: d.assign(c=d.c.cat.reorder_categories(["u", "v"])),
    "categories to ordered ones": lambda d: d.assign(c=d.c.cat.as_ordered()),
    "a category nothing has": lambda d: d.assign(c=d.c.cat.add_categories(["w"])),
    "a category's name": lambda d: d.assign(c=d.c.cat.rename_categories({"v": "V"})),
    "categories to values": lambda d: d.assign(c=d.c.astype("str")),
    "a duration": lambda d: d.assign(d=pd.to_timedelta([1, 2, 4], unit="s")),
    "durations to numbers": lambda d: d.assign(d=[1, 2, 3]),
    "a period's length": lambda d: d.assign(p=d.p.dt.asfreq("Q")),
    "a decimal": lambda d: d.assign(o=[decimal.Decimal("1.1"), None, decimal.Decimal("2.5")]),
    "the scale of decimals": lambda d: d.assign(o=[decimal.Decimal("1.00"), None, decimal.Decimal("2.5")]),
    "decimals to floats": lambda d: d.assign(o=[1.0, None, 2.5]),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_of(name):
    changed = CHANGES[name](FRAME)
    assert digest(changed) != digest(FRAME)
    assert (free(changed) == free(FRAME)) == (name == "the order of rows")


def test_no_two_changes_have_one_digest():
    found = [digest(FRAME), *(digest(change(FRAME)) for change in CHANGES.values())]
    assert len(set(found)) == len(found)


@given(st.integers(0, 3 * BLOCK), st.integers(0, 63))
@settings(max_examples=20, deadline=None)
def test_every_bit_of_a_long_column_counts(row, bit):
    values = np.arange(3 * BLOCK + 1)
    before = digest(values)
    values[row] ^= np.int64(1) << np.int64(min(bit, 62))
    assert digest(values) != before


class Colour(enum.Enum):
    RED = 1


class Model:
    def __init__(self, state):
        self.state = state


ALIKE = [1, 1.0, True, "1", b"1", decimal.Decimal(1), 1 + 0j, [1], (1,), {1}, {"1": 1}, {1: 1}, {1: "1"}, None, "None", "", b"", [], (), {}, set(), frozenset([2]),
         np.array([1]), np.array([1.0]), np.array([[1]]), dt.date(2013, 1, 1), dt.datetime(2013, 1, 1), dt.datetime(2013, 1, 1, tzinfo=dt.UTC), dt.time(1),
         dt.timedelta(1), pd.Timestamp(1), pd.Period("2013"), pd.Interval(0, 1), pd.Interval(0, 1, "left"), Colour.RED, "Colour.RED", [[1], []], [[], [1]], [[1, []]],
         ["a", "b"], ["ab", ""], ["", "ab"], "\ud800", "\\ud800", 2**64, 2**64 + 1, float("inf"), -0.0, 0.0]  # fmt: skip


def test_objects_that_look_alike_are_told_apart():
    columns = [pd.DataFrame({"x": pd.Series([value, object], dtype=object)}) for value in ALIKE]
    assert len({digest(one) for one in columns}) == len({free(one) for one in columns}) == len(ALIKE)


def test_what_is_no_data_is_named_by_its_class_and_told():
    frame = pd.DataFrame({"n": [1, 2], "m": pd.Series([Model(1), 1], dtype=object), "f": pd.Series([print, Model], dtype=object)})
    again = pd.DataFrame({"n": [1, 2], "m": pd.Series([Model(2), 1], dtype=object), "f": pd.Series([print, Model], dtype=object)})
    assert fingerprint(frame).named == ["m", "f"]
    assert digest(frame) == digest(again)
    assert digest(frame) != digest(frame.assign(m=pd.Series([Colour.RED, 1], dtype=object)))
    assert fingerprint(FRAME).named == []
    assert fingerprint(pl.DataFrame({"m": pl.Series([Model(1)], dtype=pl.Object)})).named == ["m"]


def test_a_list_that_holds_itself_has_an_end():
    loop = [1]
    loop.append(loop)
    assert fingerprint(pd.DataFrame({"x": pd.Series([loop], dtype=object)})).named == ["x"]


def column(values, kind=None):
    return pa.table({"x": pa.array(values, kind)})


STRUCT_AB, STRUCT_BA = pa.struct({"a": pa.int64(), "b": pa.int64()}), pa.struct({"b": pa.int64(), "a": pa.int64()})
CLOSE = {
    "where strings end": [column(["ab", "c"]), column(["a", "bc"]), column(["abc", ""]), column(["", "abc"]), column(["abc"]), column([b"ab", b"c"])],
    "where lists end": [column([[1, 2], [3]]), column([[1], [2, 3]]), column([[1, 2, 3], []]), column([[], [1, 2, 3]]), column([[1, 2, 3], None])],
    "depths of lists": [column([[[1], [2]]]), column([[[1, 2]]]), column([[[1, 2], []]]), column([[[]]]), column([[]], pa.list_(pa.list_(pa.int64()))), column([[1, 2]])],
    "fields": [column([{"a": 1, "b": 2}], STRUCT_AB), column([{"a": 1, "b": 2}], STRUCT_BA), column([{"a": 2, "b": 1}], STRUCT_AB), column([{"ab": 1, "": 2}])],
    "names of fields": [column([], pa.struct([('a": int64, "b', pa.int64())])), column([], STRUCT_AB), column([], pa.struct([("a", pa.int64()), ("b", pa.int64())]).field(0).type)],
    "zones that look like types": [column([], pa.list_(pa.timestamp("s", "A"))), column([], pa.list_(pa.timestamp("s", "A]>"))), column([], pa.timestamp("s", "A"))],
    "maps and lists of pairs": [column([[("k", 1)]], pa.map_(pa.string(), pa.int64())), column([[{"key": "k", "value": 1}]])],
    "dictionaries and values": [column(["a", "b"]), column(pa.array(["a", "b"]).dictionary_encode()), column([0, 1], pa.uint8()),
                                column(pa.DictionaryArray.from_arrays([0, 1], pa.array(["a", "b"]), ordered=True)), column(pa.array([b"a", b"b"]).dictionary_encode())],
    "no rows": [pa.table({"x": pa.array([], kind)}) for kind in (pa.int64(), pa.int32(), pa.float64(), pa.string(), pa.binary(), pa.null(), pa.list_(pa.int64()), STRUCT_AB)],
    "no columns": [pd.DataFrame(), pd.DataFrame(index=[0]), pd.DataFrame(index=[0, 1]), np.zeros((3, 0)), column([], pa.int64())],
    "nulls": [column([None], pa.int64()), column([0], pa.int64()), column([None], pa.string()), column([None, None], pa.int64()), column([None], pa.null()), column([], pa.null())],
    "nulls of lists": [column([None, [None]], pa.list_(pa.int64())), column([[], [None]], pa.list_(pa.int64())), column([None, []], pa.list_(pa.int64())), column([[None], None], pa.list_(pa.int64()))],
    "nulls of structs": [column([None], STRUCT_AB), column([{"a": None, "b": None}], STRUCT_AB), column([{"a": 0, "b": None}], STRUCT_AB)],
    "columns for rows": [pa.table({"a": [1, 2], "b": [3, 4]}), pa.table({"a": [1, 2, 3, 4]}), pa.table({"a": [1, 3], "b": [2, 4]}), pa.table({"ab": [1, 2], "": [3, 4]}), pa.table({"": [1, 2], "ab": [3, 4]})],
    "names and types": [pa.table({"a": ["x"]}), pa.table({"as": ["x"]}), pa.table({"a\0string": ["x"]}), pa.table({"a ": ["x"]})],
    "complex numbers and structs": [np.array([1 + 2j]), pa.table({"x": [{"real": 1.0, "imag": 2.0}]}), np.array([2 + 1j]), np.array([1 + 2j], "complex64")],
    "times": [column([0], kind) for kind in (pa.timestamp("s"), pa.timestamp("s", "UTC"), pa.duration("s"), pa.date32(), pa.time32("s"), pa.int64())],
    "intervals": [pd.DataFrame({"x": pd.interval_range(0, 2, closed=closed)}) for closed in ("left", "right", "both", "neither")],
    "code points": [column([text]) for text in ("a", "a\0", "\0a", "A", "а", "ａ", "é", "e\u0301", "\u200b", "\ufeff", "😀", "")],
}  # fmt: skip


@pytest.mark.parametrize("name", CLOSE)
def test_tables_that_lie_close_are_told_apart_by(name):
    for one, other in itertools.combinations(CLOSE[name], 2):
        assert digest(one) != digest(other)
        assert (free(one) == free(other)) == same_rows(one, other)


def same_rows(one, other):
    tables = isinstance(one, pa.Table) and isinstance(other, pa.Table) and one.schema == other.schema
    return tables and sorted(map(repr, one.to_pylist())) == sorted(map(repr, other.to_pylist()))


def test_lone_surrogates_are_text_of_their_own():
    texts = ["\ud800", "\udc00", "\ud83d\ude00", "😀", "\\ud800", "\ufffd"]
    frames = [pd.DataFrame({"x": pd.Series([text, None], dtype=object)}) for text in texts]
    assert len({digest(frame) for frame in frames}) == len({free(frame) for frame in frames}) == len(texts)
    assert {column.type for frame in frames for column in fingerprint(frame).columns} == {"string"}


def test_bytes_of_another_order_are_other_bytes_but_the_same_values():
    swapped = np.array([1, 256], ">i4")
    assert digest(swapped) == digest(np.array([1, 256], "<i4")) != digest(swapped.view("<i4"))


def test_a_number_that_another_type_cannot_hold_is_not_rounded_to_it():
    mixed = [pd.DataFrame({"x": pd.Series([value, 0.5], dtype=object)}) for value in (2**53, 2**53 + 1)]
    nested = [pd.DataFrame({"x": pd.Series([[value, 0.5]], dtype=object)}) for value in (2**53, 2**53 + 1)]
    times = [pd.DataFrame({"x": pd.Series([dt.date(2013, 1, 1), dt.datetime(2013, 1, 1, hour)], dtype=object)}) for hour in (5, 6)]
    big = [pd.DataFrame({"x": pd.Series([value], dtype=object)}) for value in (2**63, 2**64, 2**64 + 1)]
    for frames in (mixed, nested, times, big):
        assert len({digest(frame) for frame in frames}) == len(frames)
    assert digest([1, "a"]) != digest(["1", "a"])
