"""The filter language: what can be written, and what is said of what cannot."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbmlops.errors import Invalid
from nbmlops.runs.filters import DEEPEST, FIELDS, LONGEST, All, Comparison, Either, Not, Sort, parse, parse_sort


def said(text: str) -> str:
    """Names, operators and values of a filter, its structure as brackets."""
    return _said(parse(text).node)


def _said(node) -> str:
    match node:
        case Comparison(name, op, values):
            return " ".join([str(name), op, *(value.text for value in values)])
        case Not(part):
            return f"not [{_said(part)}]"
        case All(parts):
            return f"all [{'; '.join(map(_said, parts))}]"
        case Either(parts):
            return f"either [{'; '.join(map(_said, parts))}]"
    return "everything"


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("", "everything"),
        ("metrics.mae<3", "metrics.mae < 3"),
        ("a.b = 1", None),
        (
            "metrics.mae < 3 and params.model = 'gb' or status=finished",
            "either [all [metrics.mae < 3; params.model = gb]; status = finished]",
        ),
        ("not params.a = 1 and tags.b = 2", "all [not [params.a = 1]; tags.b = 2]"),
        ("NOT (params.a = 1 AND tags.b = 2)", "not [all [params.a = 1; tags.b = 2]]"),
        ("params.lr in (0.1, '0.2', gb)", "params.lr in 0.1 0.2 gb"),
        ("params.lr not in (1)", "params.lr not in 1"),
        ("name not like x*", "name not like x*"),
        ("name !~ x", "name not ilike x"),
        ("started > -7d", "started > -7d"),
        ('metrics."val/mae" >= 1e-3', "metrics.val/mae >= 1e-3"),
        ("metrics.val/mae == 1", "metrics.val/mae = 1"),
        ("params.x is null", "not [params.x exists]"),
        ("params.x is not null", "params.x exists"),
        ("hidden and not hidden", "all [hidden = true; not [hidden = true]]"),
        ("forest", "words words forest"),
        ("name = 'it''s' and name = 'a\\'b'", "all [name = it's; name = a'b]"),
        ("data_hash = blake3:ab12*", "data_hash = blake3:ab12*"),
        ("reads = /data/flights.csv", "file = /data/flights.csv"),
    ],
)
def test_a_filter_reads_as_it_is_meant(text, meaning):
    if meaning is None:
        with pytest.raises(Invalid):
            parse(text)
    else:
        assert said(text) == meaning


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("metrics.rmse < 1", "metrics.rmse < 1"),
        ("params.`cross entropy` = '0.5'", "params.cross entropy = 0.5"),
        ('attributes.status = "FINISHED"', "status = FINISHED"),
        ('tags."mlflow.user" ILIKE "%ada%"', "tags.mlflow.user ilike %ada%"),
        ("tags.mlflow.user = ada", "tags.mlflow.user = ada"),
        ("attributes.run_id IN ('a','b')", "id in a b"),
        ("attributes.start_time >= 1664067852747", "started >= 1664067852747"),
        ("run_name LIKE 'x%'", "name like x%"),
        ("parameters.a = 1 and metric.b != 2", "all [params.a = 1; metrics.b != 2]"),
    ],
)
def test_the_habits_of_mlflow_work(text, meaning):
    assert said(text) == meaning


@pytest.mark.parametrize(
    ("text", "at", "words"),
    [
        ("metrics.mae <", 13, "a number, a word, or text in quotes"),
        ("metrics.mae 3", 12, "= != <"),
        ("metrics.mae < 3 status = x", 16, "and, or, or the end"),
        ("name = my run", 10, "a value of several words is quoted"),
        ("statsu = finished", 0, "Did you mean status?"),
        ("(metrics.mae < 3", 16, "and, or, or )"),
        ("metrics.mae < 3)", 15, "and, or, or the end"),
        ("params.lr in 3", 13, "( and values"),
        ("params.lr in (3", 15, ", or )"),
        ("name = 'open", 7, "Close it"),
        ("name ! x", 5, "!="),
        ("and", 0, "a comparison"),
        ("metrics. < 3", 8, "metrics.NAME"),
        ("metrics.mae", 11, "is null"),
        ("params.x is 3", 12, "null or not null"),
        ("name = and", 7, "a word of the language"),
    ],
)
def test_what_cannot_be_read_is_shown_with_a_caret_and_what_could_stand_there(text, at, words):
    with pytest.raises(Invalid) as told:
        parse(text)
    first, shown, caret = told.value.message.split("\n")
    assert first and shown == f"  {text}" and caret == " " * (at + 2) + "^"
    assert words in told.value.hint


def test_a_long_filter_is_shown_around_the_place():
    text = " and ".join(f"metrics.m{n} < {n}" for n in range(30)) + " and nope = 3"
    with pytest.raises(Invalid) as told:
        parse(text)
    _, shown, caret = told.value.message.split("\n")
    assert len(shown) < 90 and shown[caret.index("^") :].startswith("nope = 3")


def test_too_much_is_refused_and_much_is_not():
    assert parse("not " * (DEEPEST - 1) + "name = x").node
    for text in (
        "not " * 1000 + "name = x",
        "(" * 1000,
        " or ".join(["name = x"] * 101),
        f"name in ({','.join('x' * 600)})",
        "x" * (LONGEST + 1),
    ):
        with pytest.raises(Invalid):
            parse(text)


@pytest.mark.parametrize(
    ("text", "name", "down"),
    [("started", "started", False), ("-metrics.mae", "metrics.mae", True), ("metrics.`val mae` DESC", "metrics.val mae", True), ("attributes.start_time ASC", "started", False)],
)  # fmt: skip
def test_an_order_is_a_name_and_a_way(text, name, down):
    found = parse_sort(text)
    assert isinstance(found, Sort) and (str(found.name), found.down) == (name, down)


@pytest.mark.parametrize("text", ["", "nope", "started, name", "file", "metrics.", "started sideways"])
def test_an_order_that_is_none_is_refused(text):
    with pytest.raises(Invalid):
        parse_sort(text)


_PIECES = st.sampled_from(
    [*FIELDS, "metrics.a", "params.b", 'tags."c d"', "and", "or", "not", "in", "like", "is", "null", "exists", "(", ")", ",", "=", "!=", "<", "~", "'x'", '"', "'",
     "`", "\\", "3", "-7d", "nan", "*", "%", "\0", "\ud800", "\n", "é", "𝕏", "--", ";", "]]"]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(_PIECES, max_size=14).map(" ".join), st.lists(_PIECES, max_size=10).map("".join)))
def test_whatever_is_written_is_read_or_refused(text):
    for read in (parse, parse_sort):
        try:
            read(text)
        except Invalid as told:
            assert told.message and "\x00" not in told.message
