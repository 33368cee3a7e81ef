"""Numbers as sentences have them."""

from __future__ import annotations

import math
from collections.abc import Sequence


def number(value: float | None) -> str:
    """A number as it is read: four figures, thousands told apart.

    >>> number(0.123456), number(1301.0), number(48213.7), number(None), number(float("nan"))
    ('0.1235', '1,301', '48,214', '–', 'no number')
    """
    if value is None:
        return "–"
    if not math.isfinite(value):
        return "no number"
    if value == round(value) and abs(value) < 1e15:
        return f"{value:,.0f}"
    return f"{value:,.0f}" if 1e4 <= abs(value) < 1e15 else f"{value:.4g}"


def around(low: float | None, high: float | None) -> str:
    """An interval.

    >>> around(9.81, 10.4), around(None, None)
    ('9.81 to 10.4', '–')
    """
    return "–" if low is None or high is None else f"{number(low)} to {number(high)}"


def percent(share: float) -> str:
    """A share in percent; a small one is not nothing.

    >>> percent(0.5), percent(0.012), percent(0.0004), percent(0.0)
    ('50 %', '1.2 %', 'less than 0.1 %', '0 %')
    """
    if 0 < share < 0.001:
        return "less than 0.1 %"
    value = 100 * share
    return f"{value:.1f} %" if 0 < value < 10 and round(value, 1) != round(value) else f"{value:.0f} %"


def listed(names: Sequence[str], most: int = 6) -> str:
    """Names as a sentence has them.

    >>> listed(["a", "b", "c"]), listed(["a", "b", "c"], 2), listed(["a"])
    ('a, b and c', 'a, b and 1 more', 'a')
    """
    some = list(names[:most])
    if len(names) > most:
        return f"{', '.join(some)} and {len(names) - most:,} more"
    return " and ".join([", ".join(some[:-1]), some[-1]] if len(some) > 1 else some)


def counted(count: int, one: str, many: str | None = None) -> str:
    """How many of something.

    >>> counted(1, "row"), counted(1200, "row")
    ('1 row', '1,200 rows')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"
