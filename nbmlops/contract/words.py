"""Command words → a verb's arguments: the one parser behind `%mlops` and `nbmlops`."""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from typing import Any, get_args, get_origin

from nbmlops.contract.request import usage
from nbmlops.contract.table import STAGES, Parameter, Verb, find, verbs_of
from nbmlops.errors import Invalid


@dataclass(frozen=True)
class Asked:
    """A parsed command: the verb, its arguments as text, names of live variables (in a shell of files), and what every command takes."""

    verb: Verb
    given: dict[str, Any]
    live: dict[str, str]
    as_json: bool
    workspace: str | None


class HelpAsked(Exception):
    """Somebody asked for help; the text is the argument."""


class Parser(argparse.ArgumentParser):
    """argparse that neither prints nor exits: a magic must not end the kernel."""

    def error(self, message: str) -> Any:
        raise Invalid(f"{self.prog}: {message}.", hint=self.format_usage().strip().replace("\n", " "))

    def parse_known_intermixed_args(self, args: Any = None, namespace: Any = None) -> Any:
        if self.usage is None:
            # argparse keeps the usage as a template here, in which the "%" of "%mlops" would be a format.
            self.usage = self.format_usage().removeprefix("usage: ").strip().replace("%", "%%")
        return super().parse_known_intermixed_args(args, namespace)

    def exit(self, status: int = 0, message: str | None = None) -> Any:
        raise HelpAsked(message or "")

    def print_help(self, file: Any = None) -> None:
        raise HelpAsked(self.format_help())


def overview(prog: str) -> str:
    """What there is to ask: nouns, actions, first sentences."""
    lines = [f"usage: {prog} NOUN ACTION …", ""]
    for noun in STAGES:
        lines.append(noun)
        lines += [f"  {verb.action:<10} {verb.summary}" for verb in verbs_of(noun)]
    lines += ["", f"More: {prog} NOUN ACTION --help"]
    return "\n".join(lines)


def parse(words: list[str], *, prog: str, notebook: bool) -> Asked:
    """The command in `words`. Raises Invalid or NotFound with what there is, HelpAsked with a help text."""
    if not words or words[0] in ("-h", "--help", "help"):
        raise HelpAsked(overview(prog))
    noun = words[0]
    actions = verbs_of(noun)
    if len(words) == 1 or words[1] in ("-h", "--help"):
        raise HelpAsked("\n".join([f"{prog} {noun} …", *(f"  {verb.action:<10} {verb.summary}" for verb in actions)]))
    verb = find(noun, words[1])
    if verb.needs_notebook and not notebook:
        raise Invalid(f"{verb.id} needs something only a notebook has.", hint=f"In a notebook: %mlops {usage(verb)}")
    parser = parser_of(verb, prog=prog, notebook=notebook)
    try:
        found = vars(parser.parse_intermixed_args(_joined(words[2:], parser)))
    except argparse.ArgumentError as error:
        parser.error(str(error))
    as_json, workspace = found.pop("json"), found.pop("workspace")
    live, given = {}, {}
    for parameter in verb.parameters:
        value = found.get(parameter.name)
        if value is None or (value == [] and not parameter.required):
            continue
        if parameter.words:
            given[parameter.name] = value[0] if len(value) == 1 else " ".join(json.dumps(word) if " " in word else word for word in value)
        elif parameter.live:
            live[parameter.name] = value
        elif get_origin(parameter.bare) is dict:
            given[parameter.name] = pairs(value)
        else:
            given[parameter.name] = value
    return Asked(verb, given, live, as_json, workspace)


def _joined(words: list[str], parser: argparse.ArgumentParser) -> list[str]:
    """`--sort -mae` as `--sort=-mae`: what begins with one dash and is no option is a value."""
    options = {flag: action for action in parser._actions for flag in action.option_strings}
    found: list[str] = []
    for word in words:
        option = options.get(found[-1]) if found else None
        takes_one = option is not None and option.nargs is None and found[-1].startswith("--")
        if takes_one and word[:1] == "-" and word[:2] != "--" and word not in options and len(word) > 1:
            found[-1] = f"{found[-1]}={word}"
        else:
            found.append(word)
    return found


def parser_of(verb: Verb, *, prog: str, notebook: bool) -> argparse.ArgumentParser:
    """The argparse parser of one verb."""
    text = (verb.function.__doc__ or "").strip()
    parser = Parser(
        prog=f"{prog} {verb.noun} {verb.action}",
        description=text,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        exit_on_error=False,
    )
    for parameter in verb.parameters:
        if parameter.live and not notebook and parameter.file is None:
            continue
        flags, how = _argument(parameter)
        if parameter.file is not None and not notebook:
            how["metavar"] = "FILE" if parameter.file == parameter.name else "COLUMN"
        parser.add_argument(*flags, **how)
    parser.add_argument("--json", action="store_true", help="the record itself, as JSON")
    parser.add_argument("--workspace", metavar="FOLDER", help="work in this workspace, not the nearest")
    return parser


def _argument(parameter: Parameter) -> tuple[list[str], dict[str, Any]]:
    kind, help_text = parameter.bare, parameter.help.replace("%", "%%")
    flag = "--" + parameter.name.replace("_", "-")
    if kind is bool:
        return [flag], {"action": argparse.BooleanOptionalAction, "default": None, "dest": parameter.name, "help": help_text}
    how: dict[str, Any] = {"help": help_text, "default": None}
    repeated = get_origin(kind) in (dict, list, tuple)
    how["metavar"] = "NAME=VALUE" if get_origin(kind) is dict else parameter.name.upper()
    if get_origin(kind) is not None and not repeated and not parameter.live:  # Literal
        choices = [str(choice) for choice in get_args(kind)]
        how["metavar"] = "{" + ",".join(choices) + "}"
    if parameter.positional:
        if repeated or parameter.words:
            how["nargs"] = "+" if parameter.required else "*"
        elif not parameter.required:
            how["nargs"] = "?"
        return [parameter.name], how
    if repeated:
        how["action"] = "append"
    flags = [flag, "-p"] if parameter.name == "params" else [flag]
    return flags, {**how, "dest": parameter.name, "required": parameter.required}


def pairs(words: list[str]) -> dict[str, Any]:
    """`name=value` words; a value is read as JSON first, and is text where that fails.

    >>> pairs(["lr=0.1", "kind=fast", "deep=true"])
    {'lr': 0.1, 'kind': 'fast', 'deep': True}
    """
    found = {}
    for word in words:
        name, mark, value = word.partition("=")
        if not mark or not name:
            raise Invalid(f"{word!r} is not NAME=VALUE.", hint="For example: lr=0.1")
        found[name] = value_of(value)
    return found


def value_of(text: str) -> Any:
    """A word's value: JSON where it is JSON (numbers, true, null, lists), the text itself otherwise.

    >>> value_of("1e-3"), value_of("NaN"), value_of("007")
    (0.001, 'NaN', '007')
    """
    try:
        return json.loads(text, parse_constant=lambda name: name)
    except (ValueError, RecursionError):
        return text
