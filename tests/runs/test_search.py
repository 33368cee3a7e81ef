"""Finding runs: the ledger's answer to a filter is what reading every record would give."""

from __future__ import annotations

import math
import operator
import random
import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbmlops.errors import Invalid
from nbmlops.runs import search
from nbmlops.runs import verbs as run
from nbmlops.runs.book import RunBook
from nbmlops.runs.conditions import number_of, span_of
from nbmlops.runs.facts import Facts
from nbmlops.runs.filters import All, Comparison, Either, Not, parse
from nbmlops.runs.records import FileUse, Fit, HiddenState, MetricPoint
from nbmlops.workspace import Workspace

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
RUNS = 90


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    made = Workspace.at(tmp_path_factory.mktemp("found"), clock=lambda: NOW)
    book, chance = RunBook(made), random.Random(7)
    for number in range(RUNS):
        fill(made, book, chance, number)
    yield made
    made.close()


def fill(made: Workspace, book: RunBook, chance: random.Random, number: int) -> None:
    pick = chance.choice
    begun = NOW - timedelta(hours=7 * number, milliseconds=chance.randrange(5000))
    made.clock = lambda: begun
    params = {
        "lr": pick([0.1, 0.01, 1, float("nan"), float("inf"), "0.1", "auto"]),
        "model": pick(["gb", "rf", 'g"b\\', "GB", "ä%_?*[x]", ""]),
    }
    params |= {"flag": pick([True, False, "true", None]), "layers": pick([[64, 32], [64], "64"])}
    run_id = book.open(
        pick(["forest", "Forest 2", "ridge", "50% off", "a_b", "a'b\"c"]), experiment=pick(["one", "two"]), kind=pick(["live", "papermill"]),
        notebook=pick([None, "/w/train.ipynb", "/w/sub/train.ipynb", "/w/other.ipynb"]), started_at=begun,
        params={key: value for key, value in params.items() if chance.random() < 0.8},
        tags={key: value for key, value in {"team": pick(["pricing", "growth"]), "n": pick(["3", "30", ""])}.items() if chance.random() < 0.8},
    )  # fmt: skip
    values = {"mae": pick([1.0, 2.0, 2.5, -0.0, math.nan, math.inf, -math.inf]), "val/mae": float(pick([1, 2, 3]))}
    facts = Facts(
        metrics=[MetricPoint(name=name, step=0, value=value, at=begun) for name, value in values.items() if chance.random() < 0.8]
    )
    facts.data_hash = pick([None, "blake3:ab12cd", "blake3:ab99", "blake3:ff"])
    facts.git = pick([None, {"commit": "abc123" + "0" * 34, "branch": "main"}, {"commit": "f" * 40, "branch": "dev"}])
    for path in chance.sample(["/d/flights.csv", "/d/x/flights.csv", "/d/other.csv"], chance.randrange(3)):
        use = FileUse(path=path, mode=pick(["read", "write"]), digest=pick([None, "blake3:1", "blake3:2"]), size_bytes=1, modified_at=begun, position=0, note=None)  # fmt: skip
        facts.files.append(use)
    for at in range(chance.randrange(3)):
        facts.fits.append(Fit(number=at, position=0, estimator=pick(["sklearn.linear_model.Ridge", "xgboost.XGBRegressor"]), parameters={}, frame=None, target=None, duration_s=None, artifact=None, note=None))  # fmt: skip
    if chance.random() < 0.3:
        facts.hidden.append(HiddenState(name="x", why="edited", position=0, cell_id=None))
    book.add(run_id, facts)
    if chance.random() < 0.9:
        made.clock = lambda: begun + timedelta(milliseconds=pick([0, 500, 90_000, 3_600_000]))
        status = pick(["finished", "failed", "killed"])
        book.end(run_id, status, error="KeyError: 'x'" if status == "failed" else None)
    made.clock = lambda: NOW


# -- the filter, evaluated by reading every record


def holds(node, record) -> bool:
    match node:
        case Not(part):
            return not holds(part, record)
        case All(parts):
            return all(holds(part, record) for part in parts)
        case Either(parts):
            return any(holds(part, record) for part in parts)
        case Comparison(name, op, values):
            return compared(name, op, values, record)
    return True


COMPARED = {"=": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def compared(name, op, values, record) -> bool:
    negated = op == "!=" or op.startswith("not ")
    positive = {"!=": "="}.get(op, op.removeprefix("not "))
    if name.key == "words" and name.group == "field":
        word = values[0].text
        run = record.run
        return word.lower() in f"{run.name}\n{run.experiment}".lower() or run.id.startswith((word, f"run-{word}"))
    if name.group == "field" and name.key in ("file", "writes", "estimator"):
        held = many(name.key, record)
        same = any(one(kind, item, positive, value) for kind, item in held for value in values) or (positive == "exists" and bool(held))
        return same is not negated
    if name.key == "hidden" and name.group == "field":
        said = op == "exists" or (values[0].text == "true")
        return (bool(record.hidden) is said) is not negated
    kind, item = single(name, record)
    if item is None:
        return False
    if positive == "exists":
        return True
    return any(one(kind, item, positive, value) for value in values) is not negated


def many(key, record):
    if key == "estimator":
        return [("class", fit.estimator) for fit in record.fits]
    used = [use for use in record.files if use.mode == ("write" if key == "writes" else "read")]
    return [("path", use.path) for use in used] + [("text", use.digest) for use in used if use.digest]


def single(name, record):
    run = record.run
    if name.group == "metrics":
        return "number", run.metrics.get(name.key)
    if name.group == "params":
        return "param", ([run.params[name.key]] if name.key in run.params else None)
    if name.group == "tags":
        return "text", run.tags.get(name.key)
    return {
        "started": ("time", run.started_at), "ended": ("time", run.ended_at), "duration": ("number", run.duration_s),
        "notebook": ("path", run.notebook), "id": ("text", run.id), "data_hash": ("digest", run.data_hash), "git.commit": ("commit", run.git_commit),
        "git.branch": ("text", record.git.get("branch")), "error": ("text", run.error), "status": ("status", run.status), "name": ("text", run.name),
        "experiment": ("text", run.experiment), "kind": ("text", run.kind),
    }[name.key]  # fmt: skip


def one(kind, item, op, value) -> bool:
    """Whether one thing compares so with one value; `in` is one of several that are the same."""
    op, text = ("=" if op == "in" else op), value.text
    if kind == "param":
        (item,) = item
        return param(item, op, value)
    if kind == "number":
        units = {"ms": 0.001, "m": 60.0, "h": 3600.0}
        match = re.fullmatch(r"(.*\d)(ms|m|h)", text)
        return numbers(item, op, float(match[1]) * units[match[2]] if match else number_of(text))
    if kind == "time":
        start, end = span_of(text, NOW)
        return start <= item < end if op == "=" else COMPARED[op](item, start)
    if kind == "status":
        text = text.lower()
    if "like" in op or ("*" in text and not value.quoted and op == "="):
        return like(item, text, op)
    if op != "=":
        return COMPARED[op](item, text)
    return (
        item == text
        or (kind == "path" and not text.startswith("/") and item.endswith("/" + text))
        or (kind == "class" and item.endswith("." + text))
        or (kind == "digest" and item == f"blake3:{text}")
        or (kind == "commit" and len(text) >= 4 and set(text) <= set("0123456789abcdef") and item.startswith(text))
    )


def numbers(left, op, right) -> bool:
    if op == "=" and math.isnan(right):
        return math.isnan(left)
    return COMPARED[op](left, right)


SPECIAL = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def param(item, op, value) -> bool:
    import json

    number, text = number_of(value.text), value.text
    amount = (
        SPECIAL.get(item)
        if isinstance(item, str)
        else float(item)
        if isinstance(item, (int, float)) and not isinstance(item, bool)
        else None
    )
    if "like" in op or ("*" in text and not value.quoted and op == "="):
        return like(item if isinstance(item, str) else json.dumps(item), text, op)
    if op == "=":
        forms = {"True": True, "False": False, "None": None}
        try:
            meant = forms.get(text, text) if text in forms else json.loads(text)
        except ValueError:
            meant = text
        return (
            item == text
            or (type(item) is type(meant) and item == meant)
            or (number is not None and amount is not None and numbers(amount, "=", number))
        )
    if number is not None:
        return amount is not None and COMPARED[op](amount, number)
    return isinstance(item, str) and COMPARED[op](item, text)


def like(item, pattern, op) -> bool:
    wild = "*%" if "like" in op else "*"
    regex = "".join(".*" if c in wild else "." if c == "?" and "like" in op else re.escape(c) for c in pattern)
    return re.fullmatch(regex, item, re.DOTALL | ((re.IGNORECASE | re.ASCII) if op == "ilike" else 0)) is not None


# -- filters that somebody may write

WORDS = [
    "gb",
    "GB",
    "forest",
    "'g\"b\\\\'",
    "*o*",
    "'*o*'",
    "'50% off'",
    "a_b",
    "'ä%_?*[x]'",
    "true",
    "True",
    "None",
    "'0.1'",
    "3",
    "''",
    "'[64, 32]'",
    "x",
]
PATTERNS = ["*", "g*", "%o%", "'*[x]*'", "?b", "a_b", "'*\"*'", "'*\\\\\\\\*'", "50%", "F*", "'*,*'", "auto", "*.1"]
NUMBERS = ["1", "2.5", "-0", "0.1", "nan", "inf", "-inf", "1e-2", "64"]
TIMES = ["2026-11-15", "2026-11", "today", "yesterday", "-7d", "2026-11-10T05:00", "now", "-100h", "2026-11-19T09:59:59Z"]
ORDERS = ["=", "!=", "<", "<=", ">", ">="]


def choices(*lists):
    return st.tuples(*[st.sampled_from(items) for items in lists]).map(" ".join)


TEXT_FIELDS = ["name", "experiment", "kind", "notebook", "data_hash", "git.commit", "git.branch", "error", "tags.team", 'tags."n"']
TEXTS = [*WORDS, "one", "live", "pricing", "train.ipynb", "/w/train.ipynb", "blake3:ab*", "ab99", "abc123", "main"]
COMPARISONS = st.one_of(
    choices(['metrics.mae', 'metrics."val/mae"', "params.lr"], ORDERS, NUMBERS),
    choices(["metrics.mae", "params.lr"], ["in", "not in"], ["(1, nan)", "(inf)", "(2.5, 0.1, -inf)"]),
    choices(["params.lr", "params.model", "params.flag", "params.layers"], ORDERS, [*WORDS, "auto"]),
    choices(["params.lr", "params.model", "params.layers", "name", "tags.team", "status", "estimator", "file"], ["like", "ilike", "~", "not like", "!~"], PATTERNS),
    choices(TEXT_FIELDS[:-2], ORDERS, TEXTS),
    choices(TEXT_FIELDS, ["=", "!="], TEXTS),
    choices([*TEXT_FIELDS, "params.model"], ["in", "not in"], ["(gb, one)", "('x', *r*)", "(train.ipynb, main, forest)"]),
    choices(["status"], ["=", "!="], ["finished", "FAILED", "killed", "running"]),
    choices(["started", "ended"], ORDERS, TIMES),
    choices(["started"], ["in", "not in"], ["(today, 2026-11-15)"]),
    choices(["duration"], ORDERS, ["0", "500ms", "0.5", "1.5m", "1h"]),
    choices(["file", "writes"], ["=", "!="], ["flights.csv", "/d/other.csv", "blake3:1", "*x*"]),
    choices(["estimator"], ["=", "!="], ["Ridge", "xgboost.XGBRegressor", "*linear*"]),
    choices([*TEXT_FIELDS, "metrics.mae", "params.lr", "ended", "duration", "estimator", "file"], ["is null", "is not null", "exists"]),
    st.sampled_from(["hidden", "hidden = false", "hidden != true", "forest", "ONE", "'a_'"]),
)  # fmt: skip
FILTERS = st.recursive(
    COMPARISONS,
    lambda inner: st.one_of(
        inner.map(lambda part: f"not ({part})"), st.tuples(inner, st.sampled_from([" and ", " or "]), inner).map(lambda three: f"({three[0]}){three[1]}({three[2]})")
    ),
    max_leaves=5,
)  # fmt: skip
SORTS = ["started", "-started", "metrics.mae", "-metrics.mae", "params.lr desc", "params.model", "tags.team desc", "duration", "-ended", "estimator", "name desc", "git.branch"]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(FILTERS, st.sampled_from(SORTS), st.integers(0, 20))
def test_the_ledger_answers_as_reading_every_record_would(place, text, sort, offset):
    book = RunBook(place)
    records = everything(book)
    expected = {record.run.id for record in records if holds(parse(text).node, record)}
    asked = search.Search(book._read, search.asked(text), NOW, search.order(sort))
    looked = asked.page(1000)
    assert set(looked) == expected and len(looked) == len(expected)
    assert asked.count() == len(expected)
    assert asked._ordered(1000) == looked, "sets and single looks give one order"
    assert [run for part in asked._walked() for run in asked._passing().among(part)] == looked
    assert asked.page(7, offset) == looked[offset : offset + 7]


_records: dict[str, list] = {}


def everything(book):
    key = str(book.workspace.root)
    if key not in _records:
        _records[key] = [book.record(found.id) for found in book.find(limit=1000)]
        assert len(_records[key]) == RUNS
    return _records[key]


# -- orders and pages


def test_numbers_come_first_then_nan_then_runs_without_one_both_ways(place):
    for sort, down in (("metrics.mae", False), ("-metrics.mae", True)):
        values = [found.metrics.get("mae") for found in run.find(sort=sort, limit=1000, workspace=place)]
        there = [value for value in values if value is not None and not math.isnan(value)]
        assert there == sorted(there, reverse=down)
        rank = [0 if v is not None and not math.isnan(v) else 1 if v is not None else 2 for v in values]
        assert rank == sorted(rank) and 2 in rank and 1 in rank


def test_pages_follow_each_other_without_gap_or_repetition(place):
    whole = [found.id for found in run.find("status != killed", sort="params.lr", limit=1000, workspace=place)]
    paged = []
    for page in range(1, 20):
        paged += [found.id for found in run.find("status != killed", sort="params.lr", limit=7, page=page, workspace=place)]
    assert paged == whole and len(set(whole)) == len(whole)
    every = [found.id for found in run.find(sort="metrics.mae desc", limit=1000, workspace=place)]
    assert [
        found.id for number in range(19) for found in run.find(sort="metrics.mae desc", limit=5, offset=5 * number, workspace=place)
    ] == every


def test_the_older_options_still_narrow_and_go_together_with_a_filter(place):
    both = run.find("metrics.mae < 2.5", experiment="one", status="finished", limit=1000, workspace=place)
    assert both and all(found.experiment == "one" and found.status == "finished" and found.metrics["mae"] < 2.5 for found in both)
    assert [found.started_at for found in both] == sorted((found.started_at for found in both), reverse=True)
    assert run.find(limit=0, workspace=place) == [] == run.find(page=99, workspace=place)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("metrics.meo < 3", "Did you mean mae? There are: mae, val/mae"),
        ("params.modle = gb", "Did you mean model?"),
        ("metrics.mae < three", "For example: 0.1"),
        ("metrics.mae like x", "= !="),
        ("status = finish", "Did you mean finished?"),
        ("started > someday", "2026-11-01"),
        ("started > -99999999999d", "2026-11-01"),
        ("duration > long", "10m"),
        ("tags.n > 3", "As text"),
        ("estimator > x", "Compare it"),
        ("hidden = maybe", "not hidden"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_what_can(place, text, words):
    with pytest.raises(Invalid) as told:
        run.find(text, workspace=place)
    assert words in told.value.hint and "^" in told.value.message


def test_a_name_nobody_has_is_no_error_where_nobody_has_any_or_where_that_is_asked(place, workspace):
    assert run.find("metrics.mae < 3", workspace=workspace) == []
    assert len(run.find("metrics.none is null", limit=1000, workspace=place)) == RUNS


def test_a_range_of_one_thing_is_one_range(place):
    """Each pair of comparisons of one thing, held against reading every record."""
    book = RunBook(place)
    for text in (
        "metrics.mae > 1 and metrics.mae < inf", "metrics.mae >= 1 and metrics.mae != 2 and metrics.mae <= inf and name = forest",
        "params.lr > 0 and params.lr != nan and params.lr < 1", "started > 2026-11-05 and started < -7d and started != 2026-11-08",
        "file = flights.csv and file = other.csv", "estimator = Ridge and estimator != xgboost.XGBRegressor", "hidden and not hidden",
        "tags.team like p* and tags.team != growth", "name like *o* and name != forest and not (name = a_b)", "forest and one",
    ):  # fmt: skip
        expected = {record.run.id for record in everything(book) if holds(parse(text).node, record)}
        asked = search.Search(book._read, search.asked(text), NOW)
        assert set(asked.page(1000)) == expected, text
        assert asked.count() == len(expected), text


def test_hostile_text_is_a_value_like_any_other(place):
    for text in (
        'name = "\'; DROP TABLE run; --"',
        'tags."x\'); DELETE FROM run; --" = 1',
        "name like '%%%%%%%%%%%%%%%%'",
        "name = '\ud800'",
        "name = '\0'",
    ):
        run.find(text, workspace=place)
    assert len(run.find(limit=1000, workspace=place)) == RUNS


def test_the_deepest_and_widest_filters_are_answered(place):
    run.find("not (" * 9 + "name = forest or (name = x and metrics.mae < 3)" + ")" * 9, workspace=place)
    run.find(f"name not in ({','.join(f'n{n}' for n in range(480))})", workspace=place)
    run.find(" and ".join(f"metrics.mae > {-n}" for n in range(100)), workspace=place)
    run.find(" and ".join(["forest"] * 100), sort="name", workspace=place)
    for text in ("name like *o*", "params.lr > -1", "duration >= 0", "not name = x"):
        run.find(" and ".join([text] * 100), workspace=place)
    wide = ",".join(f"*a{n}*" for n in range(240))
    run.find(f"name in ({wide}) and not name in ({wide})", workspace=place)
    run.find(" and ".join(["(name = x or (name = y and (name = z or (name = b and name = c))))"] * 20), workspace=place)
    run.find(" or ".join(f"params.lr != {n}" for n in range(100)), sort="metrics.mae", workspace=place)


def test_pages_that_are_none_are_refused(place):
    for wrong in ({"page": 0}, {"offset": -1}):
        with pytest.raises(Invalid):
            run.find(**wrong, workspace=place)
