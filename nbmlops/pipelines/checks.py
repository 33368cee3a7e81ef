"""What is checked of a pipeline before anything starts: its notebooks, their parameters and their types."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

from nbmlops.capture.parameters import assigned, declaring
from nbmlops.errors import Invalid, NbmlopsError, there_is
from nbmlops.ledger.secrets import MASK
from nbmlops.pipelines.definition import references
from nbmlops.pipelines.records import Pipeline
from nbmlops.pipelines.runner import check
from nbmlops.workspace import Workspace

_NAMED = {"int": (int,), "float": (int, float), "str": (str,), "bool": (bool,), "list": (list,), "dict": (dict,)}
_SAID = {int: "a whole number", float: "a number", str: "a text", bool: "true or false", list: "a list", dict: "a mapping"}


def given(pipeline: Pipeline, params: dict[str, Any]) -> dict[str, Any]:
    """The pipeline's parameters with those that are given in place. Raises Invalid for one it has not, or of another type."""
    for name, value in params.items():
        if name not in pipeline.params:
            raise Invalid(f"{pipeline.name} has no parameter {name!r}.", hint=f"It has: {there_is(pipeline.params)}.")
        if MASK in json.dumps(value, ensure_ascii=False, default=str):
            raise Invalid(f"{pipeline.name}: {name} is a secret and was not kept.", hint=f"Give it again: --params {name}=VALUE")
        fits(name, value, _of_default(pipeline.params[name]), pipeline.name)
    return {**pipeline.params, **params}


def all_steps(pipeline: Pipeline, params: dict[str, Any], workspace: Workspace) -> None:
    """Raise what is wrong with a pipeline's steps, naming the step."""
    folder, made = Path(pipeline.file).parent, [output for step in pipeline.steps for output in step.outputs]
    for step in pipeline.steps:
        where = f"Step {step.name!r}"
        try:
            fixed = {name: value for name, value in step.params.items() if next(references(value), None) is None}
            check(folder / step.notebook, dict.fromkeys(step.params), workspace)
            types = declared(folder / step.notebook)
            for name, value in fixed.items():
                fits(name, value, types.get(name, ()), step.notebook)
        except NbmlopsError as error:
            raise type(error)(f"{where}: {error.message}", hint=error.hint) from error
        for name in step.inputs:
            made_here = any(name == output or name.startswith(f"{output}/") or output.startswith(f"{name}/") for output in made)
            if not made_here and not (folder / name).exists():
                raise Invalid(f"{where} needs {name!r}, which is not there and which no step makes.", hint=f"In {folder}.")


def declared(notebook: Path) -> dict[str, tuple[type, ...]]:
    """The types of a notebook's parameters: by annotation, or by the default; none where neither tells."""
    found: dict[str, tuple[type, ...]] = {}
    for source in declaring(notebook):
        found.update({name: _of_default(value) for name, value in assigned(source).items()})
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError):
            continue
        for node in tree.body:
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                named = ast.unparse(node.annotation).split("[")[0].lower()
                found[node.target.id] = _NAMED.get(named, found.get(node.target.id, ()))
    return found


def kinds_of(params: dict[str, Any]) -> dict[str, tuple[type, ...]]:
    """The types of a pipeline's own parameters, by their defaults."""
    return {name: _of_default(value) for name, value in params.items()}


def fits(name: str, value: Any, kinds: tuple[type, ...], where: str) -> None:
    """Raise Invalid for a value that is of another type than its parameter; null fits everything."""
    if not kinds or value is None or (isinstance(value, kinds) and not (isinstance(value, bool) and bool not in kinds)):
        return
    raise Invalid(f"{where}: {name} is {value!r}, not {_SAID[kinds[-1]]}."[:300], hint=f"Give {_SAID[kinds[-1]]}.")


def as_declared(value: Any, kinds: tuple[type, ...]) -> Any:
    """A value that another step told, as its parameter has it: metrics are floats, and 3.0 is 3 where a whole number is wanted."""
    return int(value) if isinstance(value, float) and kinds == (int,) and value.is_integer() else value


def _of_default(value: Any) -> tuple[type, ...]:
    if isinstance(value, float):
        return (int, float)
    return next(((kind,) for kind in (bool, int, str, list, dict) if type(value) is kind), ())
