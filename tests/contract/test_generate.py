"""What is generated from the verb table is committed, and never stale."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbmlops.contract import generate

CHECKOUT = Path(__file__).parents[2]


def test_nothing_generated_is_stale(capsys: pytest.CaptureFixture[str]):
    assert generate.main(["--check", "--root", str(CHECKOUT)]) == 0, f"run `make contract`: {capsys.readouterr().out}"


def test_a_stale_file_is_named_and_writing_mends_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "README.md").write_text("# x\n<!-- verbs -->\nold\n<!-- /verbs -->\nrest\n", "utf-8")
    assert generate.main(["--check", "--root", str(tmp_path)]) == 1
    assert "README.md" in capsys.readouterr().out
    assert not (tmp_path / generate.TYPES).exists()
    assert generate.main(["--root", str(tmp_path)]) == 0
    assert generate.main(["--check", "--root", str(tmp_path)]) == 0
    readme = (tmp_path / "README.md").read_text("utf-8")
    assert "| run.find |" in readme
    assert readme.endswith("<!-- /verbs -->\nrest\n")
    assert "'run.find'" in (tmp_path / generate.TYPES).read_text("utf-8")


def test_a_readme_without_a_place_for_the_table_is_told():
    with pytest.raises(SystemExit, match="<!-- verbs -->"):
        generate.between_marks("# x", "table")
