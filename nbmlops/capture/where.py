"""Which notebook file a kernel runs, found by a cascade; "unknown" when unknown."""

from __future__ import annotations

import glob
import json
import os
import re
import urllib.parse
import urllib.request
from collections.abc import Sequence
from typing import Any, Literal

NOTEBOOK_ENVIRONMENT = "NBMLOPS_NOTEBOOK"


def notebook_of(shell: Any, *, ask_server: bool = True, executed: Sequence[str] = ()) -> tuple[str | None, str]:
    """The notebook's absolute path (or None) and what told it."""
    told = os.environ.get(NOTEBOOK_ENVIRONMENT)
    if told:
        return told, "runner"
    names = getattr(shell, "user_ns", {})
    if names.get("__vsc_ipynb_file__"):
        return str(names["__vsc_ipynb_file__"]), "vscode"
    if names.get("PAPERMILL_INPUT_PATH"):
        return os.path.abspath(str(names["PAPERMILL_INPUT_PATH"])), "papermill"
    if not hasattr(shell, "kernel"):
        return None, "terminal"
    if ask_server and (path := _from_servers()):
        return path, "server"
    session = os.environ.get("JPY_SESSION_NAME")
    if session and session.endswith(".ipynb") and os.path.isabs(session):
        return session, "session name"
    return None, "unknown"


def driven(shell: Any) -> Literal["live", "headless"]:
    """Whether somebody types or a program executes: a program's requests do not allow the kernel to ask for input."""
    parent = shell.get_parent() if hasattr(shell, "get_parent") else {}
    content = (parent or {}).get("content") or {}
    return "headless" if content.get("allow_stdin") is False and hasattr(shell, "kernel") else "live"


def _kernel_id() -> str | None:
    from ipykernel.connect import get_connection_file

    try:
        found = re.search(r"kernel-([0-9a-f-]{36})\.json$", get_connection_file())
    except RuntimeError:
        return None
    return found.group(1) if found else None


def _from_servers(timeout_s: float = 1.0) -> str | None:
    # The server's own files are read here: importing jupyter_server in a kernel costs seconds.
    kernel_id = _kernel_id()
    if not kernel_id:
        return None
    from jupyter_core.paths import jupyter_runtime_dir

    files = sorted(glob.glob(os.path.join(jupyter_runtime_dir(), "jpserver-*.json")), key=os.path.getmtime, reverse=True)
    for file in files[:10]:
        try:
            with open(file, encoding="utf-8") as handle:
                server = json.load(handle)
            token = server.get("token") or os.environ.get("JUPYTERHUB_API_TOKEN", "")
            request = urllib.request.Request(  # noqa: S310 - an address from Jupyter's own runtime file
                urllib.parse.urljoin(server["url"], "api/sessions"), headers={"Authorization": f"token {token}"} if token else {}
            )
            with urllib.request.urlopen(request, timeout=timeout_s) as answer:  # noqa: S310
                sessions = json.load(answer)
            for session in sessions:
                if session["kernel"]["id"] == kernel_id:
                    return os.path.join(server["root_dir"], session["path"])
        except (OSError, ValueError, KeyError, TypeError):
            continue  # that server is gone or is not ours: ask the next
    return None
