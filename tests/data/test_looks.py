"""A second look at unchanged data gives what the first one gave; any change is noticed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from nbmlops.data import looks as module
from nbmlops.data.fingerprint import fingerprint
from nbmlops.data.looks import Looks


def frame():
    return pd.DataFrame(
        {
            "n": np.arange(5),
            "x": [0.5, np.nan, -0.0, 1, 2],
            "s": list("abcde"),
            "c": pd.Categorical(list("xyxyx")),
            "t": pd.date_range("2013-01-01", periods=5, tz="UTC"),
            "i": pd.array([1, None, 3, 4, 5], dtype="Int64"),
            "o": pd.Series([[1], [2], [3], [4], [5]], dtype=object),
        }
    )


@pytest.mark.parametrize(
    "data", [frame(), pl.from_pandas(frame().drop(columns="o")), pa.Table.from_pandas(frame()), np.arange(6.0).reshape(3, 2), frame().x]
)
def test_a_second_look_is_the_first(data):
    looks = Looks()
    first = looks.of(data)
    assert looks.of(data) is first and first == fingerprint(data)


IN_PLACE = {
    "a number": lambda d: d.__setitem__("n", d.n.where(d.n != 4, 7)),
    "one cell": lambda d: d.iloc.__setitem__((2, 1), 0.0),
    "a text": lambda d: d.loc.__setitem__((4, "s"), "z"),
    "a category": lambda d: d.loc.__setitem__((0, "c"), "y"),
    "a category's name": lambda d: d.__setitem__("c", d.c.cat.rename_categories({"x": "X"})),
    "a time": lambda d: d.loc.__setitem__((0, "t"), pd.Timestamp("2014-01-01", tz="UTC")),
    "a null": lambda d: d.loc.__setitem__((0, "i"), pd.NA),
    "a list in a cell": lambda d: d.o[0].append(9),
    "a type": lambda d: d.__setitem__("n", d.n.astype("uint64")),
    "a column": lambda d: d.__setitem__("new", 1),
    "a name": lambda d: setattr(d, "columns", ["m", *d.columns[1:]]),
    "rows": lambda d: d.loc.__setitem__(5, d.loc[4]),
    "the order": lambda d: d.insert(0, "s", d.pop("s")),
}


@pytest.mark.parametrize("name", IN_PLACE)
def test_a_change_in_place_is_noticed_of(name):
    looks, data = Looks(), frame()
    before = looks.of(data)
    IN_PLACE[name](data)
    after = looks.of(data)
    assert after != before and after == fingerprint(data)


def test_the_same_memory_read_as_another_type_is_other_data():
    looks = Looks()
    raw = np.array([1, 256, 65_536], "<i8")
    found = [
        looks.of(one).digest
        for one in (raw, raw.view(">i8"), raw.view("<u8"), raw.view("<f8"), raw.view("M8[s]"), raw.view("M8[ns]"), raw.view("m8[s]"))
    ]
    assert len(set(found)) == len(found)
    strings = pa.array(["ab", "c"])
    assert looks.of(strings).digest != looks.of(pa.array(["a", "bc"])).digest
    assert looks.of(strings.slice(1)).digest != looks.of(strings.slice(0, 1)).digest


def test_a_name_given_is_part_of_what_is_known():
    looks, values = Looks(), np.arange(3)
    assert looks.of(values, "x").columns[0].name == "x" and looks.of(values, "y").columns[0].name == "y"


def test_equal_data_in_another_object_is_known_again():
    looks, data = Looks(), frame()
    assert looks.of(data.copy(deep=True)) is looks.of(data)


def test_only_the_last_ones_are_kept(monkeypatch):
    made = []
    monkeypatch.setattr(module, "fingerprint", lambda data, name: made.append(name) or fingerprint(data, name=name))
    looks = Looks()
    for at in range(65):
        looks.of(np.arange(at + 1))
    looks.of(np.arange(65))
    assert len(made) == 65
    looks.of(np.arange(1))
    assert len(made) == 66
