"""A gates file: what must hold, kind by kind, read as safely as a pipeline's; what is not understood is named with its line."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import Any

import msgspec

from nbmlops import plugins
from nbmlops.errors import Invalid, there_is
from nbmlops.models.gates.port import Asked
from nbmlops.pipelines.yaml_text import parsed

_MOST_CHECKS = 200


class DataAsked(Asked, frozen=True, kw_only=True):
    """A file of labelled rows: the column of labels, and columns that no model takes but fairness is asked by."""

    file: str
    labels: str
    sensitive: list[str] = []


@dataclass(frozen=True)
class Written:
    """What a gates file says: its alias, its rows' file, and what is asked, in its order."""

    alias: str | None
    data: DataAsked | None
    asked: list[tuple[str, Asked]]

    @property
    def kinds(self) -> list[str]:
        """The kinds that are asked."""
        return list(dict.fromkeys(kind for kind, _ in self.asked))


def read(text: str, name: str) -> Written:
    """What the text of a gates file says. Raises Invalid with the line and the key.

    >>> read("performance: {metric: mae, limit: 10}", "gates.yaml").asked[0][1].limit
    10.0
    >>> read("size: {megabytes: 5}\\nsise: {}", "gates.yaml")
    Traceback (most recent call last):
    nbmlops.errors.Invalid: gates.yaml, line 2: 'sise' is no kind of gate. There is: size.
    """
    found = parsed(text, name)
    if not isinstance(found, dict) or not found:
        raise Invalid(f"{name} asks for nothing.", hint="For example: performance: {metric: mae, limit: 10}")
    kinds = plugins.names("gate")
    alias, data, asked = None, None, []
    for key, values in found.items():
        place = f"{name}, line {_line(text, key)}"
        if key == "alias":
            if not isinstance(values, str):
                raise Invalid(f"{place}: alias is {_short(values)}, not a text.", hint="alias: champion")
            alias = values
        elif key == "data":
            data = _converted(values, DataAsked, key, text, name)
        elif key in kinds:
            asks = plugins.adapter("gate", key).asks
            each = values if isinstance(values, list) else [values]
            if not each:
                raise Invalid(f"{place}: {key} asks for nothing.", hint="Leave it out, or say what it asks.")
            asked += [(key, _converted({} if one is None else one, asks, key, text, name)) for one in each]
        else:
            near = difflib.get_close_matches(key, [*kinds, "alias", "data"], 1)
            raise Invalid(f"{place}: {key[:60]!r} is no kind of gate.", hint=f"There is: {there_is(near or kinds)}.")
    if not asked:
        raise Invalid(f"{name} asks for nothing.", hint=f"Kinds of gates: {there_is(kinds)}.")
    if len(asked) > _MOST_CHECKS:
        raise Invalid(f"{name} asks for {len(asked):,} checks.", hint=f"At most {_MOST_CHECKS}.")
    return Written(alias, data, asked)


def _converted(values: Any, asks: type[Any], kind: str, text: str, name: str) -> Any:
    if not isinstance(values, dict):
        raise Invalid(f"{name}, line {_line(text, kind)}: {kind} is {_short(values)}, not a mapping.", hint=f"{kind}: {{…}}")
    try:
        return msgspec.convert(values, asks, strict=True)
    except msgspec.ValidationError as error:
        said = str(error)
    key, message, hint = _explained(said, asks)
    line = _line(text, key, after=kind) if key else _line(text, kind)
    raise Invalid(f"{name}, line {line}: {kind}: {message}.", hint=hint)


def _explained(said: str, asks: type[Any]) -> tuple[str, str, str]:
    """What msgspec says of a value: the key it is about, a sentence, and what to do."""
    message, _, place = said.partition(" - at `$")
    path = place.removesuffix("`").strip(".")
    known = [field.name for field in msgspec.structs.fields(asks)]
    keys = f"It takes: {', '.join(known)}."
    if odd := re.fullmatch(r"Object contains unknown field `(.*)`", message):
        near = difflib.get_close_matches(odd[1], known, 1)
        return (
            odd[1],
            f"{odd[1][:60]!r} is not understood{f' in {path}' if path else ''}",
            f"Did you mean {near[0]}? {keys}" if near else keys,
        )
    if lacks := re.fullmatch(r"Object missing required field `(.*)`", message):
        return "", f"{lacks[1]} is missing{f' in {path}' if path else ''}", keys
    last = re.sub(r"\[.*?\]", "", path).rpartition(".")[2]
    wrong = re.fullmatch(r"Expected `(.*)`, got `(.*)`", message)
    what = f"{path} is {_kind(wrong[2])}, not {_kind(wrong[1])}" if wrong else f"{path + ': ' if path else ''}{message}"
    return last, what.rstrip("."), keys


_WORDS = {"str": "a text", "int": "a whole number", "float": "a number", "bool": "true or false", "array": "a list", "object": "a mapping"}


def _kind(said: str) -> str:
    return " or ".join(_WORDS.get(one.strip(), one.strip()) for one in said.split("|"))


def _line(text: str, key: str, after: str | None = None) -> int:
    """Where a key stands: the first time, or the first time behind another."""
    at = _line(text, after) - 1 if after else 0
    word = re.compile(rf"(?:^|[\s{{,\-\"']){re.escape(key)}[\"']?\s*:")
    for number, line in enumerate(text.splitlines(), 1):
        if number > at and word.search(line.partition(" #")[0]):
            return number
    return max(at, 1)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
