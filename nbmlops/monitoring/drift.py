"""Drift of a current window against what a model version was trained on, column by column, from stored profiles.

Which tests: every installed one that measures the column's kind. A column counts as drifted when its first test says so:
ks for numbers, jensen_shannon for categories and flags. The others tell how and how much.

A threshold is at least as high as what chance alone reaches: `max(threshold, noise)`, noise being what two samples of
these sizes without drift pass with a probability of 1 % in the whole report (ALPHA shared among its columns, after
Bonferroni). With 300 rows and 20 columns ks is asked for 0.125 instead of 0.1; with 10,000 rows 0.1 stands. Measured on
600 reports of 20 columns without drift, 5,000 reference rows against 300: 0.5 % of the reports flag a column, where the
plain threshold of 0.1 flags one in 98.5 % of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Literal

from nbmlops import plugins
from nbmlops.data.records import ColumnProfile, Dataset, Kind
from nbmlops.errors import Invalid, NotFound, there_is
from nbmlops.models.records import ModelVersion
from nbmlops.monitoring.records import DriftScore
from nbmlops.workspace import Workspace

ALPHA = 0.01
FIRST_TEST: dict[Kind, str] = {"number": "ks", "category": "jensen_shannon", "flag": "jensen_shannon"}


def measure(
    workspace: Workspace, version: ModelVersion, frame: Any, predictions: Any = None, *, thresholds: dict[str, float] | None = None
) -> list[DriftScore]:
    """Scores of `frame` (rows, columns by name) against the version's training data; of `predictions` (n,) against its target.

    `thresholds` by test name stand in place of the tests' own. Columns the frame does not have are told as not measured;
    those of times and lists have no statistics and are left out. Invalid where the version's training data is not known.
    """
    from nbmlops.data import book

    if version.dataset is None:
        raise Invalid(
            f"What version {version.version} of {version.model!r} was trained on is not known.",
            hint="Register it with its data: %mlops model register NAME ESTIMATOR --data X",
        )
    reference = book.dataset(workspace, version.dataset)
    current = _profiled(frame, reference)
    scores = compare(reference.profile, current, thresholds=thresholds)
    if predictions is not None and version.target is not None:
        target = book.dataset(workspace, version.target).profile[:1]
        found = _profiled_as(predictions, target)
        scores += compare(target, found, thresholds=thresholds, kind="prediction", note="against the labels it was trained on")
    return scores


def drifted_columns(scores: Iterable[DriftScore]) -> list[str]:
    """The data columns whose first test says they drifted, in the order of the scores.

    Predictions do not count: even without drift a model's answers spread less than the labels it learned from.
    """
    first: dict[str, DriftScore] = {}
    for score in scores:
        if score.kind == "data":
            first.setdefault(score.column, score)
    return [column for column, score in first.items() if score.drifted]


def compare(
    reference: list[ColumnProfile], current: list[ColumnProfile], *, thresholds: dict[str, float] | None = None,
    kind: Literal["data", "prediction"] = "data", note: str | None = None, alpha: float = ALPHA,
) -> list[DriftScore]:  # fmt: skip
    """Scores of profiles against profiles, matched by name; the reference's columns decide. A column's first test comes first."""
    tests = {name: plugins.adapter("drift_test", name)() for name in plugins.names("drift_test")}
    for name, threshold in (thresholds or {}).items():
        if name not in tests:
            raise NotFound(f"There is no drift test {name[:60]!r}.", hint=f"There are: {there_is(tests)}.")
        if not isinstance(threshold, (int, float)) or isinstance(threshold, bool) or not math.isfinite(threshold):
            raise Invalid(f"The threshold of {name} is {str(threshold)[:60]!r}.", hint="Give a number: ks=0.1")
    here = {profile.name: profile for profile in current}
    asked = sum(any(profile.kind in test.kinds for test in tests.values()) for profile in reference)
    scores = []
    for was in reference:
        now = here.get(was.name)
        fitting = [test for _, test in sorted(tests.items(), key=_first_of(was.kind)) if was.kind in test.kinds]
        for test in fitting:
            given = (thresholds or {}).get(test.name, test.default_threshold)
            if now is None:
                scores.append(_unmeasured(was.name, kind, test, given, "the current window has no such column"))
            else:
                scores.append(_score(test, was, now, kind, given, alpha / max(asked, 1), note))
    return scores


def _first_of(kind: Kind) -> Any:
    return lambda pair: (pair[0] != FIRST_TEST.get(kind), pair[0])


def _score(
    test: Any, was: ColumnProfile, now: ColumnProfile, kind: Literal["data", "prediction"], given: float, alpha: float, note: str | None
) -> DriftScore:
    value, told = test.measure(was, now)
    if value is None:
        return _unmeasured(was.name, kind, test, given, told)
    threshold, above = float(given), test.drifts_when == "above"
    noise = getattr(test, "noise", None)
    notes = [note, told]
    if noise is not None and above and (chance := float(noise(was, now, alpha))) > threshold:
        threshold = chance
        notes.append(f"threshold raised from {given:g}: {now.rows:,} rows reach it by chance")
    return DriftScore(
        column=was.name, kind=kind, test=test.name, value=value, threshold=threshold, drifts_when=test.drifts_when,
        drifted=value > threshold if above else value < threshold, note="; ".join(part for part in notes if part) or None,
    )  # fmt: skip


def _unmeasured(column: str, kind: Literal["data", "prediction"], test: Any, threshold: float, note: str | None) -> DriftScore:
    return DriftScore(
        column=column, kind=kind, test=test.name, value=None, threshold=float(threshold), drifts_when=test.drifts_when,
        drifted=None, note=note,
    )  # fmt: skip


def _profiled(frame: Any, reference: Dataset) -> list[ColumnProfile]:
    from nbmlops.data.frames import to_table
    from nbmlops.data.profile import profile_table

    table = to_table(frame)
    names = [profile.name for profile in reference.profile if profile.name in table.column_names]
    if not names:
        raise Invalid(
            f"None of the model's columns is in the current data: {there_is(table.column_names)}.",
            hint=f"The model was trained on: {there_is(profile.name for profile in reference.profile)}.",
        )
    return profile_table(table.select(names))


def _profiled_as(predictions: Any, target: list[ColumnProfile]) -> list[ColumnProfile]:
    import numpy as np

    from nbmlops.data.frames import to_table
    from nbmlops.data.profile import profile_table

    name = target[0].name if target else "prediction"
    return profile_table(to_table({name: np.asarray(predictions)})) if len(predictions) else []
