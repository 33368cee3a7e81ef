"""The repository around a notebook: commit, branch, remotes without credentials, what is not committed.

git is asked, never told: no hook, pager, fsmonitor, external diff or prompt runs, no lock is taken, and the environment of a
program that itself runs under git does not lead elsewhere. All questions together take ten seconds at most.
"""

from __future__ import annotations

import os
import select
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nbmlops.ledger.secrets import mask
from nbmlops.runs.environment import without_credentials

MAX_DIFF = 4 << 20
MAX_UNTRACKED = 200
_MAX_UNTRACKED_BYTES = 20 << 20
_PATIENCE_S = 10.0
_FRESH_S = 1.0
_EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
_QUIET = ("--no-pager", "-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}", "-c", "core.quotePath=false")
_PLAIN_DIFF = (
    "diff", "--no-ext-diff", "--no-textconv", "--no-color", "--no-renames", "--unified=3", "--no-relative", "--submodule=short",
    "--src-prefix=a/", "--dst-prefix=b/",
)  # fmt: skip
_known: dict[str, tuple[Any, float, tuple[dict[str, Any], bytes | None]]] = {}
_asking = threading.Lock()


def git(folder: Path, notebook: Path | None = None) -> tuple[dict[str, Any], bytes | None]:
    """What stands around `folder`; and the diff against the commit, untracked files left out, where there is one.

    `commit` (None before the first), `branch` (None where HEAD is detached), `remote`, `remotes` where there are several,
    `dirty`, `untracked` (code and notebooks, each with git's own digest), `worktree` and `superproject` where it is one,
    `notebook`: its path in the repository. What was too much or took too long is named in `incomplete`. Outside a repository,
    or without git: empty; where git refuses to look, `refused` says so. Runs that begin within a second share the answer.
    """
    with _asking:
        asked = str(folder)
        held = _known.get(asked)
        if held is None or time.monotonic() - held[1] > _FRESH_S or held[0] != _stamp(held[2][0].get("git_folder")):
            facts, diff = _ask(folder)
            held = (_stamp(facts.get("git_folder")), time.monotonic(), (facts, diff))
            while len(_known) > 20:
                _known.pop(next(iter(_known)))
            _known[asked] = held
    facts, diff = dict(held[2][0]), held[2][1]
    facts.pop("git_folder", None)
    root = facts.pop("root", None)
    if root and notebook is not None and (place := Path(os.path.realpath(notebook))).is_relative_to(root):
        facts["notebook"] = place.relative_to(root).as_posix()
    return facts, diff


def history(folder: Path, name: str, most: int = 2000) -> list[str]:
    """The commits of a branch, tag or commit, the newest first, each by its first parent; empty where there is none of that name.

    Of a branch the remote's is asked too: a checkout of a pull request may have no other.
    """
    if not name or name.startswith("-"):
        return []  # no option of git's
    until, found = time.monotonic() + _PATIENCE_S, list[str]()
    for ref in (f"refs/remotes/origin/{name}", f"refs/heads/{name}", name):
        said = _git(folder, until, "rev-list", "--first-parent", f"--max-count={most}", f"{ref}^{{commit}}", "--")
        found += _text(said or b"").split()
    return list(dict.fromkeys(found))


def default_branch(folder: Path) -> str | None:
    """The branch that others start from, as far as the clone knows: the remote's own, or else main or master."""
    until = time.monotonic() + _PATIENCE_S
    head = _text(_git(folder, until, "symbolic-ref", "--short", "refs/remotes/origin/HEAD") or b"").strip()
    if head:
        return head.removeprefix("origin/")
    return next((name for name in ("main", "master") if history(folder, name, 1)), None)


def _ask(folder: Path) -> tuple[dict[str, Any], bytes | None]:
    until = time.monotonic() + _PATIENCE_S
    ok, where = _said(folder, until, ("rev-parse", "--show-toplevel", "--absolute-git-dir", "--git-common-dir"), 1 << 16, subprocess.STDOUT)
    parts = _text(where or b"").splitlines()
    if not ok or len(parts) < 3:
        refused = where is not None and b"dubious ownership" in where
        return ({"refused": "The repository belongs to somebody else (git's safe.directory)."} if refused else {}), None
    root, git_folder = Path(parts[0]), parts[1]
    status = _git(root, until, "status", "--porcelain=v2", "--branch", "--untracked-files=no", "-z")
    lines = _text(status or b"").split("\0")
    head = {line.split(" ", 2)[1]: line.split(" ", 2)[2] for line in lines if line.startswith("# ")}
    commit = head.get("branch.oid") if head.get("branch.oid") != "(initial)" else None
    branch = head.get("branch.head") if head.get("branch.head") != "(detached)" else None
    if status is None and (found := _git(root, until, "rev-parse", "HEAD")):
        commit = _text(found).strip()  # too large to look through: what is committed is known all the same
    remotes = _remotes(root, until)
    facts: dict[str, Any] = {
        "commit": commit,
        "branch": branch,
        "remote": remotes.get("origin") or next(iter(remotes.values()), None),
        "dirty": any(line and not line.startswith("#") for line in lines) if status is not None else None,
        "root": os.path.realpath(root),
        "git_folder": git_folder,
    }
    if len(remotes) > 1:
        facts["remotes"] = remotes
    if os.path.realpath(os.path.join(folder, parts[2])) != os.path.realpath(git_folder):
        facts["worktree"] = True
    above = _git(root, until, "rev-parse", "--show-superproject-working-tree")
    if above and (super_root := _text(above).strip()):
        facts["superproject"] = {"commit": _text(_git(Path(super_root), until, "rev-parse", "HEAD") or b"").strip() or None}
    incomplete = [] if status is not None else ["status"]
    untracked = _untracked(root, until, incomplete)
    if untracked:
        facts["untracked"] = untracked
    diff = None
    if facts["dirty"]:
        diff = _git(root, until, *_PLAIN_DIFF, commit or _EMPTY_TREE, most=MAX_DIFF + 8192)
        if diff is None or len(diff) > MAX_DIFF:
            incomplete.append("diff")
    if incomplete:
        facts["incomplete"] = incomplete
    return facts, _masked(diff) if diff else None


def _remotes(root: Path, until: float) -> dict[str, str]:
    found = _git(root, until, "config", "--null", "--get-regexp", r"^remote\..*\.url$")
    remotes: dict[str, str] = {}
    for entry in _text(found or b"").split("\0"):
        name, _, url = entry.partition("\n")
        if url:
            remotes.setdefault(name.removeprefix("remote.").removesuffix(".url"), without_credentials(url))
    return remotes


def _untracked(root: Path, until: float, incomplete: list[str]) -> dict[str, str]:
    """Code and notebooks that no commit knows, each with the digest git would give it."""
    listed = _git(root, until, "ls-files", "--others", "--exclude-standard", "-z", "--", "*.py", "*.ipynb")
    names = [name for name in _text(listed or b"").split("\0") if name and "\n" not in name and not name.startswith(".nbmlops/")]
    kept, total = [], 0
    for name in names[:MAX_UNTRACKED]:
        try:
            size = os.path.getsize(root / name)
        except OSError:
            continue
        if total + size <= _MAX_UNTRACKED_BYTES:
            kept.append(name)
            total += size
    if listed is None or len(kept) < len(names):
        incomplete.append("untracked")
    if not kept:
        return {}
    hashed = _git(root, until, "hash-object", "--no-filters", "--", *kept)
    digests = _text(hashed or b"").split()
    if len(digests) != len(kept):
        incomplete.append("untracked")
        return {}
    return {mask(name): f"git:{digest}" for name, digest in zip(kept, digests, strict=True)}


def _masked(diff: bytes) -> bytes:
    # Longer than what is kept, so that a secret at its end is seen whole.
    text = mask(diff.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    return text[:MAX_DIFF]


def _git(folder: Path, until: float, *words: str, most: int = 16 << 20) -> bytes | None:
    """What git says, at most `most` bytes of it; None where it fails, is not there, or time runs out."""
    ok, said = _said(folder, until, words, most, subprocess.DEVNULL)
    return said if ok else None


def _said(folder: Path, until: float, words: Sequence[str], most: int, error: int) -> tuple[bool, bytes | None]:
    try:
        process = subprocess.Popen(
            ["git", *_QUIET, "-C", str(folder), *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=error, env=_environment()
        )
    except OSError:
        return False, None
    with process:
        try:
            said = _read(process, until, most)
            if said is None or len(said) >= most:
                return said is not None, said
            return process.wait(max(0.1, until - time.monotonic())) == 0, said
        except subprocess.TimeoutExpired:
            return False, None
        finally:
            process.kill()


def _read(process: subprocess.Popen[bytes], until: float, most: int) -> bytes | None:
    if os.name != "posix":
        try:
            return process.communicate(timeout=max(0.1, until - time.monotonic()))[0][:most]
        except subprocess.TimeoutExpired:
            return None
    assert process.stdout is not None
    parts, total = [], 0
    while total < most:
        if not select.select([process.stdout], [], [], max(0.0, until - time.monotonic()))[0]:
            return None
        part = os.read(process.stdout.fileno(), 1 << 16)
        if not part:
            break
        parts.append(part)
        total += len(part)
    return b"".join(parts)


def _environment() -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name.startswith(("GIT_CONFIG", "GIT_CEILING"))
    }
    return {**kept, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_PAGER": "cat", "LC_ALL": "C", "LANGUAGE": "C"}


def _stamp(git_folder: str | None) -> tuple[float | None, ...]:
    def changed(name: str) -> float | None:
        try:
            return os.stat(os.path.join(git_folder or "", name)).st_mtime
        except OSError:
            return None

    return (changed("HEAD"), changed("index"), changed("logs/HEAD")) if git_folder else ()


def _text(said: bytes) -> str:
    return said.decode("utf-8", "surrogateescape")
