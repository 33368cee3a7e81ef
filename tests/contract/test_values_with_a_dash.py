"""A value may begin with a dash, as the order `-metrics.mae` does; a missing one is said, not thrown."""

from __future__ import annotations

import pytest

from nbmlops.contract.words import parse
from nbmlops.errors import Invalid


@pytest.mark.parametrize("words", [["--sort", "-metrics.mae"], ["--sort=-metrics.mae"]])
def test_an_order_that_goes_down_is_a_value(words):
    asked = parse(["run", "find", "name = x", *words, "--limit", "3"], prog="nbmlops", notebook=False)
    assert asked.given == {"filter": "name = x", "sort": "-metrics.mae", "limit": "3"}


@pytest.mark.parametrize("words", [["--sort"], ["--sort", "--limit", "3"]])
def test_a_missing_value_is_said(words):
    with pytest.raises(Invalid, match="--sort: expected one argument"):
        parse(["run", "find", *words], prog="nbmlops", notebook=False)


@pytest.mark.parametrize(
    "words, asked",
    [
        (["metrics.mae < 3"], "metrics.mae < 3"),
        (["metrics.mae", "<", "3", "--limit", "2"], "metrics.mae < 3"),
        (["--limit", "2", "params.model", "=", "grad boost"], 'params.model = "grad boost"'),
        (["name = 'a b'"], "name = 'a b'"),
    ],
)
def test_a_filter_may_be_said_in_several_words(words, asked):
    assert parse(["run", "find", *words], prog="nbmlops", notebook=False).given["filter"] == asked
