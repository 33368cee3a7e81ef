"""GitLab CI: one job for the whole pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbmlops.pipelines.exports.asked import CI, REPORT, Asked, as_yaml, shell
from nbmlops.pipelines.exports.services import PYTHON, installing
from nbmlops.settings import FOLDER


def place(asked: Asked) -> Path:
    """Where GitLab looks for its one file."""
    return asked.repository / ".gitlab-ci.yml"


def written(asked: Asked) -> str:
    """The file's text."""
    folder = asked.from_repository()
    inside = "" if folder == "." else f"{folder}/"
    when = ""
    if asked.schedule is not None:
        when = (
            f" GitLab keeps schedules in the project's settings, not in a file: make one there with {asked.schedule} in UTC. Nothing "
            "but schedules and people start the job."
        )
    head = asked.head(
        "For GitLab CI; a repository that has a .gitlab-ci.yml includes this file from there (include: local:). What is done is "
        "remembered in .nbmlops, which goes from one job to the next in the cache: a step that nothing changed for is skipped, and one "
        f"that failed is where the next job begins.{when}",
        "Steps are tried again, waited for and stopped by nbmlops, as the pipeline's file says; GitLab tries the job again only where "
        "its runner was lost." + asked.names_variables("the project's CI/CD variables"),
    )
    name = asked.pipeline.name
    job: dict[str, Any] = {"image": asked.image_or(f"python:{PYTHON}")}
    if asked.schedule is not None:
        job["rules"] = [{"if": '$CI_PIPELINE_SOURCE == "schedule"'}, {"if": '$CI_PIPELINE_SOURCE == "web"'}]
    job |= {"resource_group": f"nbmlops-{name}", "retry": {"max": 2, "when": ["runner_system_failure"]}}
    limit = asked.whole_limit_s()
    if limit is not None:
        job["timeout"] = f"{limit // 60 + 10} minutes"
    job["cache"] = {"key": f"nbmlops-{name}", "paths": [f"{inside}{FOLDER}/"], "when": "always"}
    job["script"] = [*([] if folder == "." else [f"cd {folder}"]), installing(asked), shell(asked.whole(*CI))]
    job["artifacts"] = {"when": "always", "paths": [f"{inside}{REPORT}/"], "reports": {"junit": f"{inside}{REPORT}/*.xml"}}
    return head + as_yaml({f"pipeline-{name}": job})


def use(asked: Asked, path: str) -> str:
    """How it is used, in one line."""
    if asked.schedule is not None:
        return f"git add {path}, commit and push; make a schedule with {asked.schedule} in the project's settings"
    return f"git add {path}, commit and push: it is executed with each push"
