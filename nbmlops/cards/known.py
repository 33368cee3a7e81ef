"""What the record knows of a version, read once: whoever writes a section of its card takes it from here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from nbmlops.cards import importance, texts
from nbmlops.cards.records import CardText, Importance, Measurement
from nbmlops.data import book
from nbmlops.data.records import Dataset
from nbmlops.errors import NotFound
from nbmlops.lineage import verbs as lineage
from nbmlops.lineage.records import Lineage
from nbmlops.models import gates
from nbmlops.models.records import GateReport, Model, ModelVersion
from nbmlops.models.registry import Registry
from nbmlops.runs.book import RunBook
from nbmlops.runs.records import RunRecord
from nbmlops.workspace import Workspace


@dataclass(frozen=True)
class Known:
    """A version with everything that is on record about it. `measured` is what labelled rows showed, where any were given."""

    workspace: Workspace
    version: ModelVersion
    measured: Measurement | None

    @cached_property
    def model(self) -> Model:
        """The model with its other versions and its aliases' moves."""
        return Registry(self.workspace).model(self.version.model)

    @cached_property
    def run(self) -> RunRecord | None:
        """The run that made it; None where there was none, or it is not here."""
        try:
            return RunBook(self.workspace).record(self.version.run) if self.version.run else None
        except NotFound:
            return None

    @cached_property
    def frame(self) -> Dataset | None:
        """What it was trained on."""
        return self._dataset(self.version.dataset)

    @cached_property
    def target(self) -> Dataset | None:
        """What it was trained to give."""
        return self._dataset(self.version.target)

    @cached_property
    def gate(self) -> GateReport | None:
        """The last time it stood before the champion's gate as it is now."""
        return gates.latest_report(self.workspace, self.version.model, self.version.version)

    @cached_property
    def importance(self) -> Importance | None:
        """What its columns matter, as it was measured last."""
        return importance.latest(self.workspace, self.version)

    @cached_property
    def texts(self) -> dict[str, CardText]:
        """What people wrote, by section."""
        return texts.valid(self.workspace, self.version.model, self.version.version)

    @cached_property
    def lineage(self) -> Lineage:
        """What it was made of and where it is served."""
        return lineage.show(f"version:{self.version.model}/{self.version.version}", workspace=self.workspace)

    def _dataset(self, digest: str | None) -> Dataset | None:
        try:
            return book.dataset(self.workspace, digest) if digest else None
        except NotFound:
            return None
