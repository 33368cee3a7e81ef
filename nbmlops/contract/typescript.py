"""TypeScript for the panel, written from the verb table: one interface a record, one entry a verb."""

from __future__ import annotations

import dataclasses
import types
from datetime import datetime
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from nbmlops.contract.table import Verb, verbs

_PLAIN = {str: "string", int: "number", float: "Real", bool: "boolean", datetime: "string", type(None): "null", Any: "Json"}

_HEAD = """// Generated from the verb table by `make contract`. Do not edit.

/** A float as JSON can carry it. */
export type Real = number | 'NaN' | 'Infinity' | '-Infinity';
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** The one shape of every error. */
export interface ErrorRecord {
  code: string;
  message: string;
  hint: string;
}
"""


def emit() -> str:
    """The whole of `types.ts`."""
    records: dict[str, str] = {}
    calls, routes = [], []
    for verb in verbs().values():
        if verb.method is None:
            continue
        arguments = "; ".join(_field(parameter.name, parameter.type, parameter.required, records) for parameter in verb.stored)
        result = _type(verb.returns, records)
        calls.append(
            f"  '{verb.id}': {{ request: {{ {arguments} }}; result: {result} }};"
            if arguments
            else f"  '{verb.id}': {{ request: {{}}; result: {result} }};"
        )
        routes.append(f"  '{verb.id}': ['{verb.method}', '{verb.path}']")
    parts = [_HEAD, *records.values()]
    parts.append("/** What each verb takes and gives. */\nexport interface Verbs {\n" + "\n".join(calls) + "\n}\n")
    parts.append(
        "/** Where each verb is: method and path under the server's `nbmlops/`. */\n"
        "export const ROUTES: { [V in keyof Verbs]: [string, string] } = {\n" + ",\n".join(routes) + "\n};\n"
    )
    return "\n".join(parts)


def _field(name: str, kind: Any, required: bool, records: dict[str, str]) -> str:
    return f"{name}{'' if required else '?'}: {_type(kind, records)}"


def _type(kind: Any, records: dict[str, str]) -> str:
    if kind in _PLAIN:
        return _PLAIN[kind]
    origin, members = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _type(members[0], records)
    if origin in (Union, types.UnionType):
        return " | ".join(_type(member, records) for member in members)
    if origin is Literal:
        return " | ".join(f"'{member}'" for member in members)
    if origin in (list, tuple):
        inner = _type(members[0], records)
        return f"({inner})[]" if " " in inner else f"{inner}[]"
    if origin is dict:
        return f"{{ [key: string]: {_type(members[1], records)} }}"
    if dataclasses.is_dataclass(kind):
        return _record(kind, records)
    raise TypeError(f"No TypeScript for {kind!r}: use plain types and records in verbs.")


def _record(kind: Any, records: dict[str, str]) -> str:
    name = kind.__name__
    if name not in records:
        records[name] = ""  # a record may hold itself
        hints = get_type_hints(kind)
        body = "".join(f"  {field.name}: {_type(hints[field.name], records)};\n" for field in dataclasses.fields(kind))
        summary = (kind.__doc__ or "").strip().split("\n")[0]
        del records[name]  # place it after what it needs
        records[name] = f"/** {summary} */\nexport interface {name} {{\n{body}}}\n"
    return name


def verb_table_rows(found: dict[str, Verb]) -> list[tuple[str, str, str, str]]:
    """For the README: verb, magic and shell, REST, what it does."""
    from nbmlops.contract.request import usage

    return [
        (
            verb.id,
            f"`{usage(verb)}`",
            f"`{verb.method} {verb.path}`" if verb.method else "notebook only" if verb.needs_notebook else "—",
            verb.summary,
        )
        for verb in found.values()
    ]
