"""`%mlops noun action …`, and `%%mlops run NAME` for a cell that is a run of its own."""

from __future__ import annotations

import ast
import difflib
import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from IPython.core.magic import Magics, line_cell_magic, magics_class

from nbmlops.errors import Invalid, NotFound, there_is

# The line that stands in for `%%mlops run` in the cell that runs; nobody types it.
_CELL = "%%run"
_OFF = "%%off"

_EXTRA = """
notebook
  off        Record nothing from here on.
  on         Record again.
  %%mlops run [NAME] [--experiment E] [--tag K=V] [-p K=V]    Record this cell as a run of its own.
  %%mlops gates MODEL [--data X --labels y] [--code]          What must hold before MODEL is promoted, as YAML.
  %%mlops off                                                 Record nothing of this cell (or its first line: # mlops: off)."""


def add(shell: Any, undo: ExitStack) -> None:
    """Register the magics, and the transformer that makes `%%mlops run` an ordinary cell."""
    before = {kind: shell.magics_manager.magics[kind].get("mlops") for kind in ("line", "cell")}
    shell.register_magics(MlopsMagics)
    shell.input_transformers_cleanup.append(run_cell_lines)
    undo.callback(_remove, shell, before)


def _remove(shell: Any, before: dict[str, Any]) -> None:
    for kind, known in before.items():
        shell.magics_manager.magics[kind].pop("mlops", None)
        if known is not None:
            shell.magics_manager.magics[kind]["mlops"] = known
    shell.magics_manager.registry.pop("MlopsMagics", None)
    if run_cell_lines in shell.input_transformers_cleanup:
        shell.input_transformers_cleanup.remove(run_cell_lines)


def run_cell_lines(lines: list[str]) -> list[str]:
    """A cell that begins `%%mlops run` or `%%mlops off` as plain lines, as many as before.

    The cell then runs as any other: its exception, its line numbers and its one traceback are its own, and capture
    ends the run when the cell ends. IPython asks more than once per cell, so nothing is done here.

    >>> run_cell_lines(["%%mlops run try\\n", "fit()\\n"])
    ["get_ipython().run_line_magic('mlops', '%%run try')\\n", 'fit()\\n']
    """
    words = lines[0].split(maxsplit=2) if lines else []
    if words[:1] != ["%%mlops"] or words[1:2] not in (["run"], ["off"]) or lines[0].rstrip().endswith("?"):
        return lines
    rest = words[2].strip() if len(words) > 2 else ""
    ending = "\n" if lines[0].endswith("\n") else ""
    stands_in = _CELL if words[1] == "run" else _OFF
    return [f"get_ipython().run_line_magic('mlops', {f'{stands_in} {rest}'.rstrip()!r}){ending}", *lines[1:]]


@magics_class
class MlopsMagics(Magics):
    """The magics of nbmlops."""

    @line_cell_magic
    def mlops(self, line: str, cell: str | None = None) -> Any:
        """Ask for runs, data, models, endpoints, drift: `%mlops` lists what there is.

            %mlops run find                      what ran, as a table
            best = %mlops run find --limit 1     the same, kept
            %mlops model register air-time forest --data X    variables by their names
            %%mlops run NAME                     this cell is a run of its own
            %mlops off, %mlops on                record nothing; record again

        `--help` after any command explains it, `--json` prints its record.
        """
        from nbmlops import capture
        from nbmlops.contract import words as contract

        words = split(line)
        if cell is not None:
            return self._cell(words, cell)
        if words[:1] == [_CELL]:
            return _start_cell_run(words[1:])
        if words[:1] == [_OFF]:
            return None  # capture has seen it at the head of the cell
        if words in (["off"], ["on"]):
            getattr(capture, words[0])()
            return None
        try:
            asked = contract.parse(words, prog="%mlops", notebook=True)
        except contract.HelpAsked as asked_help:
            top = not words or words[0] in ("-h", "--help", "help")
            print(str(asked_help).rstrip() + (f"\n{_EXTRA}" if top else ""))
            return None
        return self._answer(asked)

    def _answer(self, asked: Any) -> Any:
        from nbmlops.contract.request import arguments_of, call, to_json_values
        from nbmlops.doors.display import Records, asked_in
        from nbmlops.workspace import Workspace

        assert self.shell is not None
        live = {name: resolve(text, self.shell.user_ns) for name, text in asked.live.items()}
        workspace = Workspace.at(existing(asked.workspace)) if asked.workspace else None
        result = call(asked.verb, asked.given, text=True, live=live, workspace=workspace)
        if asked.as_json:
            print(json.dumps(to_json_values(result), indent=2, ensure_ascii=False))
            return None
        if not isinstance(result, list):
            if workspace is not None:
                asked_in(result, workspace)
            return result
        records = Records(result)
        records.asked, records.workspace = arguments_of(asked.verb, asked.given, text=True), workspace
        return records

    def _cell(self, words: list[str], cell: str) -> Any:
        if words[:1] == ["gates"]:
            return self._gates(words[1:], cell)
        # The transformer has taken `%%mlops run` at the head of a cell; here are other words, or a call from Python.
        if words[:1] != ["run"]:
            hint = "%%mlops run NAME, or %mlops … on one line"
            raise Invalid("Of the cell magics there is only %%mlops run, and %%mlops gates.", hint=hint)
        _start_cell_run(words[1:])
        assert self.shell is not None
        self.shell.ex(self.shell.transform_cell(cell))
        return None

    def _gates(self, words: list[str], cell: str) -> Any:
        """`%%mlops gates MODEL …`: the cell is what `%mlops model gates MODEL FILE` reads from a file."""
        from nbmlops.contract import words as contract

        try:
            asked = contract.parse(["model", "gates", *words], prog="%mlops", notebook=True)
        except contract.HelpAsked as asked_help:
            print(str(asked_help).rstrip())
            return None
        asked.given["text"] = cell
        return self._answer(asked)


def _start_cell_run(words: list[str]) -> None:
    from nbmlops import capture
    from nbmlops.contract.words import HelpAsked, pairs

    try:
        given = _run_parser().parse_intermixed_args(words)
    except HelpAsked as asked_help:
        print(str(asked_help).rstrip())
        return
    tags = {name: str(value) for name, value in pairs(given.tag).items()}
    capture.cell_run(given.name, experiment=given.experiment, params=pairs(given.params), tags=tags)


def _run_parser() -> Any:
    from nbmlops.contract.words import Parser

    parser = Parser(prog="%%mlops run", description="Record this cell as a run of its own.", allow_abbrev=False)
    parser.add_argument("name", nargs="?", default="run", metavar="NAME", help="what to call it")
    parser.add_argument("--experiment", help="the question it belongs to")
    parser.add_argument("--tag", action="append", default=[], metavar="NAME=VALUE", help="a word to find it by; may be repeated")
    parser.add_argument(
        "--params", "-p", action="append", default=[], metavar="NAME=VALUE", help="an input fixed before the run; may be repeated"
    )
    return parser


def split(line: str, *, brackets: bool = True) -> list[str]:
    """Words at spaces; quotes hold one together and fall away, but what stands in `[…]` stays as written.

    >>> split('model show "air time" --run x')
    ['model', 'show', 'air time', '--run', 'x']
    >>> split("data fingerprint df['a b'][:3]")
    ['data', 'fingerprint', "df['a b'][:3]"]
    """
    words: list[str] = []
    word: str | None = None
    quote, depth = "", 0
    for letter in line:
        if quote:
            closes = letter == quote
            quote = "" if closes else quote
            word = (word or "") + ("" if closes and not depth else letter)
        elif letter in "'\"":
            quote, word = letter, (word or "") + (letter if depth else "")
        elif letter.isspace() and not depth:
            if word is not None:
                words.append(word)
            word = None
        else:
            if brackets:
                depth = max(0, depth + (letter == "[") - (letter == "]"))
            word = (word or "") + letter
    if depth:  # brackets that are no brackets
        return split(line, brackets=False)
    if quote:
        raise Invalid(f"%mlops: a quote {quote} is opened and never closed.", hint='Quote what holds a quote: "it\'s"')
    return words if word is None else [*words, word]


def resolve(text: str, names: dict[str, Any]) -> Any:
    """The live object that `text` names: a variable, its attributes and items. No other expression is evaluated.

    >>> resolve("shop.prices['tea'][-1]", {"shop": type("Shop", (), {"prices": {"tea": [3, 4]}})})
    4
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise _not_a_name(text) from error
    return _value(tree, names, text)


def _value(node: ast.AST, names: dict[str, Any], text: str) -> Any:
    if isinstance(node, ast.Name):
        if node.id not in names:
            near = difflib.get_close_matches(node.id, [name for name in names if not name.startswith("_")], n=3, cutoff=0.7)
            raise NotFound(
                f"There is no variable {node.id[:60]!r} here.", hint=f"Did you mean {there_is(near)}?" if near else "Run its cell first."
            )
        return names[node.id]
    if isinstance(node, ast.Attribute):
        owner = _value(node.value, names, text)
        if not hasattr(owner, node.attr):
            near = difflib.get_close_matches(node.attr, dir(owner), n=3)
            raise NotFound(
                f"{ast.unparse(node.value)[:60]!r} has no {node.attr[:60]!r}.", hint=f"Did you mean {there_is(near)}?" if near else ""
            )
        return getattr(owner, node.attr)
    if isinstance(node, ast.Subscript):
        owner = _value(node.value, names, text)
        try:
            key = ast.literal_eval(node.slice) if not isinstance(node.slice, ast.Slice) else _slice(node.slice)
        except ValueError as error:
            raise _not_a_name(text) from error
        try:
            return owner[key]
        except (LookupError, TypeError) as error:
            raise NotFound(f"{ast.unparse(node.value)[:60]!r} has no item {key!r:.60}.", hint="Look at it in a cell of its own.") from error
    raise _not_a_name(text)


def _slice(node: ast.Slice) -> slice:
    return slice(*(part and ast.literal_eval(part) for part in (node.lower, node.upper, node.step)))


def _not_a_name(text: str) -> Invalid:
    return Invalid(
        f"{text[:60]!r} is not the name of a variable.",
        hint="Give a name, its attributes or its items: model, splits.train, frames['march']",
    )


def existing(folder: str) -> Path:
    """The folder somebody named for a workspace; a misspelt one must not become a workspace."""
    path = Path(folder).expanduser()
    if not path.is_dir():
        raise NotFound(f"There is no folder {folder[:200]!r}.", hint="Make it first: mkdir")
    return path
