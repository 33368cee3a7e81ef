"""The environment a run was recorded in, built anew from its lock: for telling "works there" from "works here"."""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import json
import os
import shutil
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import MAGIC_NUMBER, cache_from_source
from pathlib import Path
from typing import Any

from nbmlops.errors import Unavailable
from nbmlops.replay.aside import aside
from nbmlops.runs.environment import environment
from nbmlops.runs.lock import lock_of, requirements
from nbmlops.runs.records import RunRecord
from nbmlops.settings import ENVIRONMENT


@contextmanager
def environments() -> Iterator[Callable[[RunRecord], Path]]:
    """Gives the Python of a run's environment, built once for all runs that were recorded in it; gone when the block ends."""
    built: dict[str, Path] = {}
    building = threading.Lock()
    with ExitStack() as held:

        def python_of(record: RunRecord) -> Path:
            key = json.dumps([record.environment.get("python"), record.environment.get("distributions")], sort_keys=True)
            with building:
                if key not in built:
                    built[key] = recreate(record, held.enter_context(aside()))
                return built[key]

        yield python_of


def recreate(record: RunRecord, folder: Path) -> Path:
    """Build a run's environment in `folder`; gives its Python. NotFound where none was recorded; else as `build`, with nbmlops."""
    lock_of(record)
    return build(record.environment, folder, also=("nbmlops",))


def build(recorded: dict[str, Any], folder: Path, *, also: tuple[str, ...] = ()) -> Path:
    """Build an environment in `folder`; gives its Python. With uv where it is installed, else venv and pip.

    What is installed here in the recorded version, and is whole by its own digests, is taken from here (linked, as uv does, or copied), and
    `also` what nothing recorded; the rest comes from whatever index the machine is set up for. Raises Unavailable where it cannot be built.
    """
    version = str(recorded.get("python", ""))
    place = folder / "environment"
    python = place / ("Scripts" if os.name == "nt" else "bin") / "python"
    uv = shutil.which("uv")
    make = [uv, "venv", "--quiet", "--python", version] if uv else [_interpreter(version), "-m", "venv", "--without-pip"]
    _do([*make, str(place)], folder, f"Python {version}")
    (packages,) = [Path(path) for path in _asked(python, "import sysconfig; print(sysconfig.get_paths()['purelib'])")]
    here = environment()
    same_python = version.split(".")[:2] == [*map(str, sys.version_info[:2])]  # what is compiled is compiled for one
    names = {*also, *(recorded["distributions"] if same_python else ())}
    copied = {name for name in names if _is_here(name, recorded, here)}
    whole = {name: files for name in sorted(copied) if (files := _whole(importlib.metadata.distribution(name)))}
    wanted = [line for line in requirements(recorded)[0] if line.partition("==")[0].partition(" @ ")[0] not in whole]
    if wanted:
        lock = folder / "requirements.lock"
        lock.write_text("\n".join(wanted) + "\n", "utf-8")
        pip = [uv, "pip", "install", "--python", str(python)] if uv else [sys.executable, "-m", "pip", "--python", str(python), "install"]
        _do([*pip, "--quiet", "--no-deps", "-r", str(lock)], folder, "its packages")
    for name, files in whole.items():  # last: where something cannot be had, that is known sooner
        _take(Path(str(_at(name))), files, packages, place)
    return python


def _is_here(name: str, recorded: dict[str, Any], here: dict[str, Any]) -> bool:
    """Whether a distribution can be had from this environment; one that stands in a project's folder, in whatever version."""
    if name not in here["distributions"] or Path(sys.prefix) not in Path(str(_at(name))).parents:
        return False
    was, now = [(found.get("origins") or {}).get(name) or {} for found in (recorded, here)]
    same = recorded["distributions"].get(name) == here["distributions"][name] and was == now
    return name == "nbmlops" or same or ("path" in was and "path" in now)


def _at(name: str) -> Any:
    try:
        return importlib.metadata.distribution(name).locate_file("")
    except importlib.metadata.PackageNotFoundError:
        return ""


def _whole(found: importlib.metadata.Distribution) -> list[Path]:
    """A distribution's files, each checked against its digest; none where it is not whole."""
    files = [(file, Path(str(file.locate()))) for file in found.files or ()]
    if any(file.hash is not None and not _has(path, file.hash) for file, path in files):
        return []
    return [path for _, path in files]


def _take(top: Path, files: list[Path], packages: Path, place: Path) -> None:
    """Have the files of a distribution that stands in the folder `top`."""
    for path in files:
        path = Path(os.path.normpath(path))
        if path.suffix == ".pyc" or not path.is_file():
            continue
        target = packages / path.relative_to(top) if path.is_relative_to(top) else place / path.relative_to(sys.prefix)
        target.parent.mkdir(parents=True, exist_ok=True)
        script = target.parent.name == "bin"
        _put(path, target, link=not script)
        if path.suffix == ".py" and (compiled := _compiled(path)) is not None:
            beside = Path(cache_from_source(str(target)))
            beside.parent.mkdir(exist_ok=True)
            _put(compiled, beside, link=True)
        if script and (text := target.read_bytes())[:2] == b"#!":
            target.write_bytes(text.replace(os.fsencode(sys.prefix), os.fsencode(place), 1))


def _put(path: Path, target: Path, *, link: bool) -> None:
    """Have a file in another place: a second name of it where it is never written, and where both are on one disk."""
    target.unlink(missing_ok=True)  # what stands there may be another file's second name
    if link and not path.is_symlink():
        try:
            os.link(path, target)
            return
        except OSError:
            pass
    shutil.copy2(path, target)


def _compiled(path: Path) -> Path | None:
    """What was compiled of a module as it is now, by time and size: the new environment need not do it again."""
    found, now = Path(cache_from_source(str(path))), path.stat()
    try:
        with found.open("rb") as file:
            head = file.read(16)
    except OSError:
        return None
    told = MAGIC_NUMBER + struct.pack("<III", 0, int(now.st_mtime) & 0xFFFFFFFF, now.st_size & 0xFFFFFFFF)
    return found if head == told else None


def _has(path: Path, digest: Any) -> bool:
    try:
        found = hashlib.new(digest.mode, path.read_bytes()).digest()
    except (OSError, ValueError):
        return False
    return base64.urlsafe_b64encode(found).rstrip(b"=").decode() == digest.value.rstrip("=")


def _interpreter(version: str) -> str:
    """A Python of this version, the last number apart."""
    wanted = ".".join(version.split(".")[:2])
    if ".".join(map(str, sys.version_info[:2])) == wanted:
        return sys.executable
    found = shutil.which(f"python{wanted}")
    if found is None:
        raise Unavailable(f"There is no Python {wanted} here.", hint="Install it, or uv, which finds and brings one.")
    return found


def _do(words: list[str], folder: Path, what: str) -> None:
    # Known by the folder, so that it is stopped when who asked for it is.
    done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, ENVIRONMENT: str(folder)})
    if done.returncode:
        last = [line for line in (done.stderr or done.stdout).strip().splitlines() if line.strip() and "WARNING" not in line][-3:]
        said = " ".join(last)[-600:] or f"exit {done.returncode}"
        raise Unavailable(f"The environment cannot be built, {what} cannot be had: {said}", hint="The lock: %mlops run lock RUN")


def _asked(python: Path, code: str) -> list[str]:
    return subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True).stdout.splitlines()
