"""`nbmlops noun action …`: the shell's door."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from nbmlops.errors import Invalid, NbmlopsError, NotFound
from nbmlops.lean import leave_out

_WIDE = 400


def main(argv: list[str] | None = None) -> int:
    """Ask a verb and print its answer.

    0; or 1, with the error on stderr, or where the answer is that something did not pass; or 2 where the command itself is wrong.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if argv is None:  # a process of our own
        leave_out()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A terminal that cannot show a letter shows its number; it is no reason to fail.
            stream.reconfigure(errors="backslashreplace")
    try:
        code = _run(words)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Whoever read has gone, as `head` does; Python must not flush into the closed pipe at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0


def _run(words: list[str]) -> int:
    if words in (["--version"], ["-V"]):
        from nbmlops import __version__

        print(f"nbmlops {__version__}")
        return 0
    from nbmlops.contract.request import arguments_of, to_json_values
    from nbmlops.contract.words import HelpAsked, parse
    from nbmlops.doors.text import text_of

    try:
        if words[:1] == ["help"] and len(words) > 1:  # `nbmlops help run find`
            words = [*words[1:], "--help"]
        asked = parse(words, prog="nbmlops", notebook=False)
        arguments = arguments_of(asked.verb, asked.given, text=True)
    except HelpAsked as asked_help:
        print(str(asked_help).rstrip())
        return 0
    except NbmlopsError as error:
        return _said(error, 2)
    try:
        result = asked.verb.function(**arguments, **_from_files(asked), workspace=_workspace(asked.workspace))
    except NbmlopsError as error:
        return _said(error, 1)
    if asked.as_json:
        print(json.dumps(to_json_values(result), indent=2))
    else:
        # What goes into a file or a log is read later, where nobody can ask for the rest.
        wide = not sys.stdout.isatty() and "COLUMNS" not in os.environ
        print(text_of(result, width=_WIDE if wide else None))
    return 0 if getattr(result, "passed", True) else 1  # a judgement is one for scripts too


def _from_files(asked: Any) -> dict[str, Any]:
    """What a notebook gives as variables: rows of files, and columns of theirs."""
    if not asked.live:
        return {}
    from pathlib import Path

    from nbmlops.data.files import has, rows_in

    files = {one.name: one.file for one in asked.verb.filed}
    found = {name: rows_in(Path(text).expanduser()) for name, text in asked.live.items() if files[name] == name}
    for name, column in asked.live.items():
        if (file := files[name]) != name:
            if file not in found:
                raise Invalid(f"--{name} names a column of a file that was not given.", hint=f"Give the file too: --{file} FILE")
            has(found[file], column, asked.live[file])
            found[name] = found[file].pop(column)
    return found


def _workspace(folder: str | None) -> Any:
    from pathlib import Path

    from nbmlops.workspace import Workspace

    if folder is None:
        return None
    if not Path(folder).expanduser().is_dir():
        # A misspelt folder must not become a workspace.
        raise NotFound(f"There is no folder {folder[:200]!r}.", hint="Make it first: mkdir")
    return Workspace.at(folder)


def _said(error: NbmlopsError, code: int) -> int:
    from nbmlops.doors.tables import visible

    print("error: " + "\n".join(visible(line) for line in error.message.split("\n")), file=sys.stderr)
    if error.hint:
        # Hints name commands as a notebook has them; here the same words follow another name.
        print(f"hint: {visible(error.hint).replace('%mlops ', 'nbmlops ')}", file=sys.stderr)
    return code
