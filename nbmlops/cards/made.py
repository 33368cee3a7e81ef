"""A card, put together from the record: Mitchell et al., Model Cards for Model Reporting, 2019, and what else a record can show."""

from __future__ import annotations

from typing import Any

from nbmlops.cards import about, kept, measured, quality, written
from nbmlops.cards.figures import counted, number
from nbmlops.cards.known import Known
from nbmlops.cards.records import CardSection, Measurement, ModelCard
from nbmlops.ledger.secrets import mask_record
from nbmlops.models.records import ModelVersion
from nbmlops.models.registry import Registry
from nbmlops.workspace import Workspace


def make(workspace: Workspace, version: ModelVersion, *, data: Any = None, labels: Any = None, by: list[str] | None = None) -> ModelCard:
    """Make a version's card and keep it.

    What labelled rows show is measured on those given, or else taken over from the last card that measured it.
    """
    known = Known(workspace, version, _measured(workspace, version, data, labels, by))
    card = ModelCard(
        model=version.model, version=version.version, digest="", at=workspace.clock(), by=workspace.actor, summary=summary(known),
        sections=sections(known), measured=known.measured,
    )  # fmt: skip
    return kept.keep(workspace, mask_record(card), Registry(workspace).version(version.model, version.version).aliases)


def sections(known: Known) -> list[CardSection]:
    """All sections, in the order in which somebody who is to use a model asks."""
    return [
        about.details(known), written.section(known, "intended use"), *written.optional(known, "out of scope"), quality.metrics(known),
        quality.slices(known), quality.fairness(known), quality.robustness(known), quality.importance(known), quality.checks(known),
        about.data(known), written.section(known, "ethical considerations"), written.section(known, "limitations"), about.verdict(known),
        about.lineage(known), about.environment(known), about.loading(known), about.history(known), *written.optional(known, "notes"),
        *written.optional(known, "contact"),
    ]  # fmt: skip


def summary(known: Known) -> list[str]:
    """What somebody who reads no further should know."""
    version = known.version
    kind = version.estimator.rpartition(".")[2]
    rows = f" on {counted(known.frame.rows, 'row')}" if known.frame else ""
    role = f"It is {' and '.join(version.aliases)}." if version.aliases else "No alias points at it."
    said = [f"{version.model} {version.version} is a {kind}, trained{rows} and registered on {version.registered_at:%Y-%m-%d}. {role}"]
    if known.measured is not None:
        first = known.measured.metrics[0]
        said.append(f"Its {first.name} is {number(first.value)} on {counted(known.measured.rows, 'labelled row')}.")
    elif version.metrics:
        name, value = next(iter(version.metrics.items()))
        said.append(f"Its {name} was recorded as {number(value)}.")
    if known.gate is not None:
        said.append("It passed its gate." if known.gate.passed else "Its gate refused it.")
    said.append("Its run holds: VERIFIED." if version.verdict == "VERIFIED" else f"Its run {_doubt(version)}.")
    return said


def _doubt(version: ModelVersion) -> str:
    if version.run is None:
        return "is not on record"
    if version.fit is None:
        return "is not known to have fitted it"
    return {"DIFFERS": "comes out otherwise when it is executed again", "CANNOT": "cannot be executed again"}.get(
        str(version.verdict), "was never executed again"
    )


def _measured(workspace: Workspace, version: ModelVersion, data: Any, labels: Any, by: list[str] | None) -> Measurement | None:
    if data is not None or labels is not None or by is not None:
        return measured.measure(workspace, version, data, labels, by)
    last = kept.last(workspace, version)
    return last.measured if last is not None else None
