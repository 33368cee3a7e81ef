"""Where the code stands that is executed: commit and branch; and which branch is the main one."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from nbmlops.runs.git import default_branch, git

# A job's checkout is often of a commit alone; the service says of which branch. GitHub's words, then GitLab's.
_BRANCH = ("GITHUB_HEAD_REF", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "CI_COMMIT_BRANCH")
_TARGET = ("GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME")


@dataclass(frozen=True)
class Standing:
    """A commit, its branch, and whether something is changed since; None where it is not known. `refused`: why git does not look."""

    commit: str | None = None
    branch: str | None = None
    dirty: bool | None = None
    refused: str | None = None


def standing(folder: Path) -> Standing:
    """How the code in a folder stands; all unknown outside a repository or without git."""
    facts, _ = git(folder)
    if not facts.get("commit"):
        return Standing(refused=facts.get("refused"))
    branch = facts.get("branch") or _said(_BRANCH)
    if branch is None and os.environ.get("GITHUB_REF_TYPE") == "branch":
        branch = os.environ.get("GITHUB_REF_NAME") or None
    return Standing(facts["commit"], branch, facts.get("dirty"))


def main_branch(folder: Path) -> str | None:
    """The branch that a change is to go into, or else the repository's main one."""
    return _said(_TARGET) or default_branch(folder) or os.environ.get("CI_DEFAULT_BRANCH") or None


def _said(names: tuple[str, ...]) -> str | None:
    return next((value for name in names if (value := os.environ.get(name))), None)
