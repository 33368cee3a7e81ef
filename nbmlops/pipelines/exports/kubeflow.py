"""Kubeflow Pipelines 2: one container component a step.

What is written is Python that compiles to the package, not the package: that one belongs to a version of Kubeflow's SDK, which is the
user's to choose by his cluster; and of the two it is Python that is read, reviewed and kept. `python FILE` compiles what is uploaded.
"""

from __future__ import annotations

from pathlib import Path

from nbmlops.pipelines.exports.asked import Asked, allowed
from nbmlops.pipelines.exports.kubernetes import MOUNT, claim, name_of, secret, told
from nbmlops.pipelines.records import Step

_TOP = """\
from __future__ import annotations

import os

from kfp import compiler, dsl, kubernetes

IMAGE = {image!r}
PACKAGE = os.path.splitext(os.path.abspath(__file__))[0] + '.yaml'


def on_project(task):
    kubernetes.mount_pvc(task, pvc_name={claim!r}, mount_path={mount!r})
"""


def place(asked: Asked) -> Path:
    """Beside the pipeline's file."""
    return Path(asked.pipeline.file).absolute().parent / f"{asked.pipeline.name}_kubeflow.py"


def written(asked: Asked) -> str:
    """The file's text."""
    name, image = name_of(asked), asked.image_or(None)
    head = asked.head(
        "For Kubeflow Pipelines 2: executed as a program, with kfp and kfp-kubernetes installed, it compiles the package that is "
        f"uploaded, a .yaml file beside it. {told(asked)} Start no run while another goes on: both would write the same files.",
        *([f"Kubeflow keeps schedules apart from packages: `python FILE ADDRESS` makes a recurring run there, in UTC ({asked.schedule})."]
          if asked.schedule else []),
        "A step is tried again, waited for and stopped as the pipeline's file says: Kubeflow does that, so nbmlops is asked to execute "
        "a step once (--once), or attempts would multiply. A step's own time limit holds inside too; Kubeflow's comes 300 s after it. "
        "What is skipped is for nbmlops to say, which knows data and code: Kubeflow's own cache, which knows neither, is off.",
    )  # fmt: skip
    top = _TOP.format(image=image, claim=claim(asked), mount=MOUNT)
    lines = [head, top.rstrip("\n"), *_variables(asked, name), "    task.set_caching_options(enable_caching=False)", "    return task", ""]
    functions = {step: f"step_{short.replace('-', '_')}" for step, short in allowed(step.name for step in asked.pipeline.steps).items()}
    for step in asked.pipeline.steps:
        lines += [
            "", "@dsl.container_component", f"def {functions[step.name]}():",
            f"    return dsl.ContainerSpec(image=IMAGE, command=['nbmlops'], args={asked.one(step, mount=MOUNT)!r})", "",
        ]  # fmt: skip
    lines += ["", f"@dsl.pipeline(name={name!r})", "def pipeline():", "    steps = {}"]
    for step in asked.pipeline.steps:
        lines += _task(asked, step, functions[step.name])
    return "\n".join([*lines, "", "", *_main(asked, name)]) + "\n"


def use(asked: Asked, path: str) -> str:
    """How it is used, in one line."""
    return f"python {path} compiles what is uploaded" + ("; with an address it makes a recurring run there" if asked.schedule else "")


def _variables(asked: Asked, name: str) -> list[str]:
    lines = []
    for kind, of, found in (
        ("config_map", "variables", [one for one in asked.variables if not secret(one)]),
        ("secret", "secrets", [one for one in asked.variables if secret(one)]),
    ):
        if found:
            keys = {one: one for one in found}
            lines.append(f"    kubernetes.use_{kind}_as_env(task, {f'{name}-{of}'!r}, {keys!r}, optional=True)")
    return lines


def _task(asked: Asked, step: Step, function: str) -> list[str]:
    at = f"    steps[{step.name!r}]"
    lines = [f"{at} = on_project({function}())", f"{at}.set_display_name({step.name!r})"]
    if step.after:
        lines.append(f"{at}.after({', '.join(f'steps[{need!r}]' for need in step.after)})")
    if step.retries:
        pause = f", backoff_duration='{round(step.backoff_s)}s', backoff_factor=2" if step.backoff_s >= 0.5 else ""
        lines.append(f"{at}.set_retry({step.retries}{pause})")
    limit = asked.limit_s(step)
    if limit is not None:
        lines.append(f"    kubernetes.set_timeout(steps[{step.name!r}], {limit})")
    return lines


def _main(asked: Asked, name: str) -> list[str]:
    if asked.schedule is None:
        return ["if __name__ == '__main__':", "    compiler.Compiler().compile(pipeline, PACKAGE)"]
    return [
        "def recurring(client):",
        f"    experiment = client.create_experiment({name!r})",
        "    client.create_recurring_run(",
        f"        experiment_id=experiment.experiment_id, job_name={name!r}, pipeline_package_path=PACKAGE,",
        f"        cron_expression={'0 ' + asked.schedule!r}, max_concurrency=1, no_catchup=True, enable_caching=False,",
        "    )",
        "",
        "",
        "if __name__ == '__main__':",
        "    import sys",
        "",
        "    compiler.Compiler().compile(pipeline, PACKAGE)",
        "    if sys.argv[1:]:",
        "        from kfp import Client",
        "",
        "        recurring(Client(host=sys.argv[1]))",
    ]
