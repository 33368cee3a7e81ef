"""What is no secret stays readable."""

from __future__ import annotations

import pytest

from nbmlops.ledger.secrets import forget, mask, mask_bytes, mask_params, mask_value
from nbmlops.ledger.secrets.names import says
from tests.secrets.ordinary import NOTEBOOK, source_lines, values

AT_MOST = 0.001  # of all


@pytest.fixture(autouse=True)
def nothing_known():
    forget()
    yield
    forget()


def alarms(texts):
    found = []
    for text in texts:
        if mask(text) != text:
            found.append(text)
        forget()
    return found


def test_ordinary_values_are_left_alone_alone_and_as_parameters_and_assigned():
    ordinary = values(7)
    assert len(ordinary) > 20_000
    found = alarms(ordinary)
    found += [text for text in ordinary if mask_value([text, {"path": text}]) != [text, {"path": text}]]
    found += alarms(f"value = {text!r}" for text in ordinary)
    assert len(found) <= AT_MOST * 3 * len(ordinary), found[:20]


@pytest.mark.parametrize("line", NOTEBOOK)
def test_code_in_which_a_secrets_word_stands_stays_readable(line):
    assert mask(line) == line
    assert mask(f"import os\n\n{line}\nx = 1\n") == f"import os\n\n{line}\nx = 1\n"


def test_the_source_of_the_libraries_people_use_gives_next_to_no_alarm():
    lines = source_lines(("sklearn", "pandas", "matplotlib", "plotly", "papermill", "nbclient", "nbformat", "skops"), 40_000, 7)
    assert len(lines) >= 20_000
    found = alarms(lines)
    assert len(found) <= AT_MOST * len(lines), found[:20]


@pytest.mark.slow
def test_the_source_of_libraries_that_are_about_secrets_gives_few():
    lines = source_lines(("requests", "httpx", "tornado", "jupyter_server", "jupyterlab"), 200_000, 7)
    found = [line for line in alarms(lines) if "://" not in line]
    # Nearly all of these are secrets of their tests and examples: hold the count, so that a change shows.
    assert len(lines) >= 20_000 and len(found) <= AT_MOST * len(lines), found[:60]


def test_parameters_that_only_sound_like_secrets_stay():
    given = {
        "n_tokens": 5, "max_tokens": 100, "auth": True, "tokenizer": "bert-base", "token_pattern": r"(?u)\b\w\w+\b", "author": "Ada",
        "sort_keys": True, "key": "id", "password_length": 8, "pad_token": "[PAD]", "token": "running", "secret_santa": "list.csv", "pin": 13,
        "passes": 3, "keywords": ["a", "b"], "password": None, "run": "run-00abc", "digest": "blake3:" + "a1" * 32, "auth_mode": "token",
    }  # fmt: skip
    assert mask_params(given) == given


@pytest.mark.parametrize(
    "name",
    ["tokens", "n_tokens", "token_ids", "tokenizer_class", "primary_key", "keys", "monkey", "compass", "passage", "secretary", "authority"],
)
def test_names_that_only_sound_like_secrets_say_no_or_perhaps(name):
    assert says(name) in ("no", "maybe")


def test_what_is_not_changed_is_not_rewritten():
    data = b'{"b": 1.50, "a" : [1,  2], "name": "Ada \\u00e9"}'
    assert mask_bytes(data) is data
