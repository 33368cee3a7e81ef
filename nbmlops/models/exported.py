"""A version written out for others: a folder that stands whole or not at all, and that is known again as ours while nobody changed it."""

from __future__ import annotations

import json
import os
import platform
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from nbmlops import plugins
from nbmlops.errors import Conflict, Invalid, NbmlopsError, Unwritable
from nbmlops.ledger.blobs import digest_of_file
from nbmlops.ledger.secrets import mask
from nbmlops.models.package import ModelFile, write, write_mlflow
from nbmlops.models.records import ModelExport, ModelVersion
from nbmlops.models.requirements import distributions, modules_of
from nbmlops.runs.book import RunBook
from nbmlops.workspace import Workspace

WRITTEN = "nbmlops_files.json"  # what was written here, by digest


def export(workspace: Workspace, version: ModelVersion, folder: Path) -> ModelExport:
    """Write a version's folder. Conflict where something stands there that is not as an export left it; Damaged, Unwritable."""
    target = Path(os.path.abspath(folder.expanduser()))
    replaced = _may_write(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=".nbmlops-export-", dir=target.parent))
    except OSError as error:
        raise Unwritable(f"{target} cannot be written: {error.strerror}.", hint="Check the folder and the rights.") from error
    try:
        made = aside / "new"
        made.mkdir(mode=0o755)
        flavors, code = _written(workspace, version, made)
        files = _digests(made)
        (made / WRITTEN).write_text(json.dumps(files, indent=1) + "\n", "utf-8")
        if target.exists():
            target.rename(aside / "old")
        made.rename(target)
    except NbmlopsError:
        raise
    except OSError as error:
        raise Unwritable(f"{target} cannot be written: {error.strerror}.", hint="Check the folder and the rights.") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    return ModelExport(
        model=version.model, version=version.version, folder=str(target), flavors=flavors, code=code, files=sorted([*files, WRITTEN]),
        size_bytes=size, replaced=replaced,
    )  # fmt: skip


def _written(workspace: Workspace, version: ModelVersion, folder: Path) -> tuple[list[str], str | None]:
    """Write a version's files into an empty folder; gives MLflow's flavors there, and the digest of code that loading it runs."""
    flavor = plugins.adapter("flavor", version.flavor)()
    data = workspace.blobs.get(version.digest)
    fixtures = workspace.blobs.get(version.fixtures) if version.fixtures else None
    file = ModelFile(version.flavor, data, version.signature, fixtures)
    said = write(folder, file, flavor.suffix, flavor.names(data))
    python, needed = _environment(workspace, version, flavor, data)
    origin = {
        "model": version.model, "version": version.version, "digest": version.digest, "run": version.run, "dataset": version.dataset,
        "target": version.target, "estimator": version.estimator, "description": mask(version.description), "metrics": version.metrics,
    }  # fmt: skip
    flavors = write_mlflow(
        folder, said, file, estimator=version.estimator, python=python, distributions=needed, metadata={"nbmlops": origin}
    )
    return flavors, flavor.code(data)


def _environment(workspace: Workspace, version: ModelVersion, flavor: object, data: bytes) -> tuple[str, Mapping[str, str]]:
    """Where the version was shown to answer; of one that was registered before that was asked, what its run had, or what is here."""
    if version.python and version.distributions:
        return version.python, version.distributions
    names, sources = flavor.names(data), flavor.sources(data)  # type: ignore[attr-defined]
    needed = distributions({*flavor.libraries, *modules_of(names, sources)})  # type: ignore[attr-defined]
    recorded = RunBook(workspace).record(version.run).environment if version.run else {}
    there = recorded.get("distributions") or {}
    return str(recorded.get("python") or platform.python_version()), {name: there.get(name, found) for name, found in needed.items()}


def _may_write(target: Path) -> bool:
    """Whether an export stands there, which is replaced; Conflict for anything else."""
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise Invalid(f"{target} is no folder.", hint="Name a folder that is not there yet, or is empty.")
    if not target.exists() or not any(target.iterdir()):
        return False
    try:
        files = json.loads((target / WRITTEN).read_text("utf-8"))
    except (OSError, ValueError):
        files = None
    if not isinstance(files, dict):
        raise Conflict(f"{target} is not empty, and no model was exported there.", hint="Name a folder that is not there yet, or is empty.")
    there = _digests(target)
    there.pop(WRITTEN, None)
    if other := sorted(name for name in {*there, *files} if there.get(name) != files.get(name)):
        raise Conflict(f"{target} was changed since it was exported: {other[0]!r}.", hint="Move it away, or name another folder.")
    return True


def _digests(folder: Path) -> dict[str, str]:
    """The files in a folder by their digests, but for what Python compiles of them."""
    found = (path for path in folder.rglob("*") if not path.is_dir() or path.is_symlink())
    return {
        path.relative_to(folder).as_posix(): "link" if path.is_symlink() else digest_of_file(path)
        for path in found
        if path.suffix != ".pyc" or path.parent.name != "__pycache__"
    }
