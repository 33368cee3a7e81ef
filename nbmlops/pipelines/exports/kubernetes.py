"""What the exports to Kubernetes have in common: names, the claim with the project's folder, a container, its variables."""

from __future__ import annotations

from typing import Any

from nbmlops.ledger.secrets.names import says
from nbmlops.pipelines.exports.asked import Asked, allowed

MOUNT = "/project"
_MOST = 52  # of a CronJob's and a CronWorkflow's name: what they start is called so with eleven letters more


def name_of(asked: Asked) -> str:
    """The pipeline's name as Kubernetes allows it."""
    return allowed([asked.pipeline.name], most=_MOST)[asked.pipeline.name]


def claim(asked: Asked) -> str:
    """The volume claim that holds the project's folder."""
    return f"{name_of(asked)}-project"


def told(asked: Asked) -> str:
    """What the one who applies it must know of the claim and the variables."""
    text = (
        f"The volume claim {claim(asked)} holds the project's folder, and is mounted at {MOUNT}: notebooks and data, what steps make "
        "for each other, and .nbmlops, which remembers what is done. Let it be mounted on one node at a time (ReadWriteOnce): the "
        "ledger is a file of SQLite, which file systems over a network do not lock well."
    )
    if asked.variables:
        text += (
            f" Environment variables that steps read come from the config map {name_of(asked)}-variables, and those that are secrets "
            f"by their names from the secret {name_of(asked)}-secrets."
        )
    return text


def secret(variable: str) -> bool:
    """Whether an environment variable is a secret by its name."""
    return says(variable) != "no"


def container(asked: Asked, words: list[str]) -> dict[str, Any]:
    """A container that executes `nbmlops` with these words."""
    found: dict[str, Any] = {"image": asked.image_or(None), "command": ["nbmlops"], "args": words, "workingDir": MOUNT}
    if asked.variables:
        found["env"] = [_variable(asked, name) for name in asked.variables]
    return {**found, "volumeMounts": [{"name": "project", "mountPath": MOUNT}]}


def volumes(asked: Asked) -> list[dict[str, Any]]:
    """The volume that every container mounts."""
    return [{"name": "project", "persistentVolumeClaim": {"claimName": claim(asked)}}]


def _variable(asked: Asked, name: str) -> dict[str, Any]:
    kind, of = ("secretKeyRef", "secrets") if secret(name) else ("configMapKeyRef", "variables")
    return {"name": name, "valueFrom": {kind: {"name": f"{name_of(asked)}-{of}", "key": name, "optional": True}}}
