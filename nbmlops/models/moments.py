"""A moment as a person says it: a day is meant to its end, in UTC unless it says otherwise."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from nbmlops.errors import Invalid

_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}")  # another form of a day (20260303, 2026-W10-2) would be taken for its begin
_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(Z|[+-]\d{2}:\d{2})?", re.IGNORECASE)


def moment(said: str, now: datetime) -> tuple[datetime, datetime]:
    """What is meant, as `[start, end]`: a day with its end, a time twice. Of a day that is not over, the end is now.

    >>> now = datetime(2026, 3, 9, 12, tzinfo=UTC)
    >>> [at.isoformat() for at in moment("2026-03-03", now)]
    ['2026-03-03T00:00:00+00:00', '2026-03-03T23:59:59.999999+00:00']
    >>> [at.isoformat() for at in moment("2026-03-03+01:00", now)]
    ['2026-03-02T23:00:00+00:00', '2026-03-03T22:59:59.999999+00:00']
    >>> moment("2026-03-03T10:30", now)[1].isoformat(), moment("2026-03-09", now)[1] == now
    ('2026-03-03T10:30:00+00:00', True)

    Invalid for what is no moment, and for one that has not been yet.
    """
    day = _DAY.fullmatch(said.strip())
    try:
        if not day and not _TIME.match(said.strip()):
            raise ValueError(said)
        start = datetime.fromisoformat(f"{day[1]}T00:00{day[2] or ''}" if day else said.strip())
        start = (start if start.tzinfo else start.replace(tzinfo=UTC)).astimezone(UTC)
        end = start + timedelta(days=1, microseconds=-1) if day else start
    except (ValueError, OverflowError) as error:
        raise Invalid(
            f"{said[:80]!r} is no moment.", hint="2026-03-03 (that day's end, in UTC), 2026-03-03T10:30, with +01:00 if meant so"
        ) from error
    if start > now:
        raise Invalid(f"{said[:80]} has not been yet.", hint=f"It is {now.astimezone(UTC):%Y-%m-%dT%H:%M}Z.")
    return start, min(end, now)
