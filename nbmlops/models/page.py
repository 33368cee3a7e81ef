"""A version's page: everything that is known of it, in one record."""

from __future__ import annotations

import json

from nbmlops.errors import NbmlopsError
from nbmlops.models import gates
from nbmlops.models.beside import beside
from nbmlops.models.compare import CHAMPION
from nbmlops.models.fixtures import read
from nbmlops.models.records import Example, Model, ModelVersion, VersionPage
from nbmlops.workspace import Workspace

_MOST_MOVES = 50


def page(workspace: Workspace, model: Model, version: ModelVersion) -> VersionPage:
    """The page of a version of the model; what cannot be read any more is said in its notes."""
    around = beside(workspace, version)
    notes: list[str] = []
    examples = _examples(workspace, version, notes)
    if version.run and around.run is None:
        notes.append(f"Its run {version.run} is not in this workspace.")
    number = version.version
    return VersionPage(
        version=version, champion=model.aliases.get(CHAMPION), run=around.run, rows=around.rows,
        parameters=around.fit.parameters if around.fit else around.version.parameters, examples=examples, reports=around.reports,
        moves=[move for move in model.moves if number in (move.version, move.previous)][:_MOST_MOVES],
        by_version={
            name: {str(other.version): other.metrics[name] for other in reversed(model.versions) if name in other.metrics}
            for name in version.metrics
        },
        gated=gates.has_gate(workspace, model.name), subject=f"{model.name}/{number}", load=_load(model.name, number),
        notes=notes,
    )  # fmt: skip


def _examples(workspace: Workspace, version: ModelVersion, notes: list[str]) -> list[Example]:
    """The rows it answered when it was registered."""
    if version.fixtures is None:
        return []
    try:
        kept = read(workspace.blobs.get(version.fixtures))
    except NbmlopsError as error:
        notes.append(f"Its example rows cannot be read: {error.message}")
        return []
    scores = kept.scores or [None] * len(kept.rows)
    return [Example(row=row, answer=answer, scores=score) for row, answer, score in zip(kept.rows, kept.predictions, scores, strict=True)]


def _load(model: str, version: int) -> list[str]:
    """The Python that loads it; no code of its file is executed that nobody trusts."""
    return [
        "from nbmlops.models.loading import load",
        "from nbmlops.models.registry import Registry",
        "from nbmlops.workspace import use",
        "",
        f"loaded = load(use(), Registry(use()).version({json.dumps(model)}, {version}))",
        "loaded.predict(frame)",
    ]
