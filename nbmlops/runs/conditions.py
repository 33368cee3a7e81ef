"""What one comparison of a filter asks of the ledger: rows of one table, by bound values only.

A name or a value of somebody's is always bound. What stands in the SQL itself are the fixed words of this file.
"""

from __future__ import annotations

import json
import math
import operator
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, get_args

from nbmlops.ledger.encode import dump, now_text
from nbmlops.runs.filters import Comparison, FilterInvalid, Value, near
from nbmlops.runs.records import Status, Verdict

_ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_SPECIAL = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_UNITS = {"ms": 0.001, "s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_DURATION = re.compile(r"([+-]?\d+(?:\.\d*)?(?:e[+-]?\d+)?)\s*(ms|s|sec|m|min|h|d|w)?", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:e[+-]?\d+)?|[+-]?(?:inf|infinity|nan)", re.IGNORECASE)
_COLUMNS = {
    "status": "status", "name": "name", "experiment": "experiment", "notebook": "notebook", "kind": "kind", "data_hash": "data_hash",
    "id": "id", "git.commit": "git_commit", "git.branch": "git_branch", "error": "error", "started": "started_at", "ended": "ended_at",
    "duration": "duration_s",
}  # fmt: skip
# A parameter's text, out of the JSON it is kept as; few have a letter that JSON spells in another way.
_PARAM_TEXT = """(CASE WHEN value NOT GLOB '"*' THEN value WHEN instr(value, '\\') = 0 THEN substr(value, 2, length(value) - 2)
 ELSE json_extract(value, '$') END)"""

_NEWEST = "id IN (SELECT newest.id FROM (SELECT id, max(at) FROM verification GROUP BY run) AS newest)"

Part = tuple[str, tuple[Any, ...]]


@dataclass(frozen=True)
class Condition:
    """The runs that have a row in `table`, of that `name` if one is given, of which one of `parts` holds; `without`: that have none.

    Each part is a question that an index answers; several are asked where no index answers all at once.
    """

    table: str
    parts: tuple[Part, ...]
    name: str | None = None
    without: bool = False

    @property
    def key(self) -> str:
        """The column that says which run."""
        return "id" if self.table == "run" else "run"


def condition(asked: Comparison, text: str, now: datetime) -> Condition:
    """The condition of one comparison. `text`: the filter, to point at what cannot be asked; `now`: for relative times."""
    name, op = asked.name, asked.op
    say = _Sayer(text, asked)
    if name.group == "metrics":
        return Condition("last_metric", _metric(asked, say), name.key)
    if name.group == "params":
        return Condition("param", _param(asked, say), name.key)
    if name.group == "tags":
        return Condition("tag", _text("value", asked, say), name.key)
    if name.key == "words":
        word = asked.values[0].text
        found = _pattern("name || char(10) || experiment", "ilike", _like(f"*{word}*"))
        return Condition("run", (found, _begins("id", word), _begins("id", f"run-{word}")))
    if name.key in ("started", "ended"):
        return Condition("run", _time(_COLUMNS[name.key], asked, say, now))
    if name.key == "duration":
        return Condition("run", (_numbers("duration_s", asked, say, _seconds),))
    if name.key == "hidden":
        return _hidden(asked, say)
    if name.key in ("file", "writes", "estimator", "verdict"):
        return _many(asked, say)
    if op == "exists":
        return Condition("run", ((f"{_COLUMNS[name.key]} IS NOT NULL", ()),))
    return Condition("run", _text(_COLUMNS[name.key], asked, say, _SPELLED.get(name.key, _as_is)))


@dataclass(frozen=True)
class _Sayer:
    text: str
    asked: Comparison

    def wrong(self, problem: str, value: Value | None = None, *, hint: str = "") -> FilterInvalid:
        return FilterInvalid(problem, self.text, self.asked.name.at if value is None else value.at, hint=hint)


def _either(parts: list[Part]) -> Part:
    return " OR ".join(f"({where})" for where, _ in parts), tuple(value for _, values in parts for value in values)


# -- numbers


def number_of(text: str) -> float | None:
    """A number as a filter writes it.

    >>> number_of("1_000"), number_of("-.5e3"), number_of("-inf"), number_of("gb")
    (1000.0, -500.0, -inf, None)
    """
    return float(text.replace("_", "")) if _NUMBER.fullmatch(text) else None


def _number(value: Value, say: _Sayer) -> float:
    found = number_of(value.text)
    if found is None:
        raise say.wrong(f"{value.text[:40]!r} is no number, and {say.asked.name} is one.", value, hint="For example: 0.1, -2e3, nan, inf")
    return found


def _seconds(value: Value, say: _Sayer) -> float:
    match = _DURATION.fullmatch(value.text)
    if match is None:
        raise say.wrong(f"{value.text[:40]!r} is no duration.", value, hint="For example: 90, 500ms, 10m, 1.5h, 2d")
    return float(match[1]) * _UNITS[(match[2] or "s").lower()]


def _holds(op: str, left: float, right: float) -> bool:
    """One comparison of numbers in which NaN equals NaN: somebody who writes `= nan` means that."""
    if op in ("=", "!=") and math.isnan(left) and math.isnan(right):
        return op == "="
    return _ORDERED[op](left, right)


def _numbers(column: str, asked: Comparison, say: _Sayer, read: Callable[[Value, _Sayer], float]) -> Part:
    """A comparison with a column of finite numbers."""
    if asked.op == "exists":
        return f"{column} IS NOT NULL", ()
    if "like" in asked.op:
        raise say.wrong(f"{asked.name} is a number and has no letters.", hint="Compare it: = != < <= > >= in")
    wanted = [read(value, say) for value in asked.values]
    if asked.op in ("in", "not in"):
        finite = [number for number in wanted if math.isfinite(number)]
        marks = ",".join("?" * len(finite))
        return f"{column} {asked.op.upper()} ({marks})" + (f" AND {column} IS NOT NULL" if asked.op == "not in" else ""), tuple(finite)
    (limit,) = wanted
    if math.isfinite(limit):
        return f"{column} {asked.op} ?", (limit,)
    return (f"{column} IS NOT NULL", ()) if _holds(asked.op, 0.0, limit) else ("0", ())


def _special(asked: Comparison, wanted: list[float]) -> list[str]:
    """Those of NaN and the infinities that the comparison holds of."""
    if asked.op == "exists":
        return list(_SPECIAL)
    if asked.op in ("in", "not in"):
        among = {name for name, value in _SPECIAL.items() if any(_holds("=", value, number) for number in wanted)}
        return sorted(among if asked.op == "in" else set(_SPECIAL) - among)
    return [name for name, value in _SPECIAL.items() if _holds(asked.op, value, wanted[0])]


def _metric(asked: Comparison, say: _Sayer) -> tuple[Part, ...]:
    if asked.op == "exists":
        return (("1", ()),)
    finite = _numbers("value", asked, say, _number)
    special = _special(asked, [_number(value, say) for value in asked.values])
    if not special:
        return (finite,)
    # Two questions, each of which an index answers, rather than one that none does.
    return finite, (f"value IS NULL AND special IN ({','.join('?' * len(special))})", tuple(special))


def _param(asked: Comparison, say: _Sayer) -> tuple[Part, ...]:
    """A parameter is a number, a word, true, false or a list, and is compared as what the value looks like."""
    op = asked.op
    kinds = ("number IS NULL", "number IS NOT NULL")
    if op == "exists":
        return tuple((kind, ()) for kind in kinds)
    if "like" in op or _is_pattern(asked):
        ((where, values),) = _text(_PARAM_TEXT, asked, say) if len(asked.values) == 1 else (_either(list(_text(_PARAM_TEXT, asked, say))),)
        first, more = _prefilter(asked)
        return tuple((f"{kind}{first} AND ({where})", (*more, *values)) for kind in kinds)
    numbers = [number_of(value.text) for value in asked.values]
    spelled = [form for value in asked.values for form in _json_forms(value)]
    there = [number for number in numbers if number is not None]
    spelled += [f'"{name}"' for name, value in _SPECIAL.items() if any(_holds("=", value, number) for number in there)]
    finite = tuple(number for number in there if math.isfinite(number))
    words = f"number IS NULL AND value {{}}IN ({','.join('?' * len(spelled))})", tuple(spelled)
    amounts = f"number IS NOT NULL AND number {{}}IN ({','.join('?' * len(finite))})", finite
    if op in ("=", "in", "!=", "not in"):
        negative = "NOT " if op in ("!=", "not in") else ""
        return (words[0].format(negative), words[1]), (amounts[0].format(negative), amounts[1])
    if numbers[0] is None:
        return ((f"number IS NULL AND value GLOB '\"*' AND {_PARAM_TEXT} {op} ?", (asked.values[0].text,)),)
    parts: list[Part] = [_numbers("number", asked, say, _number)]
    if special := _special(asked, [numbers[0]]):
        marks = ",".join("?" * len(special))
        parts.append((f"number IS NULL AND value IN ({marks})", tuple(f'"{name}"' for name in special)))
    return tuple(parts)


def _prefilter(asked: Comparison) -> Part:
    """A test of the JSON itself that leaves little to look at more closely: its letters between the wildcards."""
    if len(asked.values) > 1 or asked.op == "!=" or asked.op.startswith("not "):
        return "", ()
    pieces = re.split(r"[*%?]", asked.values[0].text)
    spelled = "%".join(re.sub(r"[\\_%]", r"\\\g<0>", dump(piece)[1:-1]) for piece in pieces)
    return " AND value LIKE ? ESCAPE '\\'", (f"%{spelled}%",)


def _json_forms(value: Value) -> list[str]:
    """The ways in which a parameter that is written so is kept."""
    forms = [dump(value.text)]
    with suppress(ValueError, RecursionError):
        forms.append(dump(json.loads({"True": "true", "False": "false", "None": "null"}.get(value.text, value.text))))
    return forms


# -- text


def _as_is(column: str, text: str) -> Part:
    return f"{column} = ?", (text,)


def _text(column: str, asked: Comparison, say: _Sayer, same: Callable[[str, str], Part] = _as_is) -> tuple[Part, ...]:
    """A comparison with a column of text; `same` says when text is the same."""
    op = asked.op
    if op == "exists":
        return (("1", ()),)
    if asked.name.key == "status" and asked.name.group == "field":
        asked = _among(asked, say, get_args(Status))
    if op in ("=", "!=", "in", "not in"):
        parts = [
            _pattern(column, "like", _glob(value.text, sql=False)) if "*" in value.text and not value.quoted else same(column, value.text)
            for value in asked.values
        ]
        if op in ("=", "in"):
            return tuple(parts)
        where, values = _either(parts)
        return ((f"{column} IS NOT NULL AND NOT ({where})", values),)
    (value,) = asked.values
    if "like" in op:
        pattern = _like(value.text) if "ilike" in op else _glob(value.text)
        where, values = _pattern(column, op.removeprefix("not "), pattern)
        return ((f"{column} IS NOT NULL AND NOT ({where})" if op.startswith("not") else where, values),)
    if number_of(value.text) is not None and not value.quoted and asked.name.group == "tags":
        raise say.wrong("Tags are text, and text has no order of numbers.", value, hint="Numbers: metrics.X, params.X. As text: '3'")
    return ((f"{column} {op} ?", (value.text,)),)


def _is_pattern(asked: Comparison) -> bool:
    return asked.op in ("=", "!=", "in", "not in") and any("*" in value.text and not value.quoted for value in asked.values)


def _pattern(column: str, op: str, pattern: str) -> Part:
    return (f"{column} GLOB ?" if op == "like" else f"{column} LIKE ? ESCAPE '\\'"), (pattern,)


def _glob(text: str, *, sql: bool = True) -> str:
    """A pattern that takes note of case. `sql`: % is any letters too, as in SQL, and ? is one letter."""
    text = text.replace("[", "[[]")
    return text.replace("%", "*") if sql else text.replace("?", "[?]")


def _like(text: str) -> str:
    """A pattern that takes no note of the case of A to Z."""
    return re.sub(r"[\\_]", r"\\\g<0>", text).replace("*", "%").replace("?", "_")


def _among(asked: Comparison, say: _Sayer, known: Sequence[str]) -> Comparison:
    """The same, of words that there are, in whatever case they are written."""
    spelled = {word.lower(): word for word in known}
    if "like" in asked.op or _is_pattern(asked):
        as_known = str.upper if known[0].isupper() else str.lower
        return Comparison(asked.name, asked.op, tuple(Value(as_known(v.text), v.quoted, v.at) for v in asked.values))
    for value in asked.values:
        if value.text.lower() not in spelled:
            hint = f"{near(value.text, known)}There are {', '.join(known)}."
            raise say.wrong(f"{value.text[:40]!r} is no {asked.name.key}.", value, hint=hint)
    return Comparison(asked.name, asked.op, tuple(Value(spelled[value.text.lower()], True, value.at) for value in asked.values))


def _path(column: str, text: str) -> Part:
    """A path, whole or its end: `train.ipynb` is /projects/train.ipynb too."""
    if text.startswith("/") or "://" in text:
        return _as_is(column, text)
    return f"{column} = ? OR {column} GLOB ?", (text, "*/" + _glob(text, sql=False).replace("*", "[*]"))


def _run_id(column: str, text: str) -> Part:
    return f"{column} IN (?, ?)", (text, f"run-{text}")


def _begins(column: str, text: str) -> Part:
    return f"{column} >= ? AND {column} < ?", (text, text + "\U0010ffff")


def _commit(column: str, text: str) -> Part:
    # What is shown of a commit is its beginning.
    return _begins(column, text) if re.fullmatch(r"[0-9a-f]{4,39}", text) else _as_is(column, text)


def _digest(column: str, text: str) -> Part:
    return f"{column} IN (?, ?)", (text, f"blake3:{text}")


_SPELLED: dict[str, Callable[[str, str], Part]] = {"notebook": _path, "id": _run_id, "git.commit": _commit, "data_hash": _digest}


# -- what a run has many or none of


def _many(asked: Comparison, say: _Sayer) -> Condition:
    """Files, estimators, verdicts: a run has many or none, and unequal is to have none that is equal."""
    without = asked.op == "!=" or asked.op.startswith("not ")
    positive = Comparison(asked.name, {"!=": "="}.get(asked.op, asked.op.removeprefix("not ")), asked.values)
    if positive.op in _ORDERED and positive.op != "=":
        raise say.wrong(f"{asked.name} has no order.", hint="Compare it: = != in, like, exists")
    if asked.name.key == "verdict":
        among = _text("verdict", _among(positive, say, get_args(Verdict)), say, _as_is)
        return Condition("verification", tuple((f"({where}) AND {_NEWEST}", values) for where, values in among), without=without)
    if asked.name.key == "estimator":
        return Condition("fit", _text("estimator", positive, say, _class), without=without)
    parts = _text("path", positive, say, _path)
    if positive.op != "exists":
        parts += _text("digest", positive, say, _digest)
    mode = "write" if asked.name.key == "writes" else "read"
    return Condition("file_use", tuple((f"mode = '{mode}' AND ({where})", values) for where, values in parts), without=without)


def _class(column: str, text: str) -> Part:
    """A class by its whole name or its last word."""
    return f"{column} = ? OR {column} GLOB ?", (text, "*." + _glob(text, sql=False).replace("*", "[*]"))


def _hidden(asked: Comparison, say: _Sayer) -> Condition:
    there = (("hidden IS NOT NULL AND hidden <> '[]'", ()),)
    if asked.op == "exists":
        return Condition("run", there)
    (value, *more) = asked.values
    said = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}.get(value.text.lower())
    if asked.op not in ("=", "!=") or said is None or more:
        raise say.wrong("hidden is true or false.", value, hint="For example: hidden, or not hidden")
    return Condition("run", there, without=said is (asked.op == "!="))


# -- times


def _time(column: str, asked: Comparison, say: _Sayer, now: datetime) -> tuple[Part, ...]:
    op = asked.op
    if op == "exists":
        return ((f"{column} IS NOT NULL", ()),)
    if "like" in op:
        raise say.wrong(f"{asked.name} is a time and has no letters.", hint="For example: started > 2026-11-01, started = today")
    spans = [_span(value, say, now) for value in asked.values]
    if op in ("=", "!=", "in", "not in"):
        among = _either([(f"{column} >= ? AND {column} < ?", tuple(map(now_text, span))) for span in spans])
        if op in ("=", "in"):
            return (among,)
        return ((f"{column} IS NOT NULL AND NOT ({among[0]})", among[1]),)
    return ((f"{column} {op} ?", (now_text(spans[0][0]),)),)


def _span(value: Value, say: _Sayer, now: datetime) -> tuple[datetime, datetime]:
    """What a time covers, `[start, end)`: a day is 24 hours, a moment as much as was written of it."""
    try:
        return span_of(value.text, now)
    except (ValueError, OverflowError):
        hint = "For example: 2026-11-01, 2026-11-01T14:30, today, yesterday, -7d, -2h"
        raise say.wrong(f"{value.text[:40]!r} is no time.", value, hint=hint) from None


def span_of(text: str, now: datetime) -> tuple[datetime, datetime]:
    """What a time as a filter writes it covers, `[start, end)`; ValueError or OverflowError if it is none.

    A date without a zone is a day here, where the nearest clock hangs. Compared with < and >, it is its first moment.

    >>> from datetime import UTC
    >>> span_of("2026-11-01T10:00Z", datetime(2026, 11, 5, tzinfo=UTC))[1].isoformat()
    '2026-11-01T10:01:00+00:00'
    """
    word, local = text.strip().lower(), now.astimezone()
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    day, moment = timedelta(days=1), timedelta(microseconds=1)
    if word in ("now", "today", "yesterday"):
        start = {"now": local, "today": midnight, "yesterday": midnight - day}[word]
        return start, start + (moment if word == "now" else day)
    if word[:1] in "+-" and (match := _DURATION.fullmatch(word)) and match[2]:
        start = local + timedelta(seconds=float(match[1]) * _UNITS[match[2]])
        return start, start + moment
    if re.fullmatch(r"\d{12,14}", word):  # milliseconds since 1970, as MLflow writes a time
        start = datetime.fromtimestamp(int(word) / 1000).astimezone()
        return start, start + timedelta(milliseconds=1)
    if re.fullmatch(r"\d{4}-\d{2}", word):
        start = datetime.fromisoformat(f"{word}-01")
        return start.astimezone(), (start + timedelta(days=31)).replace(day=1).astimezone()
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", word):
        start = datetime.fromisoformat(word)
        return start.astimezone(), (start + day).astimezone()
    start = datetime.fromisoformat(word.upper()).astimezone()
    written = re.search(r"\d{2}:\d{2}(:\d{2})?(\.\d+)?", word)
    fine = moment if written is None or written[2] else timedelta(seconds=1) if written[1] else timedelta(minutes=1)
    return start, start + fine
