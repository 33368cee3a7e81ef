"""A pipeline's file: steps, each a notebook with parameters, inputs and outputs; everything is checked before anything starts."""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from nbmlops.errors import Invalid, NotFound, there_is
from nbmlops.ledger.names import plain_name
from nbmlops.pipelines.records import Pipeline, Step

REFERENCE = re.compile(r"\$\{([^{}]*)\}")
RUN = "run"  # every step's own value: the id of the run whose results it has
PARAMS = "params"  # what the pipeline's own parameters are referred to by, so that no step is called so
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MOST_STEPS = 1000
_OF_PIPELINE = {"name": str, "model": str, "params": dict, "steps": dict}
_OF_STEP = {
    "notebook": str, "params": dict, "inputs": list, "outputs": list, "after": list, "variables": list, "timeout_s": (int, float),
    "checkpoint_s": (int, float), "retries": int, "backoff_s": (int, float),
}  # fmt: skip
_KINDS = {str: "a text", dict: "a mapping", list: "a list", int: "a whole number", (int, float): "a number"}


def is_pipeline(file: Path) -> bool:
    """Whether a file of this name describes a pipeline, and is no notebook."""
    return file.suffix in (".yaml", ".yml", ".py")


def read(file: Path) -> Pipeline:
    """The pipeline that a YAML or Python file describes. Raises NotFound or Invalid, which name the step."""
    from nbmlops.pipelines.yaml_text import parsed

    try:
        text = file.read_text("utf-8")
    except FileNotFoundError:
        there = sorted(path.name for path in file.parent.glob("*.y*ml")) if file.parent.is_dir() else []
        raise NotFound(f"There is no pipeline {str(file)!r}.", hint=f"In {file.parent}: {there_is(there)}. %mlops pipeline init") from None
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{file.name} cannot be read: {error}.", hint="A pipeline is a YAML file of UTF-8 text.") from error
    if file.suffix == ".py":
        from nbmlops.pipelines.python_file import described

        return of(described(file), file)
    return of(parsed(text, file.name), file)


def of(found: Any, file: Path) -> Pipeline:
    """The pipeline that is described by plain values, as a YAML file has them."""
    if not isinstance(found, dict):
        raise Invalid(f"{file.name} describes no pipeline.", hint="It needs steps:, each with a notebook:")
    _known(found, _OF_PIPELINE, file.name)
    name = plain_name(found.get("name") or re.sub(r"[^A-Za-z0-9._-]+", "-", file.stem).strip("-._") or "pipeline", "pipeline")
    given = found.get("steps") or {}
    if not given:
        raise Invalid(f"{file.name} has no steps.", hint="For example: steps: {train: {notebook: train.ipynb}}")
    if len(given) > _MOST_STEPS:
        raise Invalid(f"{file.name} has {len(given):,} steps.", hint=f"At most {_MOST_STEPS:,}.")
    params = _params(found.get("params") or {}, file.name)
    for value in params.values():
        if next(references(value), None) is not None:
            raise Invalid(f"{file.name}: a parameter of the pipeline's own refers to nothing else.", hint="Give its value.")
    steps = [_step(step, values, f"{file.name}: step {step!r}", file.parent) for step, values in given.items()]
    model = plain_name(found["model"], "model") if found.get("model") else None
    return Pipeline(name=name, file=str(file), params=params, steps=_in_order(steps, params, file.name), model=model)


def references(value: Any) -> Iterator[tuple[str, str]]:
    """What a parameter refers to: (step or `params`, name).

    >>> list(references({"a": "${prepare.rows}", "b": ["of ${params.month}"]}))
    [('prepare', 'rows'), ('params', 'month')]
    """
    if isinstance(value, str):
        for word in REFERENCE.findall(value):
            owner, _, name = word.strip().partition(".")
            yield owner, name
    elif isinstance(value, dict):
        for part in value.values():
            yield from references(part)
    elif isinstance(value, list):
        for part in value:
            yield from references(part)


def resolved(value: Any, known: Mapping[str, Mapping[str, Any]]) -> Any:
    """A parameter with what it refers to in place; a text that is nothing but a reference becomes the value itself.

    >>> resolved(["${prepare.rows}", "of ${params.month}"], {"prepare": {"rows": 3}, "params": {"month": 1}})
    [3, 'of 1']
    """
    if isinstance(value, str):
        whole = REFERENCE.fullmatch(value)
        if whole:
            return _referred(whole[1], known)
        return REFERENCE.sub(lambda found: str(_referred(found[1], known)), value)
    if isinstance(value, dict):
        return {key: resolved(part, known) for key, part in value.items()}
    return [resolved(part, known) for part in value] if isinstance(value, list) else value


def _referred(word: str, known: Mapping[str, Mapping[str, Any]]) -> Any:
    owner, _, name = word.strip().partition(".")
    values = known.get(owner, {})
    if name not in values:
        what = "The pipeline has no parameter" if owner == PARAMS else f"Step {owner!r} declared no value"
        raise Invalid(f"{what} {name!r}.", hint=f"There is: {there_is(values)}. In its notebook: %mlops run log {name}=…")
    return values[name]


def _step(name: str, values: Any, where: str, folder: Path) -> Step:
    plain_name(name, "step")
    if name == PARAMS:
        raise Invalid(f"{where}: no step can be called so, it is the pipeline's own parameters.", hint="Call it something else.")
    if not isinstance(values, dict) or not values.get("notebook"):
        raise Invalid(f"{where} has no notebook.", hint="notebook: train.ipynb")
    _known(values, _OF_STEP, where)
    outputs = [_path(one, f"{where}: output", inside=True) for one in _texts(values, "outputs", where)]
    inputs = [_path(one, f"{where}: input", inside=False) for one in _texts(values, "inputs", where)]
    variables = _texts(values, "variables", where)
    for one in variables:
        if not _VARIABLE.fullmatch(one):
            raise Invalid(f"{where}: {one[:80]!r} is no name of an environment variable.", hint="For example: MODEL_STAGE")
    retries, timeout_s, backoff_s = values.get("retries", 0), values.get("timeout_s"), values.get("backoff_s", 1.0)
    if not 0 <= retries <= 100:
        raise Invalid(f"{where}: {retries} retries.", hint="From 0 to 100.")
    if timeout_s is not None and not 0 < timeout_s < 10**9:
        raise Invalid(f"{where}: it cannot be stopped after {timeout_s:g} s.", hint="timeout_s: 600")
    if not 0 <= backoff_s <= 86_400:
        raise Invalid(f"{where}: a pause of {backoff_s:g} s.", hint="From 0 to 86400.")
    checkpoint_s = values.get("checkpoint_s")
    if checkpoint_s is not None and not 0 <= checkpoint_s < 10**9:
        raise Invalid(f"{where}: no checkpoint can be taken every {checkpoint_s:g} s.", hint="checkpoint_s: 600")
    return Step(
        name=name, notebook=_path(values["notebook"], f"{where}: notebook", inside=True), params=_params(values.get("params") or {}, where),
        inputs=inputs, outputs=outputs, after=_texts(values, "after", where), variables=variables, timeout_s=timeout_s,
        checkpoint_s=checkpoint_s, retries=retries,
        backoff_s=float(backoff_s),
    )  # fmt: skip


def _in_order(steps: list[Step], params: dict[str, Any], file: str) -> list[Step]:
    """Steps so that each stands after all that it needs; those that could stand in any order stand as in the file."""
    from dataclasses import replace

    names = [step.name for step in steps]
    makers: dict[str, str] = {}
    for step in steps:
        for output in step.outputs:
            if output in makers:
                what = f"{file}: {output!r} is made by {makers[output]!r} and by {step.name!r}."
                raise Invalid(what, hint="An output has one step that makes it.")
            makers[output] = step.name
    found: dict[str, Step] = {}
    for step in steps:
        needed = [*step.after]
        for owner, name in references(step.params):
            if owner == PARAMS and name not in params:
                raise Invalid(f"{file}: step {step.name!r} refers to params.{name}.", hint=f"The pipeline has: {there_is(params)}.")
            if owner != PARAMS:
                needed.append(owner)
        for path in step.inputs:
            needed += [maker for output, maker in makers.items() if _within(path, output) and maker != step.name]
            if makers.get(path) == step.name:
                raise Invalid(f"{file}: step {step.name!r} needs {path!r}, which it makes itself.", hint="Leave it out of its inputs.")
        for name in needed:
            if name not in names:
                near = difflib.get_close_matches(name, names, 1)
                what = f"{file}: step {step.name!r} needs {name!r}, and there is no such step."
                raise Invalid(what, hint=f"There is: {there_is(near or names)}.")
        found[step.name] = replace(step, after=list(dict.fromkeys(needed)))
    sorter = TopologicalSorter({name: step.after for name, step in found.items()})
    try:
        sorter.prepare()
    except CycleError as error:
        raise Invalid(f"{file}: {' → '.join(error.args[1][::-1])} go in a circle.", hint="One of them must do without the other.") from None
    order: list[Step] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=names.index)
        order += [found[name] for name in ready]
        sorter.done(*ready)
    return order


def _within(path: str, folder: str) -> bool:
    """Whether two paths are one, or one lies in the other: a step that needs a file needs who makes its folder."""
    return path == folder or path.startswith(folder.rstrip("/") + "/") or folder.startswith(path.rstrip("/") + "/")


def _known(values: dict[str, Any], kinds: Mapping[str, Any], where: str) -> None:
    for name, value in values.items():
        if name not in kinds:
            near = difflib.get_close_matches(name, kinds, 1)
            raise Invalid(f"{where}: {name[:80]!r} is not understood.", hint=f"There is: {there_is(near or kinds)}.")
        kind = kinds[name]
        if value is not None and (not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool)):
            raise Invalid(f"{where}: {name} is {_short(value)}, not {_KINDS[kind]}.", hint=f"{name}: needs {_KINDS[kind]}.")


def _texts(values: dict[str, Any], name: str, where: str) -> list[str]:
    found = values.get(name) or []
    for one in found:
        if not isinstance(one, str) or not one:
            raise Invalid(f"{where}: {name} has {_short(one)}.", hint=f"{name}: a list of texts")
    if len(set(found)) < len(found):
        raise Invalid(f"{where}: {name} has one of them twice.", hint="Keep one.")
    return list(found)


def _params(given: dict[str, Any], where: str) -> dict[str, Any]:
    for name, value in given.items():
        if not name.isidentifier():
            raise Invalid(f"{where}: {name[:80]!r} cannot be a parameter.", hint="A name as in Python.")
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise Invalid(f"{where}: {name} is no plain value: {error}.", hint="Numbers, text, lists, true, false, null.") from error
    return dict(given)


def _path(text: str, where: str, *, inside: bool) -> str:
    """A path as it is compared: normal, with slashes. `inside`: it must stay in the pipeline's folder."""
    if "\0" in text or len(text) > 1000:
        raise Invalid(f"{where} {_short(text)} is no path.", hint="A path in the pipeline's folder.")
    found = os.path.normpath(text).replace(os.sep, "/")
    if found.startswith("../") or found in ("..", ".") or (inside and os.path.isabs(text)):
        raise Invalid(f"{where} {text[:200]!r} leaves the pipeline's folder.", hint="A path in the pipeline's folder, without ..")
    return found


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
