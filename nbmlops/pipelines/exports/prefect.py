"""Prefect 3: a flow, one task a step."""

from __future__ import annotations

from pathlib import Path

from nbmlops.pipelines.exports.asked import Asked, pauses, relative, tries_again
from nbmlops.pipelines.records import Step

_MOST_PAUSES = 50  # Prefect takes no more; the last one is taken again

_TOP = """\
from __future__ import annotations

import os
import subprocess

from prefect import flow, task
from prefect.futures import wait

HERE = os.path.dirname(os.path.abspath(__file__))
PROJECT = os.environ.get('NBMLOPS_PROJECT') or os.path.normpath(os.path.join(HERE, {project!r}))
COMMAND = os.environ.get('NBMLOPS_COMMAND') or 'nbmlops'


@task(log_prints=True, cache_policy=None)
def execute(*words: str) -> None:
    with subprocess.Popen(
        [COMMAND, *words], cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding='utf-8', errors='replace'
    ) as process:
        try:
            for line in process.stdout:
                print(line.rstrip())
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        raise RuntimeError(f'nbmlops ended with {{process.returncode}}; what it said is in the log.')


@flow(name={name!r})
def pipeline() -> None:
    steps = {{}}"""


def place(asked: Asked) -> Path:
    """Beside the pipeline's file."""
    return Path(asked.pipeline.file).absolute().parent / f"{asked.pipeline.name}_prefect.py"


def written(asked: Asked) -> str:
    """The file's text."""
    asked.no_image("Prefect")
    head = asked.head(
        "For Prefect 3: executed as a program it executes the flow"
        + (
            " on its schedule (UTC), as long as it is left running; PREFECT_API_URL is the Prefect server that keeps the time."
            if asked.schedule
            else "."
        )
        + " NBMLOPS_PROJECT is the folder with the notebooks; otherwise it is found from where this file stands. Steps find there what "
        "others made, and .nbmlops in it remembers what is done. NBMLOPS_COMMAND is the program, where nbmlops is installed apart."
        + asked.names_variables("those of the environment that executes it"),
        tries_again("Prefect"),
    )
    lines = [head, _TOP.format(project=relative(asked.project, (asked.output or place(asked)).parent), name=asked.pipeline.name)]
    for step in asked.pipeline.steps:
        lines += _task(asked, step)
    lines += ["    wait(list(steps.values()))", "    for step in steps.values():", "        step.result()", "", ""]
    lines.append("if __name__ == '__main__':")
    if asked.schedule is None:
        lines.append("    pipeline()")
    else:
        lines.append(f"    pipeline.serve(name={asked.pipeline.name!r}, cron={asked.schedule!r}, limit=1)")
    return "\n".join(lines) + "\n"


def use(asked: Asked, path: str) -> str:
    """How it is used, in one line."""
    return f"python {path}" + (", left running beside a Prefect server" if asked.schedule else "")


def _task(asked: Asked, step: Step) -> list[str]:
    how = [f"name={step.name!r}"]
    if step.retries:
        how += [f"retries={step.retries}", f"retry_delay_seconds={pauses(step)[:_MOST_PAUSES]!r}"]
    limit = asked.limit_s(step)
    if limit is not None:
        how.append(f"timeout_seconds={limit}")
    after = f"        wait_for=[{', '.join(f'steps[{need!r}]' for need in step.after)}]," if step.after else None
    return [
        f"    steps[{step.name!r}] = execute.with_options({', '.join(how)}).submit(",
        f"        *{asked.one(step)!r},",
        *([after] if after else []),
        "    )",
    ]
