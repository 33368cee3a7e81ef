"""A run's environment as requirements that pip and uv install: every version exact, and what they cannot bring named."""

from __future__ import annotations

import os
import re
from typing import Any

from nbmlops.errors import NotFound
from nbmlops.runs.records import Lock, RunRecord

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.!+_-]*")
_PLAIN = re.compile(r"[!-~]+")  # what may stand in a line without ending it or beginning another


def lock_of(record: RunRecord) -> Lock:
    """The lock of a run. Raises NotFound where its environment was not recorded."""
    found = record.environment
    if not found.get("distributions"):
        raise NotFound(
            f"The environment of run {record.run.id} was not recorded.",
            hint="Its kernel ended before it could be, or was not observed. Runs that have one: %mlops run find",
        )
    pinned, left_out = requirements(found)
    left_out += [f"{name}={build}: conda's own; conda install" for name, build in (found.get("conda") or {}).items() if name != "python"]
    python = f"{found.get('implementation', 'Python')} {found.get('python', '')}".strip()
    text = "\n".join([*_head(record, python, found), *pinned, *_tail(left_out)]) + "\n"
    return Lock(run=record.run.id, python=python, platform=str(found.get("platform", "")), pinned=len(pinned), left_out=left_out, text=text)


def requirements(environment: dict[str, Any]) -> tuple[list[str], list[str]]:
    """An environment's distributions as lines that pip and uv install; and those that have none, or not the whole truth, with why."""
    origins = environment.get("origins") or {}
    pinned, left_out = [], []
    for name, version in environment["distributions"].items():
        line, why = _requirement(name, version, origins.get(name) or {})
        if line:
            pinned.append(line)
        if why:
            left_out.append(f"{name}=={version}: {why}")
    return pinned, left_out


def _requirement(name: str, version: str, origin: dict[str, Any]) -> tuple[str | None, str | None]:
    """A line of requirements or none; and what to know of it."""
    if not (_NAME.fullmatch(name) and _VERSION.fullmatch(version)):
        return None, "its name or version is not one that an index has"
    exact = f"{name}=={version}"
    if origin.get("system"):
        return None, "from the operating system's packages"
    if origin.get("unreadable"):
        return exact, "where it came from cannot be read; taken from the index instead"
    if "path" in origin:
        what = "an editable project" if origin.get("editable") else "installed from a folder"
        return None, f"{what}: {origin['path']}"
    url = str(origin.get("url") or "")
    if not url:
        return exact, "a local build: another index than the usual one has it" if "+" in version else None
    if not _PLAIN.fullmatch(url):
        return None, "its address cannot be written down"
    part = f"subdirectory={origin['subdirectory']}" if _PLAIN.fullmatch(str(origin.get("subdirectory") or "")) else ""
    if origin.get("vcs"):
        commit = str(origin.get("commit") or "")
        if not re.fullmatch(r"[0-9a-zA-Z]+", commit):
            return None, f"from {url}, at no known commit"
        return f"{name} @ {origin['vcs']}+{url}@{commit}{'#' + part if part else ''}", None
    digest = str(origin.get("hash") or "")
    if url.startswith("file:"):
        from urllib.parse import unquote, urlsplit

        if not os.path.exists(unquote(urlsplit(url).path)):
            return None, f"its file is gone: {url}"
    parts = "&".join(piece for piece in (digest if _PLAIN.fullmatch(digest) else "", part) if piece)
    return f"{name} @ {url}{'#' + parts if parts else ''}", None if digest else "an address whose content was not fixed by a digest"


def _head(record: RunRecord, python: str, found: dict[str, Any]) -> list[str]:
    version = str(found.get("python", ""))
    return [
        f"# Environment of {record.run.id}: {python} on {_one_line(found.get('platform', ''))}",
        f"# Once more:  uv venv --python {version} && uv pip sync requirements.lock",
        f"#       or :  python{'.'.join(version.split('.')[:2])} -m venv .venv && .venv/bin/pip install --no-deps -r requirements.lock",
    ]


def _tail(left_out: list[str]) -> list[str]:
    return ["", "# To know:", *(f"#   {_one_line(line)}" for line in left_out)] if left_out else []


def _one_line(text: Any) -> str:
    return "".join(sign if sign.isprintable() else "?" for sign in " ".join(str(text).split()))
