"""A version before its gates: its answers and the champion's to the same rows, made when first asked for, once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np

from nbmlops.errors import Invalid, NbmlopsError
from nbmlops.models.loading import load
from nbmlops.models.quality import all_known, of_classes
from nbmlops.models.records import ModelVersion
from nbmlops.workspace import Workspace

Task = Literal["classification", "regression"]
# What code of somebody's own may raise and have failed by; an interrupt goes on interrupting.
RAISED = (Exception, SystemExit, GeneratorExit)


@dataclass
class Standing:
    """What a check may ask about. `rows` is whatever holds rows, with one of `labels` each; None where there are none.

    `model` and `other` are the candidate and the champion in memory: what has `predict(frame)` and `scores(frame)`. They are
    loaded when they are asked for the first time. `code` are the functions of custom gates: name → blob. `elsewhere`: the rows are
    not those that the gates keep.
    """

    candidate: ModelVersion
    champion: ModelVersion | None = None
    workspace: Workspace | None = None
    rows: Any = None
    labels: Any = None
    alias: str = "champion"
    model: Any = None
    other: Any = None
    code: Mapping[str, str] = field(default_factory=dict)
    elsewhere: bool = False

    @cached_property
    def table(self) -> Any:
        """The rows as a pandas frame with an index of its own."""
        from nbmlops.data.frames import to_frame

        return to_frame(self.rows).reset_index(drop=True)

    @cached_property
    def inputs(self) -> list[str]:
        """The columns among the rows' that the candidate takes."""
        names = [column.name for column in self.candidate.signature.inputs]
        return [name for name in names if name in self.table.columns] if names else [str(name) for name in self.table.columns]

    @cached_property
    def label_asked(self) -> str | None:
        """What the labels are called where the candidate takes them as a column that the rows so lack; None where it does not."""
        name, inputs = getattr(self.labels, "name", None), [column.name for column in self.candidate.signature.inputs]
        return str(name) if name is not None and str(name) in inputs and str(name) not in self.table.columns else None

    @cached_property
    def truth(self) -> Any:
        """The labels (n,). Invalid unless there is one, not a null, for each of at least one row."""
        rows, labels = self.rows, self.labels
        if labels is None or len(labels) != len(rows):
            raise Invalid(
                f"{len(rows):,} rows with {0 if labels is None else len(labels):,} labels.",
                hint="Give one label for each row: --data X --labels y",
            )
        if len(rows) == 0:
            raise Invalid("A gate needs rows to measure on.", hint="Give labelled rows the candidate was not trained on.")
        found = np.asarray(labels)
        all_known(found)
        return found[:, 0] if found.ndim == 2 and found.shape[1] == 1 else found

    @property
    def on(self) -> str:
        """What was measured on, in words."""
        return f"on {len(self.rows):,} labelled rows" + (" given for this check, not those that the gates keep" if self.elsewhere else "")

    @cached_property
    def answers(self) -> Any:
        """The candidate's answers, one a row."""
        return self.ask(self.rows)

    @cached_property
    def scores(self) -> Any:
        """The candidate's probabilities (n, classes); None where it has none."""
        return _scored(self._opened, self.candidate, self.rows)

    @cached_property
    def others(self) -> Any:
        """The champion's answers; None where there is no champion."""
        return None if self.champion is None else _asked(self._champion, self.champion, self.rows)

    @cached_property
    def other_scores(self) -> Any:
        """The champion's probabilities; None where there are none."""
        return None if self.champion is None else _scored(self._champion, self.champion, self.rows)

    @cached_property
    def classes(self) -> Any:
        """What each column of `scores` is the probability of; None where that is not known."""
        return None if self.scores is None else classes_of(self._opened, self.scores, self.truth)

    @cached_property
    def other_classes(self) -> Any:
        """As `classes`, of the champion."""
        return None if self.other_scores is None else classes_of(self._champion, self.other_scores, self.truth)

    @cached_property
    def task(self) -> Task:
        """Classes or numbers: a model with probabilities, or labels that are no numbers, make classes."""
        from sklearn.base import is_classifier

        estimator = getattr(self._opened, "estimator", self._opened)
        said = hasattr(estimator, "get_params") and is_classifier(estimator)
        return "classification" if said or self.scores is not None or self.truth.dtype.kind in "OUSb" else "regression"

    def of_classes(self, *, every: bool, champion: bool = False) -> None:
        """Invalid where no label is a class of the model; with `every`, where any is none."""
        model = self._champion if champion else self._opened
        of_classes(self.truth, getattr(model, "estimator", model), every=every)

    def ask(self, rows: Any) -> Any:
        """The candidate's answers to any rows. Invalid where it has none."""
        return _asked(self._opened, self.candidate, rows)

    def raw(self, rows: Any) -> Any:
        """The candidate's answers; what it raises is raised."""
        return self._opened.predict(rows)

    @cached_property
    def _opened(self) -> Any:
        if self.rows is not None and self.label_asked is not None:
            raise Invalid(
                f"The label {self.label_asked!r} is an input of the model.", hint="Name another column as labels, or train without it."
            )
        return self.model if self.model is not None else self._loaded(self.candidate)

    @cached_property
    def _champion(self) -> Any:
        assert self.champion is not None
        return self.other if self.other is not None else self._loaded(self.champion)

    def _loaded(self, version: ModelVersion) -> Any:
        assert self.workspace is not None
        try:
            return load(self.workspace, version)
        except (SystemExit, GeneratorExit) as error:  # of a module that came with the model
            raise Invalid(
                f"Version {version.version} cannot be loaded: {type(error).__name__}.", hint="Register the model again."
            ) from error


def classes_of(model: Any, scores: Any, truth: Any) -> Any:
    """What each column of a model's scores stands for: its own classes, or those of the labels where they are as many."""
    found = getattr(getattr(model, "estimator", model), "classes_", None)
    known = np.asarray(found) if found is not None else np.unique(truth)
    return known if scores.ndim == 2 and len(known) == scores.shape[1] else None


def _asked(model: Any, version: ModelVersion, rows: Any) -> Any:
    return _called(model.predict, version, rows)


def _scored(model: Any, version: ModelVersion, rows: Any) -> Any:
    return _called(model.scores, version, rows)


def _called(ask: Callable[[Any], Any], version: ModelVersion, rows: Any) -> Any:
    try:
        return ask(rows)
    except NbmlopsError:
        raise
    except RAISED as error:  # what an estimator raises for rows it does not take is of any type
        said = f"{type(error).__name__}: {str(error)[:200]}".removesuffix(": ")
        raise Invalid(
            f"Version {version.version} cannot answer these rows: {said}.", hint="Give rows such as the model was trained on."
        ) from error
