"""One validation for every door: text or JSON values in, typed arguments out; records out, JSON values back."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import msgspec

from nbmlops.contract.table import Verb
from nbmlops.errors import Invalid, there_is


@cache
def _shape(verb: Verb) -> type[msgspec.Struct]:
    fields: list[Any] = []
    for parameter in sorted(verb.stored, key=lambda parameter: not parameter.required):
        if parameter.required:
            fields.append((parameter.name, parameter.type))
        else:
            # No default is written down twice: `arguments_of` hands on only what was given.
            fields.append((parameter.name, parameter.type, msgspec.field(default_factory=lambda: None)))
    return msgspec.defstruct("Request", fields, forbid_unknown_fields=True, kw_only=True)


def call(verb: Verb, given: dict[str, Any], *, text: bool, live: dict[str, Any] | None = None, workspace: Any = None) -> Any:
    """Validate `given` and ask the verb.

    `text`: values come as text (shell, magic, query string), so that "3" may become 3. Raises Invalid with the words
    of the verb's own arguments.
    """
    arguments = arguments_of(verb, given, text=text)
    return verb.function(**arguments, **(live or {}), workspace=workspace)


def arguments_of(verb: Verb, given: dict[str, Any], *, text: bool) -> dict[str, Any]:
    """Typed arguments of a verb."""
    known = {parameter.name for parameter in verb.stored}
    unknown = sorted(set(given) - known)
    if unknown:
        raise Invalid(f"{verb.id} takes no {unknown[0]!r}.", hint=f"It takes: {there_is(known)}.")
    missing = [parameter.name for parameter in verb.stored if parameter.required and parameter.name not in given]
    if missing:
        raise Invalid(f"{verb.id} needs {missing[0]!r}.", hint=f"Usage: {usage(verb)}")
    try:
        request = msgspec.convert(given, _shape(verb), strict=not text)
    except msgspec.ValidationError as error:
        raise Invalid(f"{verb.id}: {str(error).replace('$.', '')}.", hint=f"Usage: {usage(verb)}") from error
    return {name: getattr(request, name) for name in given}


def usage(verb: Verb) -> str:
    """One line: `model promote MODEL VERSION [--alias ALIAS]`."""
    words = [verb.noun, verb.action]
    for parameter in verb.parameters:
        word = parameter.name.upper()
        flag = f"--{parameter.name.replace('_', '-')}"
        if parameter.bare is bool:
            words.append(f"[{flag}]")
        elif parameter.positional and parameter.required:
            words.append(word)
        elif parameter.positional:
            words.append(f"[{word}]")
        else:
            words.append(f"{flag} {word}" if parameter.required else f"[{flag} {word}]")
    return " ".join(words)


def to_json_values(record: Any) -> Any:
    """Records as plain JSON values, `snake_case` unchanged, non-finite floats spelled as strings.

    >>> to_json_values({"loss": float("nan")})
    {'loss': 'NaN'}
    """
    return _finite(msgspec.to_builtins(record, str_keys=True, enc_hook=_other))


def _other(value: Any) -> Any:
    if hasattr(value, "item"):
        return value.item()
    return str(value)


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value
