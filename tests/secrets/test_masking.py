"""What is a secret is masked: by its name, by its form, by being known; and what holds it stays what it was."""

from __future__ import annotations

import ast
import json

import nbformat
import pytest

from nbmlops.ledger.secrets import (
    MASK,
    forget,
    hidden_among,
    holds_secret,
    mask,
    mask_bytes,
    mask_params,
    mask_record,
    mask_value,
    remember,
    remember_values,
    remembered,
)
from tests.secrets.corpus import BARE, NAMES, QUOTED, passwords, tokens

TOKENS = tokens(1, each=4)
AROUND = (
    "{}", "x = '{}'", 'print("{}")', "see {} there", "ValueError: {}", '{{"a": "{}"}}', "{}\n", "'a\\n{}\\n'", "<td>{}</td>", "  {}  # so", "({})",
    "a\t{}\tb",
)  # fmt: skip


@pytest.fixture(autouse=True)
def nothing_known():
    forget()
    yield
    forget()


@pytest.mark.parametrize("around", AROUND)
def test_tokens_keys_and_urls_are_masked_wherever_they_stand(around):
    for secret in TOKENS:
        assert secret.value not in mask(around.format(secret.shown)), (secret.family, around)
        forget()


@pytest.mark.parametrize("form", QUOTED)
def test_a_literal_under_a_secrets_name_is_masked_and_the_code_stays_code(form):
    for at, value in enumerate(passwords(2, 72)):
        name = NAMES[at % len(NAMES)]
        for spelled in (repr(value), json.dumps(value, ensure_ascii=False)):
            forget()
            source = form.format(n=name, v=spelled)
            masked = mask(source)
            assert value not in masked and spelled[1:-1] not in masked, source
            ast.parse(masked)


@pytest.mark.parametrize("form", BARE)
def test_a_bare_value_under_a_secrets_name_is_masked(form):
    values = [value for value in passwords(3, 72) if not set(value) & set(" ;&#'\"+$=%")]
    for at, value in enumerate(values):
        forget()
        name = NAMES[at % len(NAMES)]
        source = form.format(n=name, N=name.upper(), v=value)
        assert value not in mask(source), source


def test_json_yaml_and_nested_json_text_are_masked_and_stay_what_they_are():
    for name, value in zip(NAMES, passwords(4, len(NAMES)), strict=True):
        document = {"a": [1, {"user": "ada", name: value}], "n": 1}
        for text in (json.dumps(document), json.dumps(document, indent=2), json.dumps(document, ensure_ascii=False)):
            forget()
            masked = json.loads(mask(text))
            assert masked == {"a": [1, {"user": "ada", name: MASK}], "n": 1}
            assert json.loads(json.loads(mask(json.dumps(text)))) == masked
    assert mask("db:\n  user: ada\n  password: xK3!fq92\n") == "db:\n  user: ada\n  password: •••\n"
    assert mask("[db]\nuser = ada\npassword = xk39fq92a\n") == "[db]\nuser = ada\npassword = •••\n"


def test_parameters_are_masked_at_any_depth_numbers_too():
    given = {"lr": 0.1, "n_tokens": 5, "auth": True, "password": 12345678, "db": {"user": "ada", "passwd": "q7"}, "api_keys": ["a1", "b2"]}
    assert mask_params(given) == {
        "lr": 0.1, "n_tokens": 5, "auth": True, "password": MASK, "db": {"user": "ada", "passwd": MASK}, "api_keys": [MASK, MASK],
    }  # fmt: skip
    assert mask_params({"args": ["--password", "swordfish"], "env": [{"name": "DB_PASSWORD", "value": "swordfish"}]}) == {
        "args": ["--password", MASK],
        "env": [{"name": "DB_PASSWORD", "value": MASK}],
    }


def test_a_value_seen_under_a_secrets_name_is_masked_from_then_on_in_whatever_spelling():
    import base64
    import html
    from urllib.parse import quote, quote_plus

    for value in passwords(5, 72):
        forget()
        mask(f"password = {value!r}")
        raw = value.encode()
        spelled = [value, quote(value, safe=""), quote_plus(value), repr(value), json.dumps(value), html.escape(value), f"ada:{value}@x"]
        for text in spelled:
            assert value not in mask(text) and (text == value or text[1:-1] not in mask(text)), text
        for at in range(3):
            coded = base64.b64encode(b"ada:"[:at] + raw + b"more").decode()
            assert coded not in mask(coded)
            assert base64.b64encode(raw).decode() not in mask(base64.b64encode(raw).decode())


def test_the_environments_secrets_are_masked_as_soon_as_they_are_there(monkeypatch):
    text = "got swordfish-11, quiet1, https and /home/ada, production, 0.75"
    assert mask(text) == text
    for name, value in {
        "MY_TOKEN": "swordfish-11", "DB_PASSWORD": "quiet1", "PASSWORD_STORE_DIR": "/home/ada", "SECRET_MODE": "production",
        "API_KEY": "0.75", "KEYRING_PROPERTY": "https",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    assert mask(text) == "got •••, •••, https and /home/ada, production, 0.75"
    monkeypatch.setenv("DATABASE_URL", "postgresql://ada:kitten77x@db/x")
    assert mask("the password was kitten77x!") == "the password was •••!"
    monkeypatch.delenv("MY_TOKEN")
    assert "swordfish-11" in mask(text)


def test_what_a_kernels_variables_hold_under_secrets_names_can_be_remembered():
    remember({"password": "kitten77", "token": "running", "n": 3, "api_key": b"bytes-88x", "_": "kitten"})
    assert mask("kitten77 is running, bytes-88x") == "••• is running, •••"


def test_a_notebook_stays_a_notebook_whose_lines_are_apart():
    key = next(secret for secret in TOKENS if secret.family == "pem")
    cell = nbformat.v4.new_code_cell(f"key = '''{key.shown}'''\npassword = 'kitten77'", outputs=[
        nbformat.v4.new_output("stream", text=f"one\nkitten77\n{TOKENS[0].value}\n"),
        nbformat.v4.new_output("error", ename="ValueError", evalue="bad kitten77", traceback=["\x1b[31mkitten77\x1b[39m", "kitten77"]),
        nbformat.v4.new_output("display_data", {"text/html": "<b>kitten77</b>", "application/json": {"token": "a1b2c3d4e5"}, "image/png": "iVBORw0KGgo="}),
    ])  # fmt: skip
    text = nbformat.writes(nbformat.v4.new_notebook(cells=[cell]))
    masked = mask_bytes(text.encode()).decode()
    for gone in ("kitten77", TOKENS[0].value, "a1b2c3d4e5", *key.shown.split("\n")[1:-1]):
        assert gone not in masked
    again = nbformat.reads(masked, as_version=4)
    nbformat.validate(again)
    assert again.cells[0].outputs[2].data["image/png"] == "iVBORw0KGgo=" and again.cells[0].id == cell.id
    assert mask_bytes(masked.encode()).decode() == masked and masked.count("\n") > 20
    assert mask_value({"a": ("x", 1, None, 2.5)}) == {"a": ["x", 1, None, 2.5]}


def test_bytes_that_are_no_text_come_back_as_they_were():
    data = bytes(range(256)) * 20
    assert mask_bytes(data) == data
    assert mask_bytes(b"\xff password = 'kitten77' \xfe") == "\udcff password = '•••' \udcfe".encode("utf-8", "surrogateescape")


def test_masking_twice_changes_nothing_more():
    for secret in TOKENS:
        once = mask(f"x = {secret.shown!r}")
        assert mask(once) == once


def test_records_are_masked_whole_and_are_the_same_object_where_nothing_was():
    from datetime import UTC, datetime

    from nbmlops.runs.records import Cell

    cell = Cell(position=0, cell_id="a", execution_count=1, source="x = 1", started_at=datetime.now(UTC), duration_s=0.1, error=None)
    assert mask_record(cell) is cell and mask_record([cell])[0] is cell
    from dataclasses import replace

    told = mask_record([cell, replace(cell, source="password = 'kitten-77'", error="ValueError: kitten-77")])
    assert told[0] is cell and told[1].source == "password = '•••'" and told[1].error == "ValueError: •••"


def test_a_packed_model_that_holds_a_secret_is_told():
    import io
    import zipfile

    def packed(text):
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("schema.json", text)
        return held.getvalue()

    assert not holds_secret(packed(json.dumps({"content": {"alpha": 1.0, "token_pattern": r"(?u)\b\w\w+\b"}})))
    assert holds_secret(packed(json.dumps({"content": [TOKENS[0].value]})))
    remember({"password": "kitten-77"})
    assert holds_secret(packed(json.dumps({"content": ["kitten-77"]})))


def test_a_columns_secrets_are_told_by_its_name_and_by_their_form():
    assert hidden_among("password", ["a", "b"]) == {"a", "b"}
    assert hidden_among("token", ["running", "a8f5f167f44f4964"]) == {"a8f5f167f44f4964"}
    assert hidden_among("note", ["fine", TOKENS[0].value]) == {TOKENS[0].value}


def test_what_one_process_remembers_another_can_be_told():
    remember({"password": "kitten-77"})
    values = remembered()
    forget()
    assert mask("kitten-77") == "kitten-77"
    remember_values(values)
    assert mask("kitten-77") == MASK


def test_prose_is_not_remembered_whatever_it_is_called():
    prose = "It was the best of times, it was the worst of times, it was the age of wisdom."
    remember({"secret": prose, "password": f"{prose}\nline-of-its-own-0123456789"})
    assert mask(f"{prose} again") == f"{prose} again"


def test_a_remote_loses_its_password_whatever_signs_are_in_it(tmp_path):
    import subprocess

    from nbmlops.runs.surroundings import git

    who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    for words in (["init"], [*who, "commit", "--allow-empty", "-m", "x"], ["remote", "add", "origin", "https://ada:ki@tt:en77@host/x.git"]):
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True, capture_output=True)
    assert git(tmp_path)[0]["remote"] == "https://host/x.git"


def test_a_diffs_lines_are_read_like_the_lines_they_were():
    lines = ["DB_PASSWORD=kitten77", "password = 'kitten77'", "  password: kitten77", "export API_KEY=kitten77", "api_key='kitten77'"]
    diff = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n" + "".join(f"-{line}\n+{line}x\n" for line in lines)
    assert "kitten" not in mask(diff) and mask(diff).startswith("--- a/x\n+++ b/x\n@@ -1 +1 @@\n-DB_PASSWORD=•••\n+DB_PASSWORD=•••\n")
