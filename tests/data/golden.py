"""Data of every type with the digests it must have for ever: `python -m tests.data.golden` adds those of new data.

Once published, a form keeps its digests. A digest that is there is never written again: if one changes, either the
change is a mistake or the form needs a new name.
"""

from __future__ import annotations

import datetime as dt
import decimal
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from nbmlops.data.fingerprint import fingerprint

FILE = Path(__file__).with_suffix(".json")
_WHOLE = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


def data() -> dict[str, Any]:
    """One small dataset of each type, and a few of many rows."""
    found: dict[str, Any] = {name: np.array([0, 1, np.iinfo(name).max, np.iinfo(name).min], name) for name in _WHOLE}
    floats = [0.0, -0.0, 1.5, np.nan, np.inf, -np.inf]
    found |= {name: np.array(floats, name) for name in ("float16", "float32", "float64")}
    found |= {name: np.array([1 + 2j, -0.0j, complex(np.nan, 1)], name) for name in ("complex64", "complex128")}
    times = [dt.datetime(2013, 1, 1, 5, 15, 30, 123456), None, dt.datetime(1969, 12, 31, 23, 59, 59, 999999), dt.datetime(1, 1, 1)]
    arrow: dict[str, pa.Array] = {
        "bool": pa.array([True, False, None]),
        "double with null and NaN": pa.array([1.0, None, float("nan")]),
        "string": pa.array(["", "a", None, "é", "😀", "\0", "a" * 300]),
        "binary": pa.array([b"", b"\0\xff", None]),
        "null": pa.nulls(3),
        "timestamp": pa.array(times, pa.timestamp("us")),
        "timestamp UTC": pa.array(times, pa.timestamp("us", "UTC")),
        "timestamp Paris": pa.array(times, pa.timestamp("us", "Europe/Paris")),
        "timestamp nanoseconds": pa.array([1, -1, None], pa.timestamp("ns")),
        "date": pa.array([dt.date(2013, 1, 1), None, dt.date(1, 1, 1)]),
        "time": pa.array([dt.time(1, 2, 3, 4), None]),
        "duration": pa.array([dt.timedelta(1, 2, 3), None, dt.timedelta(-1)]),
        "decimal": pa.array([decimal.Decimal("1.10"), None, decimal.Decimal("-99999999999999999999.99")], pa.decimal128(38, 2)),
        "month day nano": pa.array([(1, 2, 3), None], pa.month_day_nano_interval()),
        "list": pa.array([[1, None], [], None, [2]]),
        "list of lists": pa.array([[["a"], []], [], None]),
        "struct": pa.array([{"a": 1, "b": "x"}, None, {"a": None, "b": ""}]),
        "map": pa.array([[("k", 1), ("l", None)], None, []], pa.map_(pa.string(), pa.int64())),
        "dictionary": pa.DictionaryArray.from_arrays([2, 1, None, 2], ["unused", "b", "a"]),
        "ordered dictionary": pa.DictionaryArray.from_arrays([2, 1, None], ["low", "b", "a"], ordered=True),
    }
    found |= {name: pa.table({"x": array}) for name, array in arrow.items()}
    series: dict[str, Any] = {
        "category": pd.Series(pd.Categorical(["b", None, "a"], ["c", "b", "a"])),
        "category of numbers": pd.Series(pd.Categorical([2.5, 1.0])),
        "period": pd.Series(pd.period_range("2013-01", periods=3, freq="M")),
        "interval": pd.Series(pd.interval_range(0, 3)),
        "cut": pd.Series(pd.cut([1, 5, 9], 2)),
        "sparse": pd.Series(pd.arrays.SparseArray([0.0, 0.0, 1.0])),
        "lone surrogates": pd.Series(["\ud800", "a", None], dtype=object),
        "mixed objects": pd.Series([1, 1.0, True, "1", b"1", None, (1,), [1], {"a": {2}}, decimal.Decimal("1.0"), 1j, 2**70], dtype=object),
        "objects in time": pd.Series(
            [dt.date(2013, 1, 1), dt.datetime(2013, 1, 1), dt.time(1), dt.timedelta(1), pd.Timestamp(1, tz="UTC")], dtype=object
        ),
        "no data": pd.Series([object(), len, int], dtype=object),
    }
    found |= {name: pd.DataFrame({"x": one}) for name, one in series.items()}
    many = np.arange(70_000)
    found |= {
        "no columns": pd.DataFrame(),
        "no columns, two rows": pd.DataFrame(index=[0, 1]),
        "no rows": pd.DataFrame({"n": np.zeros(0, np.int64), "s": pd.Series([], dtype="str")}),
        "labels": pd.DataFrame([[1, 2, 3, 4, 5]], columns=["a", 1, "1", ("a", 1), "a"]),
        "many rows": pd.DataFrame(
            {"n": many, "x": np.where(many % 7, many / 3, np.nan), "s": many.astype(str), "c": pd.Categorical(many % 5)}
        ),
        "two dimensions": np.arange(6.0).reshape(3, 2),
        "three dimensions": np.arange(8, dtype=np.int16).reshape(2, 2, 2),
    }
    return found


def digests(one: Any) -> dict[str, str]:
    """The digest in order, and the order-free one."""
    return {"digest": fingerprint(one, profile=False).digest, "order_free": fingerprint(one, profile=False, order_free=True).digest}


def main() -> None:
    """Add what is not there yet."""
    known = json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}
    known |= {name: digests(one) for name, one in data().items() if name not in known}
    FILE.write_text(json.dumps(known, indent=2, ensure_ascii=True) + "\n", "utf-8")


if __name__ == "__main__":
    main()
