"""Optuna's part in a sweep: a study of its own in memory, told what the ledger knows. It suggests values, and says which trial to stop."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from nbmlops.ledger.encode import plain
from nbmlops.pipelines.sweeps.spaces import Choices, Space
from nbmlops.plugins import needs
from nbmlops.runs.records import MetricPoint, Trial

EXTRA = "tune"
_NEVER_STOPPED = 5  # trials, the first that come to their end


class Judge:
    """One study of Optuna's, in memory; trials are known by our numbers."""

    def __init__(self, spaces: Mapping[str, Space], direction: str, metric: str, *, why: str, jobs: int = 1) -> None:
        self.optuna = needs("optuna", extra=EXTRA, why=why)
        self.spaces, self.metric, self.jobs = spaces, metric, jobs
        self.distributions = {name: self._distribution(space) for name, space in spaces.items()}
        with self._quietly():
            pruner = self.optuna.pruners.MedianPruner(n_startup_trials=_NEVER_STOPPED)
            self.study = self.optuna.create_study(direction=direction, pruner=pruner)
        self._asked: dict[int, Any] = {}
        self._reported: dict[int, dict[int, MetricPoint]] = {}
        self._unjudged: dict[int, list[int]] = {}  # steps, by trial

    def remember(self, trial: Trial, curve: Sequence[MetricPoint]) -> None:
        """Take in a trial that has ended, with what was measured on its way."""
        if trial.state not in ("complete", "pruned"):
            return
        states = self.optuna.trial.TrialState
        values = {point.step: point.value for point in curve if point.step >= 0 and math.isfinite(point.value)}
        pruned = trial.state == "pruned"
        with self._quietly():
            self.study.add_trial(
                self.optuna.trial.create_trial(
                    state=states.PRUNED if pruned else states.COMPLETE, value=None if pruned else trial.metrics[self.metric],
                    params=self._inside(trial.params), distributions=self.distributions, intermediate_values=values,
                )
            )  # fmt: skip

    def suggested(self, number: int, seed: int) -> dict[str, Any]:
        """Values for a trial, and begin it."""
        with self._quietly():
            self.study.sampler = self.optuna.samplers.TPESampler(seed=seed, constant_liar=self.jobs > 1)
            found = self._asked[number] = self.study.ask(self.distributions)
        return {name: self.spaces[name].values[value] if self._chosen(name) else value for name, value in found.params.items()}  # type: ignore[union-attr]

    def begin(self, number: int, params: Mapping[str, Any]) -> None:
        """Begin a trial with values that are known."""
        if number not in self._asked:
            with self._quietly():
                self.study.enqueue_trial(self._inside(params))
                self._asked[number] = self.study.ask(self.distributions)

    def prune(self, number: int, points: Sequence[MetricPoint]) -> MetricPoint | None:
        """Tell what was measured; gives the point at which the trial is not worth going on, or None.

        It is where its best value so far is worse than the median of the others' at the same step (Optuna's `MedianPruner`); the
        first five trials that come to their end are never stopped.
        """
        trial, reported = self._asked[number], self._reported.setdefault(number, {})
        states = self.optuna.trial.TrialState
        with self._quietly():
            for point in points:
                if point.step >= 0 and point.step not in reported and math.isfinite(point.value):
                    reported[point.step] = point
                    self._unjudged.setdefault(number, []).append(point.step)
                    trial.report(point.value, point.step)
            if len(self.study.get_trials(deepcopy=False, states=(states.COMPLETE,))) < _NEVER_STOPPED:
                return None  # what was measured so far is judged when there are others to judge it by
            for step in self._unjudged.pop(number, ()):
                so_far = {at: point.value for at, point in reported.items() if at <= step}
                if self.study.pruner.prune(self.study, self.optuna.trial.create_trial(state=states.RUNNING, intermediate_values=so_far)):
                    return reported[step]
        return None

    def end(self, trial: Trial) -> None:
        """Tell how a trial that began here ended."""
        asked = self._asked.pop(trial.number, None)
        self._reported.pop(trial.number, None)
        self._unjudged.pop(trial.number, None)
        if asked is None:
            return
        states = self.optuna.trial.TrialState
        with self._quietly():
            if trial.state == "complete":
                self.study.tell(asked, trial.metrics[self.metric])
            else:
                self.study.tell(asked, state=states.PRUNED if trial.state == "pruned" else states.FAIL)

    def importance(self) -> dict[str, float]:
        """How much of the metric's variance each parameter accounts for, the largest first; empty where that cannot be known."""
        try:
            with self._quietly():
                seeded = self.optuna.importance.FanovaImportanceEvaluator(seed=0)
                found = self.optuna.importance.get_param_importances(self.study, evaluator=seeded)
        except Exception:
            return {}  # too few trials, or all alike
        return {name: float(share) for name, share in found.items() if math.isfinite(share)}

    def _inside(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Values as Optuna has them: of a list the place, since its values may be anything."""
        return {name: self._place(name, params[name]) if self._chosen(name) else params[name] for name in self.spaces}

    def _place(self, name: str, value: Any) -> int:
        kept = [plain(one) for one in self.spaces[name].values]  # type: ignore[union-attr]
        return next(at for at, one in enumerate(kept) if one == plain(value) and type(one) is type(plain(value)))

    def _chosen(self, name: str) -> bool:
        return isinstance(self.spaces[name], Choices)

    def _distribution(self, space: Space) -> Any:
        kinds = self.optuna.distributions
        if isinstance(space, Choices):
            return kinds.CategoricalDistribution(tuple(range(len(space.values))))
        return (kinds.IntDistribution if space.whole else kinds.FloatDistribution)(space.low, space.high, log=space.log)

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        """Optuna tells of its studies, and warns of what is new in it: neither is of use to who asked us."""
        before = self.optuna.logging.get_verbosity()
        self.optuna.logging.set_verbosity(self.optuna.logging.ERROR)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
        finally:
            self.optuna.logging.set_verbosity(before)
