"""Profiles: exact where it is cheap, a told sample where it is not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbmlops.data.columns import BLOCK
from nbmlops.data.fingerprint import fingerprint
from nbmlops.data.profile import SAMPLE, profile_table

FINITE = st.floats(-1e150, 1e150)


def profile(data):
    return fingerprint(data).profile


def test_nulls_and_nan_are_counted_and_no_row_is_left():
    frame = pd.DataFrame({"n": [1, 2, 3], "x": [0.5, np.nan, -0.0], "s": ["a", None, "é"], "b": [True, False, True]})
    found = profile(frame)
    assert [(column.kind, column.nulls) for column in found] == [("number", 0), ("number", 1), ("category", 1), ("flag", 0)]
    assert found[0].mean == 2 and (found[0].quantiles[0], found[0].quantiles[-1], len(found[0].quantiles)) == (1, 3, 257)
    assert found[2].counts == {"a": 1, "é": 1} and found[3].counts == {"True": 2, "False": 1}


@settings(deadline=None)
@given(st.lists(st.one_of(FINITE, st.sampled_from([np.nan, np.inf])), min_size=1, max_size=60))
def test_small_columns_are_exact(values):
    found = profile(np.array(values))[0]
    finite = np.array([value for value in values if np.isfinite(value)])
    assert found.nulls == sum(np.isnan(values)) and bool(found.quantiles) == bool(len(finite))
    if len(finite):
        assert found.mean == pytest.approx(finite.mean(), rel=1e-9, abs=1e-9 * np.abs(finite).max())
        assert found.quantiles == np.quantile(finite, np.linspace(0, 1, 257), method="inverted_cdf").tolist()


def test_long_columns_have_exact_moments_ends_and_counts_and_quantiles_of_a_sample():
    random = np.random.default_rng(0)
    rows = 9 * SAMPLE + 11
    frame = pd.DataFrame(
        {
            "x": random.normal(size=rows),
            "hole": np.where(random.random(rows) < 0.5, np.nan, random.normal(size=rows)),
            "n": random.integers(0, 1000, rows),
            "s": random.choice(["a", "b", "c"], rows, p=[0.5, 0.3, 0.2]),
            "c": pd.Categorical(random.choice(["u", "v"], rows)),
        }
    )
    found = {column.name: column for column in profile(frame)}
    for name in ("x", "hole", "n"):
        values = frame[name].dropna().to_numpy()
        assert found[name].mean == pytest.approx(values.mean()) and found[name].deviation == pytest.approx(values.std())
        assert (found[name].quantiles[0], found[name].quantiles[-1]) == (values.min(), values.max())
        shares = np.searchsorted(np.sort(values), found[name].quantiles, side="right") / len(values)
        assert np.abs(shares - np.linspace(0, 1, 257))[1:-1].max() < 0.016
    for name in ("s", "c"):
        assert found[name].counts == frame[name].value_counts().to_dict() and found[name].other_count == 0


def test_the_sample_is_not_in_step_with_the_data():
    rows = 24 * SAMPLE // 2
    found = profile(np.arange(rows) % 24)[0]
    assert np.abs(np.array(found.quantiles) - np.quantile(np.arange(24), np.linspace(0, 1, 257), method="inverted_cdf")).max() <= 1


def test_a_rare_value_in_a_nearly_empty_column_is_in_its_quantiles():
    values = np.full(10 * BLOCK, np.nan)
    values[::1000] = np.arange(len(values[::1000]))
    assert profile(values)[0].quantiles[128] == pytest.approx(len(values[::1000]) / 2, abs=2)


def test_texts_with_too_many_values_are_counted_in_a_sample_and_identifiers_not_at_all():
    random = np.random.default_rng(0)
    rows = 20 * BLOCK
    often = np.where(random.random(rows) < 0.5, "often", random.integers(0, 10**6, rows).astype(str))
    found, names = profile(pd.DataFrame({"s": often, "key": np.arange(rows).astype(str)}))
    assert found.counts["often"] == pytest.approx(rows / 2, rel=0.05)
    assert sum(found.counts.values()) + found.other_count == rows and len(found.counts) == 200
    assert names.counts == {} and names.other_count == rows
    assert profile(pl.DataFrame({"s": often})) == profile(pd.DataFrame({"s": often}))


def test_a_table_is_profiled_under_its_own_types():
    table = pa.table(
        {
            "t": pa.array([1, None], pa.timestamp("ms")),
            "d": pa.array(["a", "b"]).dictionary_encode(),
            "v": pa.array(["a", None], pa.string_view()),
        }
    )
    found = profile_table(table)
    assert [(column.kind, column.type, column.nulls) for column in found] == [
        ("time", "timestamp[ms]", 1),
        ("category", "dictionary<values=string, indices=int32, ordered=0>", 0),
        ("category", "string_view", 1),
    ]
    assert found[1].counts == {"a": 1, "b": 1} and found[2].counts == {"a": 1}


def test_values_that_are_secrets_are_among_the_others():
    tokens = ["ghp_" + "kASAOsE1nYEZ9GlGHpYaax7LBejYWo6oSc" + end for end in ("BV", "x7")]  # made up
    frame = pd.DataFrame({"password": ["kitten", "horse"] * 30, "note": tokens * 30, "city": ["Oslo", "Rome"] * 30})
    found = {column.name: (sorted(column.counts), column.other_count) for column in profile(frame)}
    assert found["password"] == ([], 60) and found["city"] == (["Oslo", "Rome"], 0)
    assert found["note"] == ([], 60)
