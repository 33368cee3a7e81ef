"""Write what is derived from the verb table: the panel's types and the README's table.

    python -m nbmlops.contract.generate           write
    python -m nbmlops.contract.generate --check   say what is stale, and end with 1 if something is

Both are committed; a test fails when they are stale.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from nbmlops.contract.table import verbs
from nbmlops.contract.typescript import emit, verb_table_rows

TYPES = Path("labextension/src/api/types.ts")
README = Path("README.md")
BEGIN, END = "<!-- verbs -->", "<!-- /verbs -->"


def readme_table() -> str:
    """The README's table of verbs, in Markdown.

    >>> readme_table().splitlines()[0]
    '| Verb | Magic and shell | REST, under `nbmlops/` | |'
    """
    rows = ["| Verb | Magic and shell | REST, under `nbmlops/` | |", "| --- | --- | --- | --- |"]
    for cells in verb_table_rows(verbs()):
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows)


def between_marks(text: str, table: str) -> str:
    """`text` with `table` between its marks.

    >>> between_marks("a <!-- verbs -->old<!-- /verbs --> b", "new")
    'a <!-- verbs -->\\n\\nnew\\n\\n<!-- /verbs --> b'
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{README} has no place for the verbs: put {BEGIN} and {END} where the table goes.")
    return f"{before}{BEGIN}\n\n{table}\n\n{END}{after}"


def generated(root: Path) -> dict[Path, str]:
    """Every generated file under `root` as it should be."""
    return {
        root / TYPES: emit(),
        root / README: between_marks((root / README).read_text("utf-8"), readme_table()),
    }


def main(words: list[str] | None = None) -> int:
    """Write, or check. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m nbmlops.contract.generate", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; end with 1 if a file is stale")
    parser.add_argument("--root", type=Path, default=Path.cwd(), help="the checkout (default: the current folder)")
    asked = parser.parse_args(words)
    stale = [(path, text) for path, text in generated(asked.root).items() if not path.is_file() or path.read_text("utf-8") != text]
    for path, text in stale:
        if not asked.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        sys.stdout.write(f"{'stale' if asked.check else 'written'}: {path}\n")
    return 1 if asked.check and stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
