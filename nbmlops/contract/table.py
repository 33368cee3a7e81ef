"""The verb table: every function marked with `@verb` in a stage's `verbs.py`, described once for all doors."""

from __future__ import annotations

import difflib
import importlib
import inspect
import types
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from nbmlops.errors import NotFound, there_is
from nbmlops.verb import Column, Live, Rows, Sentence

# noun → the modules that answer for it; the order is the lifecycle's and help keeps it.
STAGES = {
    "workspace": ("nbmlops.runs.workspace_verbs", "nbmlops.capture.verbs"),
    "run": ("nbmlops.runs.verbs", "nbmlops.replay.verbs"),
    "data": ("nbmlops.data.verbs", "nbmlops.runs.data_verbs"),
    "pipeline": ("nbmlops.pipelines.verbs", "nbmlops.pipelines.sweeps.verbs"),
    "model": (
        "nbmlops.models.verbs", "nbmlops.models.gate_verbs", "nbmlops.models.history_verbs", "nbmlops.models.signing_verbs",
        "nbmlops.models.package_verbs", "nbmlops.models.convert_verbs", "nbmlops.models.compare_verbs", "nbmlops.cards.verbs",
    ),
    "endpoint": ("nbmlops.endpoints.verbs",),
    "lineage": ("nbmlops.lineage.verbs",),
    "drift": ("nbmlops.monitoring.verbs",),
    "policy": ("nbmlops.monitoring.policy_verbs",),
    "mlflow": ("nbmlops.exchange.mlflow.verbs",),
    "wandb": ("nbmlops.exchange.wandb.verbs",),
    "audit": ("nbmlops.runs.audit_verbs", "nbmlops.models.audit_verbs"),
}  # fmt: skip


@dataclass(frozen=True)
class Parameter:
    """One argument of a verb."""

    name: str
    type: Any  # without Annotated; dict, list, Literal, Optional and plain types
    required: bool
    default: Any
    positional: bool
    live: bool
    help: str
    words: bool = False  # a command line may give it as several words
    file: str | None = None  # of a live one: the argument by which a shell names the file it is in, its own or another

    @property
    def bare(self) -> Any:
        """The type without `| None`."""
        if get_origin(self.type) in (Union, types.UnionType):
            rest = [member for member in get_args(self.type) if member is not type(None)]
            return rest[0] if len(rest) == 1 else Union[tuple(rest)]  # noqa: UP007 - made at run time
        return self.type


@dataclass(frozen=True)
class Verb:
    """What a person can ask for, as every door sees it."""

    noun: str
    action: str
    function: Callable[..., Any]
    method: str | None
    path: str | None
    parameters: tuple[Parameter, ...]
    returns: Any

    @property
    def id(self) -> str:
        """`noun.action`, everywhere."""
        return f"{self.noun}.{self.action}"

    @property
    def summary(self) -> str:
        """The docstring's first sentence."""
        return inspect.getdoc(self.function).split("\n\n")[0].replace("\n", " ")  # type: ignore[union-attr]

    @property
    def needs_notebook(self) -> bool:
        """Whether only a notebook can give what it requires."""
        return any(parameter.live and parameter.required for parameter in self.parameters)

    @property
    def filed(self) -> tuple[Parameter, ...]:
        """The live parameters that a shell can give, by a file."""
        return tuple(parameter for parameter in self.parameters if parameter.file is not None)

    @property
    def stored(self) -> tuple[Parameter, ...]:
        """The parameters that text or JSON can give."""
        return tuple(parameter for parameter in self.parameters if not parameter.live)


@cache
def verbs() -> dict[str, Verb]:
    """All verbs by id, in the order of the lifecycle."""
    return {verb.id: verb for noun in STAGES for verb in verbs_of(noun)}


@cache
def verbs_of(noun: str) -> tuple[Verb, ...]:
    """One noun's verbs in the order they stand in its modules; no other stage is imported."""
    if noun not in STAGES:
        raise NotFound(f"There is no {noun[:60]!r} to ask.", hint=f"{_meant(noun, STAGES)}There are: {', '.join(STAGES)}.")
    marked = [
        (name, value)
        for module in map(importlib.import_module, STAGES[noun])
        for name, value in vars(module).items()
        if hasattr(value, "__verb__") and value.__module__ == module.__name__
    ]
    return tuple(_describe(noun, name.rstrip("_"), function) for name, function in marked)


def find(noun: str, action: str) -> Verb:
    """One verb; NotFound says which actions the noun has."""
    for verb in verbs_of(noun):
        if verb.action == action:
            return verb
    actions = [verb.action for verb in verbs_of(noun)]
    raise NotFound(f"{noun!r} cannot {action[:60]!r}.", hint=f"{_meant(action, actions)}It can: {there_is(actions)}.")


def _meant(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word[:60], list(known), n=1)
    return f"Did you mean {near[0]}? " if near else ""


def _describe(noun: str, action: str, function: Callable[..., Any]) -> Verb:
    hints = get_type_hints(function, include_extras=True)
    parameters = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name == "workspace":
            continue
        hint, live, text, words, file = hints[parameter.name], False, "", False, None
        if get_origin(hint) is Annotated:
            hint, *notes = get_args(hint)
            for note in notes:
                if isinstance(note, Live):
                    live, text = True, note.what
                    file = parameter.name if isinstance(note, Rows) else note.of if isinstance(note, Column) else None
                elif isinstance(note, Sentence):
                    words = True
                elif isinstance(note, str):
                    text = note
        required = parameter.default is inspect.Parameter.empty
        parameters.append(
            Parameter(
                name=parameter.name,
                type=hint,
                required=required,
                default=None if required else parameter.default,
                positional=parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD,
                live=live,
                help=text,
                words=words,
                file=file,
            )
        )
    mark = function.__verb__  # type: ignore[attr-defined]
    return Verb(noun, action, function, mark.method, mark.path, tuple(parameters), hints["return"])
