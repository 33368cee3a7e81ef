"""`%mlops` in a shell of this process: arguments, answers, errors, and everything back as it was."""

from __future__ import annotations

import atexit
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from nbmlops.doors.extension import load, unload
from nbmlops.doors.magics import resolve, run_cell_lines, split
from nbmlops.errors import Invalid, NotFound
from nbmlops.runs.book import RunBook
from nbmlops.runs.records import Run
from nbmlops.workspace import Workspace


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NBMLOPS_WORKSPACE", raising=False)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    hook = sys.displayhook
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(colors="nocolor")
    yield shell
    unload(shell)
    atexit.unregister(shell.atexit_operations)
    shell.atexit_operations()
    InteractiveShell.clear_instance()
    sys.displayhook = hook


@pytest.fixture
def shell(bare: InteractiveShell) -> InteractiveShell:
    load(bare)
    return bare


def state(shell: InteractiveShell) -> dict[str, Any]:
    """What loading may touch."""
    formatters = {**shell.display_formatter.formatters, "whole": shell.display_formatter.ipython_display_formatter}
    return {
        "line": dict(shell.magics_manager.magics["line"]),
        "cell": dict(shell.magics_manager.magics["cell"]),
        "registry": set(shell.magics_manager.registry),
        "matchers": list(shell.Completer.custom_matchers),
        "cleanup": list(shell.input_transformers_cleanup),
        "post": list(shell.input_transformers_post),
        "ast": (list(shell.ast_transformers), "transform_ast" in vars(shell)),
        "events": {name: list(found) for name, found in shell.events.callbacks.items()},
        "types": {name: set(formatter.type_printers) for name, formatter in formatters.items()},
        "deferred": {name: set(formatter.deferred_printers) for name, formatter in formatters.items()},
        "publisher": shell.display_pub.publish.__func__,
        "hooks": sys.displayhook,
    }


def asked(shell: InteractiveShell, line: str) -> Any:
    return shell.run_line_magic("mlops", line)


def said(shell: InteractiveShell, cell: str, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert not shell.run_cell(cell).success
    told = capsys.readouterr()
    return told.out + told.err


def test_unload_restores_everything(bare: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    before = state(bare)
    load(bare)
    load(bare)
    assert state(bare) != before
    bare.run_cell("%mlops run start one")
    bare.run_cell("%mlops run find")
    unload(bare)
    assert state(bare) == before
    unload(bare)
    assert state(bare) == before


def test_loading_twice_is_loading_once(shell: InteractiveShell) -> None:
    once = state(shell)
    load(shell)
    assert state(shell) == once


def test_an_answer_can_be_shown_and_kept(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    shell.run_cell("%mlops run start first")
    shell.run_cell("%mlops run find")
    assert "first" in capsys.readouterr().out
    shell.run_cell("kept = %mlops run find --limit 1")
    assert [type(run) for run in shell.user_ns["kept"]] == [Run]


def test_json_prints_the_record(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    asked(shell, "run start 'Müller 🚀'")
    capsys.readouterr()
    assert asked(shell, "run find --json") is None
    assert json.loads(capsys.readouterr().out)[0]["name"] == "Müller 🚀"


@pytest.mark.parametrize("line", ["run", "run --help", "run find --help", "run find -h"])
def test_help_is_printed_and_ends_nothing(line: str, shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    assert shell.run_cell(f"%mlops {line}").success
    assert "newest first" in capsys.readouterr().out


def test_the_overview_tells_of_what_only_a_notebook_has(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    assert shell.run_cell("%mlops").success
    assert "%%mlops run" in capsys.readouterr().out


def test_an_error_is_message_and_hint_without_our_traceback_and_the_cell_failed(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = said(shell, "%mlops run show nobody", capsys)
    assert shown.strip().split("\n")[0] == "NotFound: There is no run 'nobody'."
    assert len(shown.strip().split("\n")) == 2 and "Traceback" not in shown
    shown = said(shell, "%mlops rnu find", capsys)
    assert "Did you mean run?" in shown and "Traceback" not in shown


def test_an_error_from_python_names_the_line_that_asked(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    shown = said(shell, "from nbmlops import run\n\nrun.show('nobody')", capsys)
    assert shown.strip().split("\n")[:2] == ["line 3: run.show('nobody')", "NotFound: There is no run 'nobody'."]


def test_variables_are_given_by_name(shell: InteractiveShell) -> None:
    import pandas

    shell.user_ns["frames"] = {"a b": pandas.DataFrame({"x": [1, 2, 3], "y": [1, 2, 3]})}
    whole = asked(shell, "data fingerprint frames['a b']")
    assert whole.rows == 3 and asked(shell, "data fingerprint frames['a b'].x").columns != whole.columns


def test_an_unknown_variable_says_what_is_near(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    shell.user_ns["flights"] = 1
    assert "Did you mean flights?" in said(shell, "%mlops data fingerprint flihgts", capsys)


def test_a_name_is_resolved_and_nothing_is_evaluated() -> None:
    class Shop:
        prices = {"tea": [3, 4], 2: "two"}

    names = {"shop": Shop(), "np": [1, 2, 3]}
    assert resolve("shop.prices['tea'][-1]", names) == 4
    assert resolve("np[:2]", names) == [1, 2]
    for evil in (
        "__import__('os').getcwd()",
        "shop()",
        "1 + 1",
        "[x for x in np]",
        "np[print(1)]",
        "lambda: 1",
        "a b",
        "",
        "(" * 500,
        "'text'",
        "np[(yield)]",
    ):
        with pytest.raises((Invalid, NotFound)):
            resolve(evil, names)
    for absent in ("shop.price", "shop.prices['milk']", "np[9]"):
        with pytest.raises(NotFound):
            resolve(absent, names)


def test_words_keep_what_stands_in_brackets() -> None:
    assert split("""run start 'a "b" c' -p layers=[1, 2] -p names=["x y"] df["k"].x""") == [
        "run", "start", 'a "b" c', "-p", "layers=[1, 2]", "-p", 'names=["x y"]', 'df["k"].x',
    ]  # fmt: skip
    assert split("a[b 'c d'") == ["a[b", "c d"] and split("''") == [""]
    with pytest.raises(Invalid):
        split("it's")


def test_transforming_a_cell_has_no_effect_and_keeps_its_lines() -> None:
    lines = ["%%mlops run try it?\n", "x\n"]
    assert run_cell_lines(lines) == lines
    assert run_cell_lines([]) == []
    assert run_cell_lines(["%%mlops on\n"]) == ["%%mlops on\n"]
    made = run_cell_lines(["%%mlops run 'a\"b' -p x=1\n", "y\n"])
    assert made == run_cell_lines(made) and len(made) == 2
    compile("".join(made), "cell", "exec")


def test_a_cell_is_a_run_of_its_own(shell: InteractiveShell, tmp_path: Path) -> None:
    assert shell.run_cell("%%mlops run try --experiment flights --tag who=ada -p depth=3\nx = 1\n%mlops run log mae=3.5").success
    book = RunBook(Workspace.at(tmp_path))
    run = next(run for run in book.find() if run.name == "try")
    assert (run.experiment, run.status, run.params, run.metrics) == ("flights", "finished", {"depth": 3}, {"mae": 3.5})
    assert run.tags["who"] == "ada"
    book.workspace.close()


@pytest.mark.parametrize("cell", ["%%time\n%%mlops run inner\nz = 1", "get_ipython().run_cell_magic('mlops', 'run inner', 'z = 1')"])
def test_a_recorded_cell_may_stand_in_another_magic(cell: str, shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    assert shell.run_cell(cell).success and shell.user_ns["z"] == 1
    assert [(run.name, run.status) for run in asked(shell, "run find")] == [("inner", "finished")]


def test_no_other_cell_magic_pretends(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    assert "only %%mlops run, and %%mlops gates" in said(shell, "%%mlops model find\nx = 1", capsys)


def test_a_raising_cell_keeps_its_own_traceback_and_its_run_failed(
    shell: InteractiveShell, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    body = "\n".join(["a = 1", "b = 2", "c = 3", "def f():", "    return a / 0", "f()"])
    plain = said(shell, f"pass\n{body}", capsys)
    recorded = said(shell, f"%%mlops run broken\n{body}", capsys)
    assert "line 7" in recorded and recorded == plain
    place = Workspace.at(tmp_path)
    run = next(run for run in RunBook(place).find() if run.name == "broken")
    assert run.status == "failed" and "ZeroDivisionError" in (run.error or "")
    place.close()


@pytest.mark.parametrize("name", ["../x", "<img src=x onerror=alert(1)>", "🚀 👩‍🚀", "a;b|c&d", "%s %d", "$HOME"])
def test_hostile_names_are_names(name: str, shell: InteractiveShell, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shell.user_ns["name"] = name
    assert shell.run_cell("%%mlops run '{name}'\nx = 1").success
    found = asked(shell, "run find")
    assert name in [run.name for run in found] and not (tmp_path.parent / "x").exists()
    assert "<img" not in found._repr_html_()
    assert shell.run_cell("%mlops run find").success
    said(shell, "%mlops run show '{name}'", capsys)
    said(shell, "%mlops '{name}'", capsys)


@pytest.mark.parametrize("name", ["x" * 10_000, "\x1b[31mred", ""], ids=["long", "escape", "empty"])
def test_impossible_names_are_refused_in_few_words(name: str, shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    shell.user_ns["name"] = name
    for line in ("run start '{name}'", "run show '{name}'", "'{name}'", "run '{name}'", "data fingerprint '{name}'"):
        shown = said(shell, f"%mlops {line}", capsys)
        assert len(shown) < 2_000 and "Traceback" not in shown and "\x1b[31mred" not in shown, line


def test_a_named_workspace_must_be_there(shell: InteractiveShell, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "There is no folder" in said(shell, "%mlops run find --workspace nowhere", capsys)
    (tmp_path / "other").mkdir()
    assert asked(shell, "run find --workspace other") == []


def test_off_records_nothing_until_on(shell: InteractiveShell, tmp_path: Path) -> None:
    shell.run_cell("%mlops off")
    shell.run_cell("x = 1")
    shell.run_cell("%mlops on")
    shell.run_cell("%mlops run start after")
    assert next(run.name for run in asked(shell, "run find")) == "after"
