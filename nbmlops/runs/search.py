"""Finding runs: a filter, an order and a page, in milliseconds at a hundred thousand runs.

The first page is mostly filled by the first runs of the order, so those are looked at one by one. When they do not fill it,
each comparison gives all its runs in one text (an index is read from one end to the other, nothing is looked up), and sets
are combined here: ten times faster than letting SQLite build a temporary table for each.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from nbmlops.ledger.encode import unnumber
from nbmlops.runs.conditions import Condition, Part, condition
from nbmlops.runs.filters import (
    All,
    Comparison,
    Either,
    Filter,
    FilterInvalid,
    Name,
    Node,
    Not,
    Sort,
    Value,
    near,
    parse,
    parse_sort,
)

Read = Callable[..., list[Any]]
NEWEST = Sort(Name("field", "started"), True)
_WINDOW = 500  # runs that are looked at one by one before sets are made
_MOST_PARTS = 8  # of a condition that others were joined with
_FEW = 2_000  # runs whose order is found by asking for each one's value
_LEAF = Condition | Not | All | Either
_ORDERS = {
    "status": "status", "name": "name", "experiment": "experiment", "notebook": "notebook", "kind": "kind", "data_hash": "data_hash",
    "id": "id", "started": "started_at", "ended": "ended_at", "duration": "duration_s", "git.commit": "git_commit",
    "git.branch": "git_branch", "error": "error",
}  # fmt: skip
_LAST_FIT = "(SELECT estimator FROM fit WHERE fit.run = run.id ORDER BY number DESC LIMIT 1)"


@dataclass(frozen=True)
class Runs:
    """A set of runs, or all runs without a set: what `not` gives costs nothing."""

    ids: frozenset[str] | set[str]
    without: bool = False

    def __and__(self, other: Runs) -> Runs:
        if self.without and other.without:
            return Runs(self.ids | other.ids, True)
        if self.without or other.without:
            one, rest = (other, self) if self.without else (self, other)
            return Runs(one.ids - rest.ids)
        return Runs(self.ids & other.ids)

    def __invert__(self) -> Runs:
        return Runs(self.ids, not self.without)

    def among(self, runs: list[str]) -> list[str]:
        """Those of these runs that are in it, in their order."""
        return [run for run in runs if run not in self.ids] if self.without else [run for run in runs if run in self.ids]


@dataclass
class Search:
    """One question, asked of a ledger: `read` gives the rows of an SQL text with bound values."""

    read: Read
    filter: Filter
    now: datetime
    sort: Sort = NEWEST
    plan: Any = field(init=False)

    def __post_init__(self) -> None:
        self.plan = None if self.filter.node is None else self._planned(self.filter.node)
        self._set: Runs | None = None

    def page(self, limit: int, offset: int = 0) -> list[str]:
        """Ids of `limit` runs after the first `offset`, in order."""
        if limit <= 0:
            return []
        end = offset + limit
        if self.plan is not None and self._set is None and end <= _WINDOW:
            found, whole = self._looked(end)
            if whole or len(found) >= end:
                return found[offset:end]
        return self._unfiltered(limit, offset) if self.plan is None else self._ordered(end)[offset:end]

    def count(self) -> int:
        """How many runs pass the filter."""
        all_of_them = int(self.read("SELECT count(*) FROM run")[0][0]) if self.plan is None or self._passing().without else 0
        if self.plan is None:
            return all_of_them
        passing = self._passing()
        return all_of_them - len(passing.ids) if passing.without else len(passing.ids)

    # -- the filter

    def _planned(self, node: Node) -> Any:
        if isinstance(node, Comparison):
            self._is_known(node)
            return condition(node, self.filter.text, self.now)
        if isinstance(node, Not):
            return Not(self._planned(node.part))
        parts = [self._planned(part) for part in node.parts]
        return type(node)(tuple(_ranges(list(zip(node.parts, parts, strict=True))) if isinstance(node, All) else parts))

    def _is_known(self, asked: Comparison) -> None:
        """A metric or parameter that no run has is misspelt, where other runs have others."""
        table = {"metrics": "last_metric", "params": "param"}.get(asked.name.group)
        if table is None or asked.op == "exists" or self.read(f"SELECT 1 FROM {table} WHERE name = ? LIMIT 1", asked.name.key):  # noqa: S608
            return
        names = names_in(self.read, table)
        if not names:
            return
        what = {"metrics": "metric", "params": "parameter"}[asked.name.group]
        have = ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
        hint = f"{near(asked.name.key, names)}There are: {have}."
        raise FilterInvalid(f"No run has a {what} {asked.name.key[:60]!r}.", self.filter.text, asked.name.at, hint=hint)

    def _passing(self) -> Runs:
        if self._set is None:
            self._set = self._runs(self.plan)
        return self._set

    def _runs(self, plan: Any) -> Runs:
        """All runs of which the plan holds."""
        if isinstance(plan, Not):
            return ~self._runs(plan.part)
        if isinstance(plan, Either):
            return ~self._all([Not(part) for part in plan.parts])
        if isinstance(plan, All):
            return self._all(list(plan.parts))
        return Runs(set(self._of(plan)), plan.without)

    def _all(self, plans: list[Any]) -> Runs:
        found = self._runs(plans[0])
        for plan in plans[1:]:
            if not found.ids and not found.without:
                break
            if isinstance(plan, Condition) and not plan.without and not found.without:
                found = Runs(found.ids.intersection(self._of(plan)))  # no set is made of what is only looked through
            else:
                found &= self._runs(plan)
        return found

    def _of(self, plan: Condition) -> list[str]:
        """The runs that have such a row."""
        found: list[str] = []
        for where, values in plan.parts:
            if plan.name is not None:
                where, values = f"name = ? AND ({where})", (plan.name, *values)
            found += self._ids(f"SELECT {plan.key} AS id FROM {plan.table} WHERE {where}", values)  # noqa: S608
        return found

    def _ids(self, sql: str, values: tuple[Any, ...]) -> list[str]:
        # One text rather than a row each: no object is made for a row, and none is looked at twice.
        text = self.read(f"SELECT group_concat(id, char(10)) FROM ({sql})", *values)[0][0]  # noqa: S608
        return text.split("\n") if text else []

    # -- the order

    def _looked(self, end: int) -> tuple[list[str], bool]:
        """Runs that pass among the first of the order, and whether these are all."""
        test, values = _test(self.plan)
        found: list[str] = []
        seen = 0
        for sql, own in self._walks():
            window = f"SELECT id FROM ({sql} LIMIT {_WINDOW - seen}) AS found"  # noqa: S608
            row = self.read(f"SELECT count(*), group_concat(iif({test}, id, NULL), char(10)) FROM ({window}) AS found", *values, *own)[0]  # noqa: S608
            found += row[1].split("\n") if row[1] else []
            seen += row[0]
            if len(found) >= end or seen >= _WINDOW:
                return found, False
        return found, True

    def _unfiltered(self, limit: int, offset: int) -> list[str]:
        """A page of all runs."""
        found: list[str] = []
        for sql, values in self._walks():
            found += self._ids(f"{sql} LIMIT {limit - len(found)} OFFSET {offset}", values)
            if len(found) == limit:
                break
            if found:
                offset = 0
            elif offset:
                offset = max(0, offset - int(self.read(f"SELECT count(*) FROM ({sql})", *values)[0][0]))  # noqa: S608
        return found

    def _ordered(self, end: int) -> list[str]:
        """The first runs that pass, in order."""
        passing = self._passing()
        if not passing.without and len(passing.ids) <= _FEW:
            return self._sorted(list(passing.ids))[:end]
        found: list[str] = []
        for part in self._walked():
            found += passing.among(part)
            if len(found) >= end:
                break
        return found[:end]

    def _walked(self) -> Iterator[list[str]]:
        """All runs in order, a few at first and then more and more."""
        for sql, values in self._walks():
            at, size = 0, 4 * _WINDOW
            while True:
                part = self._ids(f"{sql} LIMIT {size} OFFSET {at}", values)
                yield part
                if len(part) < size:
                    break
                at, size = at + size, 4 * size

    def _walks(self) -> Iterator[Part]:
        """The order as parts that follow each other: what has a number, what has text, NaN, and what has nothing."""
        name, way = self.sort.name, "DESC" if self.sort.down else "ASC"
        key = (name.key,)
        if name.group == "field":
            column = _ORDERS.get(name.key, _LAST_FIT)
            there = "" if column in ("started_at", "id", "name", "experiment", "kind", "status") else f" WHERE {column} IS NOT NULL"
            yield f"SELECT id FROM run{there} ORDER BY {column} {way}, id {way}", ()  # noqa: S608
            if there:
                yield f"SELECT id FROM run WHERE {column} IS NULL ORDER BY started_at DESC, id DESC", ()  # noqa: S608
            return
        table = {"metrics": "last_metric", "params": "param", "tags": "tag"}[name.group]
        if table == "last_metric":
            held = "SELECT run AS id FROM last_metric WHERE name = ? AND value"
            for special in ("Infinity", None, "-Infinity") if self.sort.down else ("-Infinity", None, "Infinity"):
                if special is None:
                    yield f"{held} IS NOT NULL ORDER BY value {way}, run {way}", key
                else:
                    yield f"{held} IS NULL AND special = ? ORDER BY run {way}", (*key, special)
            yield f"{held} IS NULL AND special = 'NaN' ORDER BY run DESC", key
        elif table == "param":
            yield f"SELECT run AS id FROM param WHERE name = ? AND number IS NOT NULL ORDER BY number {way}, run {way}", key  # noqa: S608
            yield f"SELECT run AS id FROM param WHERE name = ? AND number IS NULL ORDER BY value {way}, number {way}, run {way}", key  # noqa: S608
        else:
            yield f"SELECT run AS id FROM tag WHERE name = ? ORDER BY value {way}, run {way}", key  # noqa: S608
        nothing = f"SELECT 1 FROM {table} WHERE {table}.run = run.id AND name = ?"  # noqa: S608
        yield f"SELECT id FROM run WHERE NOT EXISTS ({nothing}) ORDER BY started_at DESC, id DESC", key  # noqa: S608

    def _sorted(self, ids: list[str]) -> list[str]:
        """A few runs in order, by each one's value."""
        name, chosen = self.sort.name, json.dumps(ids)
        among = "(SELECT value FROM json_each(?))"
        # Equal ones as the walks have them: by id, the way of the order; those with nothing the newest first.
        newest = [row[0] for row in self.read(f"SELECT id FROM run WHERE id IN {among} ORDER BY started_at DESC, id DESC", chosen)]  # noqa: S608
        if name.group == "field":
            column = _ORDERS.get(name.key, _LAST_FIT)
            rows = self.read(f"SELECT id, {column} FROM run WHERE id IN {among}", chosen)  # noqa: S608
            keys = {row[0]: (0, row[1]) for row in rows if row[1] is not None}
        elif name.group == "metrics":
            rows = self.read(f"SELECT run, value, special FROM last_metric WHERE run IN {among} AND name = ?", chosen, name.key)  # noqa: S608
            numbers = {row[0]: unnumber(row[1], row[2]) for row in rows}
            keys = {run: (1, 0.0) if math.isnan(number) else (0, number) for run, number in numbers.items()}
        elif name.group == "params":
            rows = self.read(f"SELECT run, value, number FROM param WHERE run IN {among} AND name = ?", chosen, name.key)  # noqa: S608
            keys = {row[0]: (1, row[1]) if row[2] is None else (0, row[2]) for row in rows}
        else:
            rows = self.read(f"SELECT run, value FROM tag WHERE run IN {among} AND name = ?", chosen, name.key)  # noqa: S608
            keys = {row[0]: (0, row[1]) for row in rows}
        found: list[str] = []
        for rank in (0, 1):
            ranked = [run for run in newest if run in keys and keys[run][0] == rank]
            nan = name.group == "metrics" and rank == 1
            found += sorted(ranked, key=lambda run: (keys[run][1], run), reverse=self.sort.down or nan)
        return found + [run for run in newest if run not in keys]


def _ranges(parts: list[tuple[Node, Any]]) -> list[Any]:
    """Comparisons of one thing that a run has once, as one condition: a range is read as a range, not as two halves."""
    found: list[Any] = []
    places: dict[tuple[str, str], int] = {}
    for node, plan in parts:
        once = isinstance(node, Comparison) and isinstance(plan, Condition) and not plan.without and plan.table not in ("fit", "file_use")
        key = (node.name.group, node.name.key) if once and isinstance(node, Comparison) else None
        held = found[places[key]] if key in places else None
        if key is not None and held is not None and len(held.parts) * len(plan.parts) <= _MOST_PARTS:
            # Side by side, not inside each other: SQLite's parser has an end.
            both = tuple((f"{a} AND ({b})", (*some, *more)) for a, some in held.parts for b, more in plan.parts)
            found[places[key]] = Condition(held.table, both, held.name)
            continue
        if key is not None:
            places[key] = len(found)
            plan = Condition(plan.table, tuple((f"({where})", values) for where, values in plan.parts), plan.name)
        found.append(plan)
    return found


def _test(plan: Any) -> Part:
    """The plan as a test of one run, `found.id`."""
    if isinstance(plan, Not):
        where, values = _test(plan.part)
        return f"NOT ({where})", values
    if isinstance(plan, (All, Either)):
        parts = [_test(part) for part in plan.parts]
        word = " AND " if isinstance(plan, All) else " OR "
        return word.join(f"({where})" for where, _ in parts), tuple(value for _, values in parts for value in values)
    where = " OR ".join(f"({where})" for where, _ in plan.parts)
    values = tuple(value for _, values in plan.parts for value in values)
    if plan.name is not None:
        where, values = f"name = ? AND ({where})", (plan.name, *values)
    test = f"EXISTS (SELECT 1 FROM {plan.table} AS held WHERE held.{plan.key} = found.id AND ({where}))"  # noqa: S608
    return (f"NOT {test}" if plan.without else test), values


def names_in(read: Read, table: str, most: int = 200) -> list[str]:
    """The names that metrics, parameters or tags have, by stepping from one to the next in an index."""
    rows = read(
        f"WITH RECURSIVE step (name) AS (SELECT min(name) FROM {table} UNION ALL"  # noqa: S608
        f" SELECT (SELECT min(name) FROM {table} WHERE name > step.name) FROM step WHERE step.name IS NOT NULL)"
        " SELECT name FROM step WHERE name IS NOT NULL LIMIT ?",
        most,
    )
    return [row[0] for row in rows]


def asked(filter: str | None, *, experiment: str | None = None, notebook: str | None = None, status: str | None = None) -> Filter:
    """A filter and what the other options ask, as one filter."""
    read = parse(filter or "")
    fixed = (("experiment", experiment), ("notebook", notebook), ("status", status))
    more = [Comparison(Name("field", key), "=", (Value(value, True),)) for key, value in fixed if value is not None]
    parts = (*more, *([read.node] if read.node is not None else []))
    return Filter(read.text, None if not parts else parts[0] if len(parts) == 1 else All(parts))


def order(text: str | None) -> Sort:
    """An order as somebody wrote it; the newest first if nobody did."""
    return parse_sort(text) if text else NEWEST
