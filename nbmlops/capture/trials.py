"""Many tries in one cell are trials of one run: a search's candidates, a study's trials, the rounds of a loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from nbmlops.ledger.encode import plain
from nbmlops.ledger.secrets import mask_params
from nbmlops.runs.records import Fit, MetricPoint, Trial

MOST = 10_000


@dataclass
class Try:
    """One fit of a cell: from which call of the source, and what was measured of it."""

    site: int
    fit: Fit
    metrics: list[MetricPoint]


def of_search(estimator: Any, fit: Fit | None, number: int, part: int, position: int | None) -> list[Trial]:
    """The candidates of a fitted scikit-learn search (anything with `cv_results_`)."""
    results = getattr(estimator, "cv_results_", None)
    if not isinstance(results, dict) or not isinstance(results.get("params"), list):
        return []
    means = {name.removeprefix("mean_"): values for name, values in results.items() if name.startswith("mean_test_")}
    ranks = {name: values for name, values in results.items() if name.startswith("rank_test_")}
    times = results.get("mean_fit_time")
    found = []
    for at, params in enumerate(results["params"][:MOST]):
        metrics = {name: float(values[at]) for name, values in {**means, **ranks}.items()}
        score = metrics.get("test_score", next(iter(metrics.values()), 0.0))
        found.append(
            Trial(
                number=number + at, source="search", part=part, position=position, params=_plain(params), metrics=metrics,
                state="failed" if score != score else "complete", fit=fit.number if fit else None,
                duration_s=float(times[at]) if times is not None else None,
            )
        )  # fmt: skip
    return found


_STATES: dict[str, Literal["complete", "pruned", "failed"]] = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed"}


def of_study(study: Any, fits: list[Fit], number: int, part: int, position: int | None, *, known: int) -> list[Trial]:
    """The trials of an Optuna study after the `known` first; fits made inside go with them when there is one for each."""
    trials = [trial for trial in study.get_trials(deepcopy=False)[known:][:MOST] if trial.state.name in _STATES]
    each = fits if len(fits) == len(trials) else []
    found = []
    for at, trial in enumerate(trials):
        values = trial.values or []
        names = study.metric_names or (["value"] if len(values) < 2 else [f"value_{k}" for k in range(len(values))])
        found.append(
            Trial(
                number=number + at, source="study", part=part, position=position, params=_plain(trial.params),
                metrics={str(name): float(value) for name, value in zip(names, values, strict=False)}, state=_STATES[trial.state.name],
                fit=each[at].number if each else None, duration_s=trial.duration.total_seconds() if trial.duration else None,
            )
        )  # fmt: skip
    return found


def of_loop(tries: list[Try], number: int, part: int) -> list[Trial]:
    """The rounds of a loop: fits of one call in the source, with the parameters that are not the same in all of them."""
    parameters = [{"estimator": one.fit.estimator, **one.fit.parameters} for one in tries]
    names = dict.fromkeys(name for each in parameters for name in each)
    differing = [name for name in names if any(each.get(name) != parameters[0].get(name) for each in parameters)]
    return [
        Trial(
            number=number + at, source="loop", part=part, position=one.fit.position,
            params={name: each[name] for name in differing if name in each},
            metrics={point.name: point.value for point in one.metrics}, state="complete", fit=one.fit.number,
            duration_s=one.fit.duration_s,
        )
        for at, (one, each) in enumerate(zip(tries, parameters, strict=True))
    ]  # fmt: skip


def _plain(params: dict[str, Any]) -> dict[str, Any]:
    from nbmlops.capture.fits import class_name

    shown = {name: f"<{class_name(value)}>" if hasattr(value, "get_params") else plain(value) for name, value in params.items()}
    return mask_params(shown)
