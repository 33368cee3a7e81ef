"""MLOps in the notebook: a record you can trust, from experiment to endpoint and back.

    %load_ext nbmlops            in a notebook: what follows is recorded
    nbmlops run find             in a shell
    from nbmlops import model    from Python: run, data, pipeline, model, endpoint, drift, policy, audit, workspace

The nouns load when first used: `import nbmlops` brings no dataframe, model, plot or web library.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_NOUNS = {
    "workspace": "nbmlops.runs.workspace_verbs",
    "run": "nbmlops.runs.verbs",
    "data": "nbmlops.data.verbs",
    "pipeline": "nbmlops.pipelines.verbs",
    "model": "nbmlops.models.verbs",
    "endpoint": "nbmlops.endpoints.verbs",
    "drift": "nbmlops.monitoring.verbs",
    "policy": "nbmlops.monitoring.policy_verbs",
    "audit": "nbmlops.runs.audit_verbs",
}


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext nbmlops`: the magics, and capture of what the kernel does from here on."""
    from nbmlops.doors.extension import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """`%unload_ext nbmlops`: everything as it was."""
    from nbmlops.doors.extension import unload

    unload(shell)


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "@nbmlops/labextension"}]


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "nbmlops.doors.rest"}]
