"""What a gate found, told by what its checks are about. Checks of any kind are told: of what is not known, its reason and its values."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from nbmlops.cards.figures import around, number
from nbmlops.cards.known import Known
from nbmlops.cards.records import CardBars, CardCurve, CardSection, CardTable
from nbmlops.models.records import GateCheck

_SECTION_OF = {
    "performance": "metrics", "slices": "slices", "fairness": "fairness", "robustness": "robustness", "calibration": "robustness",
}  # fmt: skip
_GROUPS = ("groups", "slices", "bars")  # where a check's details hold a value a group, or a value a perturbation
_VALUES, _NAMES = ("value", "moved"), ("column", "group", "name", "what")
_SAY_IT_ALL = frozenset(
    {
        "performance",
        "slices",
        "fairness",
        "robustness",
        "calibration",
        "leakage",
        "latency",
        "size",
        "reproducibility",
        "schema",
        "approval",
    }
)  # kinds whose reason says in words what else is in the details
_MOST_POINTS, _MOST_GROUPS, _MOST_DETAILS = 200, 40, 12


def section_of(check: GateCheck) -> str:
    """In which section of a card a check is told."""
    return _SECTION_OF.get(check.kind, "checks")


def parts(known: Known, name: str) -> CardSection:
    """What the last gate report says for one section; an empty section where it says nothing there."""
    checks = [check for check in known.gate.checks if section_of(check) == name] if known.gate else []
    section = CardSection(name=name, title="")
    if not checks or known.gate is None:
        return section
    rows = [
        ["passed" if one.passed else "refused", one.name, number(one.value), number(one.limit), one.reason] for one in checks
    ]  # fmt: skip
    title = f"Held against its gate on {known.gate.at:%Y-%m-%d}"
    section.tables.append(CardTable(title=title, head=["", "check", "value", "asked", "why"], rows=rows, right=[2, 3]))
    for check in checks:
        _details(check, section, seen=known.measured is not None and bool(known.measured.groups))
    return section


def _details(check: GateCheck, section: CardSection, *, seen: bool) -> None:
    """`seen`: the card has measured groups by itself."""
    details = check.details if isinstance(check.details, dict) else {"details": check.details}
    for key in _GROUPS:
        if key == "slices" and seen:
            continue
        if len(found := _groups(details.get(key))) > 1 or (key == "groups" and found):
            _bars(check, details, found, section)
    if points := _points(details.get("curve")):
        _curve(check, points, section)
    shown = (*_GROUPS, "curve")
    left = [[str(name), _plain(value)] for name, value in details.items() if name not in shown and value not in (None, "", [], {})]
    if left and check.kind not in _SAY_IT_ALL:
        section.tables.append(CardTable(title=check.name, head=["", ""], rows=left[:_MOST_DETAILS]))


def _bars(check: GateCheck, details: dict[str, Any], groups: list[dict[str, Any]], section: CardSection) -> None:
    groups = sorted(groups, key=lambda one: -one["value"])
    high, low = groups[0], groups[-1]
    if len(groups) > 1 and check.kind != "robustness":
        times = f", {high['value'] / low['value']:.2g} times as much" if high["value"] > low["value"] > 0 else ""
        section.sentences.append(f"{check.name}: from {_ends(low)} to {_ends(high)}{times}.")
    level = next((_number(details[key]) for key in ("overall", "all", "level") if _number(details.get(key)) is not None), None)
    shown, unit = groups[:_MOST_GROUPS], str(details.get("metric") or details.get("unit") or check.name)[:80]
    rows = [
        [one["name"], "–" if one["rows"] is None else f"{one['rows']:,}", number(one["value"]), around(*(one["interval"] or (None, None)))]
        for one in shown
    ]
    section.bars.append(
        CardBars(
            title=check.name, names=[one["name"] for one in shown], values=[one["value"] for one in shown],
            intervals=[one["interval"] for one in shown], unit=unit, level=level, head=["group", "rows", unit, "95 % interval"], rows=rows,
        )
    )  # fmt: skip


def _ends(group: dict[str, Any]) -> str:
    rows = f", {group['rows']:,} rows" if group["rows"] is not None else ""
    return f"{number(group['value'])} ({group['name']}{rows})"


def _groups(found: Any) -> list[dict[str, Any]]:
    made = []
    for one in found if isinstance(found, (list, tuple)) else []:
        if not isinstance(one, dict) or (value := _value(one)) is None:
            continue
        around = one.get("interval")
        ends = [end for end in map(_number, around) if end is not None] if isinstance(around, (list, tuple)) else []
        count = _number(one.get("rows"))
        name = " · ".join(str(one[key]) for key in _NAMES if one.get(key) not in (None, ""))[:120]
        made.append(
            {"name": name or "?", "value": value, "interval": ends if len(ends) == 2 else [], "rows": None if count is None else int(count)}
        )
    return made


def _value(one: dict[str, Any]) -> float | None:
    return next((found for key in _VALUES if (found := _number(one.get(key))) is not None), None)


def _curve(check: GateCheck, points: list[tuple[float, float]], section: CardSection) -> None:
    x, y = [point[0] for point in points], [point[1] for point in points]
    first = check.details["curve"][0]
    names = [str(key) for key, value in first.items() if _number(value) is not None][:2] if isinstance(first, dict) else ["x", "y"]
    section.curves.append(CardCurve(title=check.name, x_title=names[0], y_title=names[1], x=x, y=y))
    if check.kind == "calibration" and all(0 <= value <= 1 for value in (*x, *y)):
        said, came = max(points, key=lambda point: abs(point[0] - point[1]))
        held = "as often as" if abs(said - came) < 0.02 else "less often than" if came < said else "more often than"
        worst = f"where it is farthest off it says {number(said)}, and that comes true {number(came)} of the time"
        section.sentences.append(f"{check.name}: {worst}: {held} it says.")


def _points(found: Any) -> list[tuple[float, float]]:
    made = []
    for one in found if isinstance(found, (list, tuple)) else []:
        values = list(one.values()) if isinstance(one, dict) else list(one) if isinstance(one, (list, tuple)) else []
        pair = [value for value in map(_number, values) if value is not None]
        if len(pair) >= 2:
            made.append((pair[0], pair[1]))
    step = -(-len(made) // _MOST_POINTS) or 1
    return made[::step]


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)


def _plain(value: Any) -> str:
    if (one := _number(value)) is not None:
        return number(one)
    if isinstance(value, str):
        return value
    if isinstance(value, Sequence) and all(isinstance(one, (str, int, float)) for one in value):
        return ", ".join(_plain(one) if not isinstance(one, bool) else str(one).lower() for one in value[:20])
    return json.dumps(value, ensure_ascii=False, default=str)[:400]
