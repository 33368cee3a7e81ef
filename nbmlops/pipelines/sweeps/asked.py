"""What a study was asked for: held against what can be, completed by what is usual, compared with what it was asked before."""

from __future__ import annotations

import importlib.util
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, cast

from nbmlops.capture.parameters import tagged_cells
from nbmlops.errors import Conflict, Invalid, TooLarge
from nbmlops.ledger.blobs import digest_bytes
from nbmlops.ledger.names import free_name, plain_name
from nbmlops.ledger.secrets import MASK, mask_params
from nbmlops.pipelines import checks, definition
from nbmlops.pipelines.keys import code_of
from nbmlops.pipelines.records import Pipeline
from nbmlops.pipelines.runner import check
from nbmlops.pipelines.sweeps.records import By, Direction
from nbmlops.pipelines.sweeps.samplers import combinations, lists_alone
from nbmlops.pipelines.sweeps.spaces import Space, spaces
from nbmlops.runs.directions import better
from nbmlops.workspace import Workspace

FEW, USUAL, MOST = 64, 20, 10_000  # combinations that are all tried; trials if nobody says how many; trials at all
_TOLD = {"code": "its code", "over": "what is varied", "params": "--params", "notebook": "the notebook"}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """All that makes a study this one; what is None was not said. `trials` may grow, the rest may not change."""

    notebook: str
    code: str
    over: dict[str, Any] | None
    params: dict[str, Any] | None
    metric: str | None
    direction: Direction | None
    by: By | None
    seed: int | None
    prune: bool | None
    trials: int | None

    def unlike(self, before: Asked) -> list[str]:
        """What is another than before, of what was said."""
        kept = {**vars(self), "params": None if self.params is None else mask_params(self.params), "trials": None}
        was = vars(before)
        return [name for name, value in kept.items() if value is not None and _spelled(value) != _spelled(was[name])]

    def as_text(self) -> str:
        """As it is kept: a parameter that is a secret is not."""
        return json.dumps({**vars(self), "params": mask_params(self.params or {})})

    @classmethod
    def from_text(cls, text: str) -> Asked:
        """What `as_text` wrote."""
        return cls(**json.loads(text))

    def name(self) -> str:
        """What a study that nobody named is called: the same for the same, so that asking again finds it."""
        stem = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(self.notebook).stem).strip("-._")[:60] or "sweep"
        return f"{stem}-{digest_bytes(_spelled(json.loads(replace(self, trials=None).as_text())).encode()).rpartition(':')[2][:8]}"

    def following(self, before: Asked, name: str) -> Asked:
        """What was asked before, with what is said now. Raises Conflict where that is something else."""
        if other := self.unlike(before):
            what = ", ".join(_TOLD.get(one, f"--{one}") for one in other)
            raise Conflict(f"Study {name!r} was begun with another value of: {what}.", hint="Another study: --name NAME")
        found = replace(before, trials=self.trials or before.trials, params=before.params if self.params is None else self.params)
        if self.params is None and MASK in json.dumps(before.params, ensure_ascii=False):
            raise Invalid(f"Study {name!r} has a parameter that is a secret and was not kept.", hint="Give it again: --params NAME=VALUE")
        return found

    def whole(self) -> Asked:
        """With what is usual where nothing was said. Raises Invalid for what cannot be guessed."""
        if self.over is None:
            raise Invalid("Nothing is varied.", hint="--over NAME=VALUES: alpha=[0.1, 1, 10], depth=2..10, rate=1e-4..0.1,log")
        if self.metric is None:
            raise Invalid("Which value decides?", hint="--metric rmse, which the notebook logs: %mlops run log rmse={rmse}")
        way = better(self.metric)
        if self.direction is None and way is None:
            what = f"Whether a lower or a higher {self.metric!r} is better cannot be told from its name."
            raise Invalid(what, hint="--direction minimize, or maximize")
        return replace(
            self, params=self.params or {}, direction=self.direction or ("minimize" if way == "lower" else "maximize"), seed=self.seed or 0,
            prune=bool(self.prune),
        )  # fmt: skip


@dataclass(frozen=True)
class Target:
    """What is executed: a notebook, or a pipeline of several."""

    path: Path
    workspace: Workspace
    pipeline: Pipeline | None

    @cached_property
    def kinds(self) -> Mapping[str, tuple[type, ...]]:
        """Its parameters with their types, where they are known."""
        return checks.kinds_of(self.pipeline.params) if self.pipeline else checks.declared(self.path)

    @cached_property
    def shown(self) -> str:
        """Its path as it is kept: from the workspace's folder, if it is in it."""
        inside = os.path.relpath(self.path, self.workspace.root)
        return str(self.path) if inside.startswith("..") else inside.replace(os.sep, "/")

    @cached_property
    def code(self) -> str:
        """A digest of its code when it was asked for: of all steps of a pipeline, and of the pipeline."""
        return self.code_now()

    def code_now(self) -> str:
        """The same, of what is there now."""
        if self.pipeline is None:
            return code_of(self.path)
        folder = self.path.parent
        parts = [self.path.read_text("utf-8"), *(code_of(folder / step.notebook) for step in self.pipeline.steps)]
        return digest_bytes(json.dumps(parts).encode())

    def check(self, names: Mapping[str, Any]) -> None:
        """Raise what is wrong with these parameters. NotFound, Invalid, Unavailable."""
        if self.pipeline is not None:
            checks.all_steps(self.pipeline, checks.given(self.pipeline, dict(names)), self.workspace)
            return
        check(self.path, dict(names), self.workspace)
        if not tagged_cells(self.path)[1]:
            what = f"{self.path.name} has no parameters cell: its own values would take the place of those that are given."
            raise Invalid(what, hint="Tag the cell that assigns them: parameters")
        for name, value in names.items():
            checks.fits(name, value, self.kinds.get(name, ()), self.path.name)


def target(notebook: str, workspace: Workspace) -> Target:
    """What a name means: a file where the person stands, or else in the workspace's folder."""
    path = workspace.place_of(Path(notebook).expanduser())
    if definition.is_pipeline(path):
        return Target(path, workspace, definition.read(path))
    return Target(check(path, {}, workspace), workspace, None)


def held(
    aim: Target, name: str | None, known: Callable[[str], Asked | None], *, over: dict[str, Any] | None, params: dict[str, Any] | None,
    metric: str | None, direction: Literal["minimize", "maximize"] | None, by: By | None, seed: int | None, prune: bool | None,
    trials: int | None,
) -> tuple[str, Asked, dict[str, Space]]:  # fmt: skip
    """The study's name, all that is asked of it, and what is varied. Raises what is wrong before anything starts."""
    if name is not None:
        plain_name(name, "study")
    if metric is not None:
        free_name(metric, "metric")
    if trials is not None and not 1 <= trials <= MOST:
        raise (TooLarge if trials > MOST else Invalid)(f"{trials:,} trials cannot be asked for.", hint=f"From 1 to {MOST:,}.")
    if prune and aim.pipeline is not None:
        raise Invalid("A pipeline's trials cannot be pruned: they report no steps of their own.", hint="Leave out --prune.")
    varied = None if over is None else spaces(over, aim.kinds, aim.path.name)
    if both := [one for one in over or {} if one in (params or {})]:
        raise Invalid(f"{both[0]} is varied and given one value.", hint="Leave it out of --params, or of --over.")
    said = Asked(
        notebook=aim.shown, code=aim.code, over=None if varied is None else {one: space.as_plain() for one, space in varied.items()},
        params=params, metric=metric, direction=direction, by=by, seed=seed, prune=prune, trials=trials,
    )  # fmt: skip
    if name is None:
        name = said.whole().name()
    before = known(name)
    asked = said.whole() if before is None else said.following(before, name)
    found = spaces(cast(dict[str, Any], asked.over), aim.kinds, aim.path.name)  # in the order they were given first
    aim.check({**{one: None for one in found}, **(asked.params or {})})
    return name, _how(asked, found), found


def _how(asked: Asked, found: dict[str, Space]) -> Asked:
    """With the way trials are chosen, and how many."""
    count = combinations(found)
    by = asked.by
    if by is None:
        few = lists_alone(found.values()) and count is not None and count <= min(asked.trials or FEW, MOST)
        by = "grid" if few else "optuna" if importlib.util.find_spec("optuna") else "random"
    if by == "grid" and count is not None and count > MOST and asked.trials is None:
        raise TooLarge(f"A grid of these has {count:,} combinations.", hint="--by random --trials 100")
    trials = asked.trials or (count if by == "grid" and count is not None else USUAL)
    return replace(asked, by=by, trials=min(trials, count) if by == "grid" and count is not None else trials)


def _spelled(value: Any) -> str:
    """By which values are compared: 1 is not true, and the order in which parameters are named is nothing."""
    return json.dumps(value, sort_keys=True)
