"""GitHub Actions: a workflow with one job for the whole pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbmlops.pipelines.exports.asked import CI, REPORT, Asked, as_yaml, shell
from nbmlops.pipelines.exports.kubernetes import secret
from nbmlops.pipelines.exports.services import PYTHON, installing
from nbmlops.settings import FOLDER

_OWN = ("GITHUB_", "RUNNER_", "ACTIONS_")  # the service's own variables, which are there anyway


def place(asked: Asked) -> Path:
    """Where GitHub looks for workflows."""
    return asked.repository / ".github" / "workflows" / f"{asked.pipeline.name}.yml"


def written(asked: Asked) -> str:
    """The file's text."""
    asked.no_image("GitHub")
    folder = asked.from_repository()
    head = asked.head(
        "For GitHub Actions, which finds it where it stands. What is done is remembered in .nbmlops, which goes from one run to the "
        "next in the service's cache: a step that nothing changed for is skipped, and one that failed is where the next run begins.",
        "Steps are tried again, waited for and stopped by nbmlops, as the pipeline's file says; the job is not tried again by itself."
        + asked.names_variables("the repository's variables, or its secrets where their names say so"),
    )
    name = asked.pipeline.name
    key = f"nbmlops-{name}-${{{{ runner.os }}}}-"
    kept = {"path": f"{folder}/{FOLDER}" if folder != "." else FOLDER, "key": key + "${{ github.run_id }}-${{ github.run_attempt }}"}
    report = f"{folder}/{REPORT}" if folder != "." else REPORT
    job: dict[str, Any] = {"runs-on": "ubuntu-latest"}
    limit = asked.whole_limit_s()
    if limit is not None:
        job["timeout-minutes"] = limit // 60 + 10
    if folder != ".":
        job["defaults"] = {"run": {"working-directory": folder}}
    variables = [one for one in asked.variables if not one.upper().startswith(_OWN)]
    given = {one: f"${{{{ {'secrets' if secret(one) else 'vars'}.{one} }}}}" for one in variables}
    job["steps"] = [
        {"uses": "actions/checkout@v4"},
        {"uses": "actions/setup-python@v5", "with": {"python-version": PYTHON}},
        {"name": "Install", "run": installing(asked)},
        {"name": "Bring what is done", "uses": "actions/cache/restore@v4", "with": {**kept, "restore-keys": key}},
        {"name": "Execute the pipeline", "run": shell(asked.whole(*CI)), **({"env": given} if given else {})},
        {"name": "Keep what is done", "if": "always()", "uses": "actions/cache/save@v4", "with": kept},
        {"name": "Show the report", "if": "always()", "run": f'cat {REPORT}/*.md >> "$GITHUB_STEP_SUMMARY"'},
        {
            "name": "Keep the report", "if": "always()", "uses": "actions/upload-artifact@v4",
            "with": {"name": f"{name}-{REPORT}", "path": report},
        },
    ]  # fmt: skip
    on: dict[str, Any] = {"workflow_dispatch": {}}
    if asked.schedule is None:
        on["push"] = {}
    else:
        on["schedule"] = [{"cron": asked.schedule}]
    return head + as_yaml({
        "name": name, "on": on, "permissions": {"contents": "read"},
        "concurrency": {"group": f"nbmlops-{name}", "cancel-in-progress": False}, "jobs": {"pipeline": job},
    })  # fmt: skip


def use(asked: Asked, path: str) -> str:
    """How it is used, in one line."""
    return f"git add {path}, commit, push: executed {'on its schedule' if asked.schedule else 'with each push'}, or by gh workflow run"
