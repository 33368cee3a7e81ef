"""What makes a metric too good to be true: rows seen in training, rows twice, a feature that is the label or nearly."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from nbmlops.data.fingerprint import fingerprint
from nbmlops.models.gates import training_rows
from nbmlops.models.gates.port import Asked, judged
from nbmlops.models.gates.standing import Standing
from nbmlops.models.records import GateCheck

_MOST_ROWS = 5_000  # on which a single feature is tried
_FOLDS = 3
_HUGE = 1e38  # trees count in 32 bits


class LeakageAsked(Asked, frozen=True, kw_only=True):
    """Limits in percent of the rows, and of what one feature `alone` may predict: R², or the area under the ROC curve.

    `unknown` says what becomes of a version whose training rows nobody kept. null: not asked.
    """

    overlap_percent: float | None = 1.0
    unknown: Literal["pass", "refuse"] = "pass"
    duplicates_percent: float | None = 5.0
    alone: float | None = 0.99
    equal: bool = True


class Leakage:
    """Overlap with the training rows, duplicates, features that give the label away."""

    kind = "leakage"
    asks = LeakageAsked
    needs_rows = True

    def check(self, asked: LeakageAsked, on: Standing) -> list[GateCheck]:
        """A check for each way in which a label leaks."""
        if on.label_asked is not None:
            reason = f"The label {on.label_asked!r} is an input of the model."
            return [judged("leakage", "a feature is the label", False, reason, columns=[on.label_asked])]
        checks = []
        if asked.overlap_percent is not None:
            checks.append(_overlap(asked, asked.overlap_percent, on))
        if asked.duplicates_percent is not None:
            checks.append(_duplicates(asked.duplicates_percent, on))
        if asked.equal:
            checks.append(_equal(on))
        if asked.alone is not None:
            checks.append(_alone(asked.alone, on))
        return checks


def _overlap(asked: LeakageAsked, limit: float, on: Standing) -> GateCheck:
    name, version = "training rows", on.candidate
    mine = [column.name for column in version.signature.inputs]
    if version.dataset is not None and on.inputs == mine and fingerprint(on.table[mine], profile=False).digest == version.dataset:
        reason = f"These are the very rows that version {version.version} was trained on."
        return judged("leakage", name, False, reason, value=100.0, limit=limit)
    kept = training_rows.known(on.workspace, version.dataset) if on.workspace is not None else None
    if kept is None or (lacking := [column for column in kept[0] if column not in on.table.columns]):
        why = "no digest of its training rows was kept" if kept is None else f"the rows lack the training column {lacking[0]!r}"
        reason = (
            f"Whether rows were seen in training cannot be known of version {version.version}: {why}. "
            "Register with --data X, or while the frame is in the notebook."
        )
        return judged("leakage", name, asked.unknown == "pass", reason, limit=limit, known=False)
    columns, words = kept
    found = training_rows.words(on.table, columns)
    at = np.searchsorted(words, found)
    seen = words[np.minimum(at, len(words) - 1)] == found if len(words) else np.zeros(len(found), bool)
    value, chance = float(seen.mean()), _chance(words, on.table, columns)
    margin = 2 * (chance * (1 - chance) / len(found)) ** 0.5
    reason = (
        f"{100 * value:.3g} % of the rows ({int(seen.sum()):,}) are among those version {version.version} was trained on, "
        + (f"{100 * chance:.3g} % would be by chance, since the columns take few values; at most {limit:g} % more may be."
           if chance else f"at most {limit:g} % may be.")
    )  # fmt: skip
    passed = value - chance <= limit / 100 + margin
    first = np.flatnonzero(seen)[:20].tolist()
    return judged("leakage", name, passed, reason, value=100 * value, limit=limit, known=True, chance=100 * chance, first=first)


def _chance(words: Any, table: Any, columns: list[str]) -> float:
    """The share of rows never seen that would be among the training rows all the same, since their columns take few values.

    Where some column tells rows apart: none. Else one less the share of training rows that are there once: Good, The population
    frequencies of species, Biometrika 1953.
    """
    if _tells_apart(table, columns) is not None or not len(words):
        return 0.0
    _, counts = np.unique(words, return_counts=True)
    return 1 - float((counts == 1).sum()) / len(words)


def _tells_apart(table: Any, columns: list[str]) -> str | None:
    """The column that has another value in at least half of the rows that differ; None where rows meet by chance."""
    rows = table[columns].drop_duplicates()
    distinct = {name: rows[name].nunique() for name in columns}
    best = max(distinct, key=lambda name: distinct[name])
    return best if 2 * distinct[best] >= len(rows) else None


def _duplicates(limit: float, on: Standing) -> GateCheck:
    words = training_rows.words(on.table, on.inputs)
    value = 100 * (1 - len(np.unique(words)) / len(words))
    by_chance = _tells_apart(on.table, on.inputs) is None
    why = "which happens, since the columns take few values" if by_chance else f"at most {limit:g} % may be: a metric counts them as often"
    reason = f"{value:.3g} % of the rows are there more than once, {why}."
    return judged("leakage", "duplicated rows", by_chance or value <= limit, reason, value=value, limit=limit)


def _equal(on: Standing) -> GateCheck:
    same = [name for name in on.inputs if _is_label(on.table[name], on.truth)]
    if same:
        return judged("leakage", "a feature is the label", False, f"The feature {same[0]!r} is the label itself.", columns=same)
    return judged("leakage", "a feature is the label", True, f"None of {len(on.inputs)} features is the label.")


def _is_label(values: Any, truth: Any) -> bool:
    if len(np.unique(truth.astype(str))) < 2:
        return False
    try:
        return bool(np.array_equal(values.to_numpy(dtype=float), truth.astype(float)))
    except (TypeError, ValueError):
        return bool((values.astype(object).map(str).to_numpy() == truth.astype(object).astype(str)).all())


def _alone(limit: float, on: Standing) -> GateCheck:
    """By a tree of twelve levels on each feature by itself, on rows it was not fitted on."""
    table, truth = on.table, on.truth
    if len(table) > _MOST_ROWS:
        at = np.sort(np.random.default_rng(0).choice(len(table), _MOST_ROWS, replace=False))
        table, truth = table.iloc[at], truth[at]
    measure = "R²" if on.task == "regression" else "area under the curve"
    found = {name: _predicts(table[name], truth, on.task) for name in on.inputs}
    known = {name: value for name, value in found.items() if value is not None}
    if not known:
        return judged("leakage", "one feature alone", True, f"No feature could be tried on {len(table):,} rows.", limit=limit)
    name = max(known, key=lambda one: known[one])
    reason = f"{name} alone predicts the label with {measure} {known[name]:.4g}, at most {limit:g} is believed."
    bars = [{"what": one, "value": value} for one, value in sorted(known.items(), key=lambda pair: -pair[1])[:40]]
    return judged("leakage", "one feature alone", known[name] <= limit, reason, value=known[name], limit=limit, bars=bars, measure=measure)


def _predicts(values: Any, truth: Any, task: str) -> float | None:
    import pandas as pd
    from sklearn.metrics import r2_score, roc_auc_score
    from sklearn.model_selection import KFold, StratifiedKFold, cross_val_predict
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    if values.dtype.kind in "iufb":
        given = values.to_numpy(dtype=float, na_value=np.nan)
    elif values.dtype.kind in "mM":
        given = values.astype("int64").to_numpy(dtype=float)
    else:
        given = pd.factorize(values, sort=False)[0].astype(float)
    given = np.where(np.isfinite(given) & (np.abs(given) < _HUGE), given, np.nan)[:, None]  # a tree knows what is missing
    least = max(2, len(truth) // 1000)
    if task == "regression":
        if len(truth) < 10 * _FOLDS or not np.isfinite(truth.astype(float)).all():
            return None
        tree = DecisionTreeRegressor(max_depth=12, min_samples_leaf=least, random_state=0)
        return float(r2_score(truth, cross_val_predict(tree, given, truth, cv=KFold(_FOLDS, shuffle=True, random_state=0))))
    codes, names = pd.factorize(pd.Series(truth).astype(object).map(str), sort=True)
    if len(names) < 2 or np.bincount(codes).min() < _FOLDS:
        return None
    tree = DecisionTreeClassifier(max_depth=12, min_samples_leaf=least, random_state=0)
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
    said = cross_val_predict(tree, given, codes, cv=folds, method="predict_proba")
    return float(roc_auc_score(codes, said[:, 1]) if len(names) == 2 else roc_auc_score(codes, said, multi_class="ovr"))
