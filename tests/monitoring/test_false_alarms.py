"""Without drift, reports stay quiet; with drift, they do not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from nbmlops.data.fingerprint import fingerprint
from nbmlops.monitoring.drift import compare, drifted_columns

REPORTS = 200


def made(random, rows, *, shift=0.0):
    """Twelve number columns and eight of categories, as different as columns are."""
    columns = {
        **{f"bell{n}": random.normal(shift, 1, rows) for n in range(4)},
        **{f"tail{n}": random.lognormal(shift, 1.5, rows) for n in range(4)},
        **{f"steps{n}": random.integers(0, 6, rows) + shift for n in range(2)},
        **{f"gaps{n}": np.where(random.random(rows) < 0.3, np.nan, random.normal(shift, 1, rows)) for n in range(2)},
    }
    for n, values in enumerate((2, 3, 5, 10, 30, 100, 400)):
        share = 1 / np.arange(1, values + 1) if n % 2 else np.ones(values)
        columns[f"words{values}"] = random.choice([f"v{value}" for value in range(values)], rows, p=share / share.sum())
    columns["flag"] = random.random(rows) < 0.1
    return fingerprint(pd.DataFrame(columns)).profile


@pytest.mark.parametrize(("reference_rows", "rows"), [(300, 300), (5000, 300), (5000, 60), (5000, 5000)])
def test_of_200_reports_without_drift_at_most_one_in_fifty_flags_any_of_its_20_columns(reference_rows, rows):
    random = np.random.default_rng(2013)
    reports = REPORTS if rows < 5000 else 40
    flagged = [bool(drifted_columns(compare(made(random, reference_rows), made(random, rows)))) for _ in range(reports)]
    assert np.mean(flagged) <= 0.02, np.mean(flagged)


@pytest.mark.parametrize("rows", [60, 300])
def test_every_test_is_quiet_without_drift_not_only_the_first(rows):
    random = np.random.default_rng(7)
    counted: dict[str, list[bool]] = {}
    for _ in range(60):
        scores = compare(made(random, 5000), made(random, rows))
        for test in {score.test for score in scores}:
            counted.setdefault(test, []).append(any(score.drifted for score in scores if score.test == test))
    assert {test: float(np.mean(flags)) for test, flags in counted.items() if np.mean(flags) > 0.05} == {}


def test_a_shift_of_half_a_deviation_is_seen_in_300_rows():
    random = np.random.default_rng(1)
    seen = [drifted_columns(compare(made(random, 5000), made(random, 300, shift=0.5))) for _ in range(20)]
    assert all({f"bell{n}" for n in range(4)} <= set(columns) for columns in seen)
