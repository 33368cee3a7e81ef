"""Windows of time, `[start, end)`, and their parts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Literal

from nbmlops.errors import Invalid

Every = Literal["day", "week"]
_MOST_PARTS = 10_000


def aware(moment: datetime | None) -> datetime | None:
    """A time in UTC; one without a zone is read as UTC.

    >>> aware(datetime(2013, 1, 1)).isoformat()
    '2013-01-01T00:00:00+00:00'
    """
    if moment is None:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def just_after(moment: datetime) -> datetime:
    """The end of a window whose last moment is `moment`: times are kept to the microsecond.

    >>> just_after(datetime(2013, 1, 1)).microsecond
    1
    """
    return moment + timedelta(microseconds=1)


def step(every: Every) -> timedelta:
    """How long a day or a week is."""
    return timedelta(days=1 if every == "day" else 7)


def parts(start: datetime, end: datetime, every: Every = "day") -> Iterator[tuple[datetime, datetime]]:
    """`[start, end)` in days or weeks from `start`; the last one is as long as what is left.

    Nothing of the window is left out, were it only the microsecond in which its last row falls.

    >>> last = datetime(2013, 1, 3)
    >>> [(a.day, b.day, b.microsecond) for a, b in parts(datetime(2013, 1, 1), just_after(last))]
    [(1, 2, 0), (2, 3, 0), (3, 3, 1)]
    """
    long = step(every)
    if (end - start) / long > _MOST_PARTS:
        raise Invalid(f"From {start} to {end} there are more than {_MOST_PARTS:,} {every}s.", hint="Give a shorter window.")
    while start < end:
        yield start, min(start + long, end)
        start += long
