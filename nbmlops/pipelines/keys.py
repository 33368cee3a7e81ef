"""What a step is made of: code, parameters, inputs, environment, variables; the same again gives the same, and need not be executed."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nbmlops.capture.parameters import code_cells
from nbmlops.errors import NotFound
from nbmlops.ledger.blobs import digest_bytes
from nbmlops.ledger.secrets import mask_params
from nbmlops.pipelines.records import Step

_FORM = "nbmlops-step-1"
_INJECTED = "injected-parameters"
_MOST_TOLD = 3


@dataclass(frozen=True)
class MadeOf:
    """The parts of a step's key, each by its digest, or, of parameters, by its value."""

    code: str
    params: dict[str, Any]
    inputs: dict[str, str]
    environment: str
    variables: dict[str, str | None]

    @property
    def key(self) -> str:
        """One digest of all of it."""
        return digest_bytes(json.dumps([_FORM, vars(self)], sort_keys=True).encode())

    def kept(self) -> dict[str, Any]:
        """As it is written down, without secrets among the parameters."""
        return {**asdict(self), "params": mask_params(self.params)}

    def unlike(self, before: Mapping[str, Any]) -> str:
        """What is another than it was, in words; empty if nothing is."""
        told = []
        if before.get("code") != self.code:
            told.append("its code changed")
        for name, value in mask_params(self.params).items():
            was = before.get("params", {}).get(name)
            if name not in before.get("params", {}):
                told.append(f"{name} is new")
            elif was != value:
                told.append(f"{name} is {_short(value)}, was {_short(was)}")
        told += [f"{name} is not given any more" for name in before.get("params", {}) if name not in self.params]
        told += _changed(before.get("inputs", {}), self.inputs, "")
        told += _changed(before.get("variables", {}), self.variables, "the variable ")
        if before.get("environment") != self.environment:
            told.append("the environment changed")
        return ", ".join(told[:_MOST_TOLD]) + (f" and {len(told) - _MOST_TOLD} more" if len(told) > _MOST_TOLD else "")


def made_of(step: Step, params: dict[str, Any], folder: Path, environment: str, digest: Any) -> MadeOf:
    """What a step is made of now. `digest`: of a file, by its path. Raises NotFound for an input that is not there."""
    inputs = {}
    for name in step.inputs:
        inputs.update(digests(folder / name, name, digest))
        if not os.path.exists(folder / name):
            raise NotFound(f"Step {step.name!r} needs {name!r}, which is not there.", hint=f"In {folder}, or as an output of a step.")
    held = {name: os.environ.get(name) for name in step.variables}
    variables = {name: None if value is None else digest_bytes(value.encode("utf-8", "surrogateescape")) for name, value in held.items()}
    return MadeOf(code_of(folder / step.notebook), params, inputs, environment, variables)


def digests(path: Path, name: str, digest: Any) -> dict[str, str]:
    """The digests of a file, or of the files of a folder, by their names from the pipeline's folder."""
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file())
        return {f"{name}/{file.relative_to(path).as_posix()}": digest(file) for file in files}
    return {name: digest(path)} if path.is_file() else {}


def code_of(notebook: Path) -> str:
    """A digest of a notebook's code: not of its outputs, nor of text, nor of what an earlier execution injected."""
    cells = code_cells(notebook) or []
    return digest_bytes(json.dumps([source for _, source in cells]).encode())


def environment_digest() -> str:
    """A digest of what is installed here and of the Python that executes."""
    from nbmlops.runs.environment import environment

    found = environment()
    return digest_bytes(json.dumps([found["distributions"], found["python"], found["machine"]], sort_keys=True).encode())


def _changed(before: Mapping[str, Any], now: Mapping[str, Any], what: str) -> list[str]:
    other = [name for name, value in now.items() if name not in before or before[name] != value]
    told = [f"{what}{name} {'changed' if name in before else 'is new'}" for name in other]
    return told + [f"{what}{name} is gone" for name in before if name not in now]


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
