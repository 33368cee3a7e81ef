"""A schedule in cron's words, checked: five fields that mean the same to every tool."""

from __future__ import annotations

import calendar
import re

from nbmlops.errors import Invalid

_MONTHS = [name.upper() for name in ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")]
_DAYS = [name.upper() for name in ("sun", "mon", "tue", "wed", "thu", "fri", "sat")]
_FIELDS: list[tuple[str, int, int, list[str]]] = [
    ("minute", 0, 59, []), ("hour", 0, 23, []), ("day of the month", 1, 31, []), ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 6, _DAYS),
]  # fmt: skip
_PART = re.compile(r"(?:(?P<all>\*)|(?P<first>[0-9]{1,2}|[A-Z]{3})(?:-(?P<last>[0-9]{1,2}|[A-Z]{3}))?)(?:/(?P<step>[0-9]{1,2}))?")
_EXAMPLE = "minute, hour, day of the month, month, day of the week, in UTC: '30 6 * * MON-FRI'"


def checked(text: str) -> str:
    """A schedule, its fields one space apart. Raises Invalid, which names the field.

    >>> checked(" 30  6 * * mon-fri ")
    '30 6 * * MON-FRI'
    >>> checked("0 6 * * 7")
    Traceback (most recent call last):
    nbmlops.errors.Invalid: The schedule '0 6 * * 7': 7 is no day of the week, which goes from 0 to 6. Sunday is 0.
    """
    said = f"The schedule {text[:80]!r}"
    fields = text.upper().split()
    if len(fields) != len(_FIELDS):
        raise Invalid(f"{said} has {len(fields)} fields, not 5.", hint=_EXAMPLE)
    found = [_values(field, *kind, said=said) for field, kind in zip(fields, _FIELDS, strict=True)]
    days, months = found[2], found[3]
    # Where both days are said, one of them is enough; of a leap year, so that 29 February is a day.
    if fields[4].startswith("*") and not any(min(days) <= calendar.monthrange(2024, month)[1] for month in months):
        raise Invalid(f"{said} never comes: no such month has a day {min(days)}.", hint=_EXAMPLE)
    return " ".join(fields)


def _values(field: str, name: str, least: int, most: int, words: list[str], *, said: str) -> set[int]:
    found: set[int] = set()
    for part in field.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise Invalid(f"{said}: {part[:40]!r} is no {name}.", hint=_EXAMPLE)
        step = int(match["step"] or 1)
        if match["all"]:
            first, last = least, most
        else:
            first = _number(match["first"], name, least, most, words, said)
            last = _number(match["last"], name, least, most, words, said) if match["last"] else (most if match["step"] else first)
        if last < first or step < 1:
            raise Invalid(f"{said}: {part!r} has no {name} in it.", hint=_EXAMPLE)
        found |= set(range(first, last + 1, step))
    return found


def _number(text: str, name: str, least: int, most: int, words: list[str], said: str) -> int:
    if not text.isdigit() and text not in words:
        raise Invalid(f"{said}: {text!r} is no {name}.", hint=f"There is: {', '.join(words)}." if words else _EXAMPLE)
    value = int(text) if text.isdigit() else words.index(text) + least
    if not least <= value <= most:
        hint = "Sunday is 0." if (name, value) == ("day of the week", 7) else _EXAMPLE
        raise Invalid(f"{said}: {value} is no {name}, which goes from {least} to {most}.", hint=hint)
    return value
