"""What every export is made of: the pipeline, where it stands, how a step is asked for over there, and the words at the head.

Nothing of a person's becomes code over there. A value is written as JSON without the letters that begin a template or a variable
anywhere; a file whose name has them is refused; and both are quoted for the place where they stand.
"""

from __future__ import annotations

import json
import math
import os
import re
import shlex
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbmlops.errors import Invalid
from nbmlops.ledger.blobs import digest_bytes
from nbmlops.pipelines.records import Pipeline, Step

REPORT = "report"
CI = ["--ci", REPORT]  # what has the whole pipeline's verdict written for a service: JUnit's XML, Markdown, HTML, in this folder
MARGIN_S = 300  # a tool's limit is so much longer than the step's own, which holds inside and ends the run in good order
LONGEST_PAUSE_S = 86_400.0
_TEMPLATES = ("$", "{{", "{%", "{#")  # Jinja, GitHub, GitLab, Argo, Kubeflow, Kubernetes, shells
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
_LETTER = {"{": "\\u007b", "}": "\\u007d", "$": "\\u0024"}
_MOST_LETTERS = 30_000


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One export that is asked for. Commands are executed in `project`, which lies in `repository`; `file` is relative to `project`."""

    pipeline: Pipeline
    target: str
    file: str
    project: Path
    repository: Path
    schedule: str | None = None
    image: str | None = None
    params: dict[str, Any]
    output: Path | None = None

    def whole(self, *more: str, mount: str | None = None) -> list[str]:
        """The words after `nbmlops` that execute the whole pipeline. `mount`: where a container has the project's folder."""
        return [*self._run(mount), *self._params, "--alone", *more]

    def one(self, step: Step, *, mount: str | None = None) -> list[str]:
        """The words after `nbmlops` that execute one step, once; the last is never a file's name, which Airflow would open."""
        return [*self._run(mount), "--only", step.name, *self._params, "--alone", "--once"]

    def _run(self, mount: str | None) -> list[str]:
        return ["pipeline", "run", *([f"{mount}/{self.file}", "--workspace", mount] if mount else [self._file])]

    @property
    def _file(self) -> str:
        return f"./{self.file}" if self.file.startswith("-") else self.file

    @property
    def _params(self) -> list[str]:
        return [word for name, value in self.params.items() for word in ("--params", f"{name}={inert(value)}")]

    def names_variables(self, where: str) -> str:
        """A sentence on where the variables that steps read come from; nothing where they read none."""
        return f" Variables that steps read ({', '.join(self.variables)}) are {where}." if self.variables else ""

    @property
    def variables(self) -> list[str]:
        """The environment variables that its steps count as their input: every step is asked with all of them."""
        return sorted({name for step in self.pipeline.steps for name in step.variables})

    def image_or(self, otherwise: str | None) -> str:
        """The container image that was named, or another one; Invalid where there is none."""
        if self.image is None and otherwise is None:
            what = f"{self.target} executes in containers, and no image is named."
            raise Invalid(what, hint="An image with nbmlops and what the notebooks import: --image registry.example.com/flights:1")
        return str(self.image or otherwise)

    def no_image(self, tool: str) -> None:
        """Refuse an image where nothing would become of it."""
        if self.image is not None:
            raise Invalid(f"{tool} is given no container image.", hint="Leave --image out; kubeflow, argo, cronjob and gitlab take one.")

    def from_repository(self) -> str:
        """The project's folder from the repository's; Invalid where its name means something to a service."""
        name = self.project.relative_to(self.repository).as_posix()
        if not re.fullmatch(r"[\w./@+-]+", name) or name.startswith("-"):
            raise Invalid(f"The folder {name!r} cannot stand in a service's paths.", hint="Letters, digits and . _ @ + - alone.")
        return name

    def limit_s(self, step: Step) -> int | None:
        """The seconds after which a tool stops one attempt at a step; None without a limit."""
        return None if step.timeout_s is None else math.ceil(step.timeout_s) + MARGIN_S

    def whole_limit_s(self) -> int | None:
        """The most seconds that the whole pipeline takes, its steps one after the other, all attempts and pauses among them."""
        found = 0.0
        for step in self.pipeline.steps:
            if step.timeout_s is None:
                return None
            found += (step.timeout_s + MARGIN_S) * (step.retries + 1) + sum(pauses(step))
        return min(math.ceil(found), 10**8)

    def head(self, *paragraphs: str) -> str:
        """The comment that a file begins with: what made it of what, how to make it again, and what to know."""
        words = ["nbmlops", "pipeline", "export", self._file, "--to", self.target, *self._given()]
        lines = [f"# Generated from {self.file}. After a change there, generate it again, in the project's folder:"]
        lines.append(f"#     {shlex.join(words)}")
        for text in paragraphs:
            lines += ["#", *(f"# {line}" for line in textwrap.wrap(text, 116, break_long_words=False, break_on_hyphens=False))]
        return "\n".join(lines) + "\n"

    def _given(self) -> Iterable[str]:
        for name, value in (("--schedule", self.schedule), ("--image", self.image)):
            if value is not None:
                yield from (name, value)
        yield from self._params
        if self.output is not None:
            inside = self.output.is_relative_to(self.repository)
            yield from ("--output", relative(self.output, self.project) if inside else self.output.name)


def inert(value: Any) -> str:
    """A plain value as JSON that is a template or a variable nowhere: only ASCII, and in its texts no `{`, `}` and `$`.

    >>> print(inert({"a": "{{ x }} $(id) ${{ y }}\\n"}))
    {"a": "\\u007b\\u007b x \\u007d\\u007d \\u0024(id) \\u0024\\u007b\\u007b y \\u007d\\u007d\\n"}
    """
    text = _TEXT.sub(lambda found: "".join(_LETTER.get(letter, letter) for letter in found[0]), json.dumps(value))
    if len(text) > _MOST_LETTERS:
        raise Invalid(f"A parameter of {len(text):,} letters is too long for a command.", hint="Write it into the pipeline's file.")
    return text


def harmless(name: str, what: str) -> str:
    """A name as it is; Invalid where some tool would read it as a template or a variable, or where it is not one printable line.

    >>> harmless("flights of ada's.yaml", "file")
    "flights of ada's.yaml"
    >>> harmless("{{ x }}.yaml", "file")
    Traceback (most recent call last):
    nbmlops.errors.Invalid: The file '{{ x }}.yaml' cannot be exported: it has '{{'. Call it something else.
    """
    bad = next((word for word in _TEMPLATES if word in name), None)
    if bad is not None or not name.isprintable():
        has = repr(bad) if bad else "letters that cannot be printed"
        raise Invalid(f"The {what} {name[:200]!r} cannot be exported: it has {has}.", hint="Call it something else.")
    return name


def shell(words: Iterable[str], program: str = "nbmlops") -> str:
    """A line for a shell.

    >>> shell(["run", "ada's $HOME.yaml"])
    'nbmlops run \\'ada\\'"\\'"\\'s $HOME.yaml\\''
    """
    return f"{program} {shlex.join(words)}"


def as_yaml(described: dict[str, Any]) -> str:
    """A YAML document in the order it is described in."""
    import yaml

    return str(yaml.safe_dump(described, sort_keys=False, allow_unicode=True, width=120))


def relative(path: Path, folder: Path) -> str:
    """A path from a folder, with slashes."""
    return os.path.relpath(path, folder).replace(os.sep, "/")


def pauses(step: Step) -> list[float]:
    """The seconds before each further attempt: twice as long each time, and a day at the most."""
    return [min(step.backoff_s * 2.0**number, LONGEST_PAUSE_S) for number in range(step.retries)]


def allowed(names: Iterable[str], taken: Iterable[str] = (), *, most: int = 63) -> dict[str, str]:
    """Names as Kubernetes allows them (RFC 1123: small letters, digits and dashes), by the names they stand for; no two alike.

    >>> allowed(["train", "Train", "1.clean_up"])
    {'train': 'train', 'Train': 'train-c6b2d3fe', '1.clean_up': '1-clean-up'}
    """
    names, used = list(names), set(taken)
    fit = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
    found = {name: name for name in names if fit.fullmatch(name) and len(name) <= most and name not in used}
    used |= set(found)
    for name in names:
        if name not in found:
            short = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "step"
            if short in used or len(short) > most:
                short = f"{short[: most - 9].rstrip('-')}-{digest_bytes(name.encode('utf-8', 'replace'))[7:15]}"
            found[name] = short
            used.add(short)
    return {name: found[name] for name in names}


def tries_again(tool: str) -> str:
    """A paragraph on who repeats a step that failed, where the tool does."""
    return (
        f"A task tries again, waits and stops as the pipeline's file says: {tool} does that, so nbmlops is asked to execute a step "
        f"once (--once), or attempts would multiply. A step's own time limit holds inside too; {tool}'s comes {MARGIN_S} s after it."
    )
