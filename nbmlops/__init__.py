"""MLOps in the notebook: a record you can trust, from experiment to endpoint and back.

    %load_ext nbmlops            in a notebook: what follows is recorded
    nbmlops run find             in a shell
    from nbmlops import model    from Python: run, data, pipeline, model, endpoint, lineage, drift, policy, audit, workspace

The nouns load when first used: `import nbmlops` brings no dataframe, model, plot or web library.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"


class _Noun:
    """A noun people ask things of: its verbs, imported when first used."""

    def __init__(self, *modules: str) -> None:
        self.__modules = modules

    def __getattr__(self, name: str) -> Any:
        for module in map(importlib.import_module, self.__modules):
            for spelled in (name, f"{name}_"):  # set_ is a verb named set
                found = getattr(module, spelled, None)
                if hasattr(found, "__verb__"):
                    return found
        raise AttributeError(f"There is no {name!r} here. There are: {', '.join(dir(self))}.")

    def __dir__(self) -> list[str]:
        held = [item for module in map(importlib.import_module, self.__modules) for item in vars(module).items()]
        return sorted(name.rstrip("_") for name, value in held if hasattr(value, "__verb__"))

    def __repr__(self) -> str:
        return f"<nbmlops verbs: {', '.join(dir(self))}>"


# Some nouns are also modules: those load first (they are light), so that no later import puts the module in the noun's place.
for _module in ("nbmlops.data", "nbmlops.lineage", "nbmlops.workspace"):
    importlib.import_module(_module)

workspace: Any = _Noun("nbmlops.runs.workspace_verbs", "nbmlops.capture.verbs")
run: Any = _Noun("nbmlops.runs.verbs", "nbmlops.replay.verbs")
data: Any = _Noun("nbmlops.data.verbs", "nbmlops.runs.data_verbs")
pipeline: Any = _Noun("nbmlops.pipelines.verbs", "nbmlops.pipelines.sweeps.verbs")
model: Any = _Noun(
    "nbmlops.models.verbs", "nbmlops.models.gate_verbs", "nbmlops.models.history_verbs", "nbmlops.models.signing_verbs",
    "nbmlops.models.package_verbs", "nbmlops.models.convert_verbs", "nbmlops.models.compare_verbs", "nbmlops.cards.verbs",
)  # fmt: skip
endpoint: Any = _Noun("nbmlops.endpoints.verbs")
lineage: Any = _Noun("nbmlops.lineage.verbs")
drift: Any = _Noun("nbmlops.monitoring.verbs")
policy: Any = _Noun("nbmlops.monitoring.policy_verbs")
mlflow: Any = _Noun("nbmlops.exchange.mlflow.verbs")
wandb: Any = _Noun("nbmlops.exchange.wandb.verbs")
audit: Any = _Noun("nbmlops.runs.audit_verbs", "nbmlops.models.audit_verbs")


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
