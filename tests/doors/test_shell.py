"""The shell's door: tables for people, JSON for programs, honest exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import nbmlops
from nbmlops.doors.shell import main
from nbmlops.runs.book import RunBook
from nbmlops.workspace import Workspace

HOSTILE = ["../x", "<img src=x onerror=alert(1)>", "🚀 Müller 👩‍🚀", "'; DROP TABLE run; --", "$HOME {x} %s $a$"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NBMLOPS_WORKSPACE", raising=False)
    return tmp_path


def opened_run(folder: Path, name: str, **more: object) -> str:
    place = Workspace.at(folder)
    made = RunBook(place).open(name, experiment="flights", kind="explicit", tags={}, params={})
    place.close()
    return made


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"nbmlops {nbmlops.__version__}\n"


@pytest.mark.parametrize(
    "words", [["run"], ["run", "--help"], ["run", "find", "--help"], ["help", "run", "find"], ["workspace", "show", "-h"]]
)
def test_help_is_printed_and_is_no_error(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 0
    assert "find" in capsys.readouterr().out or words[0] == "workspace"


def test_a_list_is_a_table_and_with_json_the_records(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = opened_run(here, "first")
    assert main(["run", "find"]) == 0
    table = capsys.readouterr().out
    assert "first" in table and made in table and "flights" in table
    assert main(["run", "find", "--json"]) == 0
    assert [run["id"] for run in json.loads(capsys.readouterr().out)] == [made]


def test_a_misspelt_command_says_what_was_meant_and_exits_two(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "fnid"]) == 2
    assert "Did you mean find?" in capsys.readouterr().err
    assert main(["rnu"]) == 2
    assert "Did you mean run?" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["run", "find", "--limit", "many"], ["run", "find", "--colour"], ["run", "show"], ["run", "find", "--status", "sleepy"]]
)
def test_wrong_arguments_exit_two_and_show_the_usage(words: list[str], here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.startswith("error: ") and "hint: " in said.err


def test_an_unknown_name_exits_one_and_the_hint_is_a_shell_command(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = opened_run(here, "first")
    assert main(["run", "show", "run-zzz"]) == 1
    said = capsys.readouterr().err
    assert made in said and "nbmlops run find" in said and "%mlops" not in said


def test_what_only_a_notebook_can_give_is_refused_with_the_notebook_command(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "fingerprint"]) == 2
    assert "In a notebook" in capsys.readouterr().err


def test_workspace_is_chosen_by_option_and_a_missing_folder_is_not_made(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "other").mkdir()
    opened_run(here / "other", "elsewhere")
    assert main(["run", "find", "--workspace", "other"]) == 0
    assert "elsewhere" in capsys.readouterr().out
    assert main(["run", "find", "--workspace", "othre"]) == 1
    assert not (here / "othre").exists()


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_come_out_as_they_went_in(name: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    opened_run(here, name)
    assert main(["run", "find", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["name"] == name
    assert main(["run", "find"]) == 0
    assert main(["run", "find", "--experiment", name]) == 0
    assert main(["model", "show", name]) in (1, 2)
    assert main([name]) == 2


def test_no_terminal_escape_gets_out(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evil = "red\x1b[31m\x9b2J\rover\x07 \u202egnp"
    place = Workspace.at(here)
    made = opened_run(here, "plain")
    with place.ledger.write() as tx:
        tx.run("UPDATE run SET name = ?, error = ? WHERE id = ?", evil, evil, made)
    place.close()
    for words in (["run", "find"], ["run", "show", made], ["run", "find", "--json"], ["run", "show", evil], [evil], ["run", evil]):
        main(words)
        said = capsys.readouterr()
        for letter in "\x1b\x9b\r\x07\u202e":
            assert letter not in said.out + said.err, (words, letter)


def test_ten_thousand_characters_are_an_error_not_a_flood(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "start", "x" * 10_000]) == 1
    for words in (["run", "show", "x" * 10_000], ["x" * 10_000], ["run", "x" * 10_000]):
        assert main(words) in (1, 2)
    assert len(capsys.readouterr().err) < 3_000


def test_a_reader_that_goes_away_is_no_error(here: Path) -> None:
    run = subprocess.run(
        ["bash", "-c", f"set -o pipefail; '{sys.executable}' -c 'import sys; from nbmlops.doors.shell import main; sys.exit(main([\"run\"]))' | true"],
        capture_output=True, text=True, cwd=here, check=False,
    )  # fmt: skip
    assert run.returncode == 0 and run.stderr == ""


def test_a_terminal_without_unicode_still_gets_an_answer(here: Path) -> None:
    opened_run(here, "🚀")
    run = subprocess.run(
        [sys.executable, "-c", "import sys; from nbmlops.doors.shell import main; sys.exit(main(['run', 'find']))"],
        capture_output=True, text=True, cwd=here, check=False, env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    assert run.returncode == 0 and "\\U0001f680" in run.stdout


def test_rows_and_a_column_of_them_are_given_by_their_file(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)  # a machine that says how wide it is gets its lines that wide
    import pandas as pd
    from sklearn.linear_model import LinearRegression

    from nbmlops import model

    rows = pd.DataFrame({"a": range(60), "b": [at % 7 for at in range(60)]}).astype("float64")
    truth = 2 * rows["a"] - rows["b"]
    place = Workspace.at(here)
    model.register("line", LinearRegression().fit(rows, truth), data=rows, workspace=place)
    model.register("line", LinearRegression().fit(rows, truth + rows["a"] * 50), data=rows, workspace=place)
    model.gate("line", metric="mae", limit=1.0, workspace=place)
    place.close()
    rows.assign(y=truth).to_parquet("test.parquet")
    rows.assign(y=truth).to_csv("test.csv", index=False)
    for version, code, file in ((1, 0, "test.parquet"), (2, 1, "test.csv")):
        assert main(["model", "promote", "line", str(version), "--data", file, "--labels", "y"]) == code
    assert "mae" in capsys.readouterr().err
    assert main(["model", "check", "line", "2", "--data", "test.csv", "--labels", "y", "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["passed"] is False
    assert main(["model", "check", "line", "2", "--data", "test.csv", "--labels", "y"]) == 1
    reasons = [check["reason"] for check in report["checks"] if not check["passed"]]
    out = capsys.readouterr().out
    assert reasons and all(reason in out for reason in reasons), "a log has the whole of it"
    for more, words in (
        (["--data", "test.csv", "--labels", "z"], "has no column 'z'"), (["--labels", "y"], "a file that was not given"),
        (["--data", "tset.csv", "--labels", "y"], "There is no file"), (["--data", "../x/line", "--labels", "y"], "There is no file"),
    ):  # fmt: skip
        assert main(["model", "check", "line", "1", *more]) == 1
        assert words in capsys.readouterr().err
    (here / "broken.parquet").write_bytes(b"PAR1 and no more")
    assert main(["model", "check", "line", "1", "--data", "broken.parquet"]) == 1
    assert "cannot be read" in capsys.readouterr().err
