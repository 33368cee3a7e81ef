"""Apache Airflow 3: a DAG, one task a step."""

from __future__ import annotations

from pathlib import Path

from nbmlops.pipelines.exports.asked import Asked, relative, shell, tries_again
from nbmlops.pipelines.records import Step

_PROGRAM = 'exec "${NBMLOPS_COMMAND:-nbmlops}"'
_TOP = """\
from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

HERE = os.path.dirname(os.path.abspath(__file__))
PROJECT = os.environ.get('NBMLOPS_PROJECT') or os.path.normpath(os.path.join(HERE, {project!r}))
"""


def place(asked: Asked) -> Path:
    """Beside the pipeline's file."""
    return Path(asked.pipeline.file).absolute().parent / f"{asked.pipeline.name}_airflow.py"


def written(asked: Asked) -> str:
    """The file's text."""
    asked.no_image("Airflow")
    head = asked.head(
        "For Airflow 3: put it into the DAG folder. NBMLOPS_PROJECT, in the workers' environment, is the folder with the notebooks; "
        "otherwise it is found from where this file stands. All workers need that one folder, in which steps find what others made "
        "and where .nbmlops remembers what is done. NBMLOPS_COMMAND is the program, where nbmlops is installed apart from Airflow."
        + asked.names_variables("those of the workers' environment"),
        tries_again("Airflow"),
    )
    lines = [head, _TOP.format(project=relative(asked.project, (asked.output or place(asked)).parent)), "", "with DAG("]
    lines += [
        f"    dag_id={asked.pipeline.name!r},",
        f"    schedule={asked.schedule!r},",
        "    start_date=datetime(2025, 1, 1, tzinfo=timezone.utc),",
        "    catchup=False,",
        "    max_active_runs=1,",
        "    tags=['nbmlops'],",
        "):",
        "    steps = {}",
    ]
    for step in asked.pipeline.steps:
        lines += _task(asked, step)
    lines += [f"    steps[{need!r}] >> steps[{step.name!r}]" for step in asked.pipeline.steps for need in step.after]
    return "\n".join(lines) + "\n"


def use(asked: Asked, path: str) -> str:
    """How it is used, in one line."""
    return f"airflow dags test {asked.pipeline.name}, with {path} in the DAG folder"


def _task(asked: Asked, step: Step) -> list[str]:
    # The command is a template of Jinja; of what stands in it nothing begins one.
    lines = [
        f"    steps[{step.name!r}] = BashOperator(",
        f"        task_id={step.name!r},",
        f"        bash_command={shell(asked.one(step), _PROGRAM)!r},",
        "        cwd=PROJECT,",
        "        do_xcom_push=False,",
        "        skip_on_exit_code=None,",
        f"        retries={step.retries},",
    ]
    if step.retries:
        lines.append(f"        retry_delay=timedelta(seconds={step.backoff_s:g}),")
        lines += ["        retry_exponential_backoff=2.0,"] if step.backoff_s else []
    limit = asked.limit_s(step)
    if limit is not None:
        lines.append(f"        execution_timeout=timedelta(seconds={limit}),")
    return [*lines, "    )"]
