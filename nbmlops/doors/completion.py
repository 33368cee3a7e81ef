"""What the Tab key offers after `%mlops`: nouns, actions, options, choices, variables, and names the ledger knows."""

from __future__ import annotations

import difflib
import re
import shlex
import types
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from IPython.core.completer import CompletionContext, SimpleCompletion, SimpleMatcherResult, context_matcher

_COMMAND = re.compile(r"^\s*(?:[\w.]+\s*=\s*)?(%{1,2})mlops\s+(.*)$", re.DOTALL)
_COMMON = ["--json", "--workspace", "--help"]
_CELL_OPTIONS = ["--experiment", "--tag", "--params"]
_MOST = 200

# What an argument's name says about where its values are. Reading only, and a handful of rows: completion runs between
# two keystrokes, so it asks the ledger itself and no stage.
_KNOWN = {
    "model": "SELECT DISTINCT model FROM model_version ORDER BY model LIMIT ?",
    "endpoint": "SELECT name FROM endpoint ORDER BY name LIMIT ?",
    "run": "SELECT id FROM run ORDER BY started_at DESC LIMIT ?",
    "runs": "SELECT id FROM run ORDER BY started_at DESC LIMIT ?",
    "experiment": "SELECT DISTINCT experiment FROM run ORDER BY experiment LIMIT ?",
    "alias": "SELECT DISTINCT alias FROM alias UNION SELECT 'champion' LIMIT ?",
    "version": "SELECT DISTINCT version FROM model_version ORDER BY version DESC LIMIT ?",
    "study": "SELECT s.name FROM study s JOIN run r ON r.id = s.run ORDER BY r.started_at DESC LIMIT ?",
    "pipeline run": "SELECT id FROM pipeline_run ORDER BY started_at DESC LIMIT ?",
    "running": "SELECT id FROM pipeline_run WHERE status = 'running' ORDER BY started_at DESC LIMIT ?",
    "kept": "SELECT DISTINCT path FROM kept_file ORDER BY path LIMIT ?",
    "kept version": "SELECT digest FROM kept_file ORDER BY kept_at DESC LIMIT ?",
    "digest": "SELECT digest FROM dataset ORDER BY first_seen_at DESC LIMIT ?",
    "comparable": "SELECT id FROM (SELECT id FROM run ORDER BY started_at DESC LIMIT 100) UNION ALL SELECT digest FROM dataset LIMIT ?",
    "lineage": "SELECT DISTINCT model FROM model_version UNION SELECT name FROM endpoint"
    " UNION ALL SELECT id FROM (SELECT id FROM run ORDER BY started_at DESC LIMIT 50) LIMIT ?",
    "subject": "SELECT DISTINCT subject FROM audit ORDER BY subject LIMIT ?",
}
_KNOWN_OF = {
    ("pipeline.show", "run"): "pipeline run", ("pipeline.sweep", "name"): "study", ("pipeline.study", "name"): "study",
    ("pipeline.stop", "run"): "running",
    ("data.restore", "path"): "kept", ("data.versions", "path"): "kept",
    ("data.restore", "digest"): "kept version", ("endpoint", "name"): "endpoint", ("lineage", "subject"): "lineage",
    ("data", "before"): "comparable", ("data", "after"): "comparable",
}  # fmt: skip


def add(shell: Any, undo: ExitStack) -> None:
    """Register the matcher."""
    matcher = _matcher_of(shell)
    shell.Completer.custom_matchers.append(matcher)
    undo.callback(_remove, shell.Completer.custom_matchers, matcher)


def _remove(matchers: list[Any], matcher: Any) -> None:
    if matcher in matchers:
        matchers.remove(matcher)


def _matcher_of(shell: Any) -> Callable[[CompletionContext], SimpleMatcherResult]:
    @context_matcher(identifier="nbmlops.matcher")  # type: ignore[untyped-decorator,unused-ignore]
    def matcher(context: CompletionContext) -> SimpleMatcherResult:
        before = context.full_text.split("\n")[context.cursor_line][: context.cursor_position]
        found = _COMMAND.match(before)
        if not found or (found[1] == "%%" and context.cursor_line != 0):
            return {"completions": []}
        try:
            fragment, offered = complete(found[2], shell.user_ns, cell=found[1] == "%%", hidden=shell.user_ns_hidden)
        except Exception:
            # Between two keystrokes there is nowhere to show an error; the command itself will tell it.
            fragment, offered = "", []
        return {
            "completions": [SimpleCompletion(text=text, type="param") for text in offered],
            "suppress": True,
            "ordered": True,
            "matched_fragment": fragment,
        }

    return matcher


def complete(text: str, names: dict[str, Any], *, cell: bool = False, hidden: Iterable[str] = ()) -> tuple[str, list[str]]:
    """The word being typed after `%mlops `, and what it may become.

    A word that nothing begins with is taken for a slip: what is spelled nearly so is offered.

    >>> complete("mod", {})
    ('mod', ['model'])
    >>> complete("modle", {})
    ('modle', ['model'])
    """
    words = _words(text)
    fragment = "" if not words or text[-1:].isspace() else words.pop()
    offered = _cell_words(words) if cell else _offered(words, fragment, names, hidden)
    begun = [word for word in offered if word.startswith(fragment)]
    if not begun and len(fragment) > 2:
        begun = difflib.get_close_matches(fragment, offered, n=3)
    return fragment, [shlex.quote(word) if " " in word else word for word in begun]


def _words(text: str) -> list[str]:
    from nbmlops.doors.magics import split
    from nbmlops.errors import Invalid

    try:
        return split(text)
    except Invalid:  # a quote not closed yet
        return text.split()


def _cell_words(words: list[str]) -> list[str]:
    if not words:
        return ["run"]
    if words[-1] == "--experiment":
        return _known("experiment")
    return _CELL_OPTIONS


def _offered(words: list[str], fragment: str, names: dict[str, Any], hidden: Iterable[str]) -> list[str]:
    from nbmlops.contract.table import STAGES, verbs_of

    if not words:
        return [*STAGES, "help", "on", "off"]
    if words[0] not in STAGES:
        return []
    verbs = {verb.action: verb for verb in verbs_of(words[0])}
    if len(words) == 1:
        return list(verbs)
    if words[1] not in verbs:
        return []
    return _arguments(verbs[words[1]], words[2:], fragment, names, hidden)


def _arguments(verb: Any, words: list[str], fragment: str, names: dict[str, Any], hidden: Iterable[str]) -> list[str]:
    from nbmlops.contract.words import parser_of

    parser = parser_of(verb, prog="%mlops", notebook=True)
    takes_value = {flag for action in parser._actions for flag in action.option_strings if action.nargs != 0}
    by_flag = {f"--{parameter.name.replace('_', '-')}": parameter for parameter in verb.parameters}
    if words and words[-1] in takes_value:
        parameter = by_flag.get(words[-1])
        return _values(verb, parameter, fragment, names, hidden) if parameter else _folders(words[-1])
    options = [flag for action in parser._actions for flag in action.option_strings if flag.startswith("--") and flag not in _COMMON]
    used = {word for word in words if word.startswith("--")}
    rest = [flag for flag in [*options, *_COMMON] if flag not in used]
    if fragment.startswith("-"):
        return rest
    places = [parameter for parameter in verb.parameters if parameter.positional]
    filled = sum(1 for at, word in enumerate(words) if not word.startswith("-") and (at == 0 or words[at - 1] not in takes_value))
    if filled >= len(places) and not (places and get_origin(places[-1].bare) is list):
        return rest
    return [*_values(verb, places[min(filled, len(places) - 1)], fragment, names, hidden), *([] if fragment else rest)]


def _values(verb: Any, parameter: Any, fragment: str, names: dict[str, Any], hidden: Iterable[str]) -> list[str]:
    if parameter.live:
        skip = set(hidden)
        return sorted(
            name for name, value in names.items()
            if not name.startswith("_") and name not in skip and not isinstance(value, (types.ModuleType, types.FunctionType, type))
        )  # fmt: skip
    if get_origin(parameter.bare) is Literal:
        return [str(choice) for choice in get_args(parameter.bare)]
    if verb.noun == "pipeline" and parameter.name in ("notebook", "pipeline"):
        kinds = ("*.ipynb", "*.y*ml") if parameter.name == "notebook" else ("*.y*ml",)
        return sorted(str(path) for kind in kinds for path in Path().glob(kind))
    if parameter.name == "notebook":
        return sorted(str(path) for path in Path().glob("*.ipynb"))
    if (verb.id, parameter.name) == ("data.add", "path"):
        return sorted(f"{path}/" if path.is_dir() else str(path) for path in Path().iterdir() if not path.name.startswith("."))
    name = _KNOWN_OF.get((verb.id, parameter.name)) or _KNOWN_OF.get((verb.noun, parameter.name), parameter.name)
    return _known(name, fragment)


def _folders(flag: str) -> list[str]:
    return (
        sorted(str(path) for path in Path().iterdir() if path.is_dir() and not path.name.startswith(".")) if flag == "--workspace" else []
    )


def _known(name: str, fragment: str = "") -> list[str]:
    """Names of one kind in the workspace here, if there is one: completion makes none and migrates none."""
    from nbmlops.runs import spooled
    from nbmlops.settings import FOLDER, SCHEMA_VERSION, find_root, read_settings
    from nbmlops.workspace import opened

    root = find_root(Path.cwd())
    if name not in _KNOWN or root is None:
        return []
    settings = read_settings(root)
    if settings is None or settings.schema_version != SCHEMA_VERSION:
        return []
    if settings.ledger == "sqlite" and not (root / FOLDER / "ledger.sqlite").is_file():
        return []
    place = opened(Path.cwd())
    spooled.flush(place)
    return [str(row[0]) for row in place.ledger.read(_KNOWN[name], _MOST)]
