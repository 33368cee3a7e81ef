"""Kubernetes itself: a CronJob that executes the whole pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbmlops.errors import Invalid
from nbmlops.pipelines.exports.asked import Asked, as_yaml
from nbmlops.pipelines.exports.kubernetes import MOUNT, container, name_of, told, volumes


def place(asked: Asked) -> Path:
    """Beside the pipeline's file."""
    return Path(asked.pipeline.file).absolute().parent / f"{asked.pipeline.name}.cronjob.yaml"


def written(asked: Asked) -> str:
    """The file's text."""
    if asked.schedule is None:
        raise Invalid("A CronJob has a schedule, and none is given.", hint="In UTC: --schedule '0 6 * * *'")
    name = name_of(asked)
    head = asked.head(
        f"For Kubernetes 1.31 or later. {told(asked)}",
        "Steps are tried again, waited for and stopped by nbmlops, as the pipeline's file says. Kubernetes starts another pod only where "
        "it took the first away itself (a node that is emptied): that one skips what is done. A pipeline that failed is not started "
        "again before its time comes. Start none by hand while one goes on: nothing would hold it back, and both would write the files.",
    )
    pod: dict[str, Any] = {
        "restartPolicy": "Never",
        "containers": [{"name": "pipeline", **container(asked, asked.whole(mount=MOUNT))}],
        "volumes": volumes(asked),
    }
    job: dict[str, Any] = {
        "backoffLimit": 0,
        "podFailurePolicy": {"rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]},
    }
    limit = asked.whole_limit_s()
    if limit is not None:
        job["activeDeadlineSeconds"] = limit
    spec = {
        "schedule": asked.schedule, "timeZone": "Etc/UTC", "concurrencyPolicy": "Forbid",
        "jobTemplate": {"spec": {**job, "template": {"spec": pod}}},
    }  # fmt: skip
    return head + as_yaml({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": name}, "spec": spec})


def use(asked: Asked, path: str) -> str:
    """How it is used, in one line."""
    return f"kubectl apply -f {path}; at once: kubectl create job --from=cronjob/{name_of(asked)} once"
