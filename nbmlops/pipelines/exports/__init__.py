"""A pipeline handed over to what a team runs already: one file each target, each written from the pipeline's file alone."""

from __future__ import annotations

import importlib
import os
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

from nbmlops.atomic import write_whole
from nbmlops.errors import Conflict, Invalid, NotFound, Unwritable
from nbmlops.ledger.blobs import digest_bytes
from nbmlops.ledger.secrets import mask_params
from nbmlops.pipelines import checks
from nbmlops.pipelines.exports import cron
from nbmlops.pipelines.exports.asked import Asked, harmless, relative
from nbmlops.pipelines.records import Pipeline, PipelineExport
from nbmlops.workspace import Workspace

TARGETS = ("airflow", "kubeflow", "prefect", "github", "gitlab", "argo", "cronjob")
_SIGNED = re.compile(r"^# nbmlops \S+, (blake3:[0-9a-f]{32})\n", re.MULTILINE)
_IMAGE = re.compile(r"(?:[A-Za-z0-9.-]+(?::\d{1,5})?/)?[a-z0-9][a-z0-9._/-]{0,254}(?::\w[\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?", re.ASCII)


def export(
    pipeline: Pipeline, target: str, *, params: dict[str, Any], schedule: str | None = None, image: str | None = None,
    output: Path | None = None, replace: bool = False, workspace: Workspace,
) -> PipelineExport:  # fmt: skip
    """Write a pipeline's file for another tool. Raises NotFound, Invalid, or Conflict for a file that is somebody else's."""
    asked = _asked(pipeline, target, params, schedule, image, output, workspace)
    tool = importlib.import_module(f"{__name__}.{target}")
    path = asked.output or tool.place(asked)
    text = signed(tool.written(asked))
    replaced = _may_write(path, Path(pipeline.file), replace)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text.encode())
        path.chmod(0o644)  # other programs read it, under names of their own; it has no secrets
    except OSError as error:
        raise Unwritable(f"{path} cannot be written: {error.strerror}.", hint="Check the folder and the rights.") from error
    return PipelineExport(
        pipeline=pipeline.name, target=target, file=str(path), replaced=replaced, schedule=asked.schedule,
        steps=[step.name for step in pipeline.steps], use=tool.use(asked, relative(path, asked.repository)),
    )  # fmt: skip


def signed(text: str) -> str:
    """A text with a line after the comment at its head by which it is known as ours, and as nobody's who changed it since."""
    head = re.match(r"(?:#.*\n)+", text)
    at = head.end() if head else 0
    return f"{text[:at]}# nbmlops {version('nbmlops')}, {digest_bytes(text.encode())[:39]}\n{text[at:]}"


def ours(text: str) -> bool:
    """Whether a text is as we wrote it.

    >>> ours(signed("# a\\nb\\n")), ours(signed("# a\\nb\\n") + "c"), ours("")
    (True, False, False)
    """
    found = _SIGNED.search(text)
    return found is not None and digest_bytes((text[: found.start()] + text[found.end() :]).encode())[:39] == found[1]


def _asked(
    pipeline: Pipeline, target: str, params: dict[str, Any], schedule: str | None, image: str | None, output: Path | None, place: Workspace
) -> Asked:  # fmt: skip
    if target not in TARGETS:
        raise NotFound(f"Nothing is exported to {target[:80]!r}.", hint=f"There is: {', '.join(TARGETS)}.")
    hidden = mask_params(params)
    for name, value in params.items():
        if hidden.get(name) != value:
            raise Invalid(
                f"{name} looks like a secret, and what is exported is read by many.",
                hint="Have the notebook read an environment variable: name it in the step's variables:, keep it with the tool's secrets.",
            )
    checks.given(pipeline, params)
    if image is not None and not _IMAGE.fullmatch(image):
        raise Invalid(f"{image[:200]!r} is no container image.", hint="For example: --image registry.example.com/flights:1")
    file = Path(os.path.abspath(pipeline.file))
    for step in pipeline.steps:
        if not (file.parent / step.notebook).is_file():
            raise NotFound(f"Step {step.name!r}: there is no notebook {step.notebook!r}.", hint=f"In {file.parent}.")
    root = Path(os.path.abspath(place.root))
    project = root if file.is_relative_to(root) else file.parent
    repository = next((folder for folder in (project, *project.parents) if (folder / ".git").exists()), project)
    return Asked(
        pipeline=pipeline, target=target, file=harmless(relative(file, project), "file"), project=project, repository=repository,
        schedule=None if schedule is None else cron.checked(schedule), image=image, params=params,
        output=None if output is None else Path(os.path.abspath(output)),
    )  # fmt: skip


def _may_write(path: Path, pipeline: Path, replace: bool) -> bool:
    """Whether a file is there, which may be replaced; Conflict for one that may not."""
    if path.is_dir():
        raise Invalid(f"{path} is a folder.", hint="Name the file to write: --output flights.yml")
    if path.exists() and pipeline.exists() and path.samefile(pipeline):
        raise Invalid(f"{path} is the pipeline itself.", hint="Name another file: --output")
    try:
        text = path.read_bytes().decode("utf-8", "replace").replace("\r\n", "\n")
    except FileNotFoundError:
        return False
    except OSError as error:
        raise Unwritable(f"{path} cannot be read: {error.strerror}.", hint="Check its rights.") from error
    if not replace and not ours(text):
        how = "was changed by hand since it was exported" if _SIGNED.search(text) else "is there, and was not exported"
        raise Conflict(f"{path} {how}.", hint="Write over it: --replace. Or name another: --output")
    return True
