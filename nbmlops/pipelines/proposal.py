"""A pipeline proposed for notebooks that are there: what each reads and writes, as its last run did, or else as its code says."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nbmlops.capture.parameters import assigned, code_cells, declaring
from nbmlops.capture.slicing.parsing import parsed
from nbmlops.errors import Invalid, NbmlopsError, NotFound
from nbmlops.pipelines.checks import declared
from nbmlops.pipelines.definition import of, references
from nbmlops.pipelines.records import Pipeline, Step
from nbmlops.runs.book import RunBook
from nbmlops.workspace import Workspace

_WRITES = re.compile(r"(?:to_(?!datetime|numeric|numpy|list|dict|frame|records)\w+|write\w*|dump|save\w*|sink_\w+)$")
_READS = re.compile(r"(?:read\w*|load\w*|scan_\w+|open|genfromtxt|imread)$")
_FILE = re.compile(r"[^\s*?<>|\"'{}]+\.[A-Za-z0-9]{1,8}")


def proposed(notebooks: Sequence[Path], file: Path, workspace: Workspace) -> Pipeline:
    """A pipeline whose file would be `file`, of notebooks in its folder. Raises NotFound, Invalid."""
    found = [path.absolute() for path in notebooks] or sorted(file.parent.glob("*.ipynb"))
    if not found:
        raise NotFound(f"There is no notebook in {file.parent}.", hint="Name them: %mlops pipeline init prepare.ipynb train.ipynb")
    uses = {}
    for path in found:
        if not path.is_file():
            raise NotFound(f"There is no notebook {str(path)!r}.", hint="Files of Jupyter: prepare.ipynb train.ipynb")
        if not path.is_relative_to(file.parent):
            raise Invalid(f"{path} is not in {file.parent}.", hint="A pipeline's notebooks stand in its folder.")
        uses[path] = _recorded(path, file.parent, workspace) or _said(path)
    makers: dict[str, Path] = {}
    for path, (_, writes) in uses.items():
        for name in writes:
            makers.setdefault(name, path)
    params: dict[str, Any] = {}
    steps: dict[str, Any] = {}
    for path, (reads, writes) in uses.items():
        step: dict[str, Any] = {"notebook": path.relative_to(file.parent).as_posix()}
        outputs = [name for name in writes if makers[name] == path]
        inputs = [name for name in reads if name not in writes and (makers.get(name, path) != path or (file.parent / name).exists())]
        types = declared(path)
        if types:
            step["params"] = {name: f"${{params.{name}}}" for name in types}
            params.update({name: value for name, value in _defaults(path).items() if name not in params and name in types})
            step["params"] = {name: value for name, value in step["params"].items() if name in params}
        step.update({key: names for key, names in (("inputs", inputs), ("outputs", outputs)) if names})
        steps[_name(path, steps)] = step
    described = {**({"params": params} if params else {}), "steps": steps}
    return of(described, file)


def as_yaml(pipeline: Pipeline) -> str:
    """A pipeline's file."""
    import yaml

    described: dict[str, Any] = {"params": pipeline.params} if pipeline.params else {}
    described["steps"] = {
        step.name: {name: value for name, value in (("notebook", step.notebook), ("params", step.params), ("inputs", step.inputs),
                                                    ("outputs", step.outputs), ("after", _only_said(step, pipeline))) if value}
        for step in pipeline.steps
    }  # fmt: skip
    return str(yaml.safe_dump(described, sort_keys=False, allow_unicode=True, width=120))


def _only_said(step: Step, pipeline: Pipeline) -> list[str]:
    """What a step comes after for no other reason than that it is said."""
    makers = {output: one.name for one in pipeline.steps for output in one.outputs}
    needed = {makers.get(name) for name in step.inputs} | {owner for owner, _ in references(step.params)}
    return [name for name in step.after if name not in needed]


def _recorded(notebook: Path, folder: Path, workspace: Workspace) -> tuple[list[str], list[str]] | None:
    """What the last run of a notebook that came to its end read and wrote in a folder."""
    book = RunBook(workspace)
    try:
        runs = book.find(notebook=str(notebook), status="finished", limit=1)
        files = book.record(runs[0].id).files if runs else None
    except NbmlopsError:
        return None
    if files is None:
        return None
    found: dict[str, list[str]] = {"read": [], "write": []}
    for use in files:
        if use.kind == "file" and use.mode in found and Path(use.path).is_relative_to(folder):
            name = Path(use.path).relative_to(folder).as_posix()
            if not name.startswith(".") and name not in found[use.mode]:
                found[use.mode].append(name)
    return found["read"], found["write"]


def _said(notebook: Path) -> tuple[list[str], list[str]]:
    """The files that a notebook's code names, where it seems to read or to write them."""
    reads: dict[str, None] = {}
    writes: dict[str, None] = {}
    for _, source in code_cells(notebook) or []:
        tree, _ = parsed(source)
        for node in ast.walk(tree) if tree is not None else ():
            if not isinstance(node, ast.Call):
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""
            given = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)]
            for text in given:
                if not _FILE.fullmatch(text) or "://" in text or os.path.isabs(text) or ".." in text:
                    continue
                name = os.path.normpath(text).replace(os.sep, "/")
                if _WRITES.match(called) or (called == "open" and any(mode in given for mode in ("w", "wb", "wt", "x", "a"))):
                    writes[name] = None
                elif _READS.match(called):
                    reads[name] = None
    return [name for name in reads if name not in writes], list(writes)


def _defaults(notebook: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for source in declaring(notebook):
        found.update(assigned(source))
    return {name: value for name, value in found.items() if isinstance(value, (bool, int, float, str, list, dict))}


def _name(path: Path, taken: dict[str, Any]) -> str:
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", path.stem).strip("-._") or "step"
    name = stem if stem != "params" else "params-step"
    return next(one for one in (name, *(f"{name}-{number}" for number in range(2, 10**6))) if one not in taken)
