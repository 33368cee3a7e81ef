"""What a person can ask of a model's versions: one looked at, several side by side."""

from __future__ import annotations

from typing import Annotated

from nbmlops.errors import Invalid
from nbmlops.models import compare as comparing
from nbmlops.models.page import page
from nbmlops.models.records import ModelComparison, VersionPage
from nbmlops.models.registry import Registry
from nbmlops.runs.book import RunBook
from nbmlops.verb import verb
from nbmlops.workspace import Workspace, use

_MOST = 20


@verb("GET /models/{model}/comparison")
def compare(
    model: Annotated[str, "its name"],
    versions: Annotated[list[int] | None, "which versions; if none are given the champion and the newest, six in all"] = None,
    *,
    workspace: Workspace | None = None,
) -> ModelComparison:
    """Compare versions of a model side by side with the first: metrics, gates, data, signature, parameters, environment."""
    place = use(workspace)
    RunBook(place).settle()
    registry = Registry(place)
    found = registry.model(model)
    asked = list(dict.fromkeys(versions or comparing.chosen(found)))
    for version in asked:
        registry.version(model, version)
    if len(asked) < 2:
        have = ", ".join(str(version.version) for version in reversed(found.versions))
        raise Invalid(
            f"Comparing takes two versions or more; {model!r} has {have}.", hint=f"One by itself: %mlops model version {model} {asked[0]}"
        )
    if len(asked) > _MOST:
        raise Invalid(f"{len(asked)} versions are too many to read side by side.", hint=f"At most {_MOST}.")
    return comparing.compare(place, found, asked)


@verb("GET /models/{model}/versions/{version}")
def version(
    model: Annotated[str, "its name"], version: Annotated[int, "which version"], *, workspace: Workspace | None = None
) -> VersionPage:
    """Show all of a version: what it takes and gives, example rows, metrics, gate reports, where it is from, how to load it."""
    place = use(workspace)
    RunBook(place).settle()
    registry = Registry(place)
    asked = registry.version(model, version)
    return page(place, registry.model(model), asked)
