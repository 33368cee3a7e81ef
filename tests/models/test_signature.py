"""Rows that come in, held against what the model was trained on."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from nbmlops.errors import Invalid
from nbmlops.models.records import Signature, SignatureColumn
from nbmlops.models.signature import columns_to_frame, giving, infer, rows_to_frame


def column(name, kind, nullable=False):
    return SignatureColumn(name=name, type=kind, nullable=nullable)


ALL = Signature(
    inputs=[column("f", "float"), column("i", "integer"), column("s", "string"), column("b", "boolean"), column("t", "datetime")],
    outputs=[],
)
NULLS = Signature(inputs=[column(c.name, c.type, True) for c in ALL.inputs], outputs=[])
GOOD = {"f": 1.5, "i": 2, "s": "x", "b": True, "t": "2013-01-02T03:04:05"}


def test_rows_become_a_typed_frame_in_the_models_order():
    found = rows_to_frame(ALL, [dict(reversed(list(GOOD.items()))), {**GOOD, "f": 3, "i": 4.0}])
    assert list(found.columns) == list(GOOD)
    assert [str(kind) for kind in found.dtypes[:2]] == ["float64", "int64"]
    assert found["s"].dtype == object and found["b"].dtype == bool and found["t"].dtype.kind == "M"
    assert found["f"].tolist() == [1.5, 3.0] and found["i"].tolist() == [2, 4]


def test_nulls_become_what_their_column_says_missing_with():
    for empty in (None, math.nan, pd.NA, pd.NaT):
        found = rows_to_frame(NULLS, [dict.fromkeys(GOOD, empty), GOOD, {}])
        assert found["f"].isna().tolist() == found["s"].isna().tolist() == found["t"].isna().tolist() == [True, False, True]
        assert found["i"].dtype == "float64" and str(found["b"].dtype) == "boolean" and found["s"].dtype == object


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"f": "1.5"}, "Row 1: 'f' is '1.5', not a number"), ({"f": True}, "Row 1: 'f' is True"), ({"f": math.inf}, "'f' is inf"),
        ({"f": -math.inf}, "'f' is -inf"), ({"f": 10**400}, "'f' is 1000"), ({"f": None}, "'f' is null"), ({"f": math.nan}, "'f' is null"),
        ({"f": [1.0]}, r"'f' is \[1.0\]"), ({"f": {"a": 1}}, "'f' is"), ({"f": np.array([1.0, 2.0])}, "'f' is"), ({"f": 1j}, "'f' is 1j"),
        ({"i": 1.5}, "not a whole number"), ({"i": True}, "'i' is True"), ({"i": "1"}, "'i' is '1'"), ({"i": 2**63}, "'i' is 9223"),
        ({"i": math.inf}, "'i' is inf"), ({"i": 1e300}, "'i' is 1e"), ({"i": None}, "'i' is null"), ({"i": pd.NA}, "'i' is null"),
        ({"s": 1}, "'s' is 1, not text"), ({"s": None}, "'s' is null"), ({"s": ["x"]}, "not text"), ({"s": b"x"}, "not text"),
        ({"b": 1}, "'b' is 1, not true or false"), ({"b": "true"}, "'b' is 'true'"), ({"b": None}, "'b' is null"),
        ({"t": "yesterday"}, "not a time"), ({"t": 5}, "'t' is 5"), ({"t": None}, "'t' is null"), ({"t": pd.NaT}, "'t' is null"),
        ({"t": "9999-01-01"}, "not a time"), ({"t": "0001-01-01T00:00:00"}, "not a time"), ({"t": ""}, "not a time"),
        ({"extra": 1}, "column 'extra' that the model does not take"), ({5: 1}, "column '5' that"), ({"x" * 10_000: 1}, "column 'xxx"),
        ({"s": 10**50}, "'s' is 1000"), ({"f": "x" * 10_000}, "'f' is 'xxx"),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_is_refused_by_row_and_column(change, words):
    with pytest.raises(Invalid, match=words) as refused:
        rows_to_frame(ALL, [GOOD, {**GOOD, **change}])
    assert refused.value.hint and len(str(refused.value)) < 500


def test_infinities_and_wrong_kinds_are_refused_where_nulls_are_not():
    for change in ({"f": math.inf}, {"i": 0.5}, {"b": 0}, {"s": 1.0}):
        with pytest.raises(Invalid):
            rows_to_frame(NULLS, [{**GOOD, **change}])


@pytest.mark.parametrize("lacking", list(GOOD))
def test_a_row_that_lacks_a_column_is_refused(lacking):
    with pytest.raises(Invalid, match=f"Row 0 lacks the column '{lacking}'"):
        rows_to_frame(ALL, [{name: value for name, value in GOOD.items() if name != lacking}])


@pytest.mark.parametrize("rows", [GOOD, "rows", None, 5])
def test_what_is_no_list_of_rows_is_refused(rows):
    with pytest.raises(Invalid, match="list of objects"):
        rows_to_frame(ALL, rows)


@pytest.mark.parametrize("row", [[1.5, 2], None, "x", 7])
def test_a_row_that_is_no_object_is_refused(row):
    with pytest.raises(Invalid, match="Row 1 is not an object"):
        rows_to_frame(ALL, [GOOD, row])


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"a": [1.0, 2.0], "b": [1.0]}, "1, 2 rows"), ({"a": [1.0]}, "'b' is missing"), ({"a": [1.0], "b": [1.0], "c": [1.0]}, "'c'"),
        ({"a": [[1.0]], "b": [1.0]}, r"'a' is \[1.0\]"), ({"a": 1.0, "b": [1.0]}, "'a' are no list"), ({"a": "12", "b": [1.0, 2.0]}, "'a' are no list"),
    ],
)  # fmt: skip
def test_columns_that_do_not_fit_are_refused(columns, words):
    with pytest.raises(Invalid, match=words):
        columns_to_frame(Signature(inputs=[column("a", "float"), column("b", "float")], outputs=[]), columns)


def test_no_rows_are_an_empty_typed_frame():
    found = rows_to_frame(ALL, [])
    assert len(found) == 0 and found["f"].dtype == "float64" and found["i"].dtype == "int64"


def test_times_with_and_without_a_zone_and_numpys():
    only = Signature(inputs=[column("t", "datetime")], outputs=[])
    found = columns_to_frame(only, {"t": [datetime(2013, 1, 1, tzinfo=UTC), pd.Timestamp("2013-01-01T01:00", tz="Europe/Paris")]})
    assert found["t"].nunique() == 1
    assert columns_to_frame(only, {"t": np.array(["2013-05-01"], dtype="datetime64[ns]")})["t"][0] == pd.Timestamp("2013-05-01")


def test_the_signature_of_frames_with_pandas_own_types():
    data = pd.DataFrame(
        {
            "i": pd.array([1, None], "Int64"), "f": np.array([1, 2], "float32"), "c": pd.Categorical(["x", "y"]), "b": pd.array([True, None], "boolean"),
            "s": pd.array(["x", None], "string"), "t": pd.to_datetime(["2013-01-01", None]), "u": np.array([1, 2], "uint8"),
        }
    )  # fmt: skip
    found = infer(data)
    assert [(c.name, c.type, c.nullable) for c in found.inputs] == [
        ("i", "integer", True), ("f", "float", False), ("c", "string", False), ("b", "boolean", True), ("s", "string", True), ("t", "datetime", True),
        ("u", "integer", False),
    ]  # fmt: skip
    again = columns_to_frame(found, {name: data[name].tolist() for name in data})
    assert again["i"].isna().tolist() == [False, True] and again["t"].isna().tolist() == [False, True]


def test_arrays_have_counted_columns():
    found = infer(np.zeros((2, 3)))
    assert [c.name for c in found.inputs] == ["x0", "x1", "x2"] and not found.named


@pytest.mark.parametrize("answers", [[], [[], []], [["a"], ["a", "b"]], [1.0, [1.0]], [None, None], [{}, {}]])
def test_answers_that_are_no_columns_say_nothing_of_what_a_model_gives(answers):
    target = Signature(inputs=[], outputs=[column("y", "integer")])
    assert giving(target, answers) == target
    assert giving(target, [0.5, 1.0]).outputs == [column("y", "float")]
