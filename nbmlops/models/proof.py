"""A model answers in a clean process as it did in the notebook, or it is no version: what is missing is named, with what mends it."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from blake3 import blake3

from nbmlops import plugins
from nbmlops.errors import Damaged, Invalid
from nbmlops.models import clean
from nbmlops.models.package import ModelFile, write
from nbmlops.models.requirements import distributions, modules_of
from nbmlops.replay.aside import aside
from nbmlops.replay.recreated import build
from nbmlops.runs.book import RunBook
from nbmlops.runs.environment import environment
from nbmlops.workspace import Workspace

Environment = Literal["here", "recreate"]

TIMEOUT_S = 300


@dataclass(frozen=True)
class Proof:
    """What a clean process had when it answered as before: its Python, and the distributions the model needs, by version."""

    python: str
    distributions: dict[str, str]


_proved: dict[str, Proof] = {}  # what this process has proved, by a digest of all that was asked


def proved(workspace: Workspace, file: ModelFile, *, run: str | None = None, env: Environment = "here") -> Proof:
    """Have a clean process load a model and answer its rows: in this environment, or in the recorded one, built anew.

    Recorded is the environment of the run that fitted the model; of a model without a run, the one it is registered in.
    """
    flavor = plugins.adapter("flavor", file.flavor)()
    names = flavor.names(file.data)
    needed = distributions({*flavor.libraries, *modules_of(names, flavor.sources(file.data))})
    with tempfile.TemporaryDirectory(prefix="nbmlops-model-") as folder:
        write(Path(folder), file, flavor.suffix, names)
        if env == "here":
            key = blake3(repr((blake3(file.data).digest(), file.fixtures, file.signature, needed)).encode()).hexdigest()
            if key not in _proved:
                _proved[key] = Proof(prove(Path(folder), modules=flavor.libraries), needed)
            return _proved[key]
        recorded = RunBook(workspace).record(run).environment if run is not None else {}
        recorded = recorded if recorded.get("distributions") else environment()
        there = {name: recorded["distributions"].get(name, version) for name, version in needed.items()}
        with aside() as place:
            return Proof(prove(Path(folder), python=build({**recorded, "distributions": there}, place, also=())), there)


def prove(folder: Path, *, modules: tuple[str, ...] = (), python: Path | None = None, timeout_s: float = TIMEOUT_S) -> str:
    """Load a model's folder in a process that has nothing of this one, and ask it the rows kept there; gives its Python's version.

    Raises Invalid where it needs something that such a process has not, Damaged where it answers otherwise.
    """
    done = clean.ask(folder, modules=modules, python=python, timeout_s=timeout_s)
    try:
        told = json.loads(done.out.strip().rpartition("\n")[2])
    except ValueError:
        words = (done.err.strip() or f"it ended with {done.status}").splitlines()[-1]
        raise Invalid(f"In a clean process the model cannot be loaded: {words[:300]}", hint="What it needs must travel with it.") from None
    if told.get("error"):
        raise _mended(told)
    if told["differs"]:
        raise Damaged(
            f"In a clean process the model answers otherwise: {told['differs'][:300]}.",
            hint="It depends on more than its state and its rows' values: on what the session changed, on chance, or on time.",
        )
    return str(told["python"])


def _mended(told: dict[str, Any]) -> Invalid:
    """The error of a model that does not load by itself, with what to do."""
    said, module, name = f"{told['error']}: {told['message'][:300]}", told.get("module"), told.get("name")
    if told["error"] == "ModuleNotFoundError" and module:
        return Invalid(
            f"In a clean process the model lacks the module {module!r}.",
            hint=f"Import it at the top of the notebook, not inside; or install it: pip install {module.partition('.')[0]}",
        )
    if told["error"] == "NameError" and name:
        return Invalid(
            f"In a clean process the model lacks {name!r}, which the notebook had.",
            hint=f"Use {name} in the code of the model by its name, or make it an attribute of the model.",
        )
    return Invalid(f"In a clean process the model cannot be asked: {said}", hint="What it needs must be part of it.")
