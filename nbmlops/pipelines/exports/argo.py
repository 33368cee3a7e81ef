"""Argo Workflows: a DAG template with a template a step; a CronWorkflow where there is a schedule, a WorkflowTemplate otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbmlops.pipelines.exports.asked import Asked, allowed, as_yaml
from nbmlops.pipelines.exports.kubernetes import MOUNT, container, name_of, told, volumes
from nbmlops.pipelines.records import Step

_LABEL = "nbmlops-pipeline"
_WHOLE = "whole-pipeline"


def place(asked: Asked) -> Path:
    """Beside the pipeline's file."""
    return Path(asked.pipeline.file).absolute().parent / f"{asked.pipeline.name}.argo.yaml"


def written(asked: Asked) -> str:
    """The file's text."""
    name = name_of(asked)
    head = asked.head(
        f"For Argo Workflows 3.6 or later. {told(asked)} All pods of the pipeline go to one node therefore, and only one execution goes "
        "on at a time.",
        "A step is tried again, waited for and stopped as the pipeline's file says: Argo does that, also for a pod that was lost, so "
        "nbmlops is asked to execute a step once (--once), or attempts would multiply. A step's own time limit holds inside too; "
        "Argo's comes 300 s after it.",
    )
    spec = _spec(asked, name)
    if asked.schedule is None:
        described = {"kind": "WorkflowTemplate", "metadata": {"name": name}, "spec": spec}
    else:
        cron = {"schedules": [asked.schedule], "timezone": "Etc/UTC", "concurrencyPolicy": "Forbid", "workflowSpec": spec}
        described = {"kind": "CronWorkflow", "metadata": {"name": name}, "spec": cron}
    return head + as_yaml({"apiVersion": "argoproj.io/v1alpha1", **described})


def use(asked: Asked, path: str) -> str:
    """How it is used, in one line."""
    if asked.schedule is not None:
        return f"argo cron create {path}"
    return f"argo template create {path}, then argo submit --from workflowtemplate/{name_of(asked)}"


def _spec(asked: Asked, name: str) -> dict[str, Any]:
    names = allowed([step.name for step in asked.pipeline.steps], {_WHOLE})
    tasks = []
    for step in asked.pipeline.steps:
        task: dict[str, Any] = {"name": names[step.name], "template": names[step.name]}
        tasks.append({**task, "dependencies": [names[need] for need in step.after]} if step.after else task)
    one_node = {"labelSelector": {"matchLabels": {_LABEL: name}}, "topologyKey": "kubernetes.io/hostname"}
    return {
        "entrypoint": _WHOLE,
        "synchronization": {"mutexes": [{"name": name}]},
        "podMetadata": {"labels": {_LABEL: name}},
        "affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [one_node]}},
        "volumes": volumes(asked),
        "templates": [
            # A step that fails ends what needs it; the rest goes on.
            {"name": _WHOLE, "dag": {"failFast": False, "tasks": tasks}},
            *(_template(asked, step, names[step.name]) for step in asked.pipeline.steps),
        ],
    }


def _template(asked: Asked, step: Step, name: str) -> dict[str, Any]:
    found: dict[str, Any] = {"name": name}
    if step.retries:
        found["retryStrategy"] = {"limit": step.retries, "retryPolicy": "Always"}
        if step.backoff_s:
            found["retryStrategy"]["backoff"] = {"duration": f"{step.backoff_s:g}s", "factor": 2}
    limit = asked.limit_s(step)
    if limit is not None:
        found["activeDeadlineSeconds"] = limit
    return {**found, "container": container(asked, asked.one(step, mount=MOUNT))}
