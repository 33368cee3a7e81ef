"""From a version to something that answers: bytes checked against their digest, types against trust."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nbmlops import plugins
from nbmlops.errors import Invalid
from nbmlops.models import portable, signing
from nbmlops.models.package import said_columns
from nbmlops.models.records import ModelVersion
from nbmlops.workspace import Workspace


@dataclass(frozen=True)
class Loaded:
    """A model in memory. `predict` takes a frame in the signature's columns and gives an array (n,) or (n, outputs)."""

    version: ModelVersion
    estimator: Any

    def predict(self, frame: Any) -> Any:
        """Answers, one a row."""
        columns = [column.name for column in self.version.signature.inputs]
        if lacking := [name for name in columns if hasattr(frame, "columns") and name not in frame.columns]:
            raise Invalid(f"The rows lack the column {lacking[0]!r}.", hint=f"The model takes: {', '.join(columns[:20])}.")
        return portable.ask(self.version.flavor, self.estimator, self._rows(frame))

    def scores(self, frame: Any) -> Any:
        """Probabilities (n, classes); None where the model has none."""
        return portable.scores(self.version.flavor, self.estimator, self._rows(frame))

    def _rows(self, frame: Any) -> Any:
        signature = self.version.signature
        return portable.rows_for(frame, said_columns(signature), signature.named)


def load(workspace: Workspace, version: ModelVersion) -> Loaded:
    """Load a version; no code of it runs.

    Damaged when its bytes changed, Untrusted when it names types nobody trusts, or lacks a signature that the workspace demands.
    """
    signing.demand(workspace, version)
    data = workspace.blobs.get(version.digest)
    flavor = plugins.adapter("flavor", version.flavor)()
    return Loaded(version, flavor.load(data, workspace.trusted()))
