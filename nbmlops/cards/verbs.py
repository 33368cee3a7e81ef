"""What a person can ask of a model's cards, and of what its columns matter."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from nbmlops.cards.records import CardText, Importance, KeptCard, ModelCard
from nbmlops.errors import Invalid, NotFound
from nbmlops.models.registry import Registry
from nbmlops.verb import Column, Rows, verb
from nbmlops.workspace import Workspace, use


@verb("POST /models/{model}/versions/{version}/card")
def card(
    model: Annotated[str, "its name"],
    version: Annotated[int, "which version"],
    *,
    output: Annotated[str | None, "a file to write, .md or .html"] = None,
    section: Annotated[str | None, "to be written: intended use, out of scope, limitations, ethical considerations, contact, notes"] = None,
    text: Annotated[str | None, "what that section says from now on; nothing takes it back"] = None,
    data: Annotated[Any, Rows("rows it was not trained on")] = None,
    labels: Annotated[Any, Column("their labels")] = None,
    slices: Annotated[list[str] | None, "columns by whose groups it is measured; those of few values if not given"] = None,
    kept: Annotated[str | None, "a card as it was: its digest, a time, or an alias, for when that was pointed here"] = None,
    workspace: Workspace | None = None,
) -> ModelCard:
    """Write a version's card: what it is for, what it was made of, how well it does and for whom, what to beware of.

    It is made of the record, and of sections that people write; with labelled rows it measures. Each card is kept.
    """
    from nbmlops.cards import files, made, texts
    from nbmlops.cards.kept import found

    place = use(workspace)
    one = Registry(place).version(model, version)
    if output is not None:
        files.writable(Path(output))
    if (section is None) != (text is None):
        raise Invalid("A section is written with its text.", hint="Give both: --section limitations --text '…'")
    if kept is not None and (section is not None or data is not None or labels is not None or slices is not None):
        raise Invalid("A card that is kept stays as it was.", hint="Leave --kept out to make a new one.")
    if section is not None and text is not None:
        texts.write(place, model, version, section, text)
    shown = found(place, one, kept) if kept is not None else made.make(place, one, data=data, labels=labels, by=slices)
    if output is not None:
        files.write(shown, Path(output))
    return shown


@verb("GET /models/{model}/cards")
def cards(
    model: Annotated[str, "its name"],
    *,
    version: Annotated[int | None, "of this version alone"] = None,
    workspace: Workspace | None = None,
) -> list[KeptCard]:
    """List the cards that were made of a model's versions, the newest first."""
    from nbmlops.cards.kept import cards as kept_cards

    return kept_cards(use(workspace), model, version)


@verb("GET /models/{model}/card-texts")
def texts(
    model: Annotated[str, "its name"],
    *,
    version: Annotated[int | None, "of this version alone"] = None,
    section: Annotated[str | None, "this section alone"] = None,
    workspace: Workspace | None = None,
) -> list[CardText]:
    """List what people wrote in a model's cards, every revision, the newest first."""
    from nbmlops.cards.texts import history

    return history(use(workspace), model, version, section)


@verb("GET /models/{model}/versions/{version}/importance")
def importance(
    model: Annotated[str, "its name"],
    version: Annotated[int, "which version"],
    *,
    data: Annotated[Any, Rows("rows it was not trained on; what was measured last is shown if not given")] = None,
    labels: Annotated[Any, Column("their labels; without them, how far answers move")] = None,
    metric: Annotated[str | None, "mae, rmse, r2, accuracy …; the gate's or a recorded one if not given"] = None,
    repeats: Annotated[int, "how often each column is shuffled"] = 10,
    seed: Annotated[int, "of the shuffling: the same one gives the same numbers"] = 0,
    workspace: Workspace | None = None,
) -> Importance:
    """Say what a version's columns matter: what it loses when one of them is shuffled (permutation importance).

    Columns that go together are shuffled together besides. Of more than 5,000 rows so many are drawn. It is kept with the version.
    """
    from nbmlops.cards import importance as shuffling

    place = use(workspace)
    one = Registry(place).version(model, version)
    if data is None:
        if labels is not None or metric is not None:
            raise Invalid("Measuring needs rows.", hint="Give them: --data X --labels y")
        found = shuffling.latest(place, one)
        if found is None:
            raise NotFound(
                f"Nobody has measured what the columns of version {version} matter.",
                hint=f"In a notebook: %mlops model importance {model} {version} --data X --labels y",
            )
        return found
    if metric is not None and labels is None:
        raise Invalid("A metric needs labels.", hint="Give them, or leave the metric out: --labels y")
    return shuffling.keep(place, shuffling.measure(place, one, data, labels, metric=metric, repeats=repeats, seed=seed))
