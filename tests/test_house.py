"""The house's own rules, held by tests."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import nbmlops

ROOT = Path(__file__).parents[1]
SOURCES = [
    path
    for folder in ("nbmlops", "demo", "benchmarks", "tests", "labextension/src")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in (".py", ".ts", ".tsx")
]


def test_no_file_is_longer_than_500_lines():
    long = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in SOURCES if path.name != "types.ts"}
    assert {name: lines for name, lines in long.items() if lines > 500} == {}


def test_nothing_is_named_for_nothing():
    assert [path.name for path in SOURCES if path.stem in ("utils", "util", "helpers", "common", "manager", "misc")] == []


def test_one_version_number():
    assert f'version = "{nbmlops.__version__}"' in (ROOT / "pyproject.toml").read_text("utf-8")
    assert f'"version": "{nbmlops.__version__}"' in (ROOT / "labextension/package.json").read_text("utf-8")
    assert nbmlops.__version__ in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_importing_brings_nothing_heavy():
    code = "import sys, nbmlops; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    loaded = set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())
    heavy = {
        "pandas",
        "sklearn",
        "plotly",
        "starlette",
        "jupyter_server",
        "numpy",
        "pyarrow",
        "IPython",
        "papermill",
        "matplotlib",
        "msgspec",
        "tornado",
    }
    assert loaded & heavy == set()


def test_every_choice_that_was_hard_has_its_page():
    pages = sorted(path.name for path in (ROOT / "docs/decisions").glob("0*.md"))
    for word in ("records", "ledger", "parser", "server", "executor", "hashing"):
        assert any(word in page for page in pages), word


def test_the_nouns_answer_in_python_as_in_the_shell():
    from nbmlops.contract.table import verbs

    for verb in verbs().values():
        assert getattr(getattr(nbmlops, verb.noun), verb.action) is verb.function


def test_every_public_function_says_what_it_gives():
    silent = []
    for path in (ROOT / "nbmlops").rglob("*.py"):
        for found in re.finditer(r"^(?:    )?def ([a-z]\w*)\(.*?\).*?:\n(\s+)(.*)", path.read_text("utf-8"), re.M | re.S):
            if not found[3].lstrip().startswith(('"""', 'r"""')) and found[0].count("\n") < 12 and "def " not in found[0][4:]:
                silent.append(f"{path.relative_to(ROOT)}: {found[1]}")
    assert silent == []
